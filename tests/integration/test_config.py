# SPDX-License-Identifier: Apache-2.0
"""Errors in the configuration as a person meets them, and where settings come from."""

import os
import re

import pytest

FIVE_MISTAKES = """\
shutdown:
  gracePeriod: fast
  margn: 1s
processes:
- name: web
  command: [touch, started]
  stopSignal: SIGFOO
  ports: [70000]
log: {level: loud}
"""

# Line, column, path, what was found, and a word of what is accepted.
EXPECTED = [
    (2, 16, "shutdown.gracePeriod", "fast", "5s"),
    (3, 3, "shutdown.margn", "margn", "margin"),
    (7, 15, "processes[0].stopSignal", "SIGFOO", "SIGTERM"),
    (8, 11, "processes[0].ports[0]", "70000", "65535"),
    (9, 14, "log.level", "loud", "debug"),
]


@pytest.mark.memory
def test_five_mistakes_are_five_errors_each_with_its_place_and_what_is_accepted(anywhere, place):
    app = anywhere(config=FIVE_MISTAKES)
    assert app.exit_code() == 125
    assert not os.path.exists(os.path.join(place, "started"))
    said = [event.raw for event in app.log.list]
    assert len(said) == 5, app.story("not five lines")
    for line, column, path, found, accepted in EXPECTED:
        mine = [text for text in said if f"lastcall.yaml:{line}:{column}: {path}" in text]
        assert len(mine) == 1, app.story(f"no error at {line}:{column} about {path}")
        assert found in mine[0] and accepted in mine[0], mine[0]


@pytest.mark.parametrize("text, place_of_it, words", [
    ("a: [", "2:1", "yaml"),
    ("\t- x", "1:", ""),
    ("shutdown: 5\n", "1:11", "shutdown"),
    ("shutdown: {margin: 1s, margin: 2s}\n", "1:24", "margin"),
    ("processes: []\n", "1:12", "processes"),
    ("processes: [{name: a, command: [true]}, {name: b, command: [true]}]\n", "1:", "processes"),
    ("processes: [{command: [echo, '${NO_SUCH_VARIABLE}']}]\n", "1:", "NO_SUCH_VARIABLE"),
    ("shutdown: {gracePeriod: 5s, margin: 6s}\nprocesses: [{command: ['true']}]\n", "", "margin"),
    ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "", ""),
    ("- x\n", "1:1", ""),
    ("x: " + "[" * 500, "1:", ""),
    ("processes: [{command: ['true'], preStop: [{exec: {command: [a]}, sleep: 1s}]}]\n", "1:", ""),
], ids=["open bracket", "tab", "no mapping", "duplicate key", "no process", "two processes",
        "unset variable", "sum", "aliases and unknown keys", "a list", "deep nesting",
        "two actions in one hook"])
def test_other_mistakes_are_refused_with_their_place(lastcall, text, place_of_it, words):
    app = lastcall(config=text)
    assert app.exit_code() == 125
    said = "\n".join(event.raw for event in app.log.list)
    assert re.search(rf"lastcall\.yaml:{place_of_it}", said), said
    assert words.lower() in said.lower()


@pytest.mark.memory
def test_options_win_over_the_environment_the_environment_over_the_file(lastcall):
    text = """
shutdown: {gracePeriod: 20s, margin: 3s, propagation: 4s}
processes: [{name: app, command: ["true"]}]
"""
    app = lastcall("--grace-period", "22s", config=text,
                   env={"LASTCALL_GRACE_PERIOD": "21s", "LASTCALL_MARGIN": "2s"})
    assert app.exit_code() == 0
    first = app.wait_for("lastcall")
    assert (first["grace"], first["margin"], first["window"]) == (22.0, 2.0, 4.0)


def test_a_command_on_the_command_line_is_that_of_the_files_process(lastcall):
    app = lastcall("--", "sh", "-c", "exit 9", config="""
processes: [{name: app, stopSignal: SIGUSR1}]
""")
    assert app.exit_code() == 9
    assert app.wait_for("process started")["process"] == "app"


@pytest.mark.memory
def test_variables_are_expanded_in_values(lastcall):
    app = lastcall(config="""
shutdown: {gracePeriod: "${GRACE:-17s}", margin: "${MARGIN}"}
processes: [{name: app, command: [echo, "a $$ ${WHO} b"]}]
""", env={"MARGIN": "2s", "WHO": "me"})
    assert app.exit_code() == 0
    first = app.wait_for("lastcall")
    assert (first["grace"], first["margin"]) == (17.0, 2.0)
    app.wait_output("a $ me b")


@pytest.mark.memory
def test_an_unknown_variable_is_a_warning_and_those_of_a_service_are_nothing(lastcall):
    """A Service called lastcall puts LASTCALL_PORT and LASTCALL_SERVICE_… into every pod."""
    app = lastcall("--", "sh", "-c", "exit 3",
                   env={"LASTCALL_GRACE_PERIODE": "5s", "LASTCALL_PORT": "tcp://10.0.0.1:80",
                        "LASTCALL_SERVICE_HOST": "10.0.0.1", "LASTCALL_PORT_80_TCP": "tcp://x"})
    assert app.exit_code() == 3
    assert app.said("LASTCALL_GRACE_PERIODE")
    assert not app.said("LASTCALL_PORT") and not app.said("LASTCALL_SERVICE")


def test_a_bad_variable_is_an_error_that_names_it(lastcall):
    app = lastcall("--", "true", env={"LASTCALL_GRACE_PERIOD": "soon"})
    assert app.exit_code() == 125
    assert app.said("LASTCALL_GRACE_PERIOD") and app.said("soon")


def test_a_file_over_1_mib_is_refused(lastcall):
    app = lastcall(config="# " + "x" * 1100000 + "\n")
    assert app.exit_code() == 125
    assert app.said("lastcall.yaml")
