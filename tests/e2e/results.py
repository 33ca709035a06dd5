# SPDX-License-Identifier: Apache-2.0
"""What each cell saw, a file each: the tests run in several processes."""

import json
import os

from cluster import ROOT

FOLDER = os.path.join(ROOT, "build", "e2e", "results")
LOGS = os.path.join(ROOT, "build", "e2e", "logs")


def keep(name, **what):
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, f"{name}.json"), "w", encoding="utf-8") as file:
        json.dump(what, file)


def log(name, text):
    """What the balancer saw, for who wants to know why."""
    os.makedirs(LOGS, exist_ok=True)
    with open(os.path.join(LOGS, f"{name}.log"), "w", encoding="utf-8") as file:
        file.write(text)


def kept():
    for name in sorted(os.listdir(FOLDER)) if os.path.isdir(FOLDER) else []:
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            yield json.load(file)
