# SPDX-License-Identifier: Apache-2.0
"""preStop and postStop hooks: exec, httpGet, signal and sleep."""

import json

import pytest

from lastcall import lateness, python

# Serves HTTP/1.0 on port 8080 and tells of each request; SIGUSR1 and SIGTERM are told of, too, the
# lower number first where both wait.
APPLICATION = python("""
import os, signal, socket, threading
signals = {signal.SIGUSR1, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
server = socket.create_server(("127.0.0.1", 8080))
kept = []
def serve():
    while True:
        client, _ = server.accept()
        head = client.recv(65536).decode()
        print("asked", head.replace("\\r\\n", "|"))
        path = head.split()[1]
        if path == "/slow":
            kept.append(client)
            continue
        length = b"Content-Length: 10\\r\\n" if path == "/cut" else b""
        status = b"500 no" if path == "/fail" else b"200 OK"
        client.sendall(b"HTTP/1.0 %s\\r\\n%s\\r\\n" % (status, length))
        client.close()
threading.Thread(target=serve, daemon=True).start()
print("up")
while (number := signal.sigwait(signals)) != signal.SIGTERM:
    print("got", number.name)
print("got", number.name)
os._exit(0)
""")


def with_hooks(lastcall, pre=(), post=(), shutdown="gracePeriod: 20s"):
    app = lastcall(config=f"""
shutdown: {{{shutdown}}}
processes:
- name: app
  command: {json.dumps(APPLICATION)}
  preStop: {json.dumps(list(pre))}
  postStop: {json.dumps(list(post))}
""").ready()
    app.wait_output("up")
    return app


def words(app):
    return [line.raw for line in app.output.list]


@pytest.mark.memory
@pytest.mark.parametrize("hook, sign", [
    ({"exec": {"command": ["echo", "hook ran"]}}, "hook ran"),
    ({"httpGet": {"path": "/bye?now", "port": 8080}}, "asked GET /bye?now HTTP/1.1"),
    ({"httpGet": {"path": "/cut", "port": 8080}}, "asked GET /cut HTTP/1.1"),
    ({"signal": "SIGUSR1"}, "got SIGUSR1"),
], ids=["exec", "httpGet", "httpGet, body cut short", "signal"])
def test_a_pre_stop_hook_of_each_kind_runs_before_the_stop_signal(lastcall, hook, sign):
    app = with_hooks(lastcall, pre=[hook])
    app.signal("SIGTERM")
    assert app.exit_code() == 0
    app.wait_output("got SIGTERM")
    said = words(app)
    found = [index for index, line in enumerate(said) if sign in line]
    assert found, app.story(f"no sign of the hook: {sign}")
    assert found[0] < said.index("got SIGTERM")
    app.wait_for("hook started")
    assert not app.events("hook failed")


@pytest.mark.parametrize("sleep", ["1s", {"seconds": 1}], ids=["1s", "as Kubernetes writes it"])
def test_a_sleep_hook_puts_the_stop_signal_off(lastcall, sleep):
    app = with_hooks(lastcall, pre=[{"sleep": sleep}])
    app.signal("SIGTERM")
    assert app.wait_for("stop signal sent")["t"] == lateness(1.0)
    assert app.exit_code() == 0
    assert app.events("hook ended") and not app.events("hook given up")


def test_hooks_run_one_after_another_in_their_order(lastcall):
    app = with_hooks(lastcall, pre=[{"exec": {"command": ["sh", "-c", "sleep 0.2; echo first"]}},
                                    {"exec": {"command": ["echo", "second"]}},
                                    {"signal": "SIGUSR1"}])
    app.signal("SIGTERM")
    assert app.exit_code() == 0
    app.wait_output("got SIGTERM")
    assert words(app) == ["up", "first", "second", "got SIGUSR1", "got SIGTERM"]


def test_hooks_wait_for_the_end_of_the_window(lastcall):
    app = with_hooks(lastcall, pre=[{"exec": {"command": ["true"]}}],
                     shutdown="gracePeriod: 20s, propagation: 1s")
    app.signal("SIGTERM")
    app.wait_for("hook started", after=app.wait_for("phase", phase="propagating"))
    assert app.exit_code() == 0


@pytest.mark.memory
def test_post_stop_hooks_run_after_the_process_has_ended(lastcall):
    app = with_hooks(lastcall, post=[{"exec": {"command": ["echo", "afterwards"]}}])
    app.signal("SIGTERM")
    assert app.exit_code() == 0
    app.wait_output("afterwards")
    assert words(app) == ["up", "got SIGTERM", "afterwards"]
    ended = app.wait_for("process ended")
    app.wait_for("hook started", hook="postStop", after=ended)


@pytest.mark.parametrize("hook", [
    pytest.param({"exec": {"command": ["false"]}}, id="exit code"),
    pytest.param({"exec": {"command": ["/no/such/program"]}}, id="not found",
                 marks=pytest.mark.memory),
    pytest.param({"httpGet": {"path": "/fail", "port": 8080}}, id="status 500"),
    pytest.param({"httpGet": {"port": 1}}, id="refused", marks=pytest.mark.memory),
])
def test_a_hook_that_fails_is_logged_and_holds_nobody_up(lastcall, hook):
    app = with_hooks(lastcall, pre=[hook])
    app.signal("SIGTERM")
    assert app.exit_code() == 0
    failed = app.wait_for("hook failed")
    assert failed["process"] == "app" and failed["hook"] == "preStop"
    assert app.wait_for("stop signal sent")["t"] == lateness(0, late=1)


@pytest.mark.parametrize("hook", [
    {"exec": {"command": ["sh", "-c", "sleep 100 & sleep 100"]}, "timeout": "1s"},
    {"httpGet": {"path": "/slow", "port": 8080}, "timeout": "1s"},
], ids=["exec", "httpGet"])
def test_a_hook_that_takes_too_long_is_given_up(lastcall, hook):
    app = with_hooks(lastcall, pre=[hook])
    app.signal("SIGTERM")
    app.wait_for("hook given up")
    assert app.wait_for("stop signal sent")["t"] == lateness(1.0)
    assert app.exit_code() == 0


def test_hooks_are_cut_short_so_that_the_process_keeps_its_stop_reserve(lastcall):
    """Whoever has 500 ms left to stop in is not killed unasked."""
    app = lastcall(config=f"""
shutdown: {{gracePeriod: 3s}}
processes:
- name: app
  command: {json.dumps(APPLICATION)}
  preStop: [{{exec: {{command: [sleep, "100"]}}}}]
""").ready()
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.wait_for("stop signal sent")["t"] == lateness(1.5)
    assert app.exit_code() == 0


def test_a_request_has_the_headers_it_was_given(lastcall):
    app = with_hooks(lastcall, pre=[{"httpGet": {
        "path": "/x", "port": 8080, "httpHeaders": [{"name": "X-Token", "value": "secret"},
                                                    {"name": "Host", "value": "example"}]}}])
    app.signal("SIGTERM")
    assert app.exit_code() == 0
    asked = app.wait_output("asked GET /x")
    assert "|X-Token: secret|" in asked and "|Host: example|" in asked
    assert asked.count("Host:") == 1


def test_a_second_sigint_ends_hooks_too(lastcall):
    app = with_hooks(lastcall, pre=[{"exec": {"command": ["sh", "-c", "echo hook; sleep 100"]},
                                     "timeout": "15s"}])
    app.signal("SIGINT")
    app.wait_output("hook")
    app.signal("SIGINT")
    assert app.exit_code(timeout=3) == 137


def test_no_window_or_hook_keeps_a_process_that_ended(lastcall):
    app = lastcall(config="""
shutdown: {gracePeriod: 20s, propagation: 10s}
processes:
- name: app
  command: [sh, -c, exit 3]
  preStop: [{exec: {command: [echo, before]}}]
  postStop: [{exec: {command: [echo, after]}}]
""")
    assert app.exit_code(timeout=5) == 3
    app.wait_output("after")
