# SPDX-License-Identifier: Apache-2.0
"""Where the init's own words end and the application's begin."""

import json
import os

from lastcall import PYTHON

ARGUMENTS = [PYTHON, "-I", "-S", "-c",
             "import json, sys; print(json.dumps([repr(a.encode(errors='surrogateescape')) "
             "for a in sys.argv[1:]]))"]


def arguments(app):
    assert app.exit_code() == 0, f"exit code {app.exit_code()}, said: {str(app.log)[:120]!r}"
    return json.loads(app.wait_output("["))


def same(app, words):
    found = arguments(app)
    wanted = [repr(os.fsencode(word)) for word in words]
    assert found == wanted, f"the command got {found[:8]}"


def test_a_shell_command_needs_no_separator(init):
    code = init("sh", "-c", "exit 7", separator=()).exit_code()
    assert code == 7, f"exit code {code}"


def test_options_behind_the_command_are_its_own(init):
    words = ["-v", "-g", "--version", "-s", "--help", "-c"]
    same(init(*ARGUMENTS, *words, separator=()), words)


def test_a_separator_ends_the_options(init):
    same(init(*ARGUMENTS, "a"), ["a"])


def test_a_separator_behind_the_command_is_its_own(init):
    same(init(*ARGUMENTS, "a", "--", "b", separator=()), ["a", "--", "b"])


def test_a_second_separator_is_an_argument(init):
    same(init(*ARGUMENTS, "--", "--", "x"), ["--", "--", "x"])


def test_arguments_are_passed_on_byte_for_byte(init):
    words = ["", " ", "\t\n", "'\"\\$`*", "ä€😀", os.fsdecode(b"\xff\xfe\x80"), "a=b", "-"]
    same(init(*ARGUMENTS, *words), words)


def test_5000_arguments_are_passed_on(init):
    words = [str(number) for number in range(5000)]
    same(init(*ARGUMENTS, *words), words)


def test_the_program_gets_its_name_as_it_was_given(init):
    app = init("sh", "-c", 'tr "\\0" "\\n" < /proc/self/cmdline | head -n 1; :')
    app.exit_code()
    app = init("bash", "-c", "echo name=$BASH_ARGV0 $0")
    assert app.exit_code() == 0
    assert "name=bash bash" in app.wait_output("name"), "another name"


def test_help_is_printed_on_stdout_and_is_no_failure(init, program):
    app = init("--help" if program in ("lastcall", "dumb-init") else "-h", separator=())
    code = app.exit_code()
    assert code == 0, f"exit code {code}"
    assert any("sage" in line.raw for line in app.output.list), "not on stdout"


def test_the_version_is_printed_on_stdout_and_is_no_failure(init):
    app = init("--version", separator=())
    code = app.exit_code()
    assert code == 0, f"exit code {code}"
    assert app.output.list and any(char.isdigit() for char in app.output.list[0].raw), \
        "not on stdout"


def test_an_unknown_option_is_an_error_and_nothing_is_started(init, place):
    app = init("touch", f"{place}/started", options=["--no-such-option"])
    assert app.exit_code() != 0, "exit code 0"
    assert not os.path.exists(f"{place}/started"), "the command ran"
    assert app.said(""), "not a word"
