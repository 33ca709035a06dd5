# SPDX-License-Identifier: Apache-2.0
"""The systemd unit and the ECS task definition: what their own tools say, and that lastcall agrees."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "systemd" / "lastcall@.service"
TASK = ROOT / "deploy" / "ecs" / "task-definition.json"


def lastcall(*arguments, **environment):
    """With the environment of that platform, and `true` in the application's place."""
    build = ROOT / "build" / "release" / "cmd" / "lastcall" / "lastcall"
    program = os.environ.get("LASTCALL") or build
    if not os.path.exists(program):
        pytest.skip("no build/release: tests/run builds it")
    return subprocess.run([program, "--listen", "off", "--log-format", "json", *arguments, "--",
                           "true"], capture_output=True, text=True, timeout=30,
                          env={"PATH": os.environ["PATH"], **environment})


def first_line(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr.splitlines()[0])


def settings():
    return dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.M))


@pytest.fixture
def machine(tmp_path):
    """A root directory with the unit, and lastcall where it says."""
    program = tmp_path / "usr/local/bin/lastcall"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for target in ("multi-user", "basic", "network", "shutdown", "sysinit"):
        (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    (units / "system.slice").write_text("[Unit]\nDefaultDependencies=no\n")
    shutil.copy(UNIT, units)
    return tmp_path


def verify(machine, unit):
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=one",
                           f"--root={machine}", unit], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")


@needs_systemd
def test_systemd_finds_nothing_wrong_in_the_unit(machine):
    assert verify(machine, "lastcall@web.service") == (0, "")


@needs_systemd
def test_systemd_would_find_something_wrong(machine):
    unit = machine / "etc/systemd/system/lastcall@.service"
    unit.write_text(unit.read_text().replace("KillMode=mixed", "KillMode=soft"))
    assert "mode specification" in verify(machine, "lastcall@web.service")[1]


def test_the_units_stop_time_is_lastcalls_grace():
    assert settings()["Environment"] == f"LASTCALL_GRACE_PERIOD={settings()['TimeoutStopSec']}s"
    done = lastcall(**dict([settings()["Environment"].split("=")]))
    assert first_line(done)["grace"] == float(settings()["TimeoutStopSec"])


def test_a_reload_of_the_unit_sends_no_sighup_that_would_end_the_application():
    assert "ExecReload" not in settings()


def container():
    (one,) = json.loads(TASK.read_text())["containerDefinitions"]
    return one


def test_the_tasks_stop_time_is_lastcalls_grace_and_one_that_ecs_accepts():
    entry = container()["entryPoint"]
    assert entry[entry.index("--grace-period") + 1] == f"{container()['stopTimeout']}s"
    assert 2 <= container()["stopTimeout"] <= 120  # the most that Fargate gives


def test_lastcall_accepts_what_the_task_says():
    entry = container()["entryPoint"]
    assert (entry[0], entry[-1]) == ("/lastcall", "--")
    done = lastcall(*entry[1:-1], ECS_CONTAINER_METADATA_URI_V4="http://169.254.170.2/v4/0")
    assert first_line(done)["grace"] == container()["stopTimeout"]


def test_the_task_is_healthy_when_lastcall_is_ready():
    assert container()["healthCheck"]["command"] == ["CMD", "/lastcallctl", "ready"]
