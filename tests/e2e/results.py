# SPDX-License-Identifier: Apache-2.0
"""What each cell saw, a file each with every request: the tests run in several processes."""

import contextlib
import json
import os
import subprocess

from cluster import ROOT

FOLDER = os.path.join(ROOT, "build", "e2e", "results")
LOGS = os.path.join(ROOT, "build", "e2e", "logs")


def keep(name, **what):
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, f"{name}.json"), "w", encoding="utf-8") as file:
        json.dump(what, file)


@contextlib.contextmanager
def logs_of(namespace, selector, name):
    """What the pods that are there now write meanwhile, for who wants to know why: once a pod is gone
    nobody has its log."""
    os.makedirs(LOGS, exist_ok=True)
    with open(os.path.join(LOGS, f"{name}.log"), "w", encoding="utf-8") as file, subprocess.Popen(
            ["kubectl", "--namespace", namespace.name, "logs", "--follow", "--selector", selector,
             "--prefix", "--all-containers", "--timestamps", "--tail=-1", "--max-log-requests=20"],
            stdout=file, stderr=subprocess.DEVNULL) as follow:
        try:
            yield
        finally:
            follow.terminate()


def kept():
    for name in sorted(os.listdir(FOLDER)) if os.path.isdir(FOLDER) else []:
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            yield json.load(file)
