# SPDX-License-Identifier: Apache-2.0
"""For gunicorn: wsgi:app. `/Nms` is answered after N milliseconds. X-Pod says who answers."""

import itertools
import re
import socket
import time

_POD = ("X-Pod", socket.gethostname())


def _after(path):
    found = re.fullmatch(r"/(\d{1,6})ms", path)
    return int(found[1]) / 1000 if found else {"/slow": 1, "/soon": 0.3}.get(path, 0)


def _pieces(count):
    for _ in count:
        yield b"piece\n"
        time.sleep(0.3)


def _upload(body):
    size = sum(map(len, iter(lambda: body.read(4096), b"")))
    return [b"%d\n" % size]


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path in ("/stream", "/events"):
        start_response("200 OK", [("Content-Type", "text/plain"), _POD])
        return _pieces(range(5) if path == "/stream" else itertools.count())
    body = _upload(environ["wsgi.input"]) if path == "/upload" else [b"hello\n"]
    time.sleep(_after(path))
    start_response("200 OK", [("Content-Type", "text/plain"), _POD,
                              ("Content-Length", str(sum(map(len, body))))])
    return body
