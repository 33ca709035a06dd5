# SPDX-License-Identifier: Apache-2.0
"""Where every endpoint of a Service can be terminating at a time: one replica that is recreated, or a
traffic policy that knows this node's pods alone. kube-proxy falls back to those that are still ready
(KEP-1669), so readiness stays on during the window, and the application goes on being asked."""

import contextlib
import datetime
import json
import subprocess

import pytest

import cluster
import pods
from load import Load

pytestmark = pytest.mark.usefixtures("images")

# No new pod before the old one has ended.
ALONE = {"strategy": {"type": "Recreate"}, "shutdown": {"propagation": "4s", "gracePeriod": "20s"}}
RATE = 20


@contextlib.contextmanager
def log_of(namespace, name, container):
    """Its lines to the end, once the pod is gone."""
    lines = []
    with subprocess.Popen(["kubectl", "--namespace", namespace.name, "logs", "--follow", name,
                           "--container", container], stdout=subprocess.PIPE, text=True) as follow:
        try:
            yield lines
            lines += [json.loads(line) for line in follow.stdout.read().splitlines()
                      if line.startswith("{")]
        finally:
            follow.terminate()


def moment(lines, **wanted):
    """When lastcall said that, on the clock that the load has, too."""
    text, = [line["time"] for line in lines if wanted.items() <= line.items()]
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def stop_under_load(namespace, url, mode, **more):
    """Requests that failed before the only pod's application was told to stop, or were due in its
    window, but for the last second: what is under way to it meets a pod that is gone."""
    load = Load(namespace, {"new": (url, RATE, False)}, **more)
    name = pods.only(namespace)
    container = "lastcall" if mode == "sidecar" else "app"
    with log_of(namespace, name, container) as lines, pods.Watch(namespace, name) as watch:
        namespace.kubectl("rollout", "restart", "deployment/web")
        found = watch.until_gone()
    namespace.await_rollout("web")
    told = load.end()["new"]
    begin = moment(lines, msg="phase", next="propagating")
    over = moment(lines, msg="phase", phase="propagating")
    end = moment(lines, msg="prestop answered" if mode == "sidecar" else "stop signal sent")
    due = [one for one in told["record"] if begin < float(one["due"]) < over - 1]
    early = [one for one in due if one["outcome"] != "answered"]
    early += [one for one in told["events"] if one["wall"] < end]
    assert pods.ended(found, container)[1]["phases"]["propagating"] >= 4
    assert len(due) > RATE * 2
    return early


def service_url(namespace):
    return f"http://{namespace.get('service', 'web')['spec']['clusterIP']}:8080/"


@pytest.mark.parametrize("mode", ["entrypoint", "inject", "sidecar"])
def test_a_single_replica_that_is_recreated_serves_until_it_has_ended(namespace, mode):
    pods.release(namespace, mode, **ALONE)
    assert stop_under_load(namespace, service_url(namespace), mode) == []


@pytest.mark.level("privileged")
@pytest.mark.parametrize("mode", ["entrypoint", "inject", "sidecar"])
def test_with_a_local_traffic_policy_the_nodes_only_pod_serves_until_it_has_ended(namespace, mode):
    """Asked at its node's port from another node: from its own, or a pod, no policy would count."""
    pods.release(namespace, mode, **ALONE,
                 service={"type": "NodePort", "externalTrafficPolicy": "Local"})
    found = namespace.get("pod", pods.only(namespace))
    others = [cluster.name_of(one) for one in namespace.get("nodes")["items"]
              if cluster.name_of(one) != found["spec"]["nodeName"]]
    if not others:
        pytest.skip("the cluster has one node only")
    (port,) = namespace.get("service", "web")["spec"]["ports"]
    url = f"http://{found['status']['hostIP']}:{port['nodePort']}/"
    assert stop_under_load(namespace, url, mode, node=True, nodeName=others[0]) == []
