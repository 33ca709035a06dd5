# SPDX-License-Identifier: Apache-2.0
"""The table: applications under load whose pods are stopped in every way that a cluster has."""

import contextlib
import time

import pytest

import applications
import balancer
import cluster
import results
from load import Load
from stops import Stops

pytestmark = pytest.mark.usefixtures("images")

# Answer: requests a second. A sync worker of gunicorn has one at a time.
RATES = {"10ms": 10, "3000ms": 2}
# What nobody can promise: a client that keeps a connection straight to a pod is told by nobody.
MEASURED = ("straight",)


def clients(namespace, column):
    """By where they are and what they do with their connections: new ones through the Service, kept
    ones through a balancer that follows readiness, kept ones straight through kube-proxy."""
    service = f"{namespace.get('service', 'app')['spec']['clusterIP']}:{applications.PORT}"
    front = f"{balancer.install(namespace, column)}:{balancer.FRONT}"
    pod = {f"{kind}-{path}": (f"http://{address}/{path}", rate, keep)
           for kind, address, keep in (("new", service, False), ("kept", front, True),
                                       ("straight", service, True))
           for path, rate in RATES.items()}
    node = {f"new-node-{path}": (f"http://{service}/{path}", rate, False)
            for path, rate in RATES.items()}
    return pod, node


@contextlib.contextmanager
def hosts_namespace(namespace):
    """For what needs more than `restricted`."""
    made = cluster.Namespace(f"{namespace.name}-node", "privileged")
    try:
        yield made
    finally:
        made.delete()


def play(namespace, app, column, ways, replicas=2):
    """Stops pods in these ways, one after the other, under load; returns the failures that count."""
    applications.install(namespace, app, column, replicas)
    stops = Stops(namespace)
    pod, node = clients(namespace, column)
    with hosts_namespace(namespace) as others:
        loads = [Load(namespace, pod), Load(others, node, node=True)]
        seen = {}
        for way in ways:
            if way == "scale":
                stops.more()
            began = time.time()
            stopped = getattr(stops, way)()
            seen[way] = {"began": began, "ended": time.time(), "stopped": stopped}
        told = {name: one for load in loads for name, one in load.end().items()}
    assert all(one["requests"] > 20 for one in told.values())
    results.keep(f"{app}-{column}-{'-'.join(ways)}", app=app, column=column, ways=seen, load=told)
    return {name: one["events"] for name, one in told.items()
            if one["failed"] and not name.startswith(MEASURED)}


WAYS = ("update", "scale", "delete", "evict")
APPS = pytest.mark.parametrize("app", applications.COMMANDS)


@pytest.mark.parametrize("column", applications.MODES)
@APPS
def test_no_request_is_lost_however_a_pod_is_stopped(namespace, app, column):
    assert play(namespace, app, column, WAYS) == {}


@pytest.mark.parametrize("column", applications.PEERS)
@APPS
def test_what_is_lost_without_lastcall_is_counted(namespace, app, column):
    play(namespace, app, column, WAYS)
