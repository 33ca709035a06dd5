# SPDX-License-Identifier: Apache-2.0
"""Signals that are no stop signals: forwarded, rewritten, ignored, handled."""

import ctypes
import json
import os

import pytest

from lastcall import number, prelude, proc_status, python, only_child, until

# Prints the number of each signal it gets, in the order in which the kernel delivers them.
LISTENER = python("""
import os, signal
signals = signal.valid_signals() - {signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
print("up")
while True:
    got = signal.sigwaitinfo(signals)
    print("got", got.si_signo)
    if got.si_signo == signal.SIGTERM:
        os._exit(0)
""")

STOPPERS = {number(name) for name in ("SIGTERM", "SIGINT", "SIGQUIT", "SIGRTMIN+3")}
UNCATCHABLE = {9, 19}
OF_THE_LIBC = {32, 33}  # glibc keeps them for its threads
FORWARDED = [n for n in range(1, 65) if n not in STOPPERS | UNCATCHABLE | OF_THE_LIBC | {17}]


def listener(start, *arguments, **options):
    command = [] if "config" in options else ["--", *LISTENER]
    app = start("--log-level", "debug", *arguments, *command, **options).ready()
    app.wait_output("up")
    return app


def got(app):
    return [int(line.raw.split()[1]) for line in app.output.list if line.raw.startswith("got ")]


def finish(app):
    """Ends it; all that it got before is known then."""
    app.signal("SIGTERM")
    assert app.exit_code() == 0, app.story("the listener did not end well")
    app.wait_output("got 15")
    return got(app)[:-1]


def as_yaml(command):
    return json.dumps(command)  # JSON is YAML


def test_every_other_signal_reaches_the_process_once(anywhere):
    app = listener(anywhere)
    for signal in FORWARDED:
        app.signal(signal)
        app.wait_output(f"got {signal}")
    assert finish(app) == FORWARDED


@pytest.mark.memory
def test_each_signal_is_logged_with_its_name_its_sender_and_what_became_of_it(anywhere):
    app = listener(anywhere)
    app.signal("SIGUSR1")
    event = app.wait_for("signal", signal="SIGUSR1")
    assert event["action"] == "forward"
    assert event["uid"] == uid_inside(app)
    assert event["sender"] == 0  # we live outside its PID namespace
    app.signal("SIGRTMIN+5")
    app.wait_for("signal", signal="SIGRTMIN+5", action="forward")
    finish(app)
    app.wait_for("signal", signal="SIGTERM", action="stop")


def uid_inside(app):
    """Our uid as the namespace's map has it: 0 where it is mapped to root."""
    with open(f"/proc/{app.pid}/uid_map", encoding="ascii") as file:
        rows = [list(map(int, row.split())) for row in file]
    return next(inside + os.getuid() - outside for inside, outside, count in rows
                if outside <= os.getuid() < outside + count)


def test_the_sender_of_a_signal_is_named(lastcall):
    app = lastcall("--log-level", "debug", "--", *python("""
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: os._exit(5))
os.kill(os.getppid(), signal.SIGUSR1)
signal.pause()
"""))
    assert app.exit_code() == 5
    started = app.wait_for("process started")
    assert app.wait_for("signal", signal="SIGUSR1")["sender"] == started["pid"]


def test_real_time_signals_are_neither_lost_nor_merged(lastcall):
    """They queue, signal(7): 200 sent are 200 received."""
    app = listener(lastcall)
    for _ in range(200):
        app.signal("SIGRTMIN+7")
    for signal in (40, 50, 60):
        app.signal(signal)
    assert until(lambda: len(got(app)) == 203), app.story(f"{len(got(app))} of 203")
    assert sorted(finish(app)) == [40] + [41] * 200 + [50, 60]


def test_real_time_signals_that_wait_together_come_lowest_first_as_the_kernel_delivers_them(anywhere):
    """Stopped, it reads none; continued, it reads and forwards all of them."""
    app = listener(anywhere)
    child = only_child(app.pid)
    os.kill(child, number("SIGSTOP"))
    assert until(lambda: proc_status(child)["State"].startswith("T"))
    for signal in (60, 40, 50, 40):
        app.signal(signal)
    assert until(lambda: forwarded(app) == 4), app.story("not all were forwarded")
    os.kill(child, number("SIGCONT"))
    assert until(lambda: len(got(app)) >= 4)
    assert [each for each in finish(app) if each != 18] == [40, 40, 50, 60]


def forwarded(app):
    return len(app.events("signal", action="forward"))


def test_signals_that_stop_others_never_hurt_lastcall(anywhere):
    app = listener(anywhere)
    for signal in ("SIGTTIN", "SIGTTOU", "SIGTSTP", "SIGPIPE", "SIGALRM", "SIGSEGV", "SIGABRT"):
        app.signal(signal)
        app.wait_output(f"got {number(signal)}")
    assert app.status("/livez") == 200
    finish(app)


@pytest.mark.memory
def test_the_table_rewrites_drops_and_forwards(lastcall):
    app = listener(lastcall, config=f"""
signals: {{SIGUSR1: SIGUSR2, SIGWINCH: ignore}}
processes:
- name: app
  command: {as_yaml(LISTENER)}
""")
    app.signal("SIGUSR1")
    app.wait_output(f"got {number('SIGUSR2')}")
    app.signal("SIGWINCH")
    app.wait_for("signal", signal="SIGWINCH", action="ignore")
    app.signal("SIGHUP")
    app.wait_output("got 1")
    assert finish(app) == [12, 1]


def test_a_signal_taken_out_of_the_stop_signals_is_forwarded(lastcall):
    """JVM and Go users want SIGQUIT's stack dump."""
    app = listener(lastcall, "--stop-on", "SIGTERM,SIGINT")
    app.signal("SIGQUIT")
    app.wait_output("got 3")
    assert app.status("/readyz") == 200
    assert finish(app) == [3]


def test_a_signal_added_to_the_stop_signals_stops(lastcall):
    app = lastcall("--stop-on", "SIGUSR1", "--", "sleep", "100").ready()
    app.signal("SIGUSR1")
    app.wait_for("stop signal sent", signal="SIGUSR1")
    assert app.exit_code() == 138


RELOADING = """
signals: {{SIGHUP: reload, SIGUSR1: {usr1}}}
log: {{level: {level}}}
processes:
- name: app
  command: {command}
"""


@pytest.mark.memory
def test_a_reload_is_all_or_nothing(lastcall):
    text = RELOADING.format(usr1="SIGUSR2", level="info", command=as_yaml(LISTENER))
    app = listener(lastcall, config=text)

    app.write("lastcall.yaml", text.replace("SIGUSR1: SIGUSR2", "SIGUSR1: SIGNONE"))
    app.signal("SIGHUP")
    assert until(lambda: app.said("SIGNONE")), app.story("the bad file went unnoticed")
    app.signal("SIGUSR1")
    app.wait_output(f"got {number('SIGUSR2')}")

    app.write("lastcall.yaml", text.replace("SIGUSR1: SIGUSR2", "SIGUSR1: SIGURG"))
    app.signal("SIGHUP")
    assert until(lambda: reloaded_to(app, "SIGURG")), app.story("the good file did not count")
    assert 1 not in finish(app)


def reloaded_to(app, signal):
    app.signal("SIGUSR1")
    return number(signal) in got(app)


def test_what_a_reload_cannot_change_is_named(lastcall):
    text = RELOADING.format(usr1="SIGUSR2", level="info", command=as_yaml(LISTENER))
    app = listener(lastcall, config=text)
    app.write("lastcall.yaml", RELOADING.format(usr1="SIGURG", level="info",
                                                command='["sleep", "1"]'))
    app.signal("SIGHUP")
    assert until(lambda: app.said("command") and any(
        event.get("level") in ("warn", "error") for event in app.log.list)), \
        app.story("not a word of the command")
    finish(app)


def test_signals_sent_while_the_process_starts_reach_it(lastcall):
    """A signal for a process that has not called execve(2) yet waits for it."""
    app = lastcall("--", *python("""
import os, signal
signal.sigwait([signal.SIGUSR1])
os._exit(6)
"""), via=prelude("--block", "SIGUSR1"))
    app.wait_for("process started")
    app.signal("SIGUSR1")
    assert app.exit_code() == 6


def test_signals_that_were_pending_before_the_start_reach_the_process_each_of_them(lastcall):
    pending = ["SIGUSR1", "SIGRTMIN+6", "SIGRTMIN+5", "SIGRTMIN+6"]
    app = lastcall("--", *LISTENER, via=prelude(*(word for name in pending
                                                  for word in ("--pending", name))))
    assert until(lambda: len(got(app)) == 4), app.story(f"got {got(app)}")
    assert finish(app) == [10, 39, 40, 40]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a program with another uid")
def test_a_signal_that_cannot_be_delivered_is_logged_and_the_end_is_not_held_up(lastcall):
    """Another uid and no CAP_KILL: as a container with `drop: [ALL]` and a setuid program."""
    app = lastcall("--grace-period", "3s", "--", "setpriv", "--reuid=65534", "--clear-groups",
                   "sh", "-c", "echo up; exec sleep 100",
                   via=["setpriv", "--bounding-set=-kill", "--inh-caps=-kill"])
    app.ready()
    app.wait_output("up")
    child = only_child(app.pid)
    assert until(lambda: proc_status(child)["Uid"].split()[0] == "65534")
    app.signal("SIGUSR1")
    assert until(lambda: any(event.get("level") in ("warn", "error") for event in app.log.list)), \
        app.story("nothing was said of SIGUSR1")
    app.signal("SIGTERM")
    assert until(lambda: app.said("Operation not permitted")), app.story("no reason given")
    app.exit_code()


def test_a_signal_to_a_recycled_pid_is_never_sent(lastcall):
    """After the process has ended, forwarding has nobody to go to; a leftover is not it."""
    app = lastcall("--grace-period", "5s", "--", "sh", "-c",
                   "(trap 'echo leftover got USR1' USR1; trap 'exit 0' TERM; echo up; "
                   "while :; do sleep 0.05; done) & read x; exit 0", stdin=-1)
    app.ready()
    app.wait_output("up")
    app.outer.stdin.close()
    assert app.exit_code() == 0
    assert not any("USR1" in line.raw for line in app.output.list)


def test_a_flood_of_signals_keeps_no_probe_waiting(lastcall):
    app = listener(lastcall)
    libc = ctypes.CDLL(None)
    streams = app.network.sockets(20)
    pid = app.pid
    for stream in streams:
        for _ in range(200):
            libc.kill(pid, 50)
        stream.settimeout(2)
        stream.connect(("127.0.0.1", 9909))
        assert app.http("/livez", stream=stream).status == 200
    assert until(lambda: len(got(app)) >= 1)
    app.signal("SIGTERM")
    assert app.exit_code() == 0
