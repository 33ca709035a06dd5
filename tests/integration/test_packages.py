# SPDX-License-Identifier: Apache-2.0
"""deploy/packages, with what it calls replaced: this machine's packages are nobody's to change."""

import os
import subprocess

import pytest

from lastcall import ROOT

PACKAGES = os.path.join(ROOT, "deploy", "packages")

pytestmark = pytest.mark.plain  # no lastcall is in it


@pytest.fixture
def run(tmp_path):
    """Runs deploy/packages as uid 1000 of a machine where only `installed` is; each call of a
    program that would change something is in run.calls."""
    programs, calls = tmp_path / "programs", tmp_path / "calls"
    programs.mkdir()
    calls.write_text("")

    def program(name, text):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)

    def run(*arguments, installed="", sudo=False):
        known = " ".join(f"{name}) echo installed;;" for name in installed.split())
        program("dpkg-query", f'for last; do :; done; case $last in {known} *) exit 1;; esac')
        program("id", "echo 1000")
        program("sudo", f'[ "$1" = -n ] || echo sudo "$@" >>{calls}\n' + f"exit {int(not sudo)}")
        program("apt-get", f"echo apt-get >>{calls}")
        done = subprocess.run([PACKAGES, *arguments], stdin=subprocess.DEVNULL, timeout=20,
                              capture_output=True, text=True,
                              env={"PATH": f"{programs}:{os.environ['PATH']}"})
        run.calls = calls.read_text().splitlines()
        return done
    return run


def names(purpose):
    return subprocess.run([PACKAGES, "--list", purpose], capture_output=True, text=True,
                          check=True).stdout.split()


def test_where_all_is_installed_nothing_is_called(run):
    done = run("build", "quickstart", "test",
               installed=" ".join({*names("build"), *names("quickstart"), *names("test")}))
    assert (done.returncode, done.stdout, done.stderr, run.calls) == (0, "", "", [])


def test_where_something_is_missing_sudo_does_the_rest(run):
    done = run("quickstart", installed="python3 haproxy nginx-light", sudo=True)
    assert done.returncode == 0
    assert run.calls == [f"sudo -- {PACKAGES} quickstart"]


def test_without_root_and_sudo_it_says_what_to_run(run):
    done = run("quickstart", installed="python3 haproxy")
    assert (done.returncode, done.stdout, run.calls) == (1, "", [])
    assert "apt-get install --no-install-recommends nginx-light tini" in done.stderr


def test_the_tests_need_what_the_build_and_the_quickstart_need():
    assert {*names("build"), *names("quickstart")} < {*names("test")}


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--list", "nonsense"]])
def test_a_wrong_purpose_is_refused(run, arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout, run.calls) == (2, "", [])
    assert done.stderr
