# SPDX-License-Identifier: Apache-2.0
"""lastcallctl check: what is wrong with a configuration, before it is needed."""

import glob
import os

import pytest

from lastcall import ROOT
from lastcallctl import ctl

CONFIG = os.path.join(ROOT, "tests", "config")
ENV = {"GRACE": "20s", "NAME": "web", "PORT": "8080", "EMPTY": "", "YAML": "[1, 2]: &x"}


def files(folder):
    return sorted(glob.glob(os.path.join(CONFIG, folder, "*.yaml")))


@pytest.mark.parametrize("path", files("bad") + files("beyond"), ids=os.path.basename)
def test_it_says_what_lastcall_would_say(path):
    """The golden files hold lastcall's words; the two programs share the loader."""
    with open(path.replace(".yaml", ".errors"), encoding="utf-8") as file:
        expected = file.read()
    done = ctl("check", "-c", os.path.relpath(path, CONFIG), env=ENV, cwd=CONFIG)
    assert done.returncode == 125
    assert done.stderr == expected
    assert done.stdout == ""


@pytest.mark.parametrize("path", files("good"), ids=os.path.basename)
def test_a_good_file_is_called_good_in_one_line(path):
    done = ctl("check", "-c", path, "--", "true", env=ENV)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("good: ") and done.stdout.count("\n") == 1


@pytest.mark.parametrize("length, code", [(2000, 0), (2001, 125)])
def test_a_path_too_long_to_be_asked_is_refused(place, length, code):
    path = "/" + (length - 1) * "a"
    with open(f"{place}/lastcall.yaml", "w", encoding="ascii") as file:
        file.write("processes:\n- command: [web]\n"
                   f"  readinessProbe: {{httpGet: {{path: {path}, port: 80}}}}\n")
    done = ctl("check", "-c", f"{place}/lastcall.yaml")
    assert done.returncode == code, done.stderr
    assert code == 0 or "accepted: a path such as" in done.stderr


def test_the_line_has_the_sum_of_times_and_the_window():
    done = ctl("check", "--platform", "kubernetes", "--propagation", "7s",
               "--wait-for-idle=9s", "--stop-timeout", "10s")
    assert "window 7s (--propagation)" in done.stdout
    assert done.stdout.endswith("margin 1s + window 7s + drain 9s + stop 10s = 27s of 30s\n")


def test_the_sum_has_neither_window_nor_drain_where_nobody_is_served(place):
    with open(f"{place}/lastcall.yaml", "w", encoding="ascii") as file:
        file.write("shutdown: {propagation: 29s}\ndrain: {timeout: 20s}\n"
                   "processes:\n- {command: [web], ports: []}\n")
    done = ctl("check", "--platform", "kubernetes", "-c", f"{place}/lastcall.yaml")
    assert done.stdout.endswith("margin 1s + stop 500ms = 1.5s of 30s\n"), done.stdout + done.stderr


def test_options_are_checked_without_a_file_or_a_command():
    done = ctl("check", "--grace-period", "5s", "--stop-timeout", "9s")
    assert done.returncode == 125
    assert "do not fit in the grace" in done.stderr


def test_the_environment_counts_as_it_does_for_lastcall():
    done = ctl("check", env={"LASTCALL_MARGIN": "soon", "LASTCALL_MARGINN": "1s"})
    assert done.returncode == 125
    assert "LASTCALL_MARGIN: found \"soon\"" in done.stderr
    assert "warning: LASTCALL_MARGINN: unknown variable" in done.stderr


@pytest.mark.parametrize("platform, grace", [("plain", "10s"), ("kubernetes", "30s"), ("ecs", "30s")])
def test_platform_takes_the_defaults_of_that_platform(platform, grace):
    done = ctl("check", "--platform", platform, env={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert f"grace {grace}," in done.stdout


def test_an_option_that_may_stand_alone_takes_no_further_word():
    done = ctl("check", "--wait-for-idle", "--platform", "kubernetes")
    assert done.returncode == 0, done.stderr
    assert "in a pod" in done.stdout


def test_words_behind_the_command_are_the_commands():
    done = ctl("check", "--platform", "plain", "--", "app", "--platform", "mars", "--help")
    assert done.returncode == 0, done.stderr
