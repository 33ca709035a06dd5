# SPDX-License-Identifier: Apache-2.0
"""A stop, from the signal to the exit: the window, the stop signal, the deadline."""

import os
import time

import pytest

from lastcall import SERVING, lateness, number, only_child, prelude, proc_status, python, until

STUBBORN = ["sh", "-c", 'trap "" TERM; echo up; while :; do sleep 1; done']
POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
IGNORES_CHILDREN = prelude("--ignore", "SIGCHLD")


def first_line(app):
    return app.wait_for("lastcall", timeout=10)


def check_timeline(app):
    """The window of 1 s, the ask at its end, the kill at the deadline of 9 s: each on its line."""
    off = app.wait_for("readiness", ready=False)
    window = app.wait_for("phase", phase="propagating")
    asked = app.wait_for("stop signal sent", signal="SIGTERM")
    killed = app.wait_for("killed", timeout=12)
    code = app.exit_code()
    ended = app.wait_for("process ended")
    last = app.wait_for("exit")
    assert app.events("signal")[0]["action"] == "stop", app.story("not taken as a stop")
    assert off["t"] <= 0.005
    assert window["elapsed"] == 1.0
    assert window["t"] == lateness(1.0)
    assert asked["t"] == lateness(1.0)
    assert killed["t"] == lateness(9.0)
    assert ended["signal"] == "SIGKILL" and ended["code"] == 137
    assert ended["t"] == lateness(9.0)
    assert (last["code"], last["outcome"]) == (137, "forced")
    assert code == 137
    return asked, killed


@pytest.mark.parametrize("via", [SERVING, SERVING + IGNORES_CHILDREN],
                         ids=["", "SIGCHLD ignored on entry"])
def test_a_process_that_ignores_its_stop_signal_is_killed_at_the_deadline(anywhere, via, figure):
    app = anywhere("--propagation", "1s", "--grace-period", "10s", "--", *STUBBORN, via=via)
    app.ready()
    app.wait_output("up")
    assert app.status("/readyz") == 200
    begun = app.signal("SIGTERM")
    asked, killed = check_timeline(app)
    # The wall clock agrees, but for what lastcall rounds to milliseconds.
    assert asked.at - begun == lateness(0.998, late=0.5)
    assert killed.at - begun == lateness(8.998, late=0.5)
    figure("SIGKILL after the deadline of 9.000 s", f"{(killed['t'] - 9.0) * 1000:.0f} ms")


def test_a_stop_signal_right_after_the_start_takes_the_same_times(anywhere):
    app = anywhere("--propagation", "1s", "--grace-period", "10s", "--", *STUBBORN, via=SERVING)
    app.wait_for("process started")
    app.signal("SIGTERM")
    check_timeline(app)


@pytest.mark.plain
def test_a_stop_signal_before_the_program_runs_takes_the_same_times(lastcall):
    """Between fork(2) and execve(2), which takes its time here."""
    app = lastcall("--propagation", "1s", "--grace-period", "10s", "--", *STUBBORN,
                   via=["strace", "-f", "-o", "/dev/null", "-e", "trace=execve",
                        "-e", "inject=execve:delay_enter=50000"] + SERVING)
    app.wait_for("process started")
    app.signal("SIGTERM")
    check_timeline(app)


@pytest.mark.memory
@pytest.mark.parametrize("signal, code", [("SIGTERM", 143), ("SIGINT", 130), ("SIGQUIT", 131),
                                          ("SIGRTMIN+3", 165)])
def test_a_stop_signal_before_the_start_starts_nothing(anywhere, place, signal, code):
    app = anywhere("--", "touch", f"{place}/started", via=prelude("--pending", signal))
    assert app.exit_code() == code
    assert not app.events("process started"), app.story("it was started")
    assert app.wait_for("exit")["code"] == code


@pytest.mark.parametrize("attempt", range(4))
def test_a_stop_signal_at_any_moment_of_the_start_ends_it(anywhere, attempt):
    """Wherever it falls, nothing hangs, and the exit code is that of the signal."""
    app = anywhere("--", "sleep", "100")
    app.wait_for("lastcall")
    time.sleep(attempt * 0.002)  # the moment is what is varied here, not waited for
    app.signal("SIGTERM")
    assert app.exit_code() == 143


@pytest.mark.plain
def test_readiness_is_off_within_5_ms_of_the_signal(lastcall, figure):
    app = lastcall("--propagation", "2s", "--grace-period", "10s", "--", "sleep", "100",
                   via=SERVING).ready()
    streams = app.network.sockets(400)
    begun = app.signal("SIGTERM")
    for stream in streams:
        stream.connect(("127.0.0.1", 9909))
        answer = app.http("/readyz", stream=stream)
        if answer.status == 503:
            break
    seen = time.monotonic() - begun
    assert answer.status == 503, app.story("readiness stayed on")
    assert app.wait_for("readiness", ready=False)["t"] <= 0.005
    figure("/readyz 503 after SIGTERM, a client's round trip included", f"{seen * 1000:.1f} ms")
    assert seen < 0.25  # a loaded machine; the log line above is the exact one
    assert app.status("/livez") == 200
    assert app.events("stop signal sent") == []


# --- defaults follow the platform ---

def test_in_a_plain_container_the_stop_signal_is_passed_on_at_once(anywhere):
    app = anywhere("--", "sleep", "100").ready()
    first = first_line(app)
    assert (first["grace"], first["window"]) == (10.0, 0.0)
    assert first["platform"] == "plain"
    begun = app.signal("SIGTERM")
    asked = app.wait_for("stop signal sent", signal="SIGTERM")
    assert app.exit_code() == 143
    assert asked["t"] == lateness(0.0, late=0.1)
    assert asked.at - begun < 1


def test_in_a_pod_the_window_comes_first(lastcall):
    app = lastcall("--", "sleep", "100", env=POD, via=SERVING).ready()
    first = first_line(app)
    assert (first["grace"], first["window"]) == (30.0, 5.0)
    assert first["platform"] == "kubernetes" and "KUBERNETES_SERVICE_HOST" in first["why"]
    app.signal("SIGTERM")
    asked = app.wait_for("stop signal sent", timeout=7)
    assert asked["t"] == lateness(5.0)
    assert app.exit_code() == 143


@pytest.mark.parametrize("name", ["ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI"])
def test_on_ecs_the_grace_is_30_s_and_there_is_no_window(lastcall, name):
    first = first_line(lastcall("--", "true", env={name: "http://169.254.170.2/v4/x"}))
    assert (first["grace"], first["window"], first["platform"]) == (30.0, 0.0, "ecs")


@pytest.mark.parametrize("grace", ["10s", "4s", "2s", "1s", "300ms", "20ms"])
def test_a_grace_period_alone_is_never_an_error_the_defaults_are_cut(lastcall, grace):
    app = lastcall("--grace-period", grace, "--", "true", env=POD)
    assert app.exit_code() == 0, app.story("refused")
    first = first_line(app)
    seconds = float(grace[:-2]) / 1000 if grace.endswith("ms") else float(grace[:-1])
    assert first["grace"] == seconds
    assert first["margin"] + first["window"] <= seconds
    if first["window"] < 5:
        assert "window" in first["why"] and "cut" in first["why"]
    assert (first["window"] < 5) == (seconds < 6.5)


def test_times_that_were_set_and_do_not_fit_are_an_error_with_their_sum(lastcall):
    app = lastcall("--grace-period", "5s", "--propagation", "10s", "--", "true")
    assert app.exit_code() == 125
    assert app.said("10s") and app.said("5s") and not app.events("process started")


# --- a second stop signal ---

def test_a_repeated_sigterm_changes_nothing(lastcall):
    app = lastcall("--propagation", "1s", "--", "sleep", "100", via=SERVING).ready()
    app.signal("SIGTERM")
    app.wait_for("readiness", ready=False)
    for _ in range(3):
        app.signal("SIGTERM")
    app.wait_for("signal", signal="SIGTERM", action="ignore")
    assert app.wait_for("stop signal sent")["t"] == lateness(1.0)
    assert app.exit_code() == 143
    assert len(app.events("stop signal sent")) == 1


@pytest.mark.memory
def test_a_second_sigint_kills_at_once(anywhere):
    app = anywhere("--propagation", "20s", "--grace-period", "30s", "--", *STUBBORN,
                   via=SERVING).ready()
    app.wait_output("up")
    app.signal("SIGINT")
    first = app.wait_for("readiness", ready=False)
    begun = app.signal("SIGINT")
    killed = app.wait_for("killed", after=first)
    assert app.exit_code() == 137
    assert killed.at - begun < 1
    assert app.wait_for("exit")["outcome"] == "forced"


@pytest.mark.parametrize("what, message, code", [("hurry", "stop signal sent", 143),
                                                 ("kill", "killed", 137)])
def test_what_a_second_sigterm_does_can_be_set(lastcall, what, message, code):
    app = lastcall(config=f"""
shutdown:
  gracePeriod: 30s
  propagation: 20s
  secondSignal: {{SIGTERM: {what}}}
processes:
- name: app
  command: [sleep, "100"]
""", via=SERVING).ready()
    app.signal("SIGTERM")
    app.wait_for("readiness", ready=False)
    begun = app.signal("SIGTERM")
    assert app.wait_for(message).at - begun < 1
    assert app.exit_code() == code


# --- which signal stops it ---

@pytest.mark.parametrize("signal, code", [("SIGTERM", 143), ("SIGINT", 130), ("SIGQUIT", 131),
                                          ("SIGRTMIN+3", 165)])
def test_each_stop_signal_is_passed_on_as_it_came(anywhere, signal, code):
    app = anywhere("--", "sleep", "100").ready()
    app.signal(signal)
    app.wait_for("stop signal sent", signal=signal)
    assert app.exit_code() == code


def test_a_stop_signal_of_the_process_own_is_sent_instead(lastcall):
    app = lastcall("--stop-signal", "SIGUSR1", "--", "sleep", "100").ready()
    app.signal("SIGTERM")
    app.wait_for("stop signal sent", signal="SIGUSR1")
    assert app.exit_code() == 128 + 10


def test_a_stop_timeout_kills_before_the_deadline(lastcall):
    app = lastcall("--stop-timeout", "1s", "--grace-period", "20s", "--", *STUBBORN).ready()
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.wait_for("killed")["t"] == lateness(1.0)
    assert app.exit_code() == 137


# Both wait for signals, the lowest number first; the master ends, with its worker, when told to.
PREFORK = """
import os, signal
waited = {signal.SIGTERM, signal.SIGRTMIN}
signal.pthread_sigmask(signal.SIG_BLOCK, waited)
worker = os.fork()
name = "master" if worker else "worker"
print(name, "up")
while (number := signal.sigwait(waited)) == signal.SIGTERM:
    print(name, "got SIGTERM")
if worker:
    os.kill(worker, signal.SIGRTMIN)
    os.waitpid(worker, 0)
"""


@pytest.mark.parametrize("target", ["process", "group"])
def test_only_the_process_gets_the_stop_signal_unless_its_group_is_the_target(lastcall, target):
    """A group-wide SIGTERM kills the workers of prefork servers before their master can drain."""
    app = lastcall("--stop-target", target, "--", *python(PREFORK)).ready()
    app.wait_output("worker up")
    app.wait_output("master up")
    app.signal("SIGTERM")
    app.wait_for("stop signal sent")
    app.signal("SIGRTMIN")
    assert app.exit_code() == 0
    said = [line.raw for line in app.output.list]
    assert "master got SIGTERM" in said
    assert ("worker got SIGTERM" in said) == (target == "group"), app.story(target)


STOPPABLE = python("""
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("up")
signal.sigwait({signal.SIGTERM})
print("got SIGTERM")
os._exit(7)
""")


def test_a_stopped_process_is_continued_for_its_stop_signal(anywhere):
    app = anywhere("--", *STOPPABLE).ready()
    app.wait_output("up")
    os.kill(only_child(app.pid), number("SIGSTOP"))
    app.wait_for("process stopped")
    app.signal("SIGTERM")
    assert app.exit_code() == 7


@pytest.mark.parametrize("attempt", range(5))
def test_a_process_that_stops_at_the_moment_of_its_stop_signal_is_continued(anywhere, attempt):
    """Which of SIGCHLD and SIGTERM lastcall reads first is up to the kernel."""
    app = anywhere("--", *STOPPABLE).ready()
    app.wait_output("up")
    child, pid = only_child(app.pid), app.pid
    os.kill(child, number("SIGSTOP"))
    if attempt % 2:  # the other order: it has stopped, and SIGCHLD is on its way
        until(lambda: proc_status(child)["State"].startswith("T"), every=0)
    os.kill(pid, number("SIGTERM"))
    assert app.exit_code() == 7


# --- an end of the process' own ---

def test_when_the_process_ends_by_itself_it_exits_at_once(anywhere):
    """There is nobody left to serve: no window."""
    app = anywhere("--propagation", "20s", "--grace-period", "30s", "--", "sh", "-c", "read x; exit 3",
                   stdin=-1)
    app.ready()
    begun = time.monotonic()
    app.outer.stdin.close()
    assert app.exit_code() == 3
    assert time.monotonic() - begun < 1.5
    last = app.wait_for("exit")
    assert (last["code"], last["outcome"]) == (3, "crashed")


def test_readiness_after_the_window_and_held(lastcall):
    for mode, off_at in (("after-window", 1.0), ("hold", None)):
        app = lastcall("--readiness", mode, "--propagation", "1s", "--grace-period", "4s", "--",
                       *STUBBORN, via=SERVING).ready()
        app.wait_output("up")
        app.signal("SIGTERM")
        app.wait_for("signal")
        assert app.status("/readyz") == 200
        app.wait_for("stop signal sent")
        assert app.status("/readyz") == (503 if off_at else 200)
        assert app.exit_code() == 137
        off = app.events("readiness", ready=False)
        assert not off_at or off[0]["t"] == lateness(off_at)


@pytest.mark.memory
def test_a_clean_exit_on_sigterm_is_0_and_stopped(lastcall):
    app = lastcall("--propagation", "100ms", "--", *python("""
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up")
signal.pause()
"""), via=SERVING).ready()
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.exit_code() == 0
    last = app.wait_for("exit")
    assert (last["code"], last["outcome"]) == (0, "stopped")
    phases = [event["phase"] for event in app.events("phase")]
    assert phases[:3] == ["starting", "running", "propagating"] and "stopping" in phases
