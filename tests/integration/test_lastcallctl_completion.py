# SPDX-License-Identifier: Apache-2.0
"""The completion of both programs in bash, as it is made from the table of options."""

import os
import subprocess

import pytest

from lastcall import binary
from lastcallctl import PATH, ctl, program

BREAKS = set("=:")  # where bash cuts words, besides spaces


def split(line):
    """As bash fills COMP_WORDS: "--margin=1s" is three words."""
    words = []
    for text in line.split(" "):
        word = ""
        for char in text:
            if char in BREAKS:
                words += [word, char] if word else [char]
                word = ""
            else:
                word += char
        words.append(word)
    return words


def complete(line, cwd="/"):
    """What TAB at the end of the line offers."""
    words = split(line)
    if words[-2:-1] == ["="] and words[-1] == "":
        words.pop()  # bash gives the "=" itself then
    name = words[0]
    path = os.path.join(os.path.dirname(program()), "..", "docs", name + ".bash")
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '"_${COMP_WORDS[0]}"; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", path, *words],
                          capture_output=True, text=True, env={"PATH": PATH}, cwd=cwd, check=False)
    assert done.stderr == ""
    return set(done.stdout.split("\n")) - {""}


def options(path):
    """Those that --help shows."""
    text = ctl("--help", path=path).stdout
    return {word.strip(",").split("[")[0] for word in text.split() if word.startswith("--")} - {"--"}


def test_every_option_of_help_is_offered_and_no_other():
    shown = {word for word in options(binary()) if len(word) > 2}
    assert "--grace-period" in shown
    assert complete("lastcall -") == complete("lastcall --") == shown


@pytest.mark.parametrize("line, offered", [
    ("lastcall --readiness ", {"flip", "after-window", "hold"}),
    ("lastcall --readiness=", {"flip", "after-window", "hold"}),
    ("lastcall --readiness=a", {"after-window"}),
    ("lastcall --margin 1s --log-f", {"--log-format"}),
    ("lastcall --margin=1s --log-f", {"--log-format"}),
    ("lastcall --wait-for-idle --log-f", {"--log-format"}),
    ("lastcall --margin ", set()),
    ("lastcallctl ", {"check", "plan", "timeline", "status", "ready", "drain", "schema", "install",
                      "--help", "--version"}),
    ("lastcallctl status --w", {"--watch"}),
    ("lastcallctl drain --", {"--wait", "--timeout", "--undo", "--help"}),
    ("lastcallctl drain --wait --timeout ", set()),
    ("lastcallctl ready ", set()),
    ("lastcallctl ti", {"timeline"}),
    ("lastcallctl timeline --format ", {"text", "svg"}),
    ("lastcallctl check --platform k", {"kubernetes"}),
    ("lastcallctl plan --propagation=5s --form", {"--format"}),
    ("lastcallctl schema --", {"--help"}),
    ("lastcallctl nonsense ", set()),
])
def test_words_that_fit_are_offered(line, offered):
    found = complete(line)
    assert offered == found or (line.endswith("ctl ") and offered <= found)


def test_signals_are_offered_by_name():
    assert "SIGTERM" in complete("lastcall --stop-signal SIGT")


def test_a_command_is_offered_where_options_end():
    for line in ("lastcall tru", "lastcall -- tru", "lastcall --margin 1s tru",
                 "lastcallctl plan tru"):
        assert "true" in complete(line), line
    assert not complete("lastcall -- --mar")


def test_behind_the_command_files_are_offered_and_no_options(tmp_path):
    (tmp_path / "--margin-of-a-file").write_text("")
    (tmp_path / "notes").write_text("")
    for line in ("lastcall cat no", "lastcall -- cat no", "lastcallctl check -- cat no"):
        assert complete(line, cwd=tmp_path) == {"notes"}, line
    assert complete("lastcall cat --margin", cwd=tmp_path) == {"--margin-of-a-file"}


def test_files_and_directories_are_offered_where_they_are_wanted(tmp_path):
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "adir").mkdir()
    for line in ("lastcall -c a", "lastcall --config=a", "lastcallctl check --pod a",
                 "lastcallctl timeline a"):
        assert complete(line, cwd=tmp_path) == {"a.yaml", "adir"}, line
    assert complete("lastcallctl install a", cwd=tmp_path) == {"adir"}


def test_every_subcommand_offers_its_own_options():
    for name in ("check", "plan", "timeline", "status", "ready", "drain", "schema", "install"):
        shown = {word for word in ctl(name, "--help").stdout.split() if word.startswith("--")}
        offered = complete(f"lastcallctl {name} --")
        assert "--help" in offered
        assert {word for word in shown if word not in ("--help", "--help:")} <= offered, name
