# SPDX-License-Identifier: Apache-2.0
"""The exit code: the process' own; 128+N; 127, 126 and 125."""

import os

import pytest

from lastcall import python

KILL_ITSELF = """
import os, signal, sys
number = int(sys.argv[1])
if number != signal.SIGKILL:
    signal.signal(number, signal.SIG_DFL)  # Python has its own mind about some
os.kill(os.getpid(), number)
"""


@pytest.mark.parametrize("code", [0, 1, 2, 42, 100, 125, 126, 127, 128, 137, 143, 255])
def test_it_exits_with_the_exit_code_of_the_process(anywhere, code):
    app = anywhere("--", "sh", "-c", f"exit {code}")
    assert app.exit_code() == code
    last = app.wait_for("exit")
    assert last["code"] == code
    assert last["outcome"] == ("crashed" if code else "stopped")


@pytest.mark.parametrize("signal", [1, 2, 3, 6, 9, 10, 11, 13, 14, 15, 24, 31, 34, 37, 64])
def test_a_process_that_signal_n_killed_gives_128_plus_n(lastcall, signal):
    app = lastcall("--", *python(KILL_ITSELF, signal))
    assert app.exit_code() == 128 + signal
    assert app.wait_for("process ended")["code"] == 128 + signal


def not_found(app):
    return "no-such-program"


def no_such_path(app):
    return os.path.join(app, "nowhere/program")


def no_such_interpreter(app):
    return script(app, "#!/no/such/interpreter\n")


def not_executable(app):
    return script(app, "#!/bin/sh\n", mode=0o644)


def a_directory(app):
    return app


def no_program_at_all(app):
    """ENOEXEC, which execvp(3) would give to /bin/sh."""
    return script(app, "exit 0\n")


def script(place, text, mode=0o755):
    path = os.path.join(place, "script")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


@pytest.mark.parametrize("what, code, error", [
    pytest.param(not_found, 127, "No such file or directory", marks=pytest.mark.memory),
    (no_such_path, 127, "No such file or directory"),
    (no_such_interpreter, 127, "No such file or directory"),
    (not_executable, 126, "Permission denied"),
    (a_directory, 126, "Permission denied"),
    (no_program_at_all, 126, "Exec format error"),
], ids=lambda value: value.__name__.replace("_", " ") if callable(value) else "")
def test_what_cannot_be_started_is_named_with_its_error(anywhere, place, what, code, error):
    command = what(place)
    app = anywhere("--", command)
    assert app.exit_code() == code
    failed = app.wait_for("cannot start")
    assert error in failed["error"]
    assert command in failed.raw
    assert failed["level"] == "error"


def test_options_end_at_the_first_word_that_is_none(lastcall):
    app = lastcall("sh", "-c", 'exit "$1"', "sh", "7")
    assert app.exit_code() == 7


@pytest.mark.parametrize("arguments", [
    pytest.param(["--no-such-option", "--", "true"], marks=pytest.mark.memory),
    ["--grace-period"],
    ["--grace-period", "soon", "--", "true"],
    ["--margin", "5", "--", "true"],
    ["--stop-on", "SIGKILL", "--", "true"],
    ["--ports", "99999", "--", "true"],
    ["--listen", "nowhere", "--", "true"],
    ["-c", "/no/such/file.yaml"],
    [],
    ["--"],
    ["--", ""],
], ids=" ".join)
def test_lastcalls_own_failure_is_125_and_says_what_and_where(lastcall, arguments):
    app = lastcall(*arguments)
    assert app.exit_code() in ((125,) if arguments != ["--", ""] else (125, 127))
    assert not app.events("process started")
    said = "\n".join(event.raw for event in app.log.list)
    assert said, "not a word"
    if arguments and arguments[0].startswith("--") and len(arguments[0]) > 2:
        assert arguments[0] in said


def test_exit_codes_are_replaced_where_the_table_says_so(lastcall):
    table = """
exitCodes: {143: 0, 3: 42, forced: 77}
shutdown: {gracePeriod: 2s}
processes:
- name: app
  command: [sh, -c, "%s"]
"""
    app = lastcall(config=table % "exit 3")
    assert app.exit_code() == 42
    app = lastcall(config=table % "exit 4")
    assert app.exit_code() == 4
    app = lastcall(config=table % "exec sleep 100").ready()
    app.signal("SIGTERM")
    assert app.exit_code() == 0
    app = lastcall(config=table % "trap '' TERM; echo up; while :; do sleep 1; done").ready()
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.exit_code() == 77


def test_143_is_not_mapped_to_0_by_itself(lastcall):
    """A Job whose pod was evicted half way must not count as a success."""
    app = lastcall("--", "sleep", "100").ready()
    app.signal("SIGTERM")
    assert app.exit_code() == 143
