# SPDX-License-Identifier: Apache-2.0
"""The workflows: that they can be read, and that what they run is there."""

import os
import pathlib
import re
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))


def commands(path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_shellcheck_finds_no_fault_in_its_commands(path):
    found = commands(path)
    assert found
    done = subprocess.run(["shellcheck", "--shell=bash", "-"], input="\n".join(found), text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_programs_of_the_tree_that_it_runs_are_there(path):
    programs = set(re.findall(r"\btests/[\w/]+", "\n".join(commands(path))))
    assert {"tests/run", "tests/e2e/run"} <= programs
    assert all(os.access(ROOT / program, os.X_OK) for program in programs), programs
