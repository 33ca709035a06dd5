# SPDX-License-Identifier: Apache-2.0
"""The chart on a real cluster: what the API server says of its renderings, and a release's life."""

import glob
import json
import os
import shlex
import subprocess
import time

import pytest
import yaml

import cluster
from load import Load

CHART = os.path.join(cluster.ROOT, "charts", "lastcall")
GOLDEN = sorted(os.path.basename(path)[:-len(".yaml")] for path in
                glob.glob(f"{cluster.ROOT}/tests/chart/golden/*.yaml"))


def readme_lines():
    """The installs that charts/lastcall/README.md shows, by their mode."""
    with open(f"{CHART}/README.md", encoding="utf-8") as file:
        text = file.read().replace("\\\n", "")
    lines = [shlex.split(line) for line in text.splitlines() if line.startswith("helm install ")]
    modes = [next((word[len("mode="):] for word in words if word.startswith("mode=")), "sidecar")
             for words in lines]
    return dict(zip(modes, lines))


README = readme_lines()
RENDERINGS = [pytest.param(name, marks=pytest.mark.level("privileged"))
              if "host-network" in name or "root" in name else name for name in GOLDEN]


def is_known(namespace, document):
    """Whether the cluster has that kind: those of Prometheus come with its operator."""
    group = document["apiVersion"].rpartition("/")[0]
    return group != "monitoring.coreos.com" or document["kind"].lower() in namespace.kubectl(
        "api-resources", "--api-group", group, "--output", "name").stdout


def documents_of(name, namespace):
    with open(f"{cluster.ROOT}/tests/chart/golden/{name}.yaml", encoding="utf-8") as file:
        found = [one for one in yaml.safe_load_all(file) if one]
    for document in found:
        document["metadata"]["namespace"] = namespace.name
    return [document for document in found if is_known(namespace, document)]


def dry_run(namespace, *documents):
    """What the API server would do, and nothing else; its warnings are errors here."""
    done = namespace.kubectl("create", "--dry-run=server", "--filename", "-",
                             text=yaml.safe_dump_all(documents))
    assert "Warning" not in done.stderr, done.stderr


@pytest.mark.parametrize("name", RENDERINGS)
def test_the_api_server_takes_a_rendering(name, namespace):
    dry_run(namespace, *documents_of(name, namespace))


@pytest.mark.parametrize("name", RENDERINGS)
def test_pod_security_admits_the_pods_of_a_rendering(name, namespace):
    """Of a Deployment it only warns: it enforces when its pods are made."""
    deployment = next(one for one in documents_of(name, namespace) if one["kind"] == "Deployment")
    template = deployment["spec"]["template"]
    template["spec"]["serviceAccountName"] = "default" # the release's own is not there in a dry run
    cluster.wait_for("the namespace's service account", 30, lambda: namespace.kubectl(
        "get", "serviceaccount", "default", check=False).returncode == 0)
    dry_run(namespace, {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
                        "metadata": {**template["metadata"], "name": "web"}})


# --- a release's life ---

def pods(namespace):
    """Of the release, those that are not being stopped."""
    found = namespace.get("pods", "--selector", "app.kubernetes.io/name=web")["items"]
    return {pod["metadata"]["name"] for pod in found
            if "deletionTimestamp" not in pod["metadata"]}


def install(namespace, mode, *more, verb=("install",)):
    """As the line of the README does it, and then until all pods are ready."""
    words = README[mode]
    assert words[:2] == ["helm", "install"]
    return namespace.helm(*verb, *words[2:], *more, "--wait", "--timeout", "120s",
                          timeout=180).stdout


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize("mode", ["sidecar", "inject", "entrypoint"])
def test_a_release_is_installed_tested_and_drained(mode, namespace):
    """From nothing to the first rollout: its old pod has told how it was stopped."""
    assert "What will happen when one of its pods is stopped" in install(namespace, mode)
    namespace.helm("test", "web", "--timeout", "90s")
    old = sorted(pods(namespace))[0]
    container = "lastcall" if mode == "sidecar" else "app"
    with subprocess.Popen(["kubectl", "--namespace", namespace.name, "logs", "--follow",
                           "--container", container, old], stdout=subprocess.PIPE,
                          text=True) as follow:
        namespace.kubectl("rollout", "restart", "deployment/web")
        namespace.kubectl("rollout", "status", "deployment/web", "--timeout=120s")
        log = [json.loads(line) for line in follow.stdout.read().splitlines()
               if line.startswith("{")]
    ended = [line["phase"] for line in log if line["msg"] == "phase"]
    assert {"propagating", "draining"} <= set(ended), log
    assert [line["ready"] for line in log if line["msg"] == "readiness"][-1] is False
    assert old not in pods(namespace)


@pytest.mark.usefixtures("images")
def test_lastcall_is_copied_where_image_volumes_are_refused(namespace):
    install(namespace, "inject", "--set", "lastcall.inject=init")
    namespace.helm("test", "web", "--timeout", "90s")


@pytest.mark.usefixtures("images")
def test_a_sidecar_with_a_token_is_asked_with_it(namespace):
    """Without it the hooks would come to nothing, and the pod would be stopped at once."""
    install(namespace, "sidecar", "--set", "replicas=1,lastcall.token=open-sesame")
    name, = pods(namespace)
    began = time.monotonic()
    namespace.kubectl("delete", "pod", name, timeout=60)
    assert time.monotonic() - began >= 5, "the window's least time"


@pytest.mark.usefixtures("images")
@pytest.mark.level("privileged")
def test_a_sidecar_on_the_nodes_network_sleeps(namespace):
    install(namespace, "sidecar", "--set", "replicas=1,hostNetwork=true,lastcall.port=19909",
            "--set", "shutdown.propagation=3s")
    name, = pods(namespace)
    began = time.monotonic()
    namespace.kubectl("delete", "pod", name, timeout=60)
    assert time.monotonic() - began >= 3


@pytest.mark.usefixtures("images")
def test_a_release_changes_its_mode_without_a_lost_request(namespace):
    asks = f"--set-json=resources={json.dumps(cluster.RESOURCES)}"
    install(namespace, "sidecar", asks)
    address = namespace.get("service", "web")["spec"]["clusterIP"]
    load = Load(namespace, {"new": (f"http://{address}:8080/", 20, False)})
    seen = pods(namespace)
    for mode in ("inject", "entrypoint", "sidecar"):
        install(namespace, mode, asks, verb=("upgrade", "--reset-values"))
        namespace.kubectl("rollout", "status", "deployment/web", "--timeout=120s")
        assert not seen & pods(namespace), f"no new pods in mode {mode}"
        seen = pods(namespace)
    cluster.wait_for("the end of the last old pods", 60, lambda: len(
        namespace.pods("app.kubernetes.io/name=web")) == len(seen))
    told = load.end()["new"]
    assert told["requests"] > 200
    assert told["events"] == []


@pytest.mark.usefixtures("images")
def test_an_autoscaler_that_is_turned_on_finds_as_many_pods_as_before(namespace):
    install(namespace, "inject", "--set", "replicas=3")
    before = pods(namespace)
    install(namespace, "inject", "--set", "replicas=3,autoscaling.enabled=true", "--set",
            "resources.requests.cpu=10m", verb=("upgrade",))
    assert namespace.get("deployment", "web")["spec"]["replicas"] == len(before) == 3
    assert len(pods(namespace)) >= 3
