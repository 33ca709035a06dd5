# SPDX-License-Identifier: Apache-2.0
"""What never ends by itself: a websocket, an event stream. It is cut at the drain's timeout, and said
to have been."""

import pytest

import cluster
import pods

pytestmark = pytest.mark.usefixtures("images")

WINDOW, DRAIN = 1, 3
# Which container is lastcall's.
LASTCALL = {"entrypoint": "app", "inject": "app", "sidecar": "lastcall"}
modes = pytest.mark.parametrize("mode", LASTCALL)


def serve(namespace, mode, drain=DRAIN):
    """The pod's name."""
    pods.release(namespace, mode, shutdown={"propagation": f"{WINDOW}s"}, drain={"timeout": f"{drain}s"})
    return pods.only(namespace)


def listen(namespace, pod, path, name="client"):
    """A client in a pod of its own, that has got a piece of the stream."""
    address = namespace.get("pod", pod)["status"]["podIP"]
    pods.create(namespace, "Pod", name, pods.spec(
        pods.container([*pods.script("listen"), address, path], image=pods.APP),
        restartPolicy="Never"))
    cluster.wait_for("the stream", 60, lambda: "streaming" in said(namespace, name))


def said(namespace, name="client"):
    return namespace.kubectl("logs", name, check=False).stdout


@modes
@pytest.mark.parametrize("path", ["/events", "/socket"], ids=["event-stream", "websocket"])
def test_a_stream_without_an_end_is_cut_at_the_timeout_and_reported(namespace, mode, path):
    pod = serve(namespace, mode)
    listen(namespace, pod, path)
    _, told = pods.ended(pods.delete(namespace, pod), LASTCALL[mode])
    assert told["phases"]["propagating"] >= WINDOW
    assert told["phases"]["draining"] >= DRAIN
    assert (told["inFlight"], told["cut"], told["outcome"]) == (1, 1, "stopped")
    end = cluster.wait_for("the client's end", 30, lambda: next(
        (line for line in said(namespace).splitlines() if " after " in line), None))
    pieces = int(end.split()[-2])
    assert pieces >= (WINDOW + DRAIN) / 0.2 * 0.8, end


@modes
def test_a_client_that_goes_before_the_timeout_ends_the_wait(namespace, mode):
    pod = serve(namespace, mode, drain=20)
    listen(namespace, pod, "/events")
    with pods.Watch(namespace, pod) as watch:
        namespace.kubectl("delete", "pod", pod, "--wait=false")
        cluster.wait_for("the window", 20, lambda: any(
            line.get("next") == "propagating" for line in pods.log(namespace, pod, container=LASTCALL[mode])))
        namespace.kubectl("exec", "client", "--", "sh", "-c", "kill -TERM 1")
        _, told = pods.ended(watch.until_gone(), LASTCALL[mode])
    assert told["phases"]["draining"] < 20
    assert (told["inFlight"], told["cut"]) == (1, 0)
