# SPDX-License-Identifier: Apache-2.0
"""lastcallctl as a person runs it: words in, lines and an exit code out."""

import os
import subprocess

from lastcall import ROOT, binary, newest

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program():
    """The one of the build that lastcall is of."""
    beside = os.path.join(os.path.dirname(binary()), "..", "lastcallctl", "lastcallctl")
    chosen = beside if os.path.exists(beside) else newest("cmd/lastcallctl/lastcallctl")
    if not chosen:
        raise FileNotFoundError("no build/*/cmd/lastcallctl/lastcallctl: build it")
    return os.path.abspath(chosen)


def ctl(*words, stdin="", env=None, cwd=ROOT, path=None):
    """Its end: `returncode`, `stdout`, `stderr`. `env` is all that it gets besides PATH."""
    return subprocess.run([path or program(), *map(str, words)], input=stdin, capture_output=True,
                          text=True, env={"PATH": PATH, **(env or {})}, cwd=cwd, check=False,
                          timeout=60)


def golden(path, found):
    """`found` is what the file says; GOLDEN=write writes it anew: look at the difference then."""
    if os.environ.get("GOLDEN") == "write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(found)
    with open(path, encoding="utf-8") as file:
        assert found == file.read()
