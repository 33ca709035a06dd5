# SPDX-License-Identifier: Apache-2.0
"""The window alone, without a drain: nginx finishes what it has begun, but takes nobody new."""

from cell import Cell

QUIET = 1.0
FIXED, FOLLOWING = "5s", "5s:1s:15s"


def cell(propagation, **options):
    return Cell("nginx", path="/page", pod=False, **options,
                options=("--ports", "{port}", "--stop-signal", "SIGQUIT", "--grace-period", "30s",
                         "--propagation", propagation))


def end(stopped):
    """When it ended, in seconds from the stop."""
    found, = (event["t"] for event in stopped["log"] if event.get("phase") == "propagating")
    return found


def last_arrival(stopped):
    """By nginx's own record."""
    return max(begun for begun, _ in stopped["answers"])
