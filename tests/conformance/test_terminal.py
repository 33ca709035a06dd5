# SPDX-License-Identifier: Apache-2.0
"""On a terminal the application lives as without an init: as with `docker run -it`, where the init
is PID 1 and leads the terminal's session, or in a shell with job control, where it is a job."""

import fcntl
import os
import shlex
import struct
import termios

import pytest

from init import PROGRAMS
from lastcall import Lastcall, descendants, prelude, proc_status, python, until
from terminal import CTRL_BACKSLASH, CTRL_C, CTRL_D, CTRL_Z, Terminal

SHELL = ["bash", "--norc", "--noprofile", "-i"]
PROMPT = {"PS1": "prompt> "}
READ = 'read x; echo "got $x"'  # what is typed is shown, too, but without "got"
CAT = "sh -c 'echo it is \"up\"; exec cat'"  # nor are the words as typed those that are printed
SLEEP = CAT.replace("cat", "sleep 100")
STOPPED = ("Stopped", "prompt> ")


@pytest.fixture
def terminal():
    one = Terminal()
    yield one
    one.close()


@pytest.fixture
def shell(place, terminal):
    """A shell with job control."""
    one = Lastcall(place, [], program=SHELL, stdin=terminal.slave, stdout=terminal.slave,
                   stderr=terminal.slave, via=prelude("--terminal"), env=PROMPT)
    terminal.expect("prompt> ")
    yield one
    one.close()


@pytest.fixture
def words(program):
    """Those with which a shell starts the init."""
    return shlex.join([PROGRAMS[program].path, *PROGRAMS[program].subreaper, "--"])


def on(terminal, init, *command, **options):
    """The init as PID 1, the leader of the terminal's session, in the foreground."""
    return init(*command, stdin=terminal.slave, stdout=terminal.slave,
                via=prelude("--terminal"), **options)


def dialogue(terminal, *lines):
    """Types the first of each pair, and waits until then the second is shown."""
    at = len(terminal.shown)
    for typed, shown in lines:
        terminal.type(typed)
        for text in [shown] if isinstance(shown, str) else shown:
            at = terminal.expect(text, after=at)


def stop_job(terminal, shell):
    """`shell` is the PID of the one whose job it is."""
    dialogue(terminal, (CTRL_Z, STOPPED))
    # One that is about to stop may still take what is typed next.
    jobs = descendants(shell)
    assert until(lambda: all(proc_status(pid)["State"][0] == "T" for pid in jobs)), \
        "the application goes on"


def bring_back(terminal):
    """The shell says that it does before it gives the terminal away: what is typed in between is
    shown, or not, as the shell likes it."""
    shell = os.tcgetpgrp(terminal.master)
    dialogue(terminal, ("fg\n", "fg\r\n"))
    assert until(lambda: os.tcgetpgrp(terminal.master) != shell), "fg did not work"


def ends(app, expected):
    code = app.exit_code(timeout=4)
    assert code == expected, f"exit code {code}"


# --- PID 1 of the terminal's session ---

def test_the_application_reads_what_is_typed(init, terminal):
    app = on(terminal, init, "sh", "-c", f"echo up; {READ}; exit 4")
    terminal.expect("up")
    terminal.type("hello\n")
    terminal.expect("got hello")
    ends(app, 4)


def test_what_was_typed_before_it_ran_is_not_lost(init, terminal):
    terminal.type("early\n")
    ends(on(terminal, init, "sh", "-c", READ), 0)
    terminal.expect("got early")


def test_ctrl_d_is_the_end_of_its_input(init, terminal):
    app = on(terminal, init, "sh", "-c", "echo up; cat; exit 6")
    terminal.expect("up")
    terminal.type(CTRL_D)
    ends(app, 6)


def test_ctrl_c_ends_it_and_the_code_is_130(init, terminal):
    app = on(terminal, init, "sh", "-c", "echo up; exec sleep 100")
    terminal.expect("up")
    terminal.type(CTRL_C)
    ends(app, 130)


def test_ctrl_backslash_ends_it_and_the_code_is_131(init, terminal):
    app = on(terminal, init, "sh", "-c", "ulimit -c 0; echo up; exec sleep 100")
    terminal.expect("up")
    terminal.type(CTRL_BACKSLASH)
    ends(app, 131)


# Counts a signal, and says how many there were when SIGTERM comes.
COUNT = """
import os, signal, sys
number = getattr(signal, sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, [number, signal.SIGTERM])
print("up")
count = 0
while signal.sigtimedwait([number, signal.SIGTERM], 10).si_signo == number:
    count += 1
    print(f"{sys.argv[1]} {count}: {os.get_terminal_size(0).columns} columns")
print("in all", count)
"""


def test_ctrl_c_reaches_it_once(init, terminal):
    app = on(terminal, init, *python(COUNT, "SIGINT"))
    terminal.expect("up")
    terminal.type(CTRL_C)
    terminal.expect("SIGINT 1")
    app.signal("SIGTERM")
    terminal.expect("in all 1")
    ends(app, 0)


def test_a_new_window_size_reaches_it_once(init, terminal):
    app = on(terminal, init, *python(COUNT, "SIGWINCH"))
    terminal.expect("up")
    fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 123, 0, 0))
    terminal.expect("SIGWINCH 1: 123 columns")
    app.signal("SIGTERM")
    terminal.expect("in all 1")
    ends(app, 0)


def test_ctrl_z_does_not_freeze_it_where_nobody_could_continue_it(init, terminal):
    """As without an init: the kernel lets the terminal stop no orphaned group."""
    app = on(terminal, init, *shlex.split(CAT))
    terminal.expect("it is up\r\n")
    terminal.type(CTRL_Z)
    terminal.type("on it goes\n")
    terminal.expect("on it goes\r\non it goes")
    terminal.type(CTRL_D)
    ends(app, 0)


def test_a_hangup_reaches_it(init, terminal):
    app = on(terminal, init, "sh", "-c", "echo up; exec sleep 100")
    terminal.expect("up")
    terminal.close()
    ends(app, 129)


def test_the_settings_of_the_terminal_are_left_as_they_were(init, terminal):
    settings = termios.tcgetattr(terminal.slave)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(terminal.slave, termios.TCSANOW, settings)
    settings = termios.tcgetattr(terminal.slave)
    ends(on(terminal, init, "true"), 0)
    found = termios.tcgetattr(terminal.slave)
    assert found == settings, f"{found}, were {settings}"


def test_it_can_ask_the_user_where_its_input_is_redirected(init, terminal):
    """As for a password: from /dev/tty, which only the foreground may read."""
    app = init("sh", "-c", f"echo up; ({READ}) </dev/tty", stdin=terminal.slave,
               stdout=terminal.slave,
               via=[*prelude("--terminal"), "sh", "-c", 'exec "$@" </dev/null', "sh"])
    terminal.expect("up")
    terminal.type("secret\n")
    terminal.expect("got secret")
    ends(app, 0)


# --- a shell with job control inside ---

def controls_its_jobs(init, terminal, *shell):
    app = on(terminal, init, *shell, stderr=terminal.slave, env=PROMPT)
    terminal.expect("prompt> ")
    dialogue(terminal, (f"{CAT}\n", "it is up\r\n"))
    stop_job(terminal, app.child())
    bring_back(terminal)
    dialogue(terminal, ("words\n", "words\r\nwords\r\n"), (CTRL_D, "prompt> "),
             (f"{SLEEP}\n", "it is up\r\n"), (CTRL_Z, STOPPED), ("bg\n", "prompt> "),
             ("jobs\n", "Running"), ("kill %1; wait %1; echo code=$?\n", "code=143"),
             ("exit 9\n", "exit 9"))
    assert "job control" not in terminal.shown, "the shell has no job control"
    ends(app, 9)


def test_bash_inside_controls_its_jobs(init, terminal):
    controls_its_jobs(init, terminal, *SHELL)


def test_dash_inside_controls_its_jobs(init, terminal):
    controls_its_jobs(init, terminal, "dash", "-i", "-m")


def test_ctrl_c_ends_the_job_of_a_shell_inside_and_not_the_shell(init, terminal):
    app = on(terminal, init, *SHELL, stderr=terminal.slave, env=PROMPT)
    terminal.expect("prompt> ")
    dialogue(terminal, (f"{SLEEP}\n", "it is up\r\n"), (CTRL_C, "prompt> "),
             ("echo code=$?; exit 9\n", "code=130"))
    ends(app, 9)


# --- a job of a shell ---

def test_ctrl_z_stops_the_job_and_fg_continues_it(terminal, shell, words):
    dialogue(terminal, (f"{words} {CAT} 2>log\n", "it is up\r\n"))
    stop_job(terminal, shell.pid)
    bring_back(terminal)
    dialogue(terminal, ("again\n", "again\r\nagain\r\n"), (CTRL_D, "prompt> "),
             ("echo code=$?\n", "code=0\r\n"))


def test_ctrl_z_stops_a_pipeline_and_fg_continues_it(terminal, shell, words):
    dialogue(terminal, (f"{words} {CAT} 2>log | cat\n", "it is up\r\n"))
    stop_job(terminal, shell.pid)
    bring_back(terminal)
    dialogue(terminal, ("again\n", "again\r\nagain\r\n"))


def test_ctrl_c_ends_a_pipeline(terminal, shell, words):
    dialogue(terminal, (f"{words} {SLEEP} 2>log | cat\n", "it is up\r\n"), (CTRL_C, "prompt> "),
             ("echo code=${PIPESTATUS[0]}\n", "code=130\r\n"))


def test_in_the_background_it_takes_the_foreground_from_nobody(terminal, shell, words):
    dialogue(terminal, (f"{words} {SLEEP} 2>log &\n", "it is up\r\n"), (f"{READ}\n", READ),
             ("for the shell\n", "got for the shell"))


def test_a_job_that_wants_to_read_in_the_background_is_stopped_until_fg(terminal, shell, words):
    dialogue(terminal, (f"{words} {CAT} 2>log &\n", "it is up\r\n"), ("wait %1\n", STOPPED))
    bring_back(terminal)
    dialogue(terminal, ("to cat\n", "to cat\r\nto cat\r\n"))


def test_ctrl_z_stops_a_job_that_came_from_the_background(terminal, shell, words):
    dialogue(terminal, (f"{words} {SLEEP} 2>log &\n", "it is up\r\n"))
    bring_back(terminal)
    stop_job(terminal, shell.pid)


def test_it_can_ask_the_user_where_all_its_descriptors_are_redirected(terminal, shell, words):
    terminal.type(f"{words} sh -c '({READ} >/dev/tty) </dev/tty' </dev/null >log 2>&1\n")
    terminal.type("secret\n")
    terminal.expect("got secret")


@pytest.fixture
def script(place, terminal, words):
    """A shell without job control, which does not take the terminal back by itself."""
    one = Lastcall(place, ["-c", f"{words} true 2>log; {READ}; exit 5"], program=["sh"],
                   stdin=terminal.slave, stdout=terminal.slave, via=prelude("--terminal"))
    yield one
    one.close()


def test_the_foreground_goes_back_to_a_shell_without_job_control(terminal, script):
    terminal.type("input\n")
    terminal.expect("got input")
    ends(script, 5)


# --- no terminal, or not ours ---

# As proc(5) has them: a terminal's device number, and its foreground group.
TERMINAL = ["awk", '{ print "terminal " $7 ", foreground " $8 }', "/proc/self/stat"]


def test_without_a_terminal_nothing_of_it_happens(init):
    app = init(*TERMINAL, via=["setsid"])
    ends(app, 0)
    said = app.wait_output("terminal")
    assert said == "terminal 0, foreground -1", said


@pytest.mark.differs("dumb-init", "gives the terminal on stdin to its new session, whoever opened "
                                  "it, so that Ctrl-C works there")
def test_a_terminal_that_does_not_control_it_does_not_begin_to(init, terminal):
    app = init("sh", "-c", f'{READ}; exec "$@"', "sh", *TERMINAL, via=["setsid"],
               stdin=terminal.slave, stderr=terminal.slave)
    terminal.type("hello\n")
    ends(app, 0)
    app.wait_output("got hello")
    said = app.wait_output("terminal")
    assert said == "terminal 0, foreground -1", said
