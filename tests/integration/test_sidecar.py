# SPDX-License-Identifier: Apache-2.0
"""lastcall --sidecar, beside an application that knows nothing of it, with the kubelet's hooks."""

import datetime
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from beside import Container, Hook
from lastcall import SLOWNESS, helper, lateness, python, until
from namespaces import reset
from scripted import scripted
from test_servers import NGINX, ORDINARY, WEB as NGINX_WEB, needs_nginx
from test_traffic import APPLICATION, SERVER, ask, keep_alive, receive, request

# As PID 1 it would not die of a SIGTERM that it does not handle.
ALONE = python('import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(143))\n' + SERVER)

CHECKED = """
processes:
- readinessProbe: {{exec: {{command: [test, -e, {place}/fit]}}, periodSeconds: 1}}
"""

PAIR = 2.0  # seconds in which both hooks of a pod that goes have come
CONTAINER, POD = "?container=web", "?pod"


@pytest.fixture
def beside():
    """Starts an application in its own container: beside(app, command)."""
    started = []

    def start(app, command=ALONE):
        started.append(Container(app, command))
        return started[-1]
    yield start
    for one in started:
        one.close()


@pytest.fixture
def sidecar(lastcall):
    def start(*options, **more):
        app = lastcall("--sidecar", "--grace-period", "30s", *options, **more)
        assert app.network
        return app
    return start


@pytest.fixture
def pod(sidecar, beside):
    """A sidecar that is ready, and its application."""
    def start(*options, **more):
        app = sidecar("--ports", "8000", *options, **more)
        web = beside(app).wait_output("up")
        app.ready()
        return app, web
    return start


def apart(first, second):
    """The seconds between two lines of the log, by its own clock: a busy reader adds none."""
    times = [datetime.datetime.fromisoformat(event["time"]) for event in (first, second)]
    return (times[1] - times[0]).total_seconds()


def inside(app, script):
    """What `kubectl exec` starts in the sidecar's container."""
    return subprocess.Popen(
        ["nsenter", "--user", "--pid", "--net", "--preserve-credentials", f"--target={app.pid}",
         "/bin/sh", "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(app, web=None, within=1.0):
    """What the kubelet does after the hooks: SIGTERM to the application, and once it has ended to
    the sidecar. How long that one takes."""
    if web:
        web.stop()
    began = app.signal("SIGTERM")
    assert app.exit_code() == 0
    seconds = time.monotonic() - began
    assert seconds < within * SLOWNESS, app.story(f"it took {seconds} s to end")
    return seconds


# --- the pod goes ---

@pytest.mark.parametrize("order", [(CONTAINER, POD), (POD, CONTAINER)], ids=["container", "pod"])
@pytest.mark.memory
def test_both_hooks_whichever_comes_first_wait_for_the_end_of_the_window(pod, order, figure):
    app, web = pod("--propagation", "600ms")
    first = Hook(app, order[0])
    app.wait_for("prestop", query=order[0][1:])
    second = Hook(app, order[1])
    assert app.wait_for("readiness", ready=False)["t"] <= 0.005
    assert app.status("/readyz") == 503
    assert ask(app).body == "hello"  # the window: it serves on
    assert [hook.done().status for hook in (first, second)] == [200, 200]
    assert first.answer.body == second.answer.body == "drained\n"
    assert first.answer.headers["Content-Length"] == "8"
    assert first.answer.headers["Connection"] == "close"
    assert app.wait_for("prestop answered", **{"with": "drained"})["t"] == lateness(0.6)
    assert ask(app).body == "hello"  # nobody has stopped it yet
    figure("sidecar: SIGTERM to exit", f"{1000 * end(app, web):.1f} ms")
    last = app.wait_for("exit")
    assert (last["code"], last["outcome"], last["cause"]) == (0, "stopped", "drain")


def test_they_wait_for_what_is_in_flight(pod):
    app, web = pod("--propagation", "100ms", "--wait-for-idle")
    stream = keep_alive(app)
    request(stream, "/slow")
    hooks = Hook(app, CONTAINER), Hook(app, POD)
    assert b"hello" in receive(stream, b"hello") and all(hook.waits() for hook in hooks)
    assert all(hook.done().body == "drained\n" for hook in hooks)
    assert app.wait_for("phase", phase="draining")["elapsed"] >= 0.5
    end(app, web)


def test_several_containers_hooks_are_answered_together(pod):
    app, web = pod("--propagation", "500ms")
    hooks = [Hook(app, query) for query in (CONTAINER, "?container=worker", POD, "?container=log")]
    assert {hook.done().body for hook in hooks} == {"drained\n"}
    end(app, web)


def test_a_repeat_waits_for_the_remaining_time_and_after_it_not_at_all(pod):
    app, web = pod("--propagation", "3s")
    hooks = Hook(app, CONTAINER), Hook(app, POD)
    app.wait_for("prestop", query="pod")
    time.sleep(0.5)  # a kubelet that is restarted
    again = Hook(app, CONTAINER), Hook(app, POD)
    assert {hook.done().body for hook in (*hooks, *again)} == {"drained\n"}
    assert app.wait_for("prestop answered")["count"] == 4
    assert app.wait_for("phase", phase="propagating")["elapsed"] == lateness(3.0)
    after = Hook(app, CONTAINER)
    assert after.done().body == "drained\n" and len(app.events("prestop answered")) == 1
    end(app, web)


# --- only a container restarts ---

@pytest.mark.memory
def test_a_containers_hook_alone_is_let_go_and_readiness_comes_back_with_the_application(
        pod, beside):
    app, web = pod("--propagation", "3s")
    hook = Hook(app, CONTAINER)
    assert app.wait_for("readiness", ready=False)
    assert hook.done().body == "no shutdown\n"
    assert app.wait_for("phase", next="running", phase="propagating")["elapsed"] == lateness(PAIR)
    # Until its SIGTERM is there it goes on listening: nobody is to be sent to it any more.
    assert app.status("/readyz") == 503
    assert "its container is restarted" in app.http("/readyz?verbose").body
    web.stop()
    assert until(lambda: "nothing listens on port 8000" in app.http("/readyz?verbose").body)
    began = app.events("readiness", ready=False)[-1]
    web = beside(app).wait_output("up")
    back = app.wait_for("readiness", after=began, ready=True)
    assert app.status("/readyz") == 200
    # And the next shutdown is a whole one.
    hooks = Hook(app, CONTAINER), Hook(app, POD)
    assert [each.done().body for each in hooks] == ["drained\n"] * 2
    window = app.wait_for("phase", after=back, phase="propagating")
    assert window["elapsed"] == lateness(3.0)
    end(app, web)


def test_a_repeat_does_not_put_off_what_becomes_of_a_containers_hook(pod):
    app, _ = pod("--propagation", "5s")
    hook = Hook(app, CONTAINER)
    app.wait_for("prestop")
    time.sleep(1.2)
    again = Hook(app, CONTAINER)
    assert hook.done().body == again.done().body == "no shutdown\n"
    assert app.wait_for("phase", next="running", phase="propagating")["elapsed"] == lateness(PAIR)


@pytest.mark.parametrize("query", [CONTAINER, POD], ids=["container", "pod"])
def test_nor_does_one_whose_first_asker_has_gone(pod, query):
    """A kubelet that was restarted: its connections are gone, and it calls each hook again."""
    app, _ = pod("--propagation", "5s")
    stream, = app.network.sockets(1)
    stream.connect(("127.0.0.1", 9909))
    request(stream, "/prestop" + query)
    first = app.wait_for("prestop")
    time.sleep(1.2)
    stream.close()
    app.wait_for("who waited has gone")
    assert Hook(app, query).done().body == "no shutdown\n"
    assert apart(first, app.wait_for("prestop answered")) == lateness(PAIR - 0.01)


def test_but_the_hook_of_a_further_container_has_a_time_of_its_own(pod):
    app, web = pod("--propagation", "3s")
    hooks = [Hook(app, CONTAINER)]
    app.wait_for("prestop")
    for query in ("?container=worker", POD):
        time.sleep(1.2)
        hooks.append(Hook(app, query))
    assert {hook.done().body for hook in hooks} == {"drained\n"}
    end(app, web)


@pytest.mark.parametrize("clients", [0, 3])
def test_hooks_that_came_while_lastcall_was_held_up_are_a_pair(pod, clients):
    """A node without a processor to spare: the second one waits in its socket past the 2 s, and behind
    it what else there is to see."""
    app, web = pod("--propagation", "4s:1s:8s")
    hooks = [Hook(app, CONTAINER)]
    app.wait_for("prestop")
    os.kill(app.pid, signal.SIGSTOP)
    time.sleep(0.5)
    for stream in app.network.sockets(clients):
        stream.connect(("127.0.0.1", 8000))
    hooks.append(Hook(app, POD))
    time.sleep(PAIR)
    os.kill(app.pid, signal.SIGCONT)
    assert [hook.done().body for hook in hooks] == ["drained\n"] * 2
    end(app, web)


def test_a_drain_by_hand_is_not_taken_back_with_a_containers_hook(pod):
    app, web = pod("--propagation", "3s")
    hook = Hook(app, CONTAINER)
    app.wait_for("prestop")
    answer = app.post("/drain")
    assert (answer.status, answer.body) == (202, "propagating\n")
    assert app.wait_for("drain")["result"] == "kept"
    assert hook.done().body == "drained\n"
    assert app.wait_for("prestop answered")["t"] == lateness(3.0)
    assert app.status("/readyz") == 503 and app.post("/drain").status == 200
    end(app, web)


def test_where_nothing_ends_after_all_readiness_comes_back_after_5_seconds(pod):
    app, _ = pod("--propagation", "0s")
    Hook(app, CONTAINER).done()
    back = app.wait_for("phase", next="running", after=app.wait_for("prestop"))
    on = app.wait_for("readiness", timeout=10, after=back, ready=True)
    assert on.at - back.at == lateness(5.0 - 0.1, late=0.5)


def test_nor_after_5_seconds_where_the_application_may_take_longer_to_end(pod):
    app, _ = pod("--propagation", "0s", "--stop-timeout", "7s")
    Hook(app, CONTAINER).done()
    back = app.wait_for("phase", next="running", after=app.wait_for("prestop"))
    on = app.wait_for("readiness", timeout=12, after=back, ready=True)
    assert apart(back, on) == lateness(7.0 - 0.01)


@pytest.mark.parametrize("window", ["0s", "500ms", "1500ms"])
def test_an_application_that_is_back_before_the_2_seconds_are_over_is_ready_after_them(
        pod, beside, window):
    app, web = pod("--propagation", window)
    Hook(app, CONTAINER).done()
    web.stop()
    time.sleep(0.3)  # several looks long
    beside(app).wait_output("up")
    up = time.monotonic()
    back = app.wait_for("phase", next="running", after=app.wait_for("prestop"))
    on = app.wait_for("readiness", after=back, ready=True)
    assert on.at - max(up, back.at) < 0.5 * SLOWNESS


def test_one_that_begins_to_listen_after_its_hook_is_about_to_end_all_the_same(sidecar, beside):
    """Its startup probe has failed, say."""
    app = sidecar("--ports", "8000", "--propagation", "4s")
    Hook(app, CONTAINER).done()
    beside(app).wait_output("up")
    back = app.wait_for("phase", next="starting")
    on = app.wait_for("readiness", timeout=10, after=back, ready=True)
    assert apart(back, on) == lateness(5.0 - 0.1, late=0.5)


def test_an_application_is_back_in_time_also_where_the_hook_of_another_put_that_off(pod, beside):
    app, web = pod("--propagation", "0s")
    Hook(app, CONTAINER).done()
    time.sleep(1.5)
    Hook(app, "?container=other").done()
    time.sleep(1.0)  # longer than 2 s after the first
    web.stop()
    time.sleep(0.3)  # several looks long
    beside(app).wait_output("up")
    back = app.wait_for("phase", next="running", after=app.wait_for("prestop"))
    assert apart(back, app.wait_for("readiness", after=back, ready=True)) < 0.5 * SLOWNESS


def test_the_pods_hook_alone_changes_nothing(pod):
    app, web = pod("--propagation", "5s")
    hook = Hook(app, POD)
    app.wait_for("prestop")
    assert app.status("/readyz") == 200
    assert hook.done().body == "no shutdown\n" and hook.seconds == lateness(PAIR, late=1)
    assert app.status("/readyz") == 200 and not app.events("readiness", ready=False)
    end(app, web)


# --- the stop signal ---

@pytest.mark.parametrize("hooks", [(), (POD,), (CONTAINER,), (CONTAINER, POD)],
                         ids=["no hook", "the pod's", "a container's", "both"])
def test_the_stop_signal_ends_it_at_once_whoever_waits(pod, hooks):
    app, _ = pod("--propagation", "9s")
    waiting = [Hook(app, query) for query in hooks]
    for query in hooks:
        app.wait_for("prestop", query=query[1:])
    end(app)
    assert all(hook.done().status == 200 for hook in waiting)


def test_a_leftover_of_its_own_container_does_not_hold_it_up(pod):
    """What `kubectl exec` has started there, say."""
    app, _ = pod()
    with inside(app, "trap '' TERM; echo up; while :; do sleep 1; done") as stubborn:
        assert stubborn.stdout.readline() == "up\n"
        end(app)
        stubborn.wait(10)


# --- who asks ---

def test_who_waits_and_goes_is_forgotten_and_the_drain_goes_on(pod):
    app, web = pod("--propagation", "1500ms")
    streams = app.network.sockets(2)
    for stream, query in zip(streams, (CONTAINER, POD)):
        stream.connect(("127.0.0.1", 9909))
        request(stream, "/prestop" + query)
        app.wait_for("prestop", query=query[1:])
    streams[0].close()
    app.wait_for("who waited has gone", query="container=web")
    reset(streams[1])
    app.wait_for("who waited has gone", query="pod")
    again = Hook(app, CONTAINER)
    assert again.done().body == "drained\n"
    answered = app.wait_for("prestop answered")
    assert answered["count"] == 1 and answered["t"] == lateness(1.5)
    end(app, web)


def test_at_most_32_wait_and_the_next_is_told_so_at_once(pod):
    app, _ = pod("--propagation", "20s")
    streams = app.network.sockets(32)
    for i, stream in enumerate(streams):
        stream.settimeout(60 * SLOWNESS)
        stream.connect(("127.0.0.1", 9909))
        request(stream, f"/prestop?container=c{i}" if i else "/prestop?pod")
    assert until(lambda: len(app.events("prestop")) == 32)
    late = Hook(app, "?container=c32")
    assert late.done().status == 503 and late.answer.body == "too many wait already\n"
    assert late.seconds < 0.5 * SLOWNESS
    assert app.status("/livez") == 200
    end(app)
    for stream in streams:
        with stream:
            assert receive(stream, b"drained\n").startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("query", ["", "?", "?container", "?container=", "?container=We_b", "?pod=1",
                                   "?container=web&pod", "?container=" + 64 * "a"])
def test_a_hook_that_could_mean_anything_is_refused(pod, query):
    app, _ = pod()
    answer = Hook(app, query).done()
    assert answer.status == 400 and "?container=NAME" in answer.body
    assert app.wait_for("prestop refused")["code"] == 400
    assert app.status("/readyz") == 200


def test_whoever_has_not_the_token_is_refused(pod):
    app, _ = pod("--propagation", "100ms", config="http: {prestopToken: s3cret}\n")
    for headers in ({}, {"Lastcall-Token": ""}, {"Lastcall-Token": "s3cre"},
                    {"Lastcall-Token": "s3crets"}, {"Lastcall-Token": "S3cret"}):
        assert Hook(app, CONTAINER, headers).done().status == 403
    assert app.status("/readyz") == 200 and not app.events("prestop")
    assert not app.said("s3cret")
    hooks = [Hook(app, query, {"lastcall-token": "s3cret"}) for query in (CONTAINER, POD)]
    assert all(hook.done().status == 200 for hook in hooks)
    assert 'requests_total{path="/prestop",code="403"} 5' in app.http("/metrics").body


# --- what it sees ---

def test_it_is_ready_once_the_application_listens(sidecar, beside):
    app = sidecar("--ports", "8000")
    assert app.status("/readyz") == 503 and app.status("/startupz") == 503
    assert "nothing listens on port 8000" in app.http("/readyz").body
    web = beside(app).wait_output("up")
    app.ready()
    assert app.status("/readyz") == 200
    assert app.http("/status").json()["processes"][0]["name"] == "application"
    assert 'lastcall_process_up{process="application"} 1' in app.http("/metrics").body
    web.stop()
    assert app.status("/readyz") == 503


def test_it_is_ready_once_the_applications_readiness_check_passes(sidecar, beside, place):
    """The application has no probe of its own then; checked is what listens in the pod."""
    app = sidecar("--ports", "8000", "--propagation", "9s", config=CHECKED.format(place=place))
    web = beside(app).wait_output("up")
    assert until(lambda: "[+]application ok\n[-]application/readiness failed"
                 in app.http("/readyz").body)
    with open(f"{place}/fit", "w", encoding="ascii"):
        app.ready()
    # And anew, where only its container restarts.
    assert Hook(app, CONTAINER).done().body == "no shutdown\n"
    back = app.wait_for("phase", next="running", after=app.wait_for("prestop"))
    os.unlink(f"{place}/fit")
    web.stop()
    beside(app).wait_output("up")
    assert until(lambda: "[+]application ok\n[-]application/readiness failed"
                 in app.http("/readyz").body)
    with open(f"{place}/fit", "w", encoding="ascii"):
        app.wait_for("readiness", after=back, ready=True)
    end(app)


ANSWERS = """
processes:
- readinessProbe: {httpGet: {path: /check, port: 8080}, periodSeconds: 1}
"""


def test_what_was_found_out_of_a_container_that_died_does_not_count_for_the_next_one(
        sidecar, beside):
    """As with the kubelet, for which each new container begins with a failure."""
    app = sidecar("--ports", "8080", "--log-level", "debug", config=ANSWERS)
    web = beside(app, scripted("200")).wait_output("up")
    app.ready()
    web.stop()
    assert app.status("/readyz") == 503
    off = app.wait_for("readiness", ready=False)
    beside(app, scripted("503 503 200")).wait_output("up")
    on = app.wait_for("readiness", timeout=20, after=off, ready=True)
    made = [event.get("why") for event in app.events("checked") if off.at < event.at <= on.at]
    assert made[-3:] == ["status 503", "status 503", None], app.story("too early")
    end(app)


def test_without_ports_nothing_is_counted_and_the_log_says_so(sidecar, beside):
    app = sidecar("--propagation", "300ms:300ms:9s", "--wait-for-idle")
    app.ready()
    web = beside(app).wait_output("up")
    assert app.said("no ports in a sidecar")
    hooks = Hook(app, CONTAINER), Hook(app, POD)
    assert all(hook.done().body == "drained\n" for hook in hooks)
    app.wait_for("connections cannot be counted")
    assert app.wait_for("prestop answered")["t"] == lateness(0.3)
    end(app, web)


def test_what_else_runs_in_its_container_says_nothing_of_who_listens(sidecar, beside):
    """What `kubectl exec` has left there holds no socket: the application is in another container."""
    app = sidecar("--propagation", "300ms").ready()
    web = beside(app).wait_output("up")
    with inside(app, "(echo up; exec sleep 60) & exit") as orphan:
        assert orphan.stdout.readline() == "up\n" and orphan.wait(10) == 0
        hooks = Hook(app, CONTAINER), Hook(app, POD)
        assert all(hook.done().body == "drained\n" for hook in hooks)
        assert app.wait_for("prestop answered")["t"] == lateness(0.3)
        end(app, web)


def test_where_its_address_is_taken_it_does_not_start(pod, lastcall):
    other, _ = pod()
    result = subprocess.run(
        [other._program()[0], "--sidecar", "--ports", "8000"], env=other.env,
        preexec_fn=other.network.enter, capture_output=True, text=True, timeout=10 * SLOWNESS)
    assert result.returncode == 125 and "Address already in use" in result.stderr


# --- without a sidecar ---

def test_prestop_begins_the_drain_and_the_stop_signal_after_it_is_the_first(lastcall):
    app = lastcall("--grace-period", "30s", "--propagation", "500ms", "--ports", "8000", "--",
                   *APPLICATION, config="http: {prestop: true}\n").ready()
    app.wait_output("up", timeout=10)
    hook, other = Hook(app), Hook(app, CONTAINER)
    assert app.wait_for("readiness", ready=False)
    assert hook.done().body == other.done().body == "drained\n"
    assert app.wait_for("prestop answered")["t"] == lateness(0.5)
    assert ask(app).body == "hello" and app.status("/readyz") == 503
    assert Hook(app, POD).done().status == 400
    app.signal("SIGTERM")
    assert app.wait_for("signal")["action"] == "stop"
    assert app.exit_code() == 143
    assert not app.events("phase", phase="propagating")[1:]


def test_a_stop_signal_while_it_waits_changes_nothing_for_it(lastcall):
    app = lastcall("--grace-period", "30s", "--propagation", "1s", "--", *APPLICATION,
                   config="http: {prestop: true}\n").ready()
    app.wait_output("up", timeout=10)
    hook = Hook(app)
    app.wait_for("prestop")
    app.signal("SIGTERM")
    assert hook.done().body == "drained\n"
    assert app.wait_for("prestop answered")["t"] == lateness(1.0)
    assert app.exit_code() == 143


def test_it_is_off_unless_asked_for(lastcall):
    app = lastcall("--", *APPLICATION).ready()
    assert Hook(app).done().status == 404
    assert app.status("/readyz") == 200


# --- under load ---

@needs_nginx
@pytest.mark.parametrize("keepalive", ["no", "yes"])
def test_nginx_under_load_loses_nothing_from_the_hooks_to_its_end(sidecar, beside, place, keepalive):
    """The clients hear of it half a second after readiness went off, as kube-proxy would let them;
    nginx dies at SIGTERM without waiting for anybody."""
    app = sidecar("--ports", "8080", "--propagation", "1s:500ms:9s", "--wait-for-idle")
    with open(f"{place}/nginx.conf", "w", encoding="ascii") as file:
        file.write(NGINX.format(place=place))
    web = beside(app, [*ORDINARY, shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-e", "stderr",
                       "-c", f"{place}/nginx.conf"])
    app.ready()
    assert app.http("/", address=NGINX_WEB).status == 200
    load = subprocess.Popen(
        [helper("load"), "--url", "http://127.0.0.1:8080/", "--rate", "300", "--keepalive",
         keepalive, "--json", f"{place}/load.json"], preexec_fn=app.network.enter,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    hooks = Hook(app, POD), Hook(app, CONTAINER)
    app.wait_for("readiness", ready=False)
    time.sleep(0.5)  # what the clients take to hear of it
    load.send_signal(signal.SIGTERM)
    assert all(hook.done(20).body == "drained\n" for hook in hooks)
    end(app, web)
    assert load.wait(10 * SLOWNESS) == 0
    with open(f"{place}/load.json", encoding="ascii") as file:
        result = json.load(file)
    assert result["failed"] == 0 and result["requests"] > 50, result
    assert app.wait_for("exit")["cut"] == 0
