# SPDX-License-Identifier: Apache-2.0
"""lastcallctl plan: what a shutdown would do and when.

Each tests/plans/NAME.words is a command line, and NAME.txt what it prints; GOLDEN=write writes them
anew."""

import glob
import os
import re
import shlex

import pytest

from lastcall import SERVING, ROOT, lateness
from lastcallctl import ctl, golden, pictures

PLANS = os.path.join(ROOT, "tests", "plans")


def names():
    found = sorted(glob.glob(os.path.join(PLANS, "*.words")))
    assert found
    return [path[:-len(".words")] for path in found]


def words_of(name):
    with open(name + ".words", encoding="utf-8") as file:
        return shlex.split(file.read())


@pytest.mark.parametrize("name", names(), ids=os.path.basename)
def test_the_plan_as_text_is_the_golden_one(name):
    done = ctl("plan", *words_of(name))
    assert done.returncode == 0, done.stderr
    golden(name + ".txt", done.stdout)


@pytest.mark.parametrize("name", names(), ids=os.path.basename)
def test_the_plan_as_svg_is_self_contained_and_within_its_frame(name):
    done = ctl("plan", "--format", "svg", *words_of(name))
    assert done.returncode == 0, done.stderr
    texts = pictures(done.stdout)
    if os.path.exists(name + ".svg"):  # those that the README shows
        golden(name + ".svg", done.stdout)
    assert "At best: all that lastcall waits for ends at once." in texts
    assert "At worst: nothing ends before it is killed." in texts
    assert "deadline" in texts


def times(text, what):
    """When, in seconds after T0, at best and at worst."""
    found = re.findall(rf"^  T\+([\d.]+)s +{what}", text, re.MULTILINE)
    return [float(time) for time in found]


def test_the_plan_is_what_then_happens(lastcall):
    """At best: an application that ends at once; at worst: one that never does."""
    options = ["--grace-period", "3s", "--margin", "500ms", "--propagation", "1s"]
    plan = ctl("plan", *options, env={}).stdout
    asked, killed = times(plan, "SIGTERM to"), times(plan, "SIGKILL to application")
    assert asked == [1.0, 1.0] and killed == [2.5]
    app = lastcall(*options, "--", "sh", "-c", "trap '' TERM; while :; do sleep 1; done",
                   via=SERVING).ready()
    app.signal("SIGTERM")
    assert app.wait_for("stop signal sent")["t"] == lateness(asked[1])
    assert app.wait_for("killed")["t"] == lateness(killed[0])
    assert app.exit_code() == 137


def test_a_bad_configuration_has_no_plan_but_its_errors():
    done = ctl("plan", "--margin", "soon")
    assert done.returncode == 125 and done.stdout == ""
    assert "--margin: found \"soon\"" in done.stderr


def test_an_unknown_format_is_an_error():
    done = ctl("plan", "--format", "png")
    assert done.returncode == 125 and "accepted: text, svg" in done.stderr


def test_every_wait_of_the_plan_is_bounded_even_where_times_are_huge():
    done = ctl("plan", "--grace-period", "168h", "--propagation", "100h")
    assert done.returncode == 0, done.stderr
    assert "T+100h" in done.stdout or "T+6000m" in done.stdout
