# SPDX-License-Identifier: Apache-2.0
"""An init, lastcall or a peer, as a container runtime starts it: one way to start each of them.

Built on the fixture of the integration tests (tests/integration/lastcall.py): each cell has a PID
namespace, a mount namespace with its own /proc and a network namespace, and the init is PID 1.
"""

import collections
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

from lastcall import (PRINT, PYTHON, Lastcall, binary, children, helper,  # noqa: E402
                      only_child, prelude, proc_status, python, until)

# `subreaper`: the options with which it does its work where it is not PID 1.
Program = collections.namedtuple("Program", "name path subreaper")

PROGRAMS = {program.name: program for program in (
    Program("lastcall", binary(), ()),
    Program("tini", "/usr/bin/tini-static", ("-s",)),
    Program("dumb-init", "/usr/bin/dumb-init", ()),
    Program("catatonit", "/usr/bin/catatonit", ()),
)}


class Init(Lastcall):
    def __init__(self, program, place, command, *, options=(), separator=("--",), **more):
        """`command` is the application; `options` are the program's own. `more`: see Lastcall."""
        given = (*program.subreaper, *options) if more.get("subreaper") else options
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
