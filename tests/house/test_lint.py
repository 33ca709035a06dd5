# SPDX-License-Identifier: Apache-2.0
"""The linters of the other languages: shell, manual pages, and clang-tidy for C."""

import glob
import json
import os
import subprocess

import pytest

from conftest import ROOT


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_finds_nothing_in_the_scripts(files):
    assert files.scripts()
    run("shellcheck", "--external-sources", *files.scripts())


def test_mandoc_finds_nothing_in_the_manual_pages(files):
    """Those that stand in the tree, and those that a build has made."""
    pages = files.ending(".1", ".5")
    pages += [page for build in glob.glob(f"{ROOT}/build*/release") + glob.glob(f"{ROOT}/build/")
              for page in glob.glob(f"{build}/cmd/**/*.[15]", recursive=True)]
    assert pages, "no manual page: build first"
    run("mandoc", "-Tlint", "-Wwarning", *pages)


def compile_database():
    found = glob.glob(f"{ROOT}/build/*clang*/compile_commands.json")
    return max(found, key=os.path.getmtime, default=None)


@pytest.mark.skipif(not compile_database(), reason="no build with clang: tests/run makes one")
@pytest.mark.parametrize("folder", ["lib/base", "lib/core", "lib/config", "lib/sys", "lib/drive",
                                    "cmd"])
def test_clang_tidy_finds_nothing(files, folder):
    database = compile_database()
    with open(database, encoding="utf-8") as file:
        known = {os.path.realpath(os.path.join(one["directory"], one["file"]))
                 for one in json.load(file)}
    sources = [name for name in files.ending(".c", below=folder + "/")
               if os.path.realpath(os.path.join(ROOT, name)) in known]
    assert sources, f"nothing of {folder} is built"
    run("clang-tidy", "--quiet", "-p", os.path.dirname(database), *sources)
