# SPDX-License-Identifier: Apache-2.0
"""The table: applications under load whose pods are stopped in every way that a cluster has."""

import contextlib
import os
import time
import warnings

import pytest

import applications
import balancer
import cluster
import results
from load import Load
from stops import Stops

pytestmark = pytest.mark.usefixtures("images")

# Answer: requests a second. A sync worker of gunicorn has one at a time.
RATES = {"10ms": 10, "3000ms": 2}


def clients(kind, address, keep):
    """For answers of both lengths."""
    return {f"{kind}-{path}": (f"http://{address}/{path}", rate, keep) for path, rate in RATES.items()}


def service(namespace):
    return f"{namespace.get('service', 'app')['spec']['clusterIP']}:{applications.PORT}"


@contextlib.contextmanager
def load(namespace, column):
    """New connections through the Service, from a pod and from a node, and kept ones through a balancer
    that follows readiness."""
    front = f"{balancer.install(namespace, column)}:{balancer.FRONT}"
    address = service(namespace)
    # For what needs more than `restricted`.
    with cluster.Namespace(f"{namespace.name}-node", "privileged") as others:
        yield (Load(namespace, clients("new", address, False) | clients("kept", front, True)),
               Load(others, clients("new-node", address, False), node=True))


def play(namespace, app, column, ways, replicas=2, called=None, **more):
    """Stops pods in these ways, one after the other, under load; returns the failures that count.
    `called`: another name than the application's, where it has `more` of the chart's values."""
    called = called or app
    name = f"{called}-{column}-{'-'.join(ways)}"
    applications.install(namespace, app, column, replicas, **more)
    stops = Stops(namespace)
    with load(namespace, column) as loads, results.logs_of(namespace, "app=balancer", name):
        seen = {}
        for way in ways:
            if way == "drain" and not stops.can_drain():
                warnings.warn("one node only: none is drained")
                continue
            if way == "scale":
                stops.more()
            with results.logs_of(namespace, applications.SELECTOR, f"{name}-{way}"):
                began = time.time()
                stopped = getattr(stops, way)()
                seen[way] = {"began": began, "ended": time.time(), "stopped": stopped}
        told = {name: one for some in loads for name, one in some.end().items()}
    results.keep(name, app=called, column=column, ways=seen, load=told)
    check(told, sum(one["ended"] - one["began"] for one in seen.values()))
    return {name: one["events"] for name, one in told.items() if one["failed"]}


def check(told, seconds):
    """That the load was what it says it is, for so long."""
    for name, one in told.items():
        kind, answer = name.rsplit("-", 1)
        assert one["requests"] > 0.9 * RATES[answer] * seconds, name
        answered = [line for line in one["record"] if line["outcome"] == "answered"]
        # Each says which pod it is of: any other would be of something else than is looked at.
        assert all(line["target"].startswith("app-") for line in answered), name
        if kind.startswith("new"):
            assert one["reused"] == 0, name
        elif answer == "10ms": # in 3 s a server that goes early leaves no connection to be used again
            assert one["reused"] > one["requests"] / 3, name


def play_straight(namespace, app, column):
    """A rolling update under those who keep a connection straight to a pod: nobody tells them. Alone,
    since to lastcall their requests are arrivals, and its window lasts as long as it may."""
    applications.install(namespace, app, column)
    straight = Load(namespace, clients("straight", service(namespace), True))
    began = time.time()
    stopped = Stops(namespace).update()
    ended = time.time()
    told = straight.end()
    results.keep(f"{app}-{column}-straight", app=app, column=column, load=told,
                 ways={"straight": {"began": began, "ended": ended, "stopped": stopped}})
    check(told, ended - began)


WAYS = ("update", "scale", "delete", "evict", "drain")
ALL = "LASTCALL_E2E_ALL" in os.environ # tests/e2e/run --all


def cells(some):
    """Each application with each column, or, where not all are wanted, with one of them in
    turn, and Go with each."""
    chosen = [(app, column) for n, app in enumerate(applications.COMMANDS)
              for m, column in enumerate(some)
              if ALL or (n + m) % len(some) == 0 or app == "go"]
    return pytest.mark.parametrize("app, column", chosen)


def columns(*some, more=()):
    return pytest.mark.parametrize("column", some + more if ALL else some)


@cells(applications.MODES)
def test_no_request_is_lost_however_a_pod_is_stopped(namespace, app, column):
    assert play(namespace, app, column, WAYS) == {}


@cells(applications.PEERS)
def test_what_is_lost_without_lastcall_is_counted(namespace, app, column):
    lost = play(namespace, app, column, WAYS)
    # Go dies of SIGTERM at once: a load that noticed nothing of it would notice nothing at all.
    assert lost or app != "go" or column == "sleep"


@columns("entrypoint", "sidecar", more=("inject",))
def test_no_request_is_lost_in_a_burst(namespace, column):
    assert play(namespace, "go", column, ("burst",), replicas=5) == {}


@columns("sleep", more=("nothing", "tini"))
def test_what_is_lost_in_a_burst_without_lastcall_is_counted(namespace, column):
    play(namespace, "go", column, ("burst",), replicas=5)


@columns("sleep", "inject", more=("nothing", "tini", "entrypoint", "sidecar"))
def test_what_clients_straight_on_kept_connections_lose_is_counted(namespace, column):
    play_straight(namespace, "nginx", column)
