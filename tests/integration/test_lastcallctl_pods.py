# SPDX-License-Identifier: Apache-2.0
"""lastcallctl check --pod: what does not add up between a manifest and lastcall.

Each file of tests/pods is a test: its first line is the sentence, and `# with WORDS` in its second
gives further words. Of those in good/ nothing is wrong; of those in bad/ something is. What is said
is compared word for word with the file .said beside it; GOLDEN=write writes them anew."""

import glob
import os
import shlex

import pytest

from lastcall import ROOT
from lastcallctl import ctl, golden

PODS = os.path.join(ROOT, "tests", "pods")


def files(folder):
    found = sorted(glob.glob(os.path.join(PODS, folder, "*.yaml")))
    assert found
    return found


def words_of(path):
    with open(path, encoding="utf-8") as file:
        second = file.read().splitlines()[1]
    return shlex.split(second[len("# with "):]) if second.startswith("# with ") else []


def check(path):
    return ctl("check", *words_of(path), "--pod", os.path.relpath(path, PODS), cwd=PODS)


@pytest.mark.parametrize("path", files("good"), ids=os.path.basename)
def test_a_pod_that_adds_up_is_called_good(path):
    done = check(path)
    golden(path.replace(".yaml", ".said"), done.stderr + done.stdout)
    assert done.returncode == 0, done.stderr
    assert "good: " in done.stdout


@pytest.mark.parametrize("path", files("bad"), ids=os.path.basename)
def test_all_that_does_not_add_up_is_said_with_its_place(path):
    done = check(path)
    golden(path.replace(".yaml", ".said"), done.stderr + done.stdout)
    assert done.returncode == 125
    assert done.stdout == ""
    wrong = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert wrong
    # Each names its place, but for those of a whole file.
    assert all(line.startswith("bad/") for line in wrong)


def test_a_manifest_may_come_from_a_pipe():
    with open(files("good")[0], encoding="utf-8") as file:
        done = ctl("check", "--pod", "-", stdin=file.read())
    assert done.returncode == 0, done.stderr


def test_a_manifest_that_cannot_be_read_is_an_error():
    done = ctl("check", "--pod", "/nonexistent.yaml")
    assert done.returncode == 125 and "/nonexistent.yaml: No such file" in done.stderr


def test_variables_that_double_each_other_come_to_an_end():
    env = "".join(f"        - {{name: A{i}, value: $(A{i - 1})$(A{i - 1})}}\n" for i in range(1, 60))
    done = ctl("check", "--pod", "-", stdin="kind: Pod\nspec:\n  containers:\n    - name: web\n"
               "      command: [lastcall, --margin, $(A59), x]\n      env:\n"
               "        - {name: A0, value: x}\n" + env)
    assert done.returncode == 125 and "--margin: found \"xxxx" in done.stderr
