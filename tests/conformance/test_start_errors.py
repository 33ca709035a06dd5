# SPDX-License-Identifier: Apache-2.0
"""A command that cannot be started: the shell's exit codes (POSIX.1, 2.8.2: 127 not found, 126
found and not executable), and words that name what, and why."""

import os
import re
import shutil

import pytest

GIVEN_TO_SH = ("execvp(3): what the kernel cannot execute is given to /bin/sh; "
               "lastcall says what a runtime without an init says")
PEERS = ("tini", "dumb-init", "catatonit")


def given_to_sh(test):
    for program in PEERS:
        test = pytest.mark.differs(program, GIVEN_TO_SH)(test)
    return test


def ends_with(app, *codes):
    code = app.exit_code(timeout=4)
    assert code in codes, f"exit code {code}, said: {said(app)}"


def names(app, command, reason):
    """The words on stderr are about that command, and give the kernel's reason."""
    for word in (command, reason):
        assert app.said(word), f"says nothing of {word!r}: {said(app)}"


def said(app):
    return " / ".join(line.raw for line in app.log.list if '"level":"info"' not in line.raw)


def file(place, data, mode=0o755, name="program"):
    path = os.path.join(place, name)
    with open(path, "wb") as opened:
        opened.write(data)
    os.chmod(path, mode)
    return path


# --- what it is ---

def test_a_missing_file_is_127_by_path_and_by_name(init, place):
    ends_with(init(f"{place}/missing"), 127)
    ends_with(init("no-such-program"), 127)


def test_the_error_of_a_missing_file_names_it_and_the_reason(init, place):
    app = init(f"{place}/missing")
    app.exit_code(timeout=4)
    names(app, f"{place}/missing", "No such file or directory")


def test_a_file_without_permission_to_execute_is_126(init, place):
    ends_with(init(file(place, b"#!/bin/sh\n", mode=0o644)), 126)


def test_the_error_of_a_file_that_is_not_executable_names_it_and_the_reason(init, place):
    path = file(place, b"#!/bin/sh\n", mode=0o644)
    app = init(path)
    app.exit_code(timeout=4)
    names(app, path, "Permission denied")


def test_a_directory_is_126(init, place):
    ends_with(init(place), 126)


def test_an_empty_command_is_an_error_that_is_told(init):
    """By itself (125, as env(1) has it) or as a file that is not there."""
    app = init("")
    ends_with(app, 125, 127)
    assert said(app), "says nothing"


def a_loop(place):
    os.symlink(f"{place}/loop", f"{place}/loop")
    return f"{place}/loop", "Too many levels of symbolic links"


def a_long_name(place):
    return f"{place}/{'n' * 300}", "File name too long"


def through_a_file(place):
    return file(place, b"") + "/deeper", "Not a directory"


def test_a_path_that_leads_to_no_file_is_126_or_127_and_the_reason_told(init, place):
    """Shells are not of one mind: POSIX.1 says 127 for what is not found, and most no more."""
    for kind in (a_loop, a_long_name, through_a_file):
        path, reason = kind(place)
        app = init(path)
        ends_with(app, 126, 127)
        names(app, path, reason)


def test_a_program_that_somebody_is_writing_is_126(init, place):
    path = file(place, b"")
    shutil.copy("/bin/true", path)
    with open(path, "ab"):
        app = init(path)
        ends_with(app, 126)
    names(app, path, "Text file busy")


# --- what the kernel makes of it ---

@given_to_sh
def test_a_script_without_an_interpreter_line_is_126(init, place):
    ends_with(init(file(place, b"exit 3\n")), 126)


def for_another_machine(place):
    """The image for another architecture, as it happens in every cluster of two."""
    with open("/bin/true", "rb") as true:
        data = bytearray(true.read())
    data[18] ^= 0x80  # e_machine, elf(5)
    return file(place, data)


def test_a_program_for_another_processor_is_126(init, place):
    ends_with(init(for_another_machine(place)), 126)


def test_the_error_of_a_program_for_another_processor_gives_the_reason(init, place):
    path = for_another_machine(place)
    app = init(path)
    app.exit_code(timeout=4)
    names(app, path, "Exec format error")


def test_a_script_whose_interpreter_is_missing_is_127(init, place):
    """By far most often for its line ending: /bin/sh\\r."""
    path = file(place, b"#!/bin/sh\r\nexit 3\r\n")
    app = init(path)
    ends_with(app, 127)
    names(app, path, "No such file or directory")


def test_a_script_whose_interpreter_is_not_executable_is_126(init, place):
    path = file(place, b"#!/etc/passwd\n")
    app = init(path)
    ends_with(app, 126)
    names(app, path, "Permission denied")


def test_a_script_that_is_its_own_interpreter_is_126(init, place):
    path = file(place, b"#!%s/program\n" % os.fsencode(place))
    app = init(path)
    ends_with(app, 126)
    names(app, path, "Too many levels of symbolic links")


def test_a_program_whose_dynamic_loader_is_missing_is_127(init, place):
    """One made for glibc, in an image of Alpine's."""
    with open("/bin/true", "rb") as true:
        data, found = re.subn(rb"/lib(64)?/ld-", lambda match: match[0][:-3] + b"/no", true.read())
    if not found:
        pytest.skip("/bin/true has no dynamic loader under /lib here")
    path = file(place, data)
    app = init(path)
    ends_with(app, 127)
    names(app, path, "No such file or directory")


SMALL_STACK = ["prlimit", f"--stack={512 * 1024}"]
ARGUMENTS_MAX = 512 * 1024 // 4  # a quarter of it, pointers included (execve(2))


def test_arguments_that_the_init_got_but_the_script_cannot_get_are_126(init, place, program_path):
    """The kernel adds the script's interpreter, its argument, and its path once more."""
    path = file(place, b"#!/bin/" + b"/" * 230 + b"sh -\n", name="p" * 200)
    probe = init(path, "", via=SMALL_STACK)
    probe.exit_code(timeout=4)
    command = probe.outer.args[probe.outer.args.index(program_path):]
    strings = [command[0], *command, *(f"{key}={value}" for key, value in probe.env.items())]
    size = sum(len(string) + 1 for string in strings) + 8 * (len(strings) - 1)
    app = init(path, "a" * (ARGUMENTS_MAX - size - 16), via=SMALL_STACK)
    ends_with(app, 126)
    names(app, path, "Argument list too long")


# --- where it is looked for ---

def found_by(init, path, name="program"):
    """Starts `name` with that PATH: a script that ends with 3."""
    return init(name, via=["env", f"PATH={path}"])


def runnable(place, *parts):
    folder = os.path.join(place, *parts)
    os.makedirs(folder, exist_ok=True)
    file(folder, b"#!/bin/sh\nexit 3\n")
    return folder


def test_without_path_the_directories_of_the_system_are_searched(init):
    ends_with(init("sh", "-c", "exit 3", via=["env", "-u", "PATH"]), 3)


def test_an_empty_path_and_an_empty_element_of_it_are_the_working_directory(init, place):
    runnable(place)
    ends_with(found_by(init, ""), 3)
    ends_with(found_by(init, "/no/such:"), 3)


def test_elements_of_path_that_cannot_be_are_passed_over(init, place):
    folder = runnable(place, "bin")
    ends_with(found_by(init, f"/etc/passwd:/no/such:/{'d' * 5000}:{folder}"), 3)


def test_a_file_that_is_not_executable_does_not_hide_one_further_along_path(init, place):
    os.makedirs(f"{place}/first")
    file(f"{place}/first", b"#!/bin/sh\nexit 4\n", mode=0o644)
    ends_with(found_by(init, f"{place}/first:{runnable(place, 'second')}"), 3)


def test_a_name_that_path_has_only_without_permission_is_126(init, place):
    file(place, b"#!/bin/sh\n", mode=0o644)
    ends_with(found_by(init, f"/no/such:{place}"), 126)


def test_a_relative_path_with_a_slash_is_not_looked_for_in_path(init, place):
    runnable(place, "bin")
    ends_with(found_by(init, "/no/such", "bin/program"), 3)
