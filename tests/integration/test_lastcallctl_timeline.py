# SPDX-License-Identifier: Apache-2.0
"""lastcallctl timeline: the swim lanes of a shutdown that happened.

Each tests/timelines/NAME.log is a log that lastcall and its application wrote, and NAME.txt what is
made of it; GOLDEN=write writes them anew. in-flight.log has lines about connections added by hand."""

import glob
import json
import os
import re

import pytest

from lastcall import ROOT, python
from lastcallctl import ctl, golden, pictures

LOGS = os.path.join(ROOT, "tests", "timelines")


def names():
    found = sorted(glob.glob(os.path.join(LOGS, "*.log")))
    assert found
    return [path[:-len(".log")] for path in found]


def read(name):
    with open(os.path.join(LOGS, name + ".log"), encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("name", names(), ids=os.path.basename)
def test_the_timeline_as_text_is_the_golden_one(name):
    done = ctl("timeline", name + ".log")
    assert done.returncode == 0, done.stderr
    golden(name + ".txt", done.stdout)


@pytest.mark.parametrize("name", names(), ids=os.path.basename)
def test_the_timeline_as_svg_is_self_contained_and_within_its_frame(name):
    done = ctl("timeline", "--format", "svg", name + ".log")
    assert done.returncode == 0, done.stderr
    texts = pictures(done.stdout)
    if os.path.exists(name + ".svg"):  # those that the README shows
        golden(name + ".svg", done.stdout)
    log = read(os.path.basename(name))
    assert {"phase", "readiness", *re.findall('"process":"(.*?)"', log)} <= set(texts)
    assert {"SIGTERM", "drain", "prestop"} & set(texts)
    sampled = log.count('"in_flight":') >= 4 and re.search('"in_flight":[1-9]', log)
    assert ("in flight" in texts) == bool(sampled)


@pytest.mark.parametrize("prefix", ["2026-11-24T11:38:19.662Z ",
                                    "2026-11-24T11:38:19.662Z stderr F ", "[pod/web-1/web] "])
def test_what_a_runtime_puts_before_a_line_is_skipped(prefix):
    text = "".join(prefix + line for line in read("stopped").splitlines(True))
    assert ctl("timeline", "-", stdin=text).stdout == ctl("timeline", LOGS + "/stopped.log").stdout


def test_of_several_shutdowns_the_last_is_shown():
    done = ctl("timeline", "-", stdin=read("stopped") + read("killed"))
    assert "exit code 137 (forced)" in done.stdout
    assert "the last of 2 shutdowns in this log" in done.stdout


def test_a_stop_signal_hours_after_a_drain_is_at_t0():
    """lastcall counts from it then, and says so from the next line on."""
    late = (read("asked").replace('"t":2.245', '"t":9042.000')
            .replace('"t":2.248', '"t":0.000').replace('"t":2.252', '"t":0.004'))
    shown = ctl("timeline", "-", stdin=late).stdout
    assert shown.startswith("A shutdown on SIGTERM, ") and "6 in flight at the signal" in shown
    steps = re.findall(r"^  (T\S+) +(.*)$", shown, re.MULTILINE)
    assert [when[1] for when, _ in steps] == sorted((when[1] for when, _ in steps), key="-+".index)
    assert ("T+0s", "SIGTERM to web, PID 8") in steps


def test_a_run_that_has_begun_again_does_not_hide_the_shutdown_before():
    begun = read("stopped").splitlines(True)[:4]
    done = ctl("timeline", "-", stdin=read("killed") + "".join(begun))
    assert "exit code 137 (forced)" in done.stdout


def test_a_log_that_ends_too_early_is_shown_as_far_as_it_goes():
    lines = [line for line in read("killed").splitlines(True) if '"msg":"exit"' not in line]
    done = ctl("timeline", "-", stdin="".join(lines))
    assert done.returncode == 0 and "before lastcall does" in done.stdout


def test_lines_that_only_look_like_lastcalls_are_left_out():
    noise = ['{"time":"x","msg":"phase","level":"info"}\n', '{"msg":"phase"\n', '{' * 40 + '\n',
             '{"time":"2026-11-24T11:38:19Z","level":"info","msg":"phase","phase":{"a":1},"t":[]}\n',
             '\x00{"time":"","msg":"","level":1}\n', "a" * 100000 + "\n"]
    text = "".join(line + noise[i % len(noise)]
                   for i, line in enumerate(read("killed").splitlines(True)))
    assert ctl("timeline", "-", stdin=text).stdout == ctl("timeline", LOGS + "/killed.log").stdout


def test_a_step_of_the_clock_moves_nothing():
    """`t` is monotonic; `time` is the wall clock, which may be set while lastcall stops."""
    def step(line):
        return re.sub(r'"time":"(.{11})\d\d', r'"time":"\g<1>03', line)
    lines = read("killed").splitlines(True)
    signal = next(i for i, line in enumerate(lines) if '"action":"ignore"' in line)
    moved = lines[:signal] + [step(line) for line in lines[signal:]]
    assert moved != lines
    timed = re.findall(r"^  T\+.*", ctl("timeline", LOGS + "/killed.log").stdout, re.MULTILINE)
    assert re.findall(r"^  T\+.*", ctl("timeline", "-", stdin="".join(moved)).stdout,
                      re.MULTILINE) == timed


@pytest.mark.parametrize("text", ["", "web: listening\n", read("stopped").splitlines(True)[0]])
def test_a_log_without_a_shutdown_is_an_error(text):
    done = ctl("timeline", "-", stdin=text)
    assert done.returncode == 125 and "found no shutdown" in done.stderr


def test_a_log_that_is_not_there_is_an_error():
    done = ctl("timeline", "/nonexistent.log")
    assert done.returncode == 125 and "/nonexistent.log: No such file" in done.stderr


def test_names_of_others_cannot_break_the_picture():
    evil = json.dumps('</text><script>&"\u001b[31m')[1:-1]
    done = ctl("timeline", "--format", "svg", "-",
               stdin=read("stopped").replace('"process":"web"', f'"process":"{evil}"'))
    assert done.returncode == 0
    pictures(done.stdout)
    assert "\x1b" not in done.stdout and "<script" not in done.stdout


def test_a_run_of_now_is_drawn(lastcall):
    app = lastcall("--propagation", "300ms", "--grace-period", "5s", "--log-format", "json", "--",
                   *python("import signal\nsignal.sigwait([15])", ), env={})
    app.ready()
    app.signal("SIGTERM")
    app.exit_code()
    done = ctl("timeline", "-", stdin="".join(event.raw + "\n" for event in app.log.list))
    assert done.returncode == 0, done.stderr
    said = app.events("stop signal sent")[0]
    assert f"SIGTERM to {said['process']}, PID {said['pid']}" in done.stdout
    assert "lastcall exits with" in done.stdout
