# SPDX-License-Identifier: Apache-2.0
"""A cell of the tables: servers behind HAProxy, under load, some of which are stopped.

`play(Cell(...))` runs it in a network namespace of its own, with all that it starts, and returns
what was seen. Each server is PID 1 of a PID namespace, as in a container."""

import csv
import dataclasses
import http.server
import json
import os
import pathlib
import re
import socket
import string
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import servers
from lastcall import Lastcall, helper, only_child, until
from scene import answers_since

GRACE = 30  # seconds, as in Kubernetes
STEP = 0.2  # seconds between two stops
CONNECTIONS = 1.3  # of the load, at most, for each request a second
SECONDS = {"/slow": 1, "/page": 0.25}  # that an answer takes
FRONT, STATS, FIRST_PORT = 8000, 8001, 8100
# When the balancer lets go of a server that is not ready any more: after 4 s to 6 s; 0.5 s to 1 s.
CHECKS = {"slow": "inter 2s fall 3 rise 3", "fast": "inter 500ms fall 2 rise 1"}
# Clients: how the balancer treats them, and whether they keep their connections. With `tcp` it
# hands whole connections on, as kube-proxy does: who keeps one has it with the server itself.
CLIENTS = {"new": ("http", "never", "no"), "kept": ("http", "safe", "yes"),
           "straight": ("tcp", "never", "yes")}


@dataclasses.dataclass(frozen=True)
class Cell:
    app: str
    init: str = "lastcall"
    clients: str = "new"
    check: str = "slow"
    options: tuple = ()  # lastcall's; {port} is the application's
    pod: bool = True     # lastcall's defaults are those of a pod
    path: str = "/slow"
    rate: int = None     # requests a second, to all servers together; None: see servers.RATES
    servers: int = 2
    stops: int = 1       # so many are stopped, STEP apart


class Readiness(http.server.ThreadingHTTPServer):
    """What the platform says of a server that cannot: it is ready, until it is to be stopped."""

    def __init__(self, port):
        self.on, self.asked = True, 0
        super().__init__(("127.0.0.1", port), _Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.server.on else 503)
        self.end_headers()
        self.server.asked += 1

    def log_message(self, *_):
        pass


class Server(Lastcall):
    """An application, and what is put before it."""

    def __init__(self, cell, number, place):
        self.name, self.cell = f"server{number}", cell
        self.port, self.health_port = FIRST_PORT + 2 * number, FIRST_PORT + 2 * number + 1
        self.dir = os.path.join(place, self.name)
        os.mkdir(self.dir)
        self.readiness = None if cell.init == "lastcall" else Readiness(self.health_port)
        command = servers.command(cell.app, self.port, self.dir)
        self.stopped, self.seconds, self.killed = None, None, False
        options = [option.format(port=self.port) for option in cell.options]
        super().__init__(self.dir, command, net=False,
                         program=servers.before(cell.init, self.health_port, options),
                         env={**servers.environment(servers.WORKERS),
                              **({"KUBERNETES_SERVICE_HOST": "test"} if cell.pod else {})})

    @property
    def pid(self):
        return only_child(self.outer.pid)

    def listens(self):
        assert self.running(), self.story(f"{self.name} has ended")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def checks(self):
        """How often the balancer has asked whether it is ready, and was told so."""
        if self.readiness:
            return self.readiness.asked
        with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/metrics") as answer:
            found = re.search(r'^lastcall_http_requests_total{path="/readyz",code="200"} (\d+)',
                              answer.read().decode(), re.M)
        return int(found[1]) if found else 0

    def stop(self):
        """As the kubelet does it: from the deletion to the end of the container."""
        self.stopped = time.time()
        begun = time.monotonic()
        if self.readiness:
            self.readiness.on = False
        if self.cell.init == "sleep 5":
            time.sleep(5)
        self.signal("SIGTERM")
        try:
            self.outer.wait(begun + GRACE - time.monotonic())
        except subprocess.TimeoutExpired:
            self.killed = True
            self.signal("SIGKILL")
            self.outer.wait(10)
        self.seconds = time.monotonic() - begun

    def answers(self):
        """(begun, complete) of each, in seconds from the stop; of nginx alone."""
        path = pathlib.Path(self.dir, "access.log")
        return answers_since(path, self.stopped) if path.exists() else []

    def seen(self):
        events = [dict(event) for event in self.log.list if "msg" in event]
        return {"seconds": round(self.seconds, 3), "killed": self.killed, "wall": self.stopped,
                "code": self.outer.returncode, "log": events, "answers": self.answers()}


class Scene:
    def __init__(self, cell, place):
        self.cell, self.place = cell, place
        self.servers = [Server(cell, number, place) for number in range(cell.servers)]
        self.mode, self.reuse, self.keep = CLIENTS[cell.clients]
        self.rate = servers.RATES[cell.app] if cell.rate is None else cell.rate

    def start_balancer(self):
        with open(os.path.join(servers.HERE, "haproxy.cfg"), encoding="ascii") as file:
            text = string.Template(file.read()).substitute(
                mode=self.mode, reuse=self.reuse, check=CHECKS[self.cell.check], front=FRONT,
                stats=STATS)
        for one in self.servers:
            text += f"    server {one.name} 127.0.0.1:{one.port} port {one.health_port}\n"
        path = os.path.join(self.place, "haproxy.cfg")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        subprocess.Popen(["haproxy", "-db", "-f", path], stdin=subprocess.DEVNULL,
                         stdout=sys.stderr)
        assert until(self.balancer_answers, 20), "haproxy does not answer"

    def balancer_answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", STATS)) == 0

    def figures(self):
        """HAProxy's own, by server, and of BACKEND."""
        with socket.create_connection(("127.0.0.1", STATS), timeout=5) as control:
            control.sendall(b"show stat web -1 -1\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
        return {row["svname"]: row for row in csv.DictReader(text.lstrip("# ").splitlines())}

    def is_up(self, server):
        return self.figures()[server.name]["status"].startswith("UP")

    def start_load(self):
        return self.rate and subprocess.Popen(
            [helper("load"), "--url", f"http://127.0.0.1:{FRONT}{self.cell.path}", "--rate",
             str(self.rate), "--connections", str(int(CONNECTIONS * self.rate)), "--keepalive",
             self.keep, "--timeout", "60", "--json", os.path.join(self.place, "load.json")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def end_load(self, load):
        if not load:
            return None
        load.terminate()
        load.wait(70)
        with open(os.path.join(self.place, "load.json"), encoding="utf-8") as file:
            return json.load(file)

    def busy(self):
        """Most of the requests that come while one is answered are on their way in each server."""
        rows = self.figures()
        wanted = 0.75 * self.rate * SECONDS[self.cell.path] / len(self.servers)
        return all(int(rows[one.name]["scur"]) >= wanted for one in self.servers)

    def await_check(self, server):
        """The worst moment for a stop: the balancer has just looked."""
        before = server.checks()
        assert until(lambda: server.checks() > before, 10), "no check came"

    def stop_some(self):
        going = self.servers[:self.cell.stops]
        self.await_check(going[0])
        threads = [threading.Thread(target=one.stop) for one in going]
        for thread in threads:
            thread.start()
            time.sleep(STEP)
        for thread in threads:
            thread.join()
        return going

    def run(self):
        for one in self.servers:
            assert until(one.listens, 60), one.story(f"{one.name} does not listen")
        self.start_balancer()
        load = self.start_load()
        assert until(self.busy, 30), "the load does not keep the servers busy"
        going = self.stop_some()
        # Up to here, whether somebody is there or not, some of the requests are for them.
        assert until(lambda: not any(self.is_up(one) for one in going), 15), "still in rotation"
        return {"servers": [one.seen() for one in going], "load": self.end_load(load)}


def play(cell):
    """Runs it; returns {"servers": what of those that were stopped, "load": what it wrote}."""
    with tempfile.TemporaryDirectory(prefix="lc-") as place:
        os.chmod(place, 0o755)
        done = subprocess.run(
            [helper("pidns"), "--net", servers.PYTHON, "-B", os.path.abspath(__file__), place,
             json.dumps(dataclasses.asdict(cell))],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, f"{cell}\n{done.stderr[-4000:]}"
    return json.loads(done.stdout)


def main(place, text):
    print(json.dumps(Scene(Cell(**json.loads(text)), place).run()))


if __name__ == "__main__":
    main(*sys.argv[1:])
