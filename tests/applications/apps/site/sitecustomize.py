# SPDX-License-Identifier: Apache-2.0
"""What surrounds `python3 -m http.server`, which itself stays as it is. On PYTHONPATH, the module site
imports this.

A disk from which some files come late, one called Nms after N milliseconds. An X-Pod that says who
answers. And a listen queue as others have it: the 5 of its own overflow at 200 requests a second, so
that clients wait for seconds, and some in vain, whether anything is stopped or not."""

import builtins
import os
import re
import socket
import socketserver
import time

LATE = {"slow": 1, "soon": 0.3}
_open = open
_setup = socketserver.StreamRequestHandler.setup


def late(name):
    found = re.fullmatch(r"(\d{1,6})ms", name)
    return int(found[1]) / 1000 if found else LATE.get(name, 0)


def open_late(file, *arguments, **options):
    if isinstance(file, str):
        time.sleep(late(os.path.basename(file)))
    return _open(file, *arguments, **options)


def setup(handler):
    """The program's own class is of its __main__, and not there yet: each handler is told by itself."""
    _setup(handler)
    end_headers = handler.end_headers

    def end_headers_with_name():
        handler.send_header("X-Pod", socket.gethostname())
        end_headers()
    handler.end_headers = end_headers_with_name


builtins.open = open_late
socketserver.StreamRequestHandler.setup = setup
socketserver.TCPServer.request_queue_size = 512
