# SPDX-License-Identifier: Apache-2.0
"""On a terminal: Ctrl-C, Ctrl-Z and job control as without lastcall."""

import os
import shlex
import time

import pytest

from lastcall import binary, helper, only_child, prelude, proc_status, python, until
from terminal import CTRL_C, CTRL_D, CTRL_S, CTRL_Z, Terminal

CAT = "sh -c 'echo it is \"up\"; exec cat'"  # the words as typed are not those that are printed
SHELL = ["bash", "--norc", "--noprofile", "-i"]


@pytest.fixture
def terminal():
    one = Terminal()
    yield one
    one.close()


def on(terminal, lastcall, *command, **options):
    """lastcall as the session's leader, as `docker run -it` starts it; its log goes to the pipe."""
    return lastcall("--log-format", "json", "--", *command, stdin=terminal.slave,
                    stdout=terminal.slave, via=prelude("--terminal"), **options)


def shell(terminal, lastcall):
    """A shell with job control, and lastcall's words."""
    app = lastcall(program=SHELL, stdin=terminal.slave, stdout=terminal.slave,
                   stderr=terminal.slave, via=prelude("--terminal"), env={"PS1": "prompt> "})
    terminal.expect("prompt> ")
    return app, f"{shlex.quote(binary())} --log-format json -- "


def test_the_process_has_the_foreground_and_can_read(lastcall, terminal):
    app = on(terminal, lastcall, "sh", "-c", 'read x; echo "got $x"; exit 4').ready()
    terminal.type("hello\n")
    terminal.expect("got hello")
    assert app.exit_code() == 4


def test_ctrl_c_ends_the_process_as_without_lastcall(lastcall, terminal):
    app = on(terminal, lastcall, "sh", "-c", "echo up; exec sleep 100").ready()
    terminal.expect("up")
    begun = time.monotonic()
    terminal.type(CTRL_C)
    assert app.exit_code() == 130
    assert time.monotonic() - begun < 2


def test_ctrl_c_reaches_the_process_once(lastcall, terminal):
    app = on(terminal, lastcall, *python("""
import signal
signals = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
print("up")
count = {signal.SIGINT: 0}
while signal.sigtimedwait(signals, 10).si_signo == signal.SIGINT:
    count[signal.SIGINT] += 1
    print("SIGINT", count[signal.SIGINT])
print("in all", count[signal.SIGINT])
""")).ready()
    terminal.expect("up")
    terminal.type(CTRL_C)
    terminal.expect("SIGINT 1")
    app.signal("SIGTERM")
    terminal.expect("in all 1")
    assert app.exit_code() == 0


def test_a_sigint_of_the_keyboard_hurries(lastcall, terminal):
    """Where lastcall itself is in the foreground's group: nobody at a keyboard waits for
    endpoints. Here the process has left its group and taken lastcall's."""
    app = lastcall("--log-format", "json", "--propagation", "20s", "--grace-period", "30s", "--",
                   *python("""
import os, signal
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, os.getpgid(os.getppid()))
print("up")
signal.pause()
"""), stdin=terminal.slave, stdout=terminal.slave, via=prelude("--terminal", "--serve")).ready()
    terminal.expect("up")
    begun = time.monotonic()
    terminal.type(CTRL_C)
    app.wait_for("stop signal sent", signal="SIGINT")
    assert app.exit_code() in (1, 130)  # Python's own way to end by SIGINT
    assert time.monotonic() - begun < 3


def test_ctrl_z_and_fg_work_under_a_shell(lastcall, terminal):
    app, words = shell(terminal, lastcall)
    terminal.type(f"{words} {CAT} 2>log\n")
    terminal.expect("it is up\r\n")
    terminal.type(CTRL_Z)
    stopped = terminal.expect("Stopped")
    terminal.type("echo the shell is \"back\"\n")
    back = terminal.expect("the shell is back\r\n", after=stopped)
    terminal.type("fg\n")
    back = terminal.expect("exec cat", after=back)
    terminal.type("again\n")
    terminal.expect("again\r\nagain", after=back)
    terminal.type(CTRL_D)
    terminal.type("echo code=$?\n")
    terminal.expect("code=0\r\n", after=back)
    terminal.type("exit 3\n")
    assert app.exit_code() == 3


def test_ctrl_z_as_pid_1_does_not_hang(lastcall, terminal):
    """Nobody is above who could continue it: the kernel lets no orphaned group be stopped."""
    app = on(terminal, lastcall, *shlex.split(CAT)).ready()
    terminal.expect("it is up\r\n")
    terminal.type(CTRL_Z)
    terminal.type("on it goes\n")
    terminal.expect("on it goes\r\non it goes")
    terminal.type(CTRL_D)
    assert app.exit_code() == 0


def test_in_the_background_it_takes_the_foreground_from_nobody(lastcall, terminal):
    app, words = shell(terminal, lastcall)
    terminal.type(f"{words} sh -c 'echo the job runs; exec sleep 100' 2>log &\n")
    runs = terminal.expect("the job runs\r\n")
    terminal.type("read x; echo got $x\n")
    terminal.type("for the shell\n")
    terminal.expect("got for the shell", after=runs)
    terminal.type("kill %1; wait %1; echo code=$?\n")
    terminal.expect("code=143")
    terminal.type("exit\n")
    app.exit_code()


def test_a_job_in_the_background_can_be_brought_to_the_foreground(lastcall, terminal):
    """After it was stopped, for reading there: from an fg just before that no shell saves any job."""
    app, words = shell(terminal, lastcall)
    terminal.type(f"{words} {CAT} 2>log &\n")
    up = terminal.expect("it is up\r\n")
    job = only_child(only_child(app.outer.pid))
    assert until(lambda: proc_status(job)["State"].startswith("T"))

    def told():
        terminal.type("jobs\n")
        return "Stopped" in terminal.shown

    assert until(told, every=0.1), "the shell knows nothing of it"
    terminal.type("echo so\n")
    up = terminal.expect("\r\nso\r\nprompt> ", after=up)
    terminal.type("fg\n")
    up = terminal.expect("exec cat", after=up)
    terminal.type("to cat\n")
    terminal.expect("to cat\r\nto cat", after=up)
    terminal.type(CTRL_D)
    terminal.type("echo code=$?\n")
    terminal.expect("code=0", after=up)
    terminal.type("exit\n")
    app.exit_code()


def test_ctrl_z_stops_a_job_that_came_from_the_background(lastcall, terminal):
    """It does not read, and so was never stopped before: nobody told us of the foreground."""
    app, words = shell(terminal, lastcall)
    terminal.type(f"{words} sh -c 'echo it is \"up\"; exec sleep 100' 2>log &\n")
    up = terminal.expect("it is up\r\n")
    terminal.type("fg\n")
    terminal.expect("sleep 100' 2>", after=up)
    group = os.getpgid(only_child(app.outer.pid))
    assert until(lambda: os.tcgetpgrp(terminal.master) != group)
    terminal.type(CTRL_Z)
    stopped = terminal.expect("Stopped", after=up)
    terminal.type("kill %1; fg; echo code=$?\n")
    terminal.expect("code=143", after=stopped)
    terminal.type("exit\n")
    app.exit_code()


def test_the_user_can_be_asked_where_all_descriptors_are_redirected(lastcall, terminal):
    """As for a password, from /dev/tty: only the foreground may read."""
    app, words = shell(terminal, lastcall)
    ask = "sh -c '(read x; echo got $x >/dev/tty) </dev/tty'"
    terminal.type(f"{words} {ask} </dev/null >log 2>&1\n")
    terminal.type("the secret\n")
    got = terminal.expect("got the secret\r\n")
    terminal.expect("prompt> ", after=got)
    terminal.type("exit 3\n")
    assert app.exit_code() == 3


def test_the_terminal_goes_back_to_who_had_it(lastcall, terminal):
    """A shell without job control does not take it back by itself."""
    app = lastcall("-c", f"{shlex.quote(binary())} -- true 2>log; read x; echo got $x; exit 5",
                   program=["sh"], stdin=terminal.slave, stdout=terminal.slave,
                   stderr=terminal.slave, via=prelude("--terminal"))
    terminal.type("input\n")
    terminal.expect("got input")
    assert app.exit_code() == 5


def test_a_hangup_reaches_the_process(lastcall, terminal):
    app = on(terminal, lastcall, "sh", "-c", "echo up; exec sleep 100").ready()
    terminal.expect("up")
    terminal.close()
    assert app.exit_code() == 129


def test_without_a_terminal_nothing_of_it_happens(anywhere):
    app = anywhere("--", helper("sigstate"))
    assert app.exit_code() == 0
    assert '"foreground": null' in app.wait_output("{").replace('":null', '": null')


def test_on_a_terminal_the_log_is_text(lastcall, terminal):
    app = lastcall("--", "sh", "-c", "exit 3", stdin=terminal.slave, stdout=terminal.slave,
                   stderr=terminal.slave, via=prelude("--terminal"))
    assert app.exit_code() == 3
    terminal.expect("code=3")
    assert '{"' not in terminal.shown


def test_a_stalled_terminal_does_not_put_the_stop_off(lastcall, terminal):
    """Ctrl-S: a write to it blocks, and RWF_NOWAIT is not for terminals."""
    app = lastcall("--log-format", "json", "--propagation", "300ms", "--", "sleep", "100",
                   stdin=terminal.slave, stdout=terminal.slave, stderr=terminal.slave,
                   via=prelude("--terminal", "--serve"))
    terminal.expect('"ready":true')
    terminal.type(CTRL_S)
    app.signal("SIGTERM")
    begun = time.monotonic()
    assert app.exit_code() == 143
    assert time.monotonic() - begun < 3
