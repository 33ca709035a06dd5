# SPDX-License-Identifier: Apache-2.0
"""The binary's size, and whose code it is."""

import os
import re
import shlex
import subprocess

from figure import Bound, Figure, Spec
from programs import BUILD, PATHS, RELEASE

SIZE = Spec("size", "kB", "The file (dumb-init is not static: the libc comes on top)",
            bound=Bound(1500))
OWNERS = (("liblc_", "lastcall"), ("main.c.o", "lastcall"), ("libevent", "libevent"),
          ("libyaml", "libyaml"), ("libc.a", "libc"), ("libpthread", "libc"), ("libm", "libc"))
LINE = re.compile(r"^ \.[\w.@$-]+\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$", re.M)


def _link_map():
    """Links once more, as the build did, with a map: the release itself is stripped."""
    map_, binary = (os.path.join(BUILD, name) for name in ("map", "mapped"))
    commands = subprocess.run(["ninja", "-C", RELEASE, "-t", "commands", "cmd/lastcall/lastcall"],
                              stdout=subprocess.PIPE, check=True, text=True).stdout
    words = shlex.split([line for line in commands.splitlines() if " -o cmd/lastcall/lastcall " in
                         line][-1])
    words[words.index("-o") + 1] = binary
    subprocess.run([*words, f"-Wl,-Map={map_}"], cwd=RELEASE, stderr=subprocess.DEVNULL, check=True)
    with open(map_, encoding="utf-8") as file:
        return file.read().split("Linker script and memory map", 1)[1]


def _owner(path):
    return next((owner for part, owner in OWNERS if part in path), "libc")


def _parts(size):
    """What lies in memory but not in the file (.bss) is left out; what no object brought along
    (headers, relocations, padding) is "else"."""
    parts = dict.fromkeys(("lastcall", "libevent", "libyaml", "libc"), 0)
    # A long section name has its numbers on the next line.
    text = re.sub(r"^( \.\S+)\n +0x", r"\1 0x", _link_map(), flags=re.M)
    for match in LINE.finditer(text):
        address, length = int(match[1], 16), int(match[2], 16)
        if address and not match[0].startswith((" .bss", " .tbss")):
            parts[_owner(match[3])] += length
    return parts | {"else": size - sum(parts.values())}


def measure():
    sizes = {name: os.path.getsize(path) for name, path in PATHS.items()}
    parts = {name: each / 1000 for name, each in _parts(sizes["lastcall"]).items()}
    yield Figure(SIZE, {name: [size / 1000] for name, size in sizes.items()}, parts)


MEASURES = ((measure, (SIZE,)),)
