# SPDX-License-Identifier: Apache-2.0
"""What cannot be started: the exit code that shells give it (POSIX.1, 2.8.2), and words for it."""

import os
import subprocess

import pytest

from lastcall import helper

BY_EXECVP = "execvp(3) gives it to /bin/sh; kernel and runtimes call it an error"


def program(place, text, mode=0o755, name="program"):
    path = os.path.join(place, name)
    with open(path, "wb") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def fails(app, *codes):
    code = app.exit_code()
    assert code in codes, f"exit code {code}, said: {str(app.log).strip()[:120]!r}"
    return app


def test_a_program_that_is_not_in_path_is_127(init):
    fails(init("no-such-program"), 127)


def test_a_path_that_does_not_exist_is_127(init, place):
    fails(init(f"{place}/nowhere/program"), 127)


def test_a_file_that_is_not_executable_is_126(init, place):
    fails(init(program(place, b"#!/bin/sh\n", 0o644)), 126)


def test_a_directory_is_126(init, place):
    fails(init(place), 126)


def test_a_program_for_another_machine_is_126(init, place):
    with open("/bin/true", "rb") as file:
        elf = bytearray(file.read())
    elf[18:20] = b"\x02\x00"  # e_machine: SPARC (elf(5))
    fails(init(program(place, bytes(elf))), 126)


def test_an_empty_file_is_126(init, place):
    fails(init(program(place, b"")), 126)


@pytest.mark.differs("tini", BY_EXECVP)
@pytest.mark.differs("dumb-init", BY_EXECVP)
@pytest.mark.differs("catatonit", BY_EXECVP)
def test_a_script_without_an_interpreter_line_is_126(init, place):
    fails(init(program(place, b"exit 0\n")), 126)


def test_a_script_whose_interpreter_is_missing_is_126_or_127(init, place):
    fails(init(program(place, b"#!/no/such/interpreter\n")), 126, 127)


def test_a_symbolic_link_to_itself_is_126_or_127(init, place):
    os.symlink(f"{place}/loop", f"{place}/loop")
    fails(init(f"{place}/loop"), 126, 127)


def test_a_name_that_is_too_long_is_126_or_127(init):
    fails(init("/" + "x" * 300), 126, 127)


def test_arguments_that_the_kernel_finds_too_many_are_126(init, place, program_path):
    """The kernel adds a script's interpreter line to its arguments: they fit for the init, and not
    for the script that it starts."""
    script = program(place, b"#!/bin/true " + b"x" * 200 + b"\n")
    prefix = ["sh", "-c", 'ulimit -s 512; exec "$@"', "sh"]
    most = largest_variable([*prefix, helper("pidns"), "--net", program_path, "--", script])
    app = init(script, env={"FILLER": "x" * most}, via=prefix)
    fails(app, 126)
    assert app.said("Argument list too long"), f"it said: {str(app.log).strip()[:120]!r}"


def largest_variable(command):
    """The longest FILLER with which `command` is executed. One string is 128 KiB at most, and all of
    them a quarter of the stack (execve(2))."""
    low, high = 0, 131000
    while high - low > 1:
        middle = (low + high) // 2
        env = {"FILLER": "x" * middle, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["sh", "-c", 'ulimit -s 512; exec /bin/true "$@"', *command], env=env,
                              stderr=subprocess.DEVNULL, check=False)
        low, high = (middle, high) if done.returncode == 0 else (low, middle)
    return low


def test_the_words_of_the_error_name_the_program_and_the_reason(init, place):
    for path, reason in ((f"{place}/nowhere", "No such file or directory"),
                         (place, "Permission denied")):
        app = init(path)
        app.exit_code()
        assert app.said(path) and app.said(reason), f"it said: {str(app.log).strip()[:120]!r}"


def test_path_is_searched_on_behind_a_file_that_is_not_executable(init, place):
    for name, mode, text in (("first", 0o644, b""), ("second", 0o755, b"#!/bin/sh\nexit 7\n")):
        os.mkdir(f"{place}/{name}")
        program(f"{place}/{name}", text, mode)
    fails(init("program", env={"PATH": f"{place}/first:{place}/second"}), 7)


def test_without_path_the_default_path_is_searched(init):
    fails(init("sh", "-c", "exit 7", via=["env", "-u", "PATH"]), 7)


def test_without_a_command_it_says_so_and_fails(init):
    app = init(separator=())
    assert app.exit_code() != 0, "exit code 0"
    assert app.said(""), "not a word"


def test_an_empty_command_is_an_error_with_words(init):
    app = init("")
    assert app.exit_code() != 0, "exit code 0"
    assert app.said(""), "not a word"
