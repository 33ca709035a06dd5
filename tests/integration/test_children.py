# SPDX-License-Identifier: Apache-2.0
"""What the process inherits, who is reaped, and who is left at the end."""

import json
import os
import signal
import subprocess

import pytest

from lastcall import (SERVING, UNDER, VALGRIND, binary, children, helper, lateness, only_child,
                      prelude, python, until)
from namespaces import Namespaces

# What a program finds of what it was started with: mask and dispositions, descriptors, ids.
STATE = python("""
import json, os
status = dict(line.split(":\\t") for line in open("/proc/self/status") if ":\\t" in line)
fds = {}
for fd in os.listdir("/proc/self/fd"):
    try:
        fds[fd] = os.readlink("/proc/self/fd/" + fd)
    except FileNotFoundError:  # the one that listed them
        pass
print(json.dumps({
    "mask": status["SigBlk"].strip(), "ignored": status["SigIgn"].strip(),
    "pending": status["SigPnd"].strip(), "fds": sorted(map(int, fds)),
    "env": dict(os.environ), "pid": os.getpid(), "pgid": os.getpgid(0), "sid": os.getsid(0),
    "ppid": os.getppid(), "cwd": os.getcwd()}))
""")
IGNORED_BY_PYTHON = {13, 25}  # SIGPIPE and SIGXFSZ, for itself


def state(app):
    app.exit_code()
    return json.loads(app.wait_output("{"))


def bits(text):
    return {n for n in range(1, 65) if int(text, 16) >> (n - 1) & 1}


@pytest.mark.parametrize("blocked, ignored", [
    pytest.param([], [], id="nothing"),
    pytest.param(["SIGUSR1", "SIGRTMIN+6"], ["SIGHUP"], id="some", marks=pytest.mark.memory),
    pytest.param(["SIGTERM"], ["SIGCHLD", "SIGINT"], id="what lastcall needs itself"),
])
def test_the_process_has_the_mask_and_dispositions_lastcall_was_started_with(anywhere, blocked,
                                                                             ignored):
    options = [word for name in blocked for word in ("--block", name)]
    options += [word for name in ignored for word in ("--ignore", name)]
    found = state(anywhere("--", *STATE, via=prelude(*options)))
    number = {"SIGUSR1": 10, "SIGRTMIN+6": 40, "SIGHUP": 1, "SIGTERM": 15, "SIGCHLD": 17,
              "SIGINT": 2}
    assert bits(found["mask"]) == {number[name] for name in blocked}
    assert bits(found["ignored"]) - IGNORED_BY_PYTHON == {number[name] for name in ignored}


def test_nohup_works(anywhere):
    """An inherited ignore stays: a SIGHUP that lastcall forwards does not end the process."""
    app = anywhere("--log-level", "debug", "--", "sh", "-c", "echo up; exec sleep 100",
                   via=prelude("--ignore", "SIGHUP"))
    app.ready()
    app.wait_output("up")
    app.signal("SIGHUP")
    app.wait_for("signal", signal="SIGHUP", action="forward")
    app.signal("SIGTERM")
    assert app.exit_code() == 143


def test_reset_signals_gives_a_clean_slate(lastcall):
    found = state(lastcall(config=f"""
processes:
- name: app
  command: {json.dumps(STATE)}
  resetSignals: true
""", via=prelude("--block", "SIGUSR1", "--ignore", "SIGHUP")))
    assert bits(found["mask"]) == set()
    assert bits(found["ignored"]) <= IGNORED_BY_PYTHON


@pytest.mark.memory
def test_no_descriptor_reaches_the_process_but_0_to_2(anywhere):
    found = state(anywhere("--", *STATE, via=prelude("--open", "3", "--open", "9", "--open", "77")))
    assert found["fds"] == [0, 1, 2]


def test_a_descriptor_that_was_closed_is_closed_in_the_process_too(lastcall):
    app = lastcall("--", "sh", "-c", "[ -e /proc/self/fd/0 ] && exit 1; exit 0",
                   via=prelude("--close", "0"))
    # The shell itself opens nothing at 0; `[` is built in.
    assert app.exit_code() == 0


def test_descriptors_of_socket_activation_are_passed_on(anywhere):
    found = state(anywhere("--", *STATE,
                           via=prelude("--open", "3", "--open", "4", "--open", "5",
                                       "--listen-fds", "2")))
    assert found["fds"] == [0, 1, 2, 3, 4]
    assert found["env"]["LISTEN_FDS"] == "2"
    assert found["env"]["LISTEN_PID"] == str(found["pid"])


def test_the_environment_is_passed_on_as_it_is(lastcall):
    app = lastcall("--", *STATE, env={"A": "1", "EMPTY": "", "LINES": "x\ny"})
    found = state(app)
    assert found["env"] == {**app.env, "LASTCALL_SUPERVISED": "1"}


def test_the_working_directory_is_kept(lastcall, place):
    assert state(lastcall("--", *STATE, cwd=place))["cwd"] == place


def test_the_process_has_a_group_of_its_own(anywhere):
    found = state(anywhere("--", *STATE))
    assert found["pgid"] == found["pid"]
    assert found["sid"] != found["pid"]


# --- reaping ---

@pytest.mark.memory
def test_orphans_are_reaped_however_many_end_at_once(anywhere):
    """One SIGCHLD may stand for many deaths."""
    app = anywhere("--", *python("""
import os, signal, sys
for _ in range(10):
    if os.fork() == 0:
        for _ in range(20):
            if os.fork() == 0:
                os._exit(0)
        os._exit(0)
for _ in range(10):
    os.wait()
print("up")
signal.pause()
""")).ready()
    app.wait_output("up", timeout=15)
    main = only_child(app.pid)
    assert until(lambda: children(app.pid) == [main]), app.story(f"{children(app.pid)}")
    app.signal("SIGTERM")
    assert app.exit_code() == 143


def test_the_exit_code_is_known_where_sigchld_was_ignored_on_entry(anywhere):
    """With an inherited SIG_IGN the kernel reaps by itself, and tini hangs."""
    app = anywhere("--", "sh", "-c", "exit 9", via=prelude("--ignore", "SIGCHLD"))
    assert app.exit_code() == 9


def test_a_grandchild_that_holds_the_log_pipe_does_not_hide_the_end_of_the_process(lastcall):
    app = lastcall("--grace-period", "3s", "--", "sh", "-c", "sleep 100 & exit 4")
    assert app.wait_for("process ended", timeout=3)["code"] == 4
    assert app.exit_code() == 4


# --- leftovers ---

@pytest.mark.memory
def test_a_daemon_that_left_its_session_gets_sigterm_at_the_end(anywhere, daemon):
    app = anywhere("--", "sh", "-c", f"{daemon}; exec sleep 100").ready()
    app.wait_output("daemon up")
    app.signal("SIGTERM")
    assert app.exit_code() == 143
    app.wait_output("daemon got SIGTERM")
    last = app.wait_for("exit")
    assert last["outcome"] == "stopped" and last["t"] == lateness(0, late=1)


def test_a_leftover_that_ignores_sigterm_is_killed_after_its_timeout(anywhere, daemon):
    app = anywhere(config=f"""
shutdown: {{gracePeriod: 20s, leftoverTimeout: 1s}}
processes:
- name: app
  command: [sh, -c, {json.dumps(daemon + " stubborn; exec sleep 100")}]
""").ready()
    app.wait_output("daemon up")
    app.signal("SIGTERM")
    assert app.exit_code() == 143
    app.wait_output("daemon got SIGTERM")
    last = app.wait_for("exit")
    assert last["t"] == lateness(1.0, late=1)
    assert last["outcome"] == "stopped"  # leftovers do not count


def test_when_the_process_ends_by_itself_what_it_left_is_ended_too(anywhere, daemon):
    app = anywhere("--", "sh", "-c", f"{daemon}; read x; exit 5", stdin=subprocess.PIPE)
    app.wait_output("daemon up")
    app.outer.stdin.close()
    assert app.exit_code() == 5
    app.wait_output("daemon got SIGTERM")


def test_workers_that_clean_up_after_the_end_of_the_process_are_waited_for(anywhere):
    """Init exits when the main child does, and kills workers that were cleaning up: all others."""
    app = anywhere("--", *python("""
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("worker up")
    for _ in range(10):
        time.sleep(0.05)
    print("worker is done")
    os._exit(0)
signal.pause()
""")).ready()
    app.wait_output("worker up")
    app.signal("SIGTERM")
    assert app.exit_code() == 143
    app.wait_output("worker is done")


def test_a_subreaper_ends_only_its_own_descendants(lastcall):
    """A neighbour in the same PID namespace is none of ours."""
    app = lastcall("sh", "-c", "sleep 100 & exit 3", subreaper=True,
                   via=["sh", "-c", 'sleep 100 & neighbour=$!; "$@"; code=$?; '
                        'kill -0 $neighbour && echo neighbour lives; exit $code', "sh"])
    assert app.exit_code() == 3
    app.wait_output("neighbour lives")
    assert not app.output.first(lambda line: "Terminated" in line.raw, 0)


def test_a_zombie_whose_parent_lives_outside_is_reported_and_not_waited_for(lastcall):
    """What `kubectl exec` started is the runtime's child, which may be slow to wait for it."""
    app = lastcall("--", "sh", "-c", "echo up; exec sleep 100").ready()
    app.wait_output("up")
    outside = enter_and_leave_a_zombie(app.pid)
    try:
        app.signal("SIGTERM")
        last = app.wait_for("exit", timeout=3)
        assert last["code"] == 143
        assert app.said("zombie"), app.story("not a word of the zombie")
    finally:
        os.kill(outside, signal.SIGKILL)
        os.waitpid(outside, 0)
    assert app.exit_code() == 143


def enter_and_leave_a_zombie(target):
    """A process of ours, outside, whose child has entered the PID namespace of `target` and ended
    there. Returns once it has."""
    network = Namespaces(target, "user", "pid")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            network.enter()
            if os.fork() == 0:
                os._exit(0)  # and with it its end of the pipe
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            os.close(writer)
            signal.pause()
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        pipe.read()
    network.close()
    return pid


def test_a_nested_lastcall_only_forwards_and_reaps(lastcall):
    """An image that has lastcall, into which it was injected once more: one window, one listener."""
    inner = [binary()] if UNDER != "valgrind" else [*VALGRIND, "--log-file=/dev/null", binary()]
    app = lastcall("--propagation", "1s", "--", *inner, "--propagation", "5s", "--",
                   "sh", "-c", "trap 'exit 21' TERM; echo up; while :; do sleep 0.05; done", via=SERVING)
    app.ready()
    app.wait_output("up")
    begun = app.signal("SIGTERM")
    assert app.exit_code() == 21
    ended = app.wait_for("process ended")
    assert 1 <= ended.at - begun < 3, app.story("the inner one had a window of its own")
    assert not app.said("cannot listen")


def test_lastcall_ends_with_its_parent_where_parent_death_signal_says_so(lastcall):
    app = lastcall(config="""
parentDeathSignal: SIGTERM
processes:
- name: app
  command: [sh, -c, "trap 'echo got SIGTERM; exit 0' TERM; echo up; while :; do sleep 0.05; done"]
""", subreaper=True, stdin=subprocess.PIPE,
                   via=["sh", "-c", """sh -c '"$@" & read x' sh "$@"; sleep 5""", "sh"])
    app.wait_output("up")
    app.outer.stdin.close()
    app.wait_output("got SIGTERM")


def test_failure_to_start_is_known_at_once(anywhere):
    app = anywhere("--propagation", "5s", "--", "/no/such/program")
    assert app.exit_code() == 127
    failed, last = app.wait_for("cannot start"), app.wait_for("exit")
    assert last.at - failed.at < 1


# A parent with a high PID, a leftover with a low one; the leftover is asked to stop.
PIDS_COME_ROUND = """
echo 20000 >/proc/sys/kernel/ns_last_pid
sh -c 'trap "echo the parent got SIGTERM" TERM
       "$@" sh -c "echo 300 >/proc/sys/kernel/ns_last_pid; setsid sleep 100 </dev/null & exit 0" &
       wait; wait; echo the parent is here' sh "$@"
"""


def test_nobody_above_is_taken_for_a_leftover_when_pids_have_come_round():
    told = subprocess.run(
        [helper("pidns"), "--", "sh", "-c", PIDS_COME_ROUND, "sh", binary(), "--listen",
         "off"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True)
    assert "leftover processes asked to stop" in told.stderr
    assert told.stdout == "the parent is here\n"


# A child of its leads another group, which it then joins: nobody is in its own.
LEFT_ITS_GROUP = """
import os, signal, sys
other = os.fork()
if other == 0:
    signal.pause()
os.setpgid(other, other)
os.setpgid(0, other)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("up")
while True:
    signal.pause()
"""


def test_a_process_that_left_its_group_gets_what_its_group_should_get(anywhere):
    app = anywhere("--stop-target", "group", "--", *python(LEFT_ITS_GROUP))
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.exit_code() == 7


def test_the_leftovers_are_counted_before_they_are_killed(anywhere):
    app = anywhere("--", "sh", "-c", "for i in 1 2 3 4 5; do setsid sleep 100 & done; exit 0")
    assert app.exit_code() == 0
    assert app.wait_for("leftover processes asked to stop")["count"] == 5
