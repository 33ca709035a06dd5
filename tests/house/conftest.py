# SPDX-License-Identifier: Apache-2.0
"""What the checks of the house share: the project's files."""

import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Files:
    """The project's text files as git sees them, those not committed yet included."""

    def __init__(self):
        done = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others",
                               "--exclude-standard"], capture_output=True, check=True)
        self.all = sorted({name for name in done.stdout.decode().split("\0")
                           if name and os.path.isfile(os.path.join(ROOT, name)) and is_text(name)})

    def ending(self, *ends, below=""):
        return [name for name in self.all if name.endswith(ends) and name.startswith(below)]

    def scripts(self):
        """Files that the shell runs, whatever they are called."""
        return [name for name in self.all if first_line(name).startswith("#!") and
                first_line(name).split("/")[-1].split()[-1] in ("sh", "bash")]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def is_text(name):
    try:
        read(name)
    except UnicodeDecodeError:
        return False
    return True


def first_line(name):
    with open(os.path.join(ROOT, name), "rb") as file:
        return file.readline(200).decode("utf-8", "replace").strip()


@pytest.fixture(scope="session")
def files():
    return Files()
