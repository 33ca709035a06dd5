# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on, as far as it says something about them: no names."""

import datetime
import os
import platform
import re
import subprocess

from programs import PATHS

PACKAGES = {"tini": "tini", "dumb-init": "dumb-init", "catatonit": "catatonit"}


def _output(*words):
    try:
        return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=False).stdout.strip()
    except FileNotFoundError:
        return ""


def _kind():
    """What systemd says, else what the processor says, which knows of a hypervisor but not which."""
    kinds = [kind for kind in (_output("systemd-detect-virt", "--vm"),
                               _output("systemd-detect-virt", "--container"))
             if kind not in ("", "none")]
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    if not kinds:
        kinds = ["virtual machine" if re.search(r"^flags.* hypervisor", text, re.M) else "hardware"]
    model = re.search(r"^model name\s*: (.*)$", text, re.M)
    return " in ".join(reversed(kinds)), model[1].strip() if model else platform.machine()


def _version(name):
    if name in PACKAGES:
        return _output("dpkg-query", "--show", "--showformat", "${Version}", PACKAGES[name])
    return _output(PATHS[name], "--version").split()[-1]


def describe():
    kind, processor = _kind()
    return {"date": datetime.date.today().isoformat(), "kernel": platform.release(),
            "processors": os.cpu_count(), "processor": processor, "kind": kind,
            "load": os.getloadavg()[0],
            "versions": {name: _version(name) for name in PATHS}}
