# SPDX-License-Identifier: Apache-2.0
"""The applications, none of which has code for its shutdown, and what is put before them."""

import fcntl
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path += [os.path.join(ROOT, "tests", "integration"),
             os.path.join(ROOT, "deploy", "quickstart.d")]

from lastcall import PYTHON, binary  # noqa: E402
from scene import fill  # noqa: E402

APPS = os.path.join(HERE, "apps")
BUILD = os.path.join(ROOT, "build", "applications")
# Requests a second, to both servers of a cell, whose answers take one. A sync worker of gunicorn
# has one at a time, and each that is free wakes for every connection.
RATES = {"python": 200, "node": 200, "go": 200, "gunicorn": 20, "nginx": 200}
WORKERS = 24  # gunicorn's, 20 of which are busy when all requests are its own


def _python(port, place):
    for name in ("slow", "soon", "index.html"):
        with open(os.path.join(place, name), "w", encoding="ascii") as file:
            file.write("hello\n")
    return [PYTHON, "-u", "-m", "http.server", "--protocol", "HTTP/1.1", "--directory", place,
            str(port)]


def _node(port, _place):
    return ["node", os.path.join(APPS, "server.js"), str(port)]


def _go(port, _place):
    return [build_go(), str(port)]


def _gunicorn(port, place):
    return ["gunicorn", "--bind", f":{port}", "--preload", "--worker-tmp-dir", place,
            "--chdir", APPS, "wsgi:app"]


def ordinary():
    """Root inside the namespace, nginx would become another user. Where it was not made by root
    there is none: there it is told that it is an ordinary user."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        alone = file.read().split()[2] == "1"
    return ["unshare", "--user", "--map-user=1000"] if alone else []


def _nginx(port, place):
    """The quickstart's, whose page takes a quarter of a second. It does finish what it has begun,
    if it is asked to by SIGQUIT; but nobody new can come then."""
    with open(os.path.join(place, "page"), "wb") as file:
        file.write(b"x" * 20480)
    path = os.path.join(place, "nginx.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(fill("nginx.conf", dir=place, pages=place, port=port, user="user root;"))
    return [*ordinary(), "nginx", "-e", "stderr", "-p", place, "-c", path]


# How each is started, and what its table calls it.
COMMANDS = {"python": _python, "node": _node, "go": _go, "gunicorn": _gunicorn, "nginx": _nginx}
NAMES = {
    "python": "`python3 -m http.server`",
    "node": "Node, no handler",
    "go": "Go, no `Shutdown`",
    "gunicorn": "gunicorn, sync workers",
}


def build_go():
    """Compiles it where that was not done; whoever else wants it waits."""
    source, program = os.path.join(APPS, "server.go"), os.path.join(BUILD, "go-server")
    if not _is_newer(program, source):
        os.makedirs(BUILD, exist_ok=True)
        with open(os.path.join(BUILD, "go.lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_newer(program, source):
                _compile(source, program)
    return program


def _is_newer(program, source):
    return os.path.exists(program) and os.path.getmtime(program) >= os.path.getmtime(source)


def _compile(source, program):
    """With the libraries as Debian compiled them, and nothing from elsewhere."""
    subprocess.run(["go", "build", "-o", f"{program}.new", source], check=True,
                   env={"PATH": "/usr/bin:/bin", "GO111MODULE": "off",
                        "GOCACHE": os.path.join(BUILD, "go-cache")})
    os.rename(f"{program}.new", program)


def environment(workers=1):
    """For all of them. `workers`: gunicorn's."""
    return {"PYTHONPATH": os.path.join(APPS, "site"), "PYTHONDONTWRITEBYTECODE": "1",
            "WEB_CONCURRENCY": str(workers)}


def command(app, port, place):
    return COMMANDS[app](port, place)


def before(init, health_port, options):
    """What a pod's first process is, before the application's own words."""
    return {
        "nothing": [],
        "tini": ["tini", "--"],
        "sleep 5": ["tini", "--"],  # the preStop hook: the platform sleeps before it sends SIGTERM
        "lastcall": [binary(), "--listen", f"127.0.0.1:{health_port}", *options, "--"],
    }[init]
