# SPDX-License-Identifier: Apache-2.0
"""lastcall and its peers, and how each is started as PID 1."""

import contextlib
import os
import shutil
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELEASE = os.path.join(ROOT, "build", "release")
PIDNS = os.path.join(RELEASE, "tests", "apps", "pidns")

BUILD = os.path.join(ROOT, "build", "bench")

SOURCES = {
    "lastcall": os.path.join(RELEASE, "cmd", "lastcall", "lastcall"),
    "tini": "/usr/bin/tini-static",
    "dumb-init": "/usr/bin/dumb-init",
    "catatonit": "/usr/bin/catatonit",
}
PATHS = {name: os.path.join(BUILD, name) for name in SOURCES}
# As in an image's ENTRYPOINT: each with its defaults, lastcall with its listener.
COMMANDS = {name: [path, "--"] for name, path in PATHS.items()}
# What a container has, and not what the caller's shell has.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "LC_ALL": "C.UTF-8", "HOME": "/root"}


def copy_all():
    """All are run from copies made alike: started from the file that the linker has just written,
    lastcall took some 9 % more processor time than from a copy of it (its pages lie otherwise in the
    page cache, we suppose)."""
    os.makedirs(BUILD, exist_ok=True)
    for name, source in SOURCES.items():
        with contextlib.suppress(FileNotFoundError):
            os.unlink(PATHS[name])
        shutil.copy(source, PATHS[name])


def tool(name):
    """One of the programs beside this file."""
    return os.path.join(RELEASE, "tests", "bench", name)


def run_in_turn(name, rounds, child):
    """starts.c or mask.c over all programs: for each, its samples, each a list of numbers."""
    words = [tool(name), str(rounds), child]
    for command in COMMANDS.values():
        words += [":::", *command]
    text = subprocess.run(words, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True).stdout
    return samples_of(text)


def samples_of(text):
    """Lines of a program's place and its numbers, as lists by program."""
    names, samples = list(COMMANDS), {name: [] for name in COMMANDS}
    for line in text.decode().splitlines():
        index, *numbers = map(int, line.split())
        samples[names[index]].append(numbers)
    return samples


class Init:
    """One that stays for a while, with `child` behind it. `pid` is ours for it."""

    def __init__(self, command, child, net=False, stderr=subprocess.DEVNULL):
        reader, writer = os.pipe()
        words = [PIDNS, *(["--net"] if net else []), "--pid-fd", str(writer), "--", *command, *child]
        self.outer = subprocess.Popen(words, env=ENVIRONMENT, pass_fds=[writer], stderr=stderr,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.close(writer)
        with open(reader, encoding="ascii") as file:
            self.pid = int(file.readline())

    def read_proc(self, name):
        with open(f"/proc/{self.pid}/{name}", encoding="ascii") as file:
            return file.read()

    def close(self):
        self.outer.kill()
        self.outer.wait()
        for pipe in (self.outer.stdin, self.outer.stdout, self.outer.stderr):
            if pipe:
                pipe.close()


@contextlib.contextmanager
def all_running(child):
    """All programs at once, each with `child` behind it, which writes when it is there."""
    inits = {}
    try:
        for name, command in COMMANDS.items():
            inits[name] = Init(command, child)
        yield inits
    finally:
        for init in inits.values():
            init.close()


def wait_until(what, condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.005)
