# SPDX-License-Identifier: Apache-2.0
"""One configuration under load: two web servers behind a balancer, each stopped and started again,
one after the other."""

import csv
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import string
import time

import ports
from keeper import Failure

HERE = pathlib.Path(__file__).parent
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
CONNECTIONS = 256  # the load's, at most: below HAProxy's maxconn


@dataclasses.dataclass(frozen=True)
class Configuration:
    first: str         # what the platform starts: "lastcall", "tini", "nothing" (nginx itself)
    stop_signal: str   # what the platform sends
    reuse: bool        # whether connections are kept and used again, on both sides of the balancer

    def __str__(self):
        return f"{self.first}, {self.stop_signal}"

    @property
    def http_reuse(self):
        return "safe" if self.reuse else "never"


@dataclasses.dataclass
class Stop:
    server: str
    seconds: float
    code: int
    log: list          # lastcall's log lines; empty for the others
    answers: list      # (begun, complete) of each answer, in seconds from the stop signal


@dataclasses.dataclass
class Result:
    configuration: Configuration
    stops: list
    load: dict         # what the load generator wrote
    retries: int       # by the balancer

    @property
    def median_stop(self):
        return statistics.median(stop.seconds for stop in self.stops)

    @property
    def longest_answer(self):
        """In seconds; what a client was kept waiting for in vain counts too."""
        failed = (event["took_ms"] for event in self.load["events"])
        return max(self.load["latency_ms"]["max"], *failed, 0) / 1000


class Server:
    """An nginx, and what stands before it."""

    def __init__(self, scene, name, port, health_port):
        self.scene, self.name, self.port, self.health_port = scene, name, port, health_port
        self.dir = scene.dir / name
        self.dir.mkdir()
        self.process = None
        self.log = None
        # A master that is root gives its workers away, and those could not read our files.
        user = "user root;" if os.geteuid() == 0 else ""
        (self.dir / "nginx.conf").write_text(fill("nginx.conf", dir=self.dir, port=port,
                                                  user=user, pages=scene.options.work))

    def start(self, life):
        options = self.scene.options
        nginx = [tool("nginx"), "-e", "stderr", "-p", str(self.dir),
                 "-c", str(self.dir / "nginx.conf")]
        before = {
            "lastcall": [options.lastcall, "--propagation", options.window,
                         "--grace-period", "10s", "--stop-signal", "SIGQUIT",
                         "--ports", str(self.port), "--listen", f"127.0.0.1:{self.health_port}",
                         "--log-format", "json", "--"],
            "tini": [tool("tini"), "-s", "--"],
            "nothing": [],
        }[self.scene.configuration.first]
        self.log = self.dir / f"life-{life}.log"
        self.process = self.scene.keeper.start(before + nginx, self.log, env={"PATH": PATH})

    def is_up(self):
        """To the balancer, and in fact: it may not have noticed a short absence."""
        if self.process.poll() is not None:
            raise Failure(f"{self.process.args[0]} ended with {self.process.returncode}; its log:\n"
                          + self.log.read_text(errors="replace"))
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        return self.scene.balancer_rows()[self.name]["status"] == "UP"

    def stop(self):
        begun, wall = time.monotonic(), time.time()
        os.kill(self.process.pid, signal.Signals[self.scene.configuration.stop_signal])
        self.scene.keeper.wait_until(lambda: self.process.poll() is not None,
                                     f"{self.process.args[0]} ended", 20, interval=0.002)
        return Stop(self.name, time.monotonic() - begun, self.process.returncode,
                    log_lines(self.log), answers_since(self.dir / "access.log", wall))


class Scene:
    def __init__(self, keeper, configuration, options, number):
        self.keeper, self.configuration, self.options = keeper, configuration, options
        self.dir = options.work / f"{number:02}"
        self.dir.mkdir()
        self.front, self.stats, *rest = options.ports[number]
        self.servers = [Server(self, "a", rest[0], rest[1]), Server(self, "b", rest[2], rest[3])]
        self.done = 0  # stops, so far

    def run(self, on_stop):
        """The whole of it; `on_stop` is called with each Stop as it ends. Returns a Result."""
        for server in self.servers:
            server.start(0)
        self._start_balancer()
        for server in self.servers:
            self.keeper.wait_until(server.is_up, f"{server.name} is up", 20)
        load = self._start_load()
        stops = []
        for number in range(self.options.stops):
            self.keeper.pause(self.options.settle)
            server = self.servers[number % len(self.servers)]
            stops.append(server.stop())
            on_stop(self, stops[-1])
            self.keeper.pause(self.options.away)
            server.start(number + 1)
            self.keeper.wait_until(server.is_up, f"{server.name} is up again", 20)
            self.done += 1
        self.keeper.pause(self.options.settle)
        return Result(self.configuration, stops, self._end_load(load),
                      int(self.balancer_rows()["BACKEND"]["wretr"]))

    def balancer_rows(self):
        """HAProxy's own figures, by server (and BACKEND)."""
        with socket.create_connection(("127.0.0.1", self.stats), timeout=5) as control:
            control.sendall(b"show stat web -1 -1\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode(errors="replace")
        if not text.startswith("# pxname,svname,"):
            raise Failure(f"no table of haproxy's answers on port {self.stats}, but:\n{text}")
        return {row["svname"]: row for row in csv.DictReader(text.lstrip("# ").splitlines())}

    def _start_balancer(self):
        a, b = self.servers
        with_lastcall = self.configuration.first == "lastcall"
        (self.dir / "haproxy.cfg").write_text(fill(
            "haproxy.cfg", front=self.front, stats=self.stats,
            reuse=self.configuration.http_reuse,
            check_path="/readyz" if with_lastcall else "/healthz",
            port_a=a.port, check_a=a.health_port if with_lastcall else a.port,
            port_b=b.port, check_b=b.health_port if with_lastcall else b.port))
        log = self.dir / "haproxy.log"
        balancer = self.keeper.start([tool("haproxy"), "-db", "-f", self.dir / "haproxy.cfg"], log)

        def answers():
            if balancer.poll() is not None:
                raise Failure("haproxy does not start:\n" + log.read_text(errors="replace"))
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.stats)) == 0
        self.keeper.wait_until(answers, "haproxy answers", 20)

    def _start_load(self):
        return self.keeper.start(
            [self.options.load, "--url", f"http://127.0.0.1:{self.front}/page",
             "--rate", str(self.options.rate), "--connections", str(CONNECTIONS),
             "--keepalive", "yes" if self.configuration.reuse else "no",
             "--json", self.dir / "load.json"], self.dir / "load.log")

    def _end_load(self, load):
        load.terminate()
        self.keeper.wait_until(lambda: load.poll() is not None, "the load ended", 20)
        if load.returncode not in (0, 1):
            raise Failure("the load generator failed:\n"
                          + (self.dir / "load.log").read_text(errors="replace"))
        return json.loads((self.dir / "load.json").read_text())


def fill(name, **values):
    return string.Template((HERE / name).read_text()).substitute(values)


def tool(name):
    found = shutil.which(name, path=PATH)
    if not found:
        raise Failure(f"{name} is not installed")
    return found


def log_lines(path):
    """lastcall's lines among nginx's."""
    lines = []
    for line in path.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            lines.append(entry)
    return lines


def answers_since(path, since):
    """As in nginx.conf's log format; answers that were on their way at `since` count too."""
    answers = []
    for line in path.read_text().splitlines():
        complete, took, _ = line.split()
        if float(complete) >= since:
            answers.append((float(complete) - float(took) - since, float(complete) - since))
    return answers


def ports_for(count):
    """Six for each of `count` scenes."""
    all_ports = ports.free_ports(count * 6)
    return [all_ports[i * 6:i * 6 + 6] for i in range(count)]
