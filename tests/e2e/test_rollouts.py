# SPDX-License-Identifier: Apache-2.0
"""The table: applications under load whose pods are stopped in every way that a cluster has."""

import contextlib
import time

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
    with hosts_namespace(namespace) as others:
        yield (Load(namespace, clients("new", address, False) | clients("kept", front, True)),
               Load(others, clients("new-node", address, False), node=True))


@contextlib.contextmanager
def hosts_namespace(namespace):
    """For what needs more than `restricted`."""
    made = cluster.Namespace(f"{namespace.name}-node", "privileged")
    try:
        yield made
    finally:
        made.delete()


def play(namespace, app, column, ways, replicas=2):
    """Stops pods in these ways, one after the other, under load; returns the failures that count."""
    applications.install(namespace, app, column, replicas)
    stops = Stops(namespace)
    with load(namespace, column) as loads:
        seen = {}
        for way in ways:
            if way == "scale":
                stops.more()
            began = time.time()
            stopped = getattr(stops, way)()
            seen[way] = {"began": began, "ended": time.time(), "stopped": stopped}
        told = {name: one for some in loads for name, one in some.end().items()}
    assert all(one["requests"] > 20 for one in told.values())
    name = f"{app}-{column}-{'-'.join(ways)}"
    results.keep(name, app=app, column=column, ways=seen, load=told)
    results.log(name, namespace.kubectl("logs", "balancer", "--timestamps").stdout)
    return {name: one["events"] for name, one in told.items() if one["failed"]}


WAYS = ("update", "scale", "delete", "evict")
APPS = pytest.mark.parametrize("app", applications.COMMANDS)


@pytest.mark.parametrize("column", applications.MODES)
@APPS
def test_no_request_is_lost_however_a_pod_is_stopped(namespace, app, column):
    assert play(namespace, app, column, WAYS) == {}


@pytest.mark.parametrize("column", applications.PEERS)
@APPS
def test_what_is_lost_without_lastcall_is_counted(namespace, app, column):
    play(namespace, app, column, WAYS)
