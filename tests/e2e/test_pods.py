# SPDX-License-Identifier: Apache-2.0
"""Pods of every kind under lastcall: it runs in them, stops them as it should, and lets kubectl in."""

import json
import os
import pty
import subprocess
import time

import pytest

import cluster
import pods

pytestmark = pytest.mark.usefixtures("images")

BIN = {"name": "lastcall-bin", "mountPath": "/lastcall-bin"}
WINDOW = ["--propagation", "3s"]
READY = {"httpGet": {"path": "/readyz", "port": 9909}, "periodSeconds": 1}


def serving(*options, command=pods.SERVER, **more):
    return pods.container(command, "--ports", "8080", *options, readinessProbe=READY, **more)


def stopped_well(found, container="app", code=143):
    """The pod as it was last: stopped by lastcall, window and all."""
    kubernetes, told = pods.ended(found, container)
    assert (kubernetes["exitCode"], told["exitCode"], told["outcome"]) == (code, code, "stopped")
    assert told["phases"]["propagating"] >= 3
    return told


# --- what a pod may ask for ---

def test_a_restricted_namespace_takes_it_and_it_works_there(namespace):
    """Non-root, no capability, RuntimeDefault seccomp: as in all these tests."""
    guard = cluster.run("kubectl", "get", "namespace", namespace.name, "--output", "json").stdout
    assert json.loads(guard)["metadata"]["labels"][
        "pod-security.kubernetes.io/enforce"] == "restricted"
    pods.pod(namespace, pods.spec(serving(*WINDOW)))
    inside = namespace.kubectl("exec", "web", "--", "cat", "/proc/1/status").stdout
    lines = dict(line.split(":\t", 1) for line in inside.splitlines() if ":\t" in line)
    assert (lines["Name"], lines["CapEff"].strip("0"), lines["NoNewPrivs"], lines["Seccomp"]) == (
        "lastcall", "", "1", "2")
    stopped_well(pods.delete(namespace))


def test_a_read_only_root_is_enough(namespace):
    container = serving(*WINDOW)
    container["securityContext"]["readOnlyRootFilesystem"] = True
    pods.pod(namespace, pods.spec(container))
    stopped_well(pods.delete(namespace))


def test_containers_that_share_their_processes_are_left_alone(namespace):
    """PID 1 is the pod's pause container: what is not lastcall's own is neither reaped nor ended."""
    beside = pods.container(["sleep", "600"], name="beside", image=pods.APP)
    pods.pod(namespace, pods.spec(serving(*WINDOW), beside, shareProcessNamespace=True))
    pods.ask(namespace, "/exit", check=False)
    found = pods.restarted(namespace)
    kubernetes, told = pods.ended(found)
    assert (kubernetes["exitCode"], told["exitCode"], told["killed"]) == (3, 3, [])
    assert pods.status(found, "beside")["restartCount"] == 0
    assert pods.log(namespace)[0]["pid"] != 1
    stopped_well(pods.delete(namespace))


@pytest.mark.level("privileged")
def test_on_its_nodes_network_it_counts_only_what_is_its_applications(namespace):
    """All of the node's connections are to be seen there."""
    container = pods.container(
        [*pods.SERVER, "18080"], *WINDOW, "--listen", ":19909", "--grace-period", "30s",
        readinessProbe={"httpGet": {"path": "/readyz", "port": 19909}, "periodSeconds": 1})
    pods.pod(namespace, pods.spec(container, hostNetwork=True))
    told = stopped_well(pods.delete(namespace))
    assert (told["inFlight"], told["cut"]) == (0, 0)
    assert told["phases"]["draining"] < 1


# --- kubectl in it ---

def test_kubectl_exec_works_in_the_window_and_while_it_drains(namespace):
    pods.pod(namespace, pods.spec(serving(*WINDOW)))
    def phase():
        return json.loads(namespace.kubectl("exec", "web", "--", "/lastcallctl", "status",
                                            "--json").stdout)["phase"]
    # Until it is cut off: the stream holds the drain.
    path = f"/api/v1/namespaces/{namespace.name}/pods/web:8080/proxy/events"
    with pods.Watch(namespace) as watch, subprocess.Popen(
            ["kubectl", "get", "--raw", path], stdout=subprocess.PIPE) as client:
        assert client.stdout.readline() == b"data: tick\n"
        namespace.kubectl("delete", "pod", "web", "--wait=false")
        for wanted in ("propagating", "draining"):
            cluster.wait_for(f"{wanted}, as seen from inside", 20, lambda: phase() == wanted)
        client.terminate()
        stopped_well(watch.until_gone())


def test_a_shell_that_kubectl_exec_left_open_ends_with_the_pod_and_in_time(namespace):
    pods.pod(namespace, pods.spec(serving("--propagation", "3s")))
    with subprocess.Popen(["kubectl", "--namespace", namespace.name, "exec", "web", "--", "sh", "-c",
                           "echo in; sleep 600"], stdout=subprocess.PIPE) as shell:
        assert shell.stdout.readline() == b"in\n"
        stopped_well(pods.delete(namespace))
        assert shell.wait(30) == 143


class Terminal:
    """`kubectl attach` at a terminal of its own."""

    def __init__(self, namespace, name="web"):
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            ["kubectl", "--namespace", namespace.name, "attach", "-it", name], stdin=slave,
            stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        os.set_blocking(self._master, False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def type(self, text):
        os.write(self._master, text)

    def read_until(self, wanted, seconds=30):
        seen, end = b"", time.monotonic() + seconds
        while wanted not in seen:
            assert time.monotonic() < end, seen
            try:
                seen += os.read(self._master, 4096)
            except BlockingIOError:
                time.sleep(0.02)


def test_kubectl_attach_talks_to_the_application_and_ctrl_c_ends_it_at_once(namespace):
    shell = pods.container(["sh", "-c", "while read -r line; do echo \"got $line\"; done"],
                           "--grace-period", "30s", stdin=True, tty=True)
    pods.pod(namespace, pods.spec(shell, restartPolicy="Never"))
    with Terminal(namespace) as terminal:
        terminal.type(b"hello\n")
        terminal.read_until(b"got hello")
        terminal.type(b"\x03")
        end = cluster.wait_for("the end", 20, lambda: pods.ended(namespace.get("pod", "web")))
    kubernetes, told = end
    assert (kubernetes["exitCode"], told["exitCode"]) == (130, 130)


# --- injection ---

def injected(*options, **more):
    """In front of a command, from a volume."""
    words = ["/lastcall-bin/lastcall", "--ports", "8080", *options, "--", *pods.SERVER]
    return {**pods.container(words, image=pods.APP), "volumeMounts": [BIN], "readinessProbe": READY,
            **more}


def by_image(*options):
    return pods.spec(injected(*options), volumes=[
        {"name": "lastcall-bin", "image": {"reference": pods.LASTCALL,
                                           "pullPolicy": "IfNotPresent"}}])


def by_copy(*options):
    install = {**pods.container(["/lastcallctl", "install", "/lastcall-bin"], name="install",
                                image=pods.LASTCALL), "volumeMounts": [BIN]}
    return pods.spec(injected(*options), initContainers=[install],
                     volumes=[{"name": "lastcall-bin", "emptyDir": {}}])


@pytest.mark.parametrize("way", [by_image, by_copy], ids=["image-volume", "init-copy"])
def test_injected_it_stops_an_image_that_knows_nothing_of_it(namespace, way):
    pods.pod(namespace, way(*WINDOW))
    stopped_well(pods.delete(namespace))


def test_injected_into_an_image_that_has_it_the_inner_one_only_forwards(namespace):
    """One window, not two, and one who reports."""
    container = serving(*WINDOW, command=["/lastcall", "--propagation", "20s", "--", *pods.SERVER])
    pods.pod(namespace, pods.spec(container))
    said = pods.log(namespace)
    assert [line["msg"] for line in said].count("lastcall") == 2
    told = stopped_well(pods.delete(namespace))
    assert told["t"] < 15, "the inner one's window has not been waited for"


def test_without_a_command_there_is_nothing_to_start_and_it_says_so(namespace):
    container = {**pods.container([]), "command": ["/lastcall"]}
    pods.create(namespace, "Pod", "web", pods.spec(container, restartPolicy="Never"))
    end = cluster.wait_for("the end", 60, lambda: pods.status(
        namespace.get("pod", "web")).get("state", {}).get("terminated"))
    assert end["exitCode"] == 125
    assert "COMMAND" in namespace.kubectl("logs", "web").stdout
