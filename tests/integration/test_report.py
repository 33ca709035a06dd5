# SPDX-License-Identifier: Apache-2.0
"""What is left behind of a shutdown: metrics, the termination message, the state."""

import json
import os
import random
import signal
import subprocess
import tempfile
import time

import pytest

from lastcall import SERVING, binary, until

STUBBORN = ["sh", "-c", 'trap "" TERM; sleep 100 & echo up; while :; do sleep 1; done']


def config(place, command, **more):
    return json.dumps({"shutdown": {"gracePeriod": "2s", "propagation": "200ms"},
                       "stateDir": place, "terminationMessagePath": f"{place}/message",
                       "processes": [{"name": "app", "command": command}], **more})


def start(lastcall, place, command, **more):
    open(f"{place}/message", "w", encoding="ascii").close()
    return lastcall(config=config(place, command, **more), via=SERVING).ready()


def message(place):
    with open(f"{place}/message", encoding="utf-8") as file:
        return json.loads(file.read())


# --- metrics ---

@pytest.mark.memory
def test_promtool_finds_no_fault_in_the_metrics(lastcall, place):
    app = start(lastcall, place, ["sleep", "100"])
    for path in ("/readyz", "/livez", "/nowhere"):
        app.status(path)
    app.http("/livez", method="POST")
    answer = app.http("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    checked = subprocess.run(["promtool", "check", "metrics"], input=answer.body, text=True,
                             capture_output=True, check=False)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr + checked.stdout
    for line in ('lastcall_phase{phase="running"} 1', 'lastcall_ready 1',
                 'lastcall_process_up{process="app"} 1',
                 'lastcall_http_requests_total{path="/livez",code="200"} 1',
                 'lastcall_http_requests_total{path="/livez",code="405"} 1',
                 'lastcall_http_requests_total{path="other",code="404"} 1'):
        assert line in answer.body.splitlines(), f"no {line} in\n{answer.body}"


def test_signals_and_the_reaped_are_counted(lastcall, place):
    app = start(lastcall, place, ["sh", "-c", "trap : USR1; (sleep 0.01 & ); echo up; "
                                  "while :; do sleep 0.05; done"])
    app.wait_output("up")
    for _ in range(3):
        app.signal("SIGUSR1")
        time.sleep(0.02)  # signals coalesce
    wanted = ['lastcall_signals_total{signal="SIGUSR1",action="forward"} 3',
              'lastcall_reaped_total{kind="orphan"} 1']
    assert until(lambda: all(line in app.http("/metrics").body for line in wanted)), \
        app.http("/metrics").body


@pytest.mark.plain
def test_a_prometheus_scrapes_them(lastcall, place):
    app = start(lastcall, place, ["sleep", "100"], http={"listen": [f"unix:{place}/x", ":9909"]})
    with open(f"{place}/prometheus.yml", "w", encoding="ascii") as file:
        file.write("scrape_configs:\n- job_name: lastcall\n  scrape_interval: 200ms\n"
                   "  scrape_timeout: 200ms\n  static_configs: [{targets: ['127.0.0.1:9909']}]\n")
    os.chmod(place, 0o777)
    inside = [f"--{kind}=/proc/{app.pid}/ns/{kind}" for kind in ("net", "user")]
    with subprocess.Popen(["nsenter", *inside, "prometheus", f"--config.file={place}/prometheus.yml",
                           f"--storage.tsdb.path={place}/data",
                           "--web.listen-address=127.0.0.1:9090"],
                          stderr=subprocess.DEVNULL) as prometheus:
        try:
            found = until(lambda: query(app, "lastcall_ready"), timeout=30, every=0.2)
            assert found and found[0]["value"][1] == "1", found
        finally:
            prometheus.terminate()


def query(app, text):
    try:
        answer = app.network.http(f"/api/v1/query?query={text}", address=("127.0.0.1", 9090))
    except OSError:
        return None
    return answer.json()["data"]["result"] if answer.status == 200 else None


# --- the termination message ---

@pytest.mark.memory
def test_the_termination_message_says_how_the_shutdown_went(lastcall, place):
    app = start(lastcall, place, ["sleep", "100"])
    app.signal("SIGTERM")
    assert app.exit_code() == 143
    told = message(place)
    assert (told["cause"], told["signal"], told["phase"]) == ("signal", "SIGTERM", "exited")
    assert (told["exitCode"], told["outcome"], told["killed"]) == (143, "stopped", [])
    assert 0.2 <= told["phases"]["propagating"] < 1
    assert os.path.getsize(f"{place}/message") <= 1024


def test_it_names_what_was_killed(lastcall, place):
    app = start(lastcall, place, STUBBORN)
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.exit_code() == 137
    told = message(place)
    assert (told["outcome"], told["exitCode"]) == ("forced", 137)
    assert told["killed"] == ["app", "leftover processes"]


def test_it_names_no_leftover_processes_where_there_were_none(lastcall, place):
    app = start(lastcall, place, ["sh", "-c", 'trap "" TERM; echo up; exec sleep 100'])
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.exit_code() == 137
    assert message(place)["killed"] == ["app"]


def test_it_is_there_after_each_phase_even_where_the_platform_kills_lastcall(lastcall, place):
    app = start(lastcall, place, STUBBORN)
    app.wait_output("up")
    app.signal("SIGTERM")
    assert until(lambda: os.path.getsize(f"{place}/message") > 0 and
                 message(place)["phase"] == "propagating"), "not at T0"
    app.wait_for("stop signal sent")
    assert until(lambda: message(place)["phase"] == "stopping")
    os.kill(app.pid, signal.SIGKILL)
    assert message(place)["phases"].keys() >= {"propagating", "stopping"}


def test_a_slow_disk_gets_time_for_the_last_of_it(lastcall, place):
    """A pipe without a reader takes nothing: here until some time after the end."""
    os.mkfifo(f"{place}/message")
    app = lastcall(config=config(place, ["sleep", "100"]), via=SERVING).ready()
    app.signal("SIGTERM")
    app.wait_for("exit")
    time.sleep(0.3)  # the disk
    with open(f"{place}/message", "r+b", buffering=0) as disk:
        assert app.exit_code() == 143
        os.set_blocking(disk.fileno(), False)
        assert json.loads((disk.read() or b"null").splitlines()[-1])["exitCode"] == 143


def test_without_its_file_none_is_made(lastcall, place):
    app = lastcall(config=config(place, ["sleep", "100"])).ready()
    app.signal("SIGTERM")
    app.exit_code()
    assert not os.path.exists(f"{place}/message")


def test_a_crash_is_told_with_the_process(lastcall, place):
    app = start(lastcall, place, ["sh", "-c", "sleep 0.3; exit 3"])
    assert app.exit_code() == 3
    told = message(place)
    assert (told["cause"], told["process"], told["exitCode"]) == ("lane", "app", 3)


# --- the state ---

@pytest.fixture
def memory():
    """A disk that others use takes so long to sync that the last write may be given up."""
    with tempfile.TemporaryDirectory(prefix="lc-", dir="/dev/shm") as path:
        yield path


def count(app, text):
    line, = (line for line in app.http("/metrics").body.splitlines() if line.startswith(text))
    return float(line.split()[-1])


def test_counters_outlive_the_container(lastcall, memory):
    for times in range(3):
        app = start(lastcall, memory, ["sleep", "100"])
        assert count(app, 'lastcall_shutdowns_total{outcome="stopped"}') == times
        name = 'lastcall_shutdown_phase_duration_seconds_count{phase="propagating"}'
        assert count(app, name) == times
        app.signal("SIGTERM")
        assert app.exit_code() == 143


@pytest.mark.parametrize("content", [b"", b"lastcall-state 1\n", b"\0" * 5000, b"{}\n",
                                     b"lastcall-state 2\nsum 0000000000000000\n"],
                         ids=["empty", "torn", "zeros", "foreign", "of another version"])
def test_a_state_that_cannot_be_trusted_is_set_aside(lastcall, place, content):
    with open(f"{place}/lastcall.state", "wb") as file:
        file.write(content)
    app = start(lastcall, place, ["sleep", "100"])
    app.wait_for("state set aside: it is torn, or not ours")
    assert count(app, 'lastcall_shutdowns_total{outcome="stopped"}') == 0
    with open(f"{place}/lastcall.state.bad", "rb") as file:
        assert file.read() == content
    app.signal("SIGTERM")
    assert app.exit_code() == 143


@pytest.mark.plain
def test_killed_at_any_moment_it_never_leaves_a_state_that_does_not_load(place, memory):
    """kill -9 some time after the stop signal, 1,000 times. In memory: a disk that others use takes so
    long to sync that it would always come before the end of the write."""
    command = [binary(), "-c", f"{place}/fast.yaml"]
    with open(f"{place}/fast.yaml", "w", encoding="ascii") as file:
        json.dump({"shutdown": {"propagation": "1ms"}, "stateDir": memory,
                   "terminationMessagePath": "off", "http": {"listen": "off"},
                   "processes": [{"command": ["sleep", "100"]}]}, file)
    loaded = 0
    for attempt in range(1000):
        with subprocess.Popen(command, stderr=subprocess.PIPE) as app:
            for line in app.stderr:
                assert b"set aside" not in line, f"attempt {attempt}: {line}"
                if b'"ready":true' in line:
                    break
            app.terminate()
            time.sleep(random.uniform(0, 0.006))
            app.kill()
        loaded += os.path.exists(f"{memory}/lastcall.state")
    assert loaded > 100, "it was hardly ever written"
