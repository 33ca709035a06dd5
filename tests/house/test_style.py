# SPDX-License-Identifier: Apache-2.0
"""The form of the sources: sizes, licence, format, and what must not be in them."""

import re
import subprocess

from conftest import ROOT, first_line, read

LINES_MAX = 500
FUNCTION_MAX = 50

# A function that is longer, and why it is better so.
LONGER = {}


def functions(text):
    """Name, first line and length of each function: in our style its braces stand in column 0."""
    name, begin = None, None
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            begin = number
        elif begin and line == "}":
            yield name, begin, number - begin - 1
            begin = None
        elif not begin and (found := re.match(r"[\w*][^;=]*?(\w+)\(", line)):
            name = found[1]


def test_no_c_file_is_longer_than_500_lines(files):
    long = {name: lines for name in files.ending(".c", ".h")
            if (lines := read(name).count("\n")) > LINES_MAX}
    assert not long


def test_no_function_is_longer_than_50_lines(files):
    found = {(name, function): lines for name in files.ending(".c")
             for function, _, lines in functions(read(name))}
    assert found, "no function was found at all"
    long = {key: lines for key, lines in found.items() if lines > FUNCTION_MAX}
    assert set(long) <= set(LONGER), long
    assert set(LONGER) <= set(long), "an exception that none needs any more"


def test_every_source_says_its_licence_in_its_first_lines(files):
    wrong = []
    for name in files.ending(".c", ".h", ".py") + files.scripts():
        lines = read(name).split("\n", 2)
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2]):
            wrong.append(name)
    assert not wrong


def test_c_is_formatted_by_clang_format(files):
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files.ending(".c", ".h")],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_text_has_no_trailing_space_no_tab_and_one_newline_at_its_end(files):
    wrong = []
    for name in files.ending(".c", ".h", ".py", ".md", ".build", ".yaml", ".yml") + files.scripts():
        text = read(name)
        if not text.strip():
            continue
        if re.search(r"[ \t]$", text, re.MULTILINE) or "\t" in text or "\r" in text:
            wrong.append(f"{name}: a space at a line's end, a tab, or a carriage return")
        if not text.endswith("\n") or text.endswith("\n\n"):
            wrong.append(f"{name}: not one newline at its end")
    assert not wrong


# Directories of somebody's machine; home directories of no one in particular are fine.
MACHINE = re.compile(r"(?<![\w.])/(work|root|workspace|Users|home/[a-z]+)/|\.pyenv|/tmp/b[-/]")


def test_no_path_of_a_machine_is_in_the_project(files):
    wrong = []
    for name in files.all:
        if name == ".ci/run" or name.startswith("tests/house/"):
            continue
        wrong += [f"{name}: {found[0]}" for found in MACHINE.finditer(read(name))]
    assert not wrong


def test_nothing_reaches_out_of_the_tree(files):
    """The one file that may name what lies beside the checkout is .ci/run."""
    beside = "/".join(["..", "shared"])
    wrong = [name for name in files.ending(".c", ".h", ".py", ".md", ".build", "run") +
             files.scripts() if name != ".ci/run" and beside in read(name)]
    assert not wrong


def test_work_left_to_do_has_an_issue(files):
    """A note without a number is read by nobody."""
    marks = "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"])
    wrong = [f"{name}: {found[0]}" for name in files.ending(".c", ".h", ".py", ".build") +
             files.scripts() for found in re.finditer(rf"\b({marks})\b(?!\(#\d+\)).*", read(name))]
    assert not wrong


def test_headers_are_guarded_by_their_own_name(files):
    wrong = []
    for name in files.ending(".h", below="lib/"):
        guard = "LC_" + re.sub(r"[/.]", "_", name[len("lib/"):]).upper()
        if f"#ifndef {guard}\n#define {guard}\n" not in read(name):
            wrong.append(f"{name}: expected {guard}")
    assert not wrong


def test_scripts_are_executable_and_say_who_runs_them(files):
    modes = subprocess.run(["git", "-C", ROOT, "ls-files", "--stage"], capture_output=True,
                           text=True, check=True).stdout
    committed = {line.split("\t")[1]: line.split()[0] for line in modes.splitlines()}
    wrong = [name for name in files.scripts() if committed.get(name, "100755") != "100755"]
    assert not wrong
    assert all(first_line(name).startswith("#!/") for name in files.scripts())
