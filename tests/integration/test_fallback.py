# SPDX-License-Identifier: Apache-2.0
"""Where the kernel refuses what lastcall would like to use: an old one, gVisor, strict seccomp."""

import json
import os

import pytest

from lastcall import SERVING, helper, lateness, prelude, until
from test_signals import finish, listener

# Where clone3(2) answers EPERM the C library starts no thread, and so nothing can stand in for
# signalfd(2) as well; real sandboxes that refuse it with EPERM allow signalfd.
ALL = ["pidfd_open", "pidfd_send_signal", "clone3", "signalfd4", "close_range", "pwritev2"]


def refusing(*calls):
    return [helper("refuse"), *calls, "--"]


def life(start, **options):
    """Starts, forwards, answers, stops."""
    app = listener(start, **options)
    for signal in (10, 12, 34, 64):
        app.signal(signal)
        app.wait_output(f"got {signal}")
    assert app.status("/readyz") == 200
    assert finish(app) == [10, 12, 34, 64]


@pytest.mark.plain
@pytest.mark.parametrize("calls", [[f"{call}={error}"] for call in ALL
                                   for error in ("ENOSYS", "EPERM")] +
                         [ALL, [f"{call}=EPERM" for call in ALL if call != "clone3"]], ids=" ".join)
def test_it_works_where_these_system_calls_are_refused(anywhere, calls):
    life(anywhere, via=refusing(*calls))


@pytest.mark.plain
def test_the_stop_takes_the_same_times_where_all_are_refused(anywhere):
    app = anywhere("--propagation", "500ms", "--grace-period", "3s", "--", "sh", "-c",
                   'trap "" TERM; echo up; while :; do sleep 1; done', via=refusing(*ALL) + SERVING).ready()
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.wait_for("stop signal sent")["t"] == lateness(0.5)
    assert app.wait_for("killed")["t"] == lateness(2.0)
    assert app.exit_code() == 137


@pytest.mark.plain
def test_a_stop_signal_before_the_start_is_not_lost_without_signalfd(anywhere):
    app = anywhere("--", "sleep", "100", via=refusing("signalfd4") + prelude("--pending", "SIGTERM"))
    assert app.exit_code() == 143
    assert not app.events("process started")


@pytest.mark.plain
def test_leftovers_are_ended_without_pidfds(anywhere, daemon):
    app = anywhere("--", "sh", "-c", f"{daemon}; exec sleep 100",
                   via=refusing("pidfd_open", "pidfd_send_signal")).ready()
    app.wait_output("daemon up")
    app.signal("SIGTERM")
    assert app.exit_code() == 143
    app.wait_output("daemon got SIGTERM")


@pytest.mark.plain
def test_inherited_descriptors_are_closed_without_close_range(anywhere):
    app = anywhere("--", helper("sigstate"),
                   via=refusing("close_range") + prelude("--open", "3", "--open", "200"))
    assert app.exit_code() == 0
    assert json.loads(app.wait_output("{"))["fds"] == [0, 1, 2]


@pytest.mark.plain
@pytest.mark.parametrize("refused", [[], ALL], ids=["", "and without these system calls"])
def test_it_works_without_proc(lastcall, refused):
    """No port can be looked at, no leftover be found by name: it goes on all the same."""
    via = refusing(*refused) if refused else []
    app = lastcall("--", "sh", "-c", "sleep 100 & echo up; exec sleep 100", proc=False, via=via)
    app.ready()
    app.wait_output("up")
    assert app.status("/readyz") == 200
    app.signal("SIGTERM")
    assert app.exit_code() == 143


@pytest.mark.plain
def test_without_proc_and_netlink_ports_are_taken_as_listening_and_the_log_says_so(lastcall):
    app = lastcall("--ports", "8080", "--", "sleep", "100", proc=False, via=refusing("netlink"))
    app.ready()
    assert any(event["level"] == "warn" and "port" in event["msg"]
               for event in app.log.list if event), app.story("not a word")


@pytest.mark.plain
def test_16_descriptors_are_enough(anywhere):
    app = listener(anywhere, via=prelude("--nofile", "16"))
    streams = app.network.sockets(40)  # far more clients than descriptors
    for stream in streams:
        stream.settimeout(5)
        stream.connect(("127.0.0.1", 9909))
    app.signal("SIGUSR1")
    app.wait_output("got 10")
    for stream in streams:
        stream.close()
    assert until(lambda: app.status("/livez") == 200)
    assert finish(app) == [10]


@pytest.mark.plain
def test_a_read_only_root_file_system_is_no_trouble(anywhere):
    app = anywhere("--", "sh", "-c", "touch /oops 2>/dev/null && exit 9; exec sleep 100",
                   via=["sh", "-c", 'mount -o remount,bind,ro / && exec "$@"', "sh"])
    app.ready()
    assert app.status("/readyz") == 200
    app.signal("SIGTERM")
    assert app.exit_code() == 143


@pytest.mark.plain
def test_an_empty_environment_is_no_trouble(lastcall):
    app = lastcall("--", "/bin/sh", "-c", "exit 7", via=["/usr/bin/env", "-i"])
    assert app.exit_code() == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to run as another user")
@pytest.mark.plain
def test_it_runs_as_a_user_without_any_privilege(lastcall):
    app = lastcall("--", "sh", "-c", "exec sleep 100",
                   via=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                        "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"])
    app.ready()
    assert app.status("/readyz") == 200
    app.signal("SIGTERM")
    assert app.exit_code() == 143
