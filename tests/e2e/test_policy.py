# SPDX-License-Identifier: Apache-2.0
"""deploy/policy on a real API server: Kubernetes 1.36, `kubectl` in PATH and KUBECONFIG.

The policies are bound to a namespace of the test's own, under names of its own, so that it can share
a cluster. Most pods are only asked about (--dry-run=server): the answer is the pod as it would run.
"""

import copy
import json
import pathlib
import re
import shutil
import subprocess
import time
import uuid

import pytest
import yaml

import pods
from cluster import LABEL, RUN

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICY = ROOT / "deploy" / "policy"
VERSION = re.search(r"^  version: '(.+)'", (ROOT / "meson.build").read_text(), re.M)[1]
IMAGE = f"ghcr.io/lastcall-init/lastcall:{VERSION}"
CTL = ROOT / "build" / "release" / "cmd" / "lastcallctl" / "lastcallctl"
IN_FRONT = ["/lastcall-bin/lastcall", "--grace-period", "30s", "--"]


def image_of(namespace):
    return f"localhost/{namespace}:{VERSION}"


def kubectl(*arguments, check=True, **options):
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, timeout=120,
                          **options)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def bound_to(namespace, name):
    """Both policies, under that name and for that namespace alone; the image is called so, too."""
    for file in ("inject.yaml", "warn.yaml"):
        for one in yaml.safe_load_all((POLICY / file).read_text()):
            one["metadata"].update(name=name, labels={LABEL: RUN})
            for variable in one["spec"].get("variables", []):
                if variable["name"] == "image":
                    assert variable["expression"] == f"'{IMAGE}'"
                    variable["expression"] = f"'{image_of(name)}'"
            if one["kind"].endswith("Binding"):
                one["spec"]["policyName"] = name
                one["spec"]["matchResources"] = {"namespaceSelector": {"matchLabels": {
                    "kubernetes.io/metadata.name": namespace}}}
            yield one


@pytest.fixture(scope="module")
def cluster():
    """A namespace that enforces Pod Security `restricted`, with the policies in force."""
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl in PATH")
    served = kubectl("api-resources", "--api-group=admissionregistration.k8s.io", check=False)
    if "admissionregistration.k8s.io/v1 " not in re.sub(" +", " ", "".join(
            line for line in served.stdout.splitlines(True) if "MutatingAdmissionPolicy" in line)):
        pytest.skip("no cluster with MutatingAdmissionPolicy v1 (Kubernetes 1.36) answers")
    name = f"lastcall-policy-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    try:
        kubectl("label", "namespace", name, f"{LABEL}={RUN}",
                "pod-security.kubernetes.io/enforce=restricted")
        policies = list(bound_to(name, name))
        kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List",
                                                      "items": policies}))
        cluster = Cluster(name)
        eventually(lambda: cluster.is_injected(cluster.pod()) and "without lastcall" in
                   cluster.warnings(cluster.pod(command=None)))
        yield cluster
    finally:
        kubectl("delete", "--ignore-not-found", "namespace", name, "--wait=false", check=False)
        for kind in ("mutatingadmissionpolicy", "validatingadmissionpolicy"):
            for what in (kind + "binding", kind):
                kubectl("delete", "--ignore-not-found", what, name, check=False)


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.2)


class Cluster:
    def __init__(self, namespace):
        self.namespace = namespace

    @property
    def name(self):
        return self.namespace

    def kubectl(self, *words, **options):
        return kubectl("--namespace", self.namespace, *words, **options)

    @staticmethod
    def pod(command=("web", "-p", "80"), label="true", container=None, **spec):
        """A pod that `restricted` admits."""
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "labels": {"lastcall/inject": label}},
            "spec": {
                "automountServiceAccountToken": False,
                "securityContext": {"runAsNonRoot": True, "runAsUser": 1000,
                                    "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{
                    "name": "app", "image": "app",
                    "securityContext": {"allowPrivilegeEscalation": False,
                                        "capabilities": {"drop": ["ALL"]}},
                    **({"command": list(command)} if command else {}), **(container or {})}],
                **spec}}

    def ask(self, manifest):
        return kubectl("create", "--dry-run=server", "-o", "json", "-n", self.namespace, "-f", "-",
                       input=json.dumps(manifest))

    def admitted(self, manifest):
        """The spec of the pod as the API server would store it."""
        return json.loads(self.ask(manifest).stdout)["spec"]

    def warnings(self, manifest):
        return self.ask(manifest).stderr

    def is_injected(self, manifest):
        return (self.admitted(manifest)["containers"][0].get("command") or [""])[0] == IN_FRONT[0]


def source(pod, kind="Deployment"):
    """What such pods come from."""
    labels = {**pod["metadata"]["labels"], "app": "web"}
    template = {"metadata": {**pod["metadata"], "labels": labels}, "spec": pod["spec"]}
    if kind.endswith("Job"):
        template["spec"] = {**pod["spec"], "restartPolicy": "Never"}
        spec = {"template": template}
    else:
        spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    if kind == "CronJob":
        spec = {"schedule": "@daily", "jobTemplate": {"spec": spec}}
    return {"apiVersion": "batch/v1" if kind.endswith("Job") else "apps/v1", "kind": kind,
            "metadata": {"name": "web"}, "spec": spec}


def volumes_called_lastcall(spec):
    return [one for one in spec.get("volumes", []) if one["name"] == "lastcall-bin"]


def test_a_labelled_pod_gets_lastcall_in_front_of_its_command(cluster):
    spec = cluster.admitted(cluster.pod())
    app = spec["containers"][0]
    assert app["command"] == [*IN_FRONT, "web", "-p", "80"]
    assert volumes_called_lastcall(spec) == [
        {"name": "lastcall-bin", "image": {"reference": image_of(cluster.namespace),
                                           "pullPolicy": "IfNotPresent"}}]
    assert app["volumeMounts"] == [
        {"name": "lastcall-bin", "mountPath": "/lastcall-bin", "readOnly": True}]
    assert cluster.warnings(cluster.pod()) == ""


def test_it_gets_a_readiness_probe_where_it_has_none(cluster):
    probe = cluster.admitted(cluster.pod())["containers"][0]["readinessProbe"]
    assert (probe["httpGet"]["path"], probe["httpGet"]["port"]) == ("/readyz", 9909)
    assert (probe["periodSeconds"], probe["failureThreshold"]) == (2, 1)


def test_a_readiness_probe_of_its_own_stays(cluster):
    own = {"readinessProbe": {"tcpSocket": {"port": 80}}}
    probe = cluster.admitted(cluster.pod(container=own))["containers"][0]["readinessProbe"]
    assert probe["tcpSocket"] == {"port": 80}
    assert "httpGet" not in probe


def test_a_readiness_probe_that_does_not_ask_lastcall_is_told_of(cluster):
    said = "runs with lastcall, but the readinessProbe of container app asks the application"
    own = {"readinessProbe": {"tcpSocket": {"port": 80}}}
    asks, named = ({"readinessProbe": {"httpGet": {"path": "/readyz", "port": port}},
                    "ports": [SAYS_9909]} for port in (9909, "lastcall"))
    assert said in cluster.warnings(cluster.pod(container=own))
    assert said in cluster.warnings(source(cluster.pod(container=own)))
    assert cluster.warnings(cluster.pod(container=own, restartPolicy="Never")) == ""
    for container in (asks, named):
        assert cluster.warnings(cluster.pod(container=container)) == ""


SAYS_9909 = {"name": "lastcall", "containerPort": 9909, "protocol": "TCP"}
WEB = {"name": "web", "containerPort": 80, "protocol": "TCP"}
ELSEWHERE = {"name": "lastcall", "containerPort": 81, "protocol": "TCP"}


@pytest.mark.parametrize("before, after", [
    (None, [SAYS_9909]), ([WEB], [WEB, SAYS_9909]), ([SAYS_9909], [SAYS_9909]),
    ([ELSEWHERE], [ELSEWHERE])])
def test_the_port_that_the_podmonitor_selects_is_declared_once(cluster, before, after):
    container = {"ports": before} if before else {}
    (app,) = cluster.admitted(cluster.pod(container=container))["containers"]
    assert app["command"][:4] == IN_FRONT
    assert app["ports"] == after


SLEEPS = {
    "sleep": {"sleep": {"seconds": 20}}, "exec": {"exec": {"command": ["sleep", "20"]}},
    "path": {"exec": {"command": ["/bin/sleep", "20s"]}},
    "shell": {"exec": {"command": ["/bin/sh", "-c", "sleep 20"]}}}


@pytest.mark.parametrize("how", SLEEPS)
def test_the_sleep_of_a_prestop_hook_comes_out_of_lastcalls_time(cluster, how):
    pod = cluster.pod(container={"lifecycle": {"preStop": SLEEPS[how]}},
                      terminationGracePeriodSeconds=45)
    asked = cluster.ask(pod)
    (app,) = json.loads(asked.stdout)["spec"]["containers"]
    assert app["command"][:4] == ["/lastcall-bin/lastcall", "--grace-period", "25s", "--"]
    said = "runs with lastcall, but the preStop hook of container app takes 20 s of the grace period"
    assert said in asked.stderr
    assert said in cluster.warnings(source(pod))


@pytest.mark.parametrize("change", [
    {}, {"ports": [WEB]}, *({"lifecycle": {"preStop": hook}} for hook in SLEEPS.values())], ids=str)
def test_lastcallctl_finds_nothing_wrong_with_an_injected_pod(cluster, change):
    if not CTL.exists():
        pytest.skip("no build/release: tests/run builds it")
    pod = cluster.ask(cluster.pod(container=change)).stdout
    done = subprocess.run([CTL, "check", "--pod", "-"], input=pod, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_pods_grace_period_is_lastcalls(cluster):
    spec = cluster.admitted(cluster.pod(terminationGracePeriodSeconds=75))
    assert spec["containers"][0]["command"][:4] == [
        "/lastcall-bin/lastcall", "--grace-period", "75s", "--"]


def test_what_was_there_stays_where_it_was(cluster):
    mount = {"name": "data", "mountPath": "/data"}
    spec = cluster.admitted(cluster.pod(
        container={"volumeMounts": [mount], "args": ["x"]},
        volumes=[{"name": "data", "emptyDir": {}}]))
    assert spec["volumes"][0] == {"name": "data", "emptyDir": {}}
    assert spec["containers"][0]["volumeMounts"][0] == mount
    assert spec["containers"][0]["args"] == ["x"]
    assert len(spec["volumes"]) == len(spec["containers"][0]["volumeMounts"]) == 2


def test_a_service_account_token_is_no_obstacle(cluster):
    spec = cluster.admitted(cluster.pod(automountServiceAccountToken=True))
    assert spec["containers"][0]["command"][:4] == IN_FRONT
    assert len(spec["containers"][0]["volumeMounts"]) == 2


def test_injecting_what_was_injected_changes_nothing(cluster):
    once = json.loads(cluster.ask(cluster.pod()).stdout)
    twice = cluster.admitted({**cluster.pod(), "spec": once["spec"]})
    assert twice == once["spec"]


def test_a_pod_with_much_in_it_costs_no_more_than_the_api_server_allows(cluster):
    pod = cluster.pod()
    (app,) = pod["spec"]["containers"]
    pod["spec"]["containers"] += [
        {**app, "name": f"n{port}", "ports": [{"containerPort": port + i} for i in range(100)]}
        for port in range(10000, 15000, 100)]
    assert cluster.is_injected(pod)
    app["lifecycle"] = {"preStop": {"exec": {"command": ["sh", "-c", "x" * 9999]}}}
    assert "runs without lastcall: how long" in cluster.warnings(pod)


@pytest.fixture
def loaded(cluster, tmp_path):
    """lastcall's image in every node of a kind cluster; its name."""
    context = kubectl("config", "current-context").stdout.strip()
    if not shutil.which("kind") or not context.startswith("kind-"):
        pytest.skip("no cluster of kind's, which an image could be loaded into")
    done = subprocess.run([ROOT / "deploy" / "image", "--name", f"localhost/{cluster.namespace}",
                           "--output", tmp_path, "amd64"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    name = context.removeprefix("kind-")
    subprocess.run(["kind", "load", "image-archive", "--name", name,
                    tmp_path / f"lastcall-{VERSION}-amd64.tar"], check=True, capture_output=True)
    yield image_of(cluster.namespace)
    nodes = subprocess.run(["kind", "get", "nodes", "--name", name], capture_output=True, text=True)
    for node in nodes.stdout.split():
        subprocess.run(["docker", "exec", node, "ctr", "--namespace", "k8s.io", "images", "rm",
                        image_of(cluster.namespace)], capture_output=True)


def test_an_injected_pod_runs_under_lastcall_and_ends_as_its_command_does(cluster, loaded):
    """lastcall's own image serves as the application's: its command is lastcallctl."""
    pod = cluster.pod(command=["/lastcallctl", "--version"], restartPolicy="Never",
                      container={"image": loaded, "imagePullPolicy": "Never"})
    pod["metadata"]["name"] = "runs"
    kubectl("create", "-n", cluster.namespace, "-f", "-", input=json.dumps(pod))
    kubectl("wait", "-n", cluster.namespace, "pod/runs", "--timeout=60s",
            "--for=jsonpath={.status.phase}=Succeeded")
    log = kubectl("logs", "-n", cluster.namespace, "runs").stdout
    assert f"lastcallctl {VERSION}\n" in log
    assert '"msg":"exit","code":0' in log
    told = json.loads(kubectl("get", "pod", "-n", cluster.namespace, "runs", "-o", "json").stdout)
    (status,) = told["status"]["containerStatuses"]
    assert json.loads(status["state"]["terminated"]["message"])["exitCode"] == 0


def test_an_injected_server_is_stopped_as_if_its_image_had_lastcall(cluster, loaded, images):
    """Its window needs no word of its ports: lastcall looks where its process listens."""
    pod = cluster.pod(command=pods.SERVER, container={"image": pods.APP})
    kubectl("create", "-n", cluster.namespace, "-f", "-", input=json.dumps(pod))
    pods.ready(cluster)
    kubernetes, told = pods.ended(pods.delete(cluster))
    assert (kubernetes["exitCode"], told["exitCode"], told["outcome"]) == (143, 143, "stopped")
    assert told["phases"]["propagating"] >= 5


@pytest.mark.parametrize("label", ["false", "no"])
def test_a_pod_that_does_not_ask_for_it_is_left_alone(cluster, label):
    asked = cluster.ask(cluster.pod(label=label))
    assert json.loads(asked.stdout)["spec"]["containers"][0]["command"] == ["web", "-p", "80"]
    assert asked.stderr == ""


def two_containers(pod):
    pod = copy.deepcopy(pod)
    pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "other",
                                      "command": ["other"]})
    return pod


def test_the_first_container_is_meant(cluster):
    first, second = cluster.admitted(two_containers(cluster.pod()))["containers"]
    assert first["command"][:4] == IN_FRONT
    assert second["command"] == ["other"]


def test_or_the_one_that_the_annotation_names(cluster):
    pod = two_containers(cluster.pod())
    pod["metadata"]["annotations"] = {"lastcall/container": "other"}
    first, second = cluster.admitted(pod)["containers"]
    assert first["command"] == ["web", "-p", "80"]
    assert second["command"] == [*IN_FRONT, "other"]
    assert [one["name"] for one in second["volumeMounts"]] == ["lastcall-bin"]


def refusals(pod):
    """Pods that cannot have lastcall, by what the warning says."""
    misnamed = pod()
    misnamed["metadata"]["annotations"] = {"lastcall/container": "nobody"}
    return {
        "container app has no command, and what its image starts with cannot be seen from here: "
        "copy the ENTRYPOINT into command": pod(command=None),
        "the annotation lastcall/container names nobody, and there is no such container": misnamed,
        "there is a volume lastcall-bin already":
            pod(volumes=[{"name": "lastcall-bin", "emptyDir": {}}]),
        "something else is mounted at /lastcall-bin":
            pod(volumes=[{"name": "data", "emptyDir": {}}],
                container={"volumeMounts": [{"name": "data", "mountPath": "/lastcall-bin"}]}),
        "terminationGracePeriodSeconds leaves no time to drain":
            pod(terminationGracePeriodSeconds=1),
        "terminationGracePeriodSeconds leaves no time to drain after the preStop hook":
            pod(container={"lifecycle": {"preStop": {"sleep": {"seconds": 29}}}}),
        "how long the preStop hook of container app takes cannot be seen from here, and it comes out "
        "of lastcall's time: leave it out, or make it a sleep": pod(container={"lifecycle": {
            "preStop": {"exec": {"command": ["sh", "-c", "sleep 5; nginx -s quit"]}}}}),
        "the pod is for Windows": pod(nodeSelector={"kubernetes.io/os": "windows"}),
        "a container has port 9909 already, where lastcall listens": pod(initContainers=[
            {**pod()["spec"]["containers"][0], "name": "beside", "restartPolicy": "Always",
             "ports": [{"containerPort": 9909}]}])}


@pytest.mark.parametrize("why", refusals(Cluster.pod))
def test_a_pod_that_cannot_have_it_is_admitted_unchanged_and_told_why(cluster, why):
    pod = refusals(Cluster.pod)[why]
    asked = cluster.ask(pod)
    spec = json.loads(asked.stdout)["spec"]
    assert spec["containers"][0].get("command") == pod["spec"]["containers"][0].get("command")
    assert spec.get("volumes") == pod["spec"].get("volumes")
    assert f"runs without lastcall: {why}\n" in asked.stderr


def test_a_pod_on_its_nodes_network_cannot_have_it(cluster):
    """Which `restricted` keeps from running, but not what it comes from."""
    asked = cluster.warnings(source(cluster.pod(hostNetwork=True)))
    assert "runs without lastcall: on the network of its node lastcall's port 9909 would be" in asked


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"])
def test_whoever_applies_what_its_pods_come_from_is_told_too(cluster, kind):
    asked = cluster.warnings(source(cluster.pod(command=None), kind))
    assert "runs without lastcall: container app has no command" in asked
    assert "lastcall" not in cluster.warnings(source(cluster.pod(), kind))


def test_the_api_server_accepts_the_policies_as_they_stand(cluster):
    done = kubectl("apply", "--dry-run=server", "-f", str(POLICY))
    assert "admissionregistration" in done.stdout and done.stderr == ""


@pytest.mark.parametrize("mode", ["entrypoint", "inject", "sidecar"])
def test_a_restricted_namespace_admits_each_mode_of_the_kustomization(cluster, mode):
    """`--dry-run=server`, without a warning of Pod Security's, which warns of a Deployment's pods."""
    kubectl("label", "namespace", cluster.namespace, "--overwrite",
            "pod-security.kubernetes.io/warn=restricted")
    done = kubectl("apply", "--dry-run=server", "-n", cluster.namespace, "-k",
                   str(ROOT / "deploy" / "kustomize" / "overlays" / mode))
    assert "deployment.apps/app created" in done.stdout
    assert done.stderr == ""
