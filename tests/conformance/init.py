# SPDX-License-Identifier: Apache-2.0
"""An init, lastcall or a peer, as a container runtime starts it: one way to start each of them.

Built on the fixture of the integration tests (tests/integration/lastcall.py): each cell has a PID
namespace, a mount namespace with its own /proc and a network namespace, and the init is PID 1.
"""

import atexit
import collections
import functools
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

import lastcall  # noqa: E402
from fixtures import heed_signals, place  # noqa: E402, F401  (for conftest.py)
from lastcall import (PYTHON, Lastcall, binary, children, descendants,  # noqa: E402
                      number, only_child, pid_inside, prelude, proc_status, python, until)


@functools.cache
def for_all(path):
    """A copy that any user may execute: the checkout may lie where only its owner can go."""
    folder = tempfile.mkdtemp(prefix="lc-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)
    return shutil.copy(path, folder)


def helper(name):
    return for_all(lastcall.helper(name))


# `subreaper`: the options with which it does its work where it is not PID 1. `group`: those with
# which a stop signal is meant to reach more than the application's first process.
Program = collections.namedtuple("Program", "name path subreaper group")

PROGRAMS = {program.name: program for program in (
    Program("lastcall", for_all(binary()), (), ()),
    Program("tini", "/usr/bin/tini-static", ("-s",), ("-g",)),
    Program("dumb-init", "/usr/bin/dumb-init", (), ()),
    Program("catatonit", "/usr/bin/catatonit", (), ("-g",)),
)}


class Init(Lastcall):
    def __init__(self, program, place, command, *, options=(), separator=("--",), group=False,
                 **more):
        """`command` is the application; `options` are the program's own. `group`: the application
        is more than one process. `more`: see Lastcall."""
        given = [*(program.subreaper if more.get("subreaper") else ()),
                 *(program.group if group else ()), *options]
        super().__init__(place, [*given, *separator, *command], program=[program.path], **more)
        self.name = program.name

    @property
    def pid(self):
        """The init's PID in our own namespace."""
        if self._pid is None:
            top = only_child(self.outer.pid)
            self._pid = only_child(top) if self.subreaper else top
        return self._pid

    def child(self):
        """The PID of the application in our own namespace."""
        return children(self.pid)[0]
