# SPDX-License-Identifier: Apache-2.0
"""What surrounds `python3 -m http.server`, which itself stays as it is. On PYTHONPATH, the module site
imports this.

A disk from which some files come late. And a listen queue as others have it: the 5 of its own
overflow at 200 requests a second, so that clients wait for seconds, and some in vain, whether
anything is stopped or not."""

import builtins
import os
import socketserver
import time

LATE = {"slow": 1, "soon": 0.3}
_open = open


def open_late(file, *arguments, **options):
    if isinstance(file, str):
        time.sleep(LATE.get(os.path.basename(file), 0))
    return _open(file, *arguments, **options)


builtins.open = open_late
socketserver.TCPServer.request_queue_size = 512
