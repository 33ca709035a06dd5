# SPDX-License-Identifier: Apache-2.0
"""Where the init's own options end, and what of the rest the application gets."""

import os
import re

import pytest

from init import PYTHON

# What each program's own help and manual call these two.
HELP = {"lastcall": "--help", "tini": "-h", "dumb-init": "--help", "catatonit": "-h"}
VERSION = {"lastcall": "--version", "tini": "--version", "dumb-init": "--version",
           "catatonit": "--version"}

# Prints the words that it got, one a line, as Python writes bytes.
SHOW = f"""#!{PYTHON} -IS
import os, sys
for word in sys.argv[1:]:
    print(os.fsencode(word))
"""

has_separator = pytest.mark.differs("tini", "its usage has -- before the arguments")


@pytest.fixture
def arrives(init, place):
    """Checks that these words, behind a command, reach it as they are."""
    def check(*words, separator=("--",)):
        app = init(script(place, "show", SHOW), *words, separator=separator)
        ends_with(app, 0)
        got, sent = [line.raw for line in app.output.list], [repr(as_bytes(word)) for word in words]
        assert got == sent, f"got {', '.join(got)[:200]}"
    return check


def script(place, name, text):
    path = os.path.join(place, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


def as_bytes(word):
    return word.encode(errors="surrogateescape")


def said(app):
    return " / ".join(line.raw for line in app.log.list)


def ends_with(app, wanted):
    code = app.exit_code(timeout=4)
    assert code == wanted, f"exit code {code}, said: {said(app)}"


# --- whose they are ---

@has_separator
def test_sh_minus_c_needs_no_separator(init):
    ends_with(init("sh", "-c", 'exit "$1"', "sh", "7", separator=()), 7)


@has_separator
def test_options_behind_the_command_belong_to_it(arrives):
    """Each program's own among them."""
    arrives("-c", "-e", "-g", "-h", "-s", "-v", "-V", "-x", "--help", "--version", "--verbose",
            "--config=no", "--single-child", "--rewrite", "-p", "SIGKILL", separator=())


def test_options_behind_the_separator_belong_to_the_command(arrives):
    arrives("-c", "-g", "-h", "-s", "-v", "--help", "--version")


@has_separator
def test_a_separator_behind_the_command_belongs_to_it(arrives):
    arrives("a", "--", "b", "--", separator=())


def test_a_second_separator_belongs_to_the_command(arrives):
    arrives("--", "--", "a")


def test_a_lone_minus_is_an_argument_like_others(arrives):
    arrives("-", "a", "-", separator=())


def test_a_command_that_begins_with_a_minus_can_be_started_behind_the_separator(init, place):
    script(place, "-v", "#!/bin/sh\nexit 3\n")
    ends_with(init("-v", via=["env", f"PATH={place}"]), 3)


# --- byte for byte ---

def test_empty_arguments_stay(arrives):
    arrives("", "a", "", "")


def test_arguments_with_spaces_quotes_and_newlines_stay(arrives):
    arrives("a b", " ", "'", '"', "$HOME", "`id`", "*", "\\", "a\nb", "\t", "${X}", "$$")


def test_arguments_that_are_no_utf_8_stay(arrives):
    every = bytes(range(1, 256)).decode(errors="surrogateescape")
    arrives(every, "\udcff\udcfe", "caf\udce9")


def test_10_000_arguments_of_1_mb_in_all_arrive(arrives):
    arrives(*(f"{number:0100}" for number in range(10_000)))


def test_the_command_sees_its_name_as_it_was_given(init):
    """Programs such as busybox are several, and go by it: it is not the path that was found."""
    app = init("cat", "/proc/self/cmdline")
    ends_with(app, 0)
    assert app.output.list[0].raw == "cat\0/proc/self/cmdline\0", f"saw {app.output.list[0].raw!r}"


# --- the init's own ---

def test_its_help_goes_to_stdout_and_its_exit_code_is_0(init, program):
    is_told(init(options=(HELP[program],), separator=()), "(?i)usage")


def test_its_version_goes_to_stdout_and_its_exit_code_is_0(init, program):
    is_told(init(options=(VERSION[program],), separator=()), r"\d\.\d")


def is_told(app, word):
    ends_with(app, 0)
    on_stdout = any(re.search(word, line.raw) for line in app.output.list)
    assert on_stdout, f"not on stdout, but: {said(app)}"


def test_an_unknown_option_is_named_and_nothing_is_started(init):
    app = init("sh", "-c", "echo started", options=("-Z",))
    code = app.exit_code(timeout=4)
    assert code != 0, "exit code 0"
    assert "Z" in said(app), f"does not name it: {said(app)}"
    assert not app.output.list, "it started the command"


def test_without_a_command_it_says_so_and_its_exit_code_is_not_0(init):
    for separator in (), ("--",):
        app = init(separator=separator)
        code = app.exit_code(timeout=4)
        assert code != 0, "exit code 0"
        assert app.log.list, "says nothing on stderr"
