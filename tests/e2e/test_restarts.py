# SPDX-License-Identifier: Apache-2.0
"""Containers that end while their pod stays: the application's, lastcall's, or both."""

import pytest

import cluster
import pods

pytestmark = pytest.mark.usefixtures("images")

SHORT = {"propagation": "3s"}


def restarts(found):
    return {one["name"]: one["restartCount"] for kind in ("containerStatuses", "initContainerStatuses")
            for one in found["status"].get(kind, [])}


def serves(namespace):
    """By its Service, once that has heard of it."""
    path = f"/api/v1/namespaces/{namespace.name}/services/web:8080/proxy/"
    cluster.wait_for("an answer by the Service", 30, lambda: namespace.kubectl(
        "get", "--raw", path, check=False).stdout == "hello\n")


def messages(namespace, name, container="lastcall"):
    return [line["msg"] for line in pods.log(namespace, name, container=container)]


def drains(namespace, name, container="lastcall"):
    """`kubectl delete pod`: window and all, as if nothing had been."""
    found = pods.delete(namespace, name)
    told = pods.ended(found, container)[1]
    assert told["phases"]["propagating"] >= 3
    return pods.ended(found)[0]


# --- beside the application ---

def test_a_liveness_failure_restarts_the_application_alone_and_the_sidecar_does_not_stay_drained(
        namespace):
    pods.release(namespace, "sidecar", shutdown=SHORT, **pods.sick())
    name = pods.only(namespace)
    pods.ask(namespace, "/fail", name)
    found = pods.restarted(namespace, name)
    assert restarts(found) == {"app": 1, "lastcall": 0}, namespace.story()
    serves(namespace)
    said = pods.log(namespace, name, container="lastcall")
    assert [line["ready"] for line in said if line["msg"] == "readiness"][-1] is True
    assert drains(namespace, name)["exitCode"] == 143


def kill_the_sidecar(namespace, name):
    """From the application's container, which shares its processes and its user."""
    find_and_kill = ("for process in /proc/[0-9]*; do read -r name <$process/comm;"
                     " [ $name != lastcall ] || kill -KILL ${process#/proc/}; done")
    namespace.kubectl("exec", name, "--container", "app", "--", "sh", "-c", find_and_kill)


def test_a_sidecar_that_was_killed_comes_back_and_the_application_notices_nothing(namespace):
    pods.release(namespace, "sidecar", shareProcessNamespace=True, shutdown=SHORT)
    name = pods.only(namespace)
    kill_the_sidecar(namespace, name)
    found = pods.restarted(namespace, name, "lastcall")
    assert restarts(found) == {"app": 0, "lastcall": 1}
    assert pods.ended(found, "lastcall")[0]["exitCode"] == 137
    serves(namespace)
    assert drains(namespace, name)["exitCode"] == 143


def test_a_sidecar_killed_in_the_window_lets_the_pod_end_in_time(namespace):
    pods.release(namespace, "sidecar", shareProcessNamespace=True,
                 shutdown={"propagation": "20s", "gracePeriod": "30s"})
    name = pods.only(namespace)
    with pods.Watch(namespace, name) as watch:
        namespace.kubectl("delete", "pod", name, "--wait=false")
        cluster.wait_for("the hooks", 20, lambda: messages(namespace, name).count("prestop") == 2)
        kill_the_sidecar(namespace, name)
        found = watch.until_gone(40)
    assert pods.ended(found)[0]["exitCode"] == 143


# --- in front of it ---

MEMORY = {"requests": {"cpu": "20m"}, "limits": {"memory": "96Mi"}}


@pytest.mark.parametrize("path", ["/oom-lastcall", "/hog"], ids=["lastcall", "the-application"])
def test_out_of_memory_it_is_killed_started_again_and_serves(namespace, path):
    """With cgroup v2 the kubelet has all of the container killed; with v1 the kernel chooses, and as
    PID 1 lastcall takes all with it. Whether Kubernetes says OOMKilled depends on which of two of
    containerd's events is the first."""
    pods.release(namespace, "inject", resources=MEMORY, shutdown=SHORT)
    name = pods.only(namespace)
    pods.ask(namespace, path, name, check=False)
    kubernetes, told = pods.ended(pods.restarted(namespace, name))
    assert kubernetes["exitCode"] == 137
    assert told is None or told["exitCode"] == 137
    serves(namespace)
    assert drains(namespace, name, "app")["exitCode"] == 143


def test_an_application_that_crashes_again_and_again_shows_the_cause(namespace):
    crash = pods.container(["sh", "-c", "echo cannot open the database >&2; exit 3"])
    pods.create(namespace, "Pod", "web", pods.spec(crash))
    def waits():
        state = pods.status(namespace.get("pod", "web")).get("state", {})
        return state.get("waiting", {}).get("reason") == "CrashLoopBackOff"
    cluster.wait_for("CrashLoopBackOff", 90, waits)
    kubernetes, told = pods.ended(namespace.get("pod", "web"))
    assert (kubernetes["exitCode"], told["exitCode"], told["outcome"]) == (3, 3, "crashed")
    assert (told["cause"], told["process"]) == ("lane", "sh")
    assert '"cause":"lane","process":"sh"' in namespace.kubectl("describe", "pod", "web").stdout
    cluster.wait_for("its own words", 30, lambda: "cannot open the database" in namespace.kubectl(
        "logs", "web", check=False).stdout)
