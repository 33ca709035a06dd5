# SPDX-License-Identifier: Apache-2.0
"""What never ends by itself: a websocket, an event stream. It is cut at the drain's timeout, and said
to have been."""

import pytest

import cluster
import pods

pytestmark = pytest.mark.usefixtures("images")

WINDOW, DRAIN = 1, 3
TIMES = ["--propagation", f"{WINDOW}s", f"--wait-for-idle={DRAIN}s"]


def listen(namespace, path, name="client"):
    """A client in a pod of its own, that has got a piece of the stream."""
    address = namespace.get("pod", "web")["status"]["podIP"]
    pods.create(namespace, "Pod", name, pods.spec(
        pods.container([*pods.script("listen"), address, path], image=pods.APP),
        restartPolicy="Never"))
    cluster.wait_for("the stream", 60, lambda: "streaming" in said(namespace, name))


def said(namespace, name="client"):
    return namespace.kubectl("logs", name, check=False).stdout


def serve(namespace):
    pods.pod(namespace, pods.spec(pods.container(
        pods.SERVER, "--ports", "8080", *TIMES,
        readinessProbe={"httpGet": {"path": "/readyz", "port": 9909}, "periodSeconds": 1})))


@pytest.mark.parametrize("path", ["/events", "/socket"], ids=["event-stream", "websocket"])
def test_a_stream_without_an_end_is_cut_at_the_timeout_and_reported(namespace, path):
    serve(namespace)
    listen(namespace, path)
    _, told = pods.ended(pods.delete(namespace))
    assert told["phases"]["propagating"] >= WINDOW
    assert told["phases"]["draining"] >= DRAIN
    assert (told["inFlight"], told["cut"], told["outcome"]) == (1, 1, "stopped")
    end = cluster.wait_for("the client's end", 30, lambda: next(
        (line for line in said(namespace).splitlines() if " after " in line), None))
    pieces = int(end.split()[-2])
    assert pieces >= (WINDOW + DRAIN) / 0.2 * 0.8, end


def test_a_client_that_goes_before_the_timeout_ends_the_wait(namespace):
    serve(namespace)
    listen(namespace, "/events")
    with pods.Watch(namespace) as watch:
        namespace.kubectl("delete", "pod", "web", "--wait=false")
        namespace.kubectl("delete", "pod", "client", "--grace-period=1")
        _, told = pods.ended(watch.until_gone())
    assert told["phases"]["draining"] < DRAIN
    assert (told["inFlight"], told["cut"]) == (1, 0)
