# SPDX-License-Identifier: Apache-2.0
"""Starts processes, and sees to it that none of them, nor any of theirs, outlives us."""

import ctypes
import os
import signal
import subprocess
import threading
import time

PR_SET_CHILD_SUBREAPER = 36


class Failure(Exception):
    """Something the person at the keyboard should read, without a traceback."""


class Interrupted(Exception):
    """A signal has told us to stop."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


class Keeper:
    def __init__(self):
        # Whatever our children leave behind becomes our child, and is found in end_all().
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.closing = threading.Event()

    def start(self, command, log, **options):
        """In a process group of its own: a Ctrl-C at the terminal is ours to act on."""
        with open(log, "ab") as out:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=subprocess.STDOUT, process_group=0, **options)

    def wait_until(self, condition, what, seconds, interval=0.02):
        """Waits for the first true value of `condition` and returns it; a Failure after
        `seconds`."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise Failure(f"waited {seconds} s in vain until {what}")
            self.pause(interval)
        return value

    def pause(self, seconds):
        if self.closing.wait(seconds):
            raise Interrupted(signal.SIGTERM)

    def end_all(self):
        """Ends every child, then what they had, which are ours by then. No other thread may be
        waiting for a process: only so is each number in the list still the process we saw."""
        while children := _children():
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            for pid in children:
                os.waitpid(pid, 0)


def _children():
    """Zombies included."""
    mine = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                # The command, in brackets, may hold anything; then come state and parent: proc(5).
                parent = stat.read().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == os.getpid():
            mine.append(int(name))
    return mine
