# SPDX-License-Identifier: Apache-2.0
"""Checks of the application: thresholds, and what counts as an answer, as with the kubelet."""

import json
import os
import shutil
import subprocess

import pytest

from lastcall import binary, descendants, helper, lateness, until
from scripted import scripted
from test_traffic import counted

ASK = {"httpGet": {"path": "/check", "port": 8080}}
# A connection without a request takes no word of the script.
LISTENS = {"tcpSocket": {"port": 8080}, "failureThreshold": 60}
EACH_SECOND = {"periodSeconds": 1}


PATIENCE = 20  # seconds: of several periods, on a machine with much else to do


def wait(app, msg, **fields):
    return app.wait_for(msg, timeout=PATIENCE, **fields)


def checked(lastcall, command, shutdown="gracePeriod: 10s", more="", program=None, env=None, via=(),
            **probes):
    """Starts it with these probes: readiness={…} is readinessProbe, each second."""
    written = "\n".join(f"  {kind}Probe: {json.dumps({**EACH_SECOND, **probe})}"
                        for kind, probe in probes.items())
    return lastcall("--log-level", "debug", config=f"""
shutdown: {{{shutdown}}}
processes:
- name: app
  command: {json.dumps(command)}
  {more}
{written}
""", program=program, env=env, via=via)


def results(app, check, count):
    """The first results of that check, as they came: P where it passed, f where it failed."""
    assert until(lambda: len(app.events("checked", check=check)) >= count, PATIENCE), \
        app.story(f"not {count} results of {check}")
    return "".join("P" if event["ok"] else "f"
                   for event in app.events("checked", check=check)[:count])


def first(app, check):
    result = wait(app, "checked", check=check)
    return result["ok"], result.get("why")


def decisions(app, check):
    return [event["ok"] for event in app.events("check", check=check)]


# --- thresholds ---

@pytest.mark.parametrize("script, thresholds, made, decided", [
    ("200 500", {"failureThreshold": 3}, "Pfff", [True, False]),
    ("200 500 500 200 500", {"failureThreshold": 3}, "PffPfff", [True, False]),
    ("200 500 200", {"failureThreshold": 1}, "PfP", [True, False, True]),
    ("200 500 200 200", {"failureThreshold": 1, "successThreshold": 2}, "PfPP", [False, True]),
    ("500 500 200", {"failureThreshold": 3}, "ffP", [True]),
    ("500 500 200", {"failureThreshold": 2}, "ffP", [False, True]),
], ids=lambda value: value if isinstance(value, str) else None)
def test_what_holds_changes_with_so_many_results_in_a_row(lastcall, script, thresholds, made,
                                                          decided):
    app = checked(lastcall, scripted(script), startup=LISTENS, readiness={
        **ASK, **thresholds})
    assert results(app, "readiness", len(made)) == made
    assert until(lambda: decisions(app, "readiness") == decided, PATIENCE), app.story(f"not {decided}")


@pytest.mark.memory
def test_readiness_goes_off_and_comes_back(lastcall):
    app = checked(lastcall, scripted("200 500 200"), startup=LISTENS, readiness={
        **ASK, "failureThreshold": 1})
    on = wait(app, "readiness", ready=True)
    off = wait(app, "readiness", ready=False, after=on)
    wait(app, "readiness", ready=True, after=off)
    assert app.status("/readyz") == 200


def test_after_t0_it_does_not_come_back(lastcall):
    app = checked(lastcall, scripted("200 200 500 200"), shutdown="gracePeriod: 20s, propagation: 6s, "
                  "readiness: hold", startup=LISTENS, readiness={**ASK, "failureThreshold": 1})
    app.ready(PATIENCE)
    app.signal("SIGTERM")
    off = wait(app, "readiness", ready=False)
    assert off["t"] < 6
    wait(app, "checked", check="readiness", ok=True, after=off)
    assert app.status("/readyz") == 503
    assert app.exit_code(timeout=15) == 0
    assert len(app.events("readiness", ready=True)) == 1


# --- what waits for what ---

def test_readiness_is_checked_once_the_ports_listen_not_a_period_later(lastcall):
    app = checked(lastcall, scripted("200", delay=1), more="ports: [8080]", readiness={
        **ASK, "periodSeconds": 3600})
    assert first(app, "readiness") == (False, "Connection refused")
    app.ready(PATIENCE)


def test_but_not_before_its_initial_delay(lastcall):
    app = checked(lastcall, scripted("200", delay=0.5), more="ports: [8080]", readiness={
        **ASK, "periodSeconds": 3600, "initialDelaySeconds": 2})
    assert wait(app, "phase", phase="starting")["elapsed"] >= 2


def test_a_process_is_not_ready_before_its_checks_have_passed(lastcall):
    app = checked(lastcall, scripted("503 200", delay=3), startup=LISTENS, readiness=ASK)
    wait(app, "checked", check="startup", ok=False)
    answer = app.http("/readyz?verbose")
    assert answer.status == 503
    assert answer.body == ("[+]app ok\n[-]app/startup failed: Connection refused\n"
                           "[-]app/readiness failed: not checked yet\n[+]shutdown ok\n"
                           "readyz check failed\n")
    wait(app, "checked", check="readiness", ok=False, why="status 503")
    assert "[-]app/readiness failed: status 503\n" in app.http("/readyz").body
    app.ready(PATIENCE)
    assert "[+]app/startup ok\n[+]app/readiness ok\n" in app.http("/readyz?verbose").body


@pytest.mark.memory
def test_readiness_and_liveness_wait_for_startup(lastcall):
    app = checked(lastcall, scripted("200", delay=1.5), readiness=ASK, liveness=ASK, startup={
        "tcpSocket": {"port": 8080}, "failureThreshold": 30})
    app.ready(PATIENCE)
    started = wait(app, "check", check="startup", ok=True)
    assert "f" in results(app, "startup", 2)
    for check in ("readiness", "liveness"):
        result = wait(app, "checked", check=check)
        assert result["ok"] and result.at >= started.at
    made = len(app.events("checked", check="startup"))
    wait(app, "checked", check="readiness", after=wait(app, "readiness", ready=True))
    assert len(app.events("checked", check="startup")) == made, "it goes on after startup"


def test_started_is_what_startupz_says_whatever_readiness_does(lastcall):
    app = checked(lastcall, scripted("200 503"), startup=ASK, readiness=ASK)
    assert app.status("/startupz") == 503
    wait(app, "checked", check="readiness", ok=False)
    assert app.status("/startupz") == 200
    assert app.status("/readyz") == 503


def test_ports_and_checks_both_have_to_hold(lastcall):
    app = lastcall(config=f"""
processes:
- name: app
  command: {json.dumps(scripted("200", delay=1.5))}
  ports: [8080]
  readinessProbe: {{exec: {{command: ["true"]}}, periodSeconds: 1}}
""")
    wait(app, "check", check="readiness", ok=True)
    assert "[-]app failed: nothing listens on port 8080\n" in app.http("/readyz").body
    app.ready(PATIENCE)


RELOADED = """
signals: {SIGHUP: reload}
processes:
- command: [sleep, "100"]
  %s
"""


@pytest.mark.memory
def test_a_reload_takes_other_probes(lastcall):
    probe = "readinessProbe: {exec: {command: [%s]}, periodSeconds: 1, failureThreshold: 1}"
    app = lastcall(config=RELOADED % (probe % "true")).ready(PATIENCE)
    app.write("lastcall.yaml", RELOADED % (probe % "false"))
    app.signal("SIGHUP")
    off = wait(app, "readiness", ready=False)
    app.write("lastcall.yaml", RELOADED % "")
    app.signal("SIGHUP")
    wait(app, "readiness", ready=True, after=off)


# --- a failure that ends the process ---

@pytest.mark.memory
def test_a_liveness_failure_stops_the_process_without_a_window(lastcall):
    app = checked(lastcall, scripted("200 500"), startup=LISTENS,
                  liveness={**ASK, "failureThreshold": 2},
                  shutdown="gracePeriod: 30s, propagation: 10s")
    wait(app, "check", check="liveness", ok=False)
    assert wait(app, "stop signal sent")["t"] < 1
    assert app.exit_code() == 1, "a process that had to be stopped has not done well"
    ended = wait(app, "exit")
    assert (ended["cause"], ended["outcome"]) == ("check", "crashed")


def test_livez_fails_with_the_liveness_check(lastcall):
    app = checked(lastcall, scripted("200 500"), startup=LISTENS,
                  liveness={**ASK, "failureThreshold": 1}, more="preStop: [{sleep: 2s}]")
    wait(app, "check", check="liveness", ok=True)
    assert app.http("/livez?verbose").body == "[+]ping ok\n[+]app/liveness ok\nlivez check passed\n"
    wait(app, "check", check="liveness", ok=False)
    answer = app.http("/livez")
    assert answer.status == 503
    assert "[-]app/liveness failed: status 500\n" in answer.body
    assert app.status("/livez?exclude=app/liveness") == 200
    status = app.http("/status").json()
    assert status["cause"] == {"kind": "check", "process": "app"}
    assert {"name": "app/liveness", "ok": False, "why": "status 500"} in status["checks"]
    assert app.exit_code() == 1


def test_a_startup_failure_stops_the_process(lastcall):
    app = checked(lastcall, scripted("200", delay=100), startup={
        "tcpSocket": {"port": 8080}, "failureThreshold": 2})
    wait(app, "check", check="startup", ok=False, why="Connection refused")
    wait(app, "stop signal sent")
    assert app.exit_code() == 1
    assert not app.events("readiness", ready=True)


def test_liveness_is_not_checked_in_a_shutdown(lastcall):
    app = checked(lastcall, scripted("200"), liveness=ASK, readiness=ASK,
                  shutdown="gracePeriod: 20s, propagation: 3s")
    app.ready(PATIENCE)
    app.signal("SIGTERM")
    t0 = wait(app, "phase", next="propagating")
    assert app.exit_code() == 0
    assert [event for event in app.events("checked", check="readiness") if event.at > t0.at]
    assert not [event for event in app.events("checked", check="liveness") if event.at > t0.at]


# --- what counts as an answer ---

@pytest.mark.parametrize("script, ok, why", [
    ("200", True, None),
    ("399", True, "status 399: a redirect that is not followed"),
    ("400", False, "status 400"),
    ("503", False, "status 503"),
    ("chunked", True, None),
    ("hints", True, None),
    ("huge", True, None),
    ("hang", False, "nothing within 1s"),
    ("slow", False, "nothing within 1s"),
    ("close", False, "Connection reset by peer"),
    ("reset", False, "Connection reset by peer"),
    ("garbage", False, "Bad message"),
    ("headers", False, "Bad message"),
    ("302>/next 200", True, None),
    ("307>next?x 308>http://127.0.0.1:8080/there 200", True, None),
    ("302>/next 500", False, "status 500"),
    ("302>http://example.org/", True, "status 302: a redirect that is not followed"),
    ("302", True, "status 302: a redirect that is not followed"),
    ("302>ftp://example.org/", True, "status 302: a redirect that is not followed"),
    ("302>https://example.org/\u00fc", True, "status 302: a redirect that is not followed"),
    ("302>ftp://127.0.0.1/", False, "Bad message"),
    ("302>/gr\u00f6\u00dfe 200", True, None),
    pytest.param("302>/" + 3000 * "x" + " 200", False, "Bad message", id="a long Location"),
    ("cut", False, "status 200, but its body: cut short"),
    ("cut-chunks", False, "status 200, but its body: cut short"),
    ("trailers", True, None),
    ("plain", True, None),
    ("302>http://127.0.0.1:9/", False, "Connection refused"),
    ("302>/1 302>/2 302>/3 302>/4 302>/5 302>/6 302>/7 302>/8 302>/9 200", True, None),
    ("302>/again", False, "stopped after 10 redirects"),
    ("cookies", True, None),
])
def test_an_answer_is_taken_as_the_kubelet_takes_it(lastcall, script, ok, why):
    app = checked(lastcall, scripted(script), startup=LISTENS, readiness=ASK)
    assert first(app, "readiness") == (ok, why)


def test_a_body_that_does_not_end_counts_neither_way(lastcall):
    app = checked(lastcall, scripted("200 stalled"), startup=LISTENS, liveness={
        **ASK, "failureThreshold": 1})
    wait(app, "checked", why="status 200, but its body has not ended within 1s")
    assert decisions(app, "liveness") == [True]
    assert app.running()


@pytest.mark.parametrize("script", ["cut", "cut-chunks"])
def test_a_body_that_was_cut_short_counts_neither_way(lastcall, script):
    app = checked(lastcall, scripted(f"200 {script}"), startup=LISTENS, liveness={
        **ASK, "failureThreshold": 1})
    wait(app, "check not made", why="status 200, but its body: cut short")
    assert decisions(app, "liveness") == [True]
    assert app.running()


def test_what_a_redirect_says_in_no_ascii_is_percent_encoded(lastcall):
    app = checked(lastcall, scripted("302>/gr\u00f6\u00dfe 200"), startup=LISTENS, readiness=ASK)
    app.wait_output("asked /gr%C3%B6%C3%9Fe 2", PATIENCE)


def test_at_most_ten_requests_are_made_for_one_check(lastcall):
    app = checked(lastcall, scripted("302>/again"), startup=LISTENS, readiness={
        **ASK, "periodSeconds": 10})
    wait(app, "checked", check="readiness")
    assert until(lambda: sum("asked" in line.raw for line in app.output.list) == 10, PATIENCE)


def test_the_request_is_the_probes(lastcall):
    app = checked(lastcall, scripted("302>/x 200"), startup=LISTENS, readiness={"httpGet": {
        "path": "/check?a=b", "port": 8080, "httpHeaders": [
            {"name": "X-Token", "value": "secret"}, {"name": "Host", "value": "example.org"},
            {"name": "Accept", "value": ""}, {"name": "User-Agent", "value": "me"}]}})
    asked = app.wait_output("asked /check?a=b 1", PATIENCE)
    assert "|X-Token: secret|" in asked and "|Host: example.org|" in asked
    assert "|User-Agent: me|" in asked and "Accept" not in asked
    assert "|Connection: close|" in asked
    assert "|Host: example.org|" in app.wait_output("asked /x 2", PATIENCE)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.1.2.3"])
def test_without_a_host_it_asks_wherever_the_application_listens(lastcall, host):
    """On its pod's address, too: the network namespace has one, and a way out."""
    address = ["sh", "-c", 'ip addr add 10.1.2.3/24 dev lo && ip route add default dev lo && '
               'exec "$@"', "sh"]
    app = checked(lastcall, [*(address if host == "10.1.2.3" else []),
                             *scripted("200", host=host)],
                  startup=LISTENS, readiness=ASK)
    app.ready(PATIENCE)


@pytest.mark.memory
def test_tcp_socket_passes_where_the_connection_is_accepted(lastcall):
    app = checked(lastcall, scripted("hang", delay=1.5),
                  readiness={"tcpSocket": {"port": 8080}})
    wait(app, "checked", ok=False, why="Connection refused")
    app.ready(PATIENCE)


# --- HTTPS ---

def certificate(place, *kind):
    """Signed by itself, for nobody."""
    path = os.path.join(place, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-subj", "/CN=nobody", "-days", "1",
                    "-newkey", *kind, "-keyout", path, "-out", path + ".tmp"],
                   check=True, capture_output=True, timeout=60)
    with open(path, "a", encoding="ascii") as file, open(path + ".tmp", encoding="ascii") as more:
        file.write(more.read())
    return path


def installed(place):
    """lastcall with lastcallctl beside it, as they are installed."""
    for name in ("lastcall", "lastcallctl"):
        folder = os.path.join(os.path.dirname(os.path.dirname(binary())), name)
        shutil.copy(os.path.join(folder, name), place)
    return [os.path.join(place, "lastcall")]


HTTPS = {"httpGet": {"path": "/check", "port": 8080, "scheme": "HTTPS"}}

SLOW_HTTPS = {**HTTPS, "timeoutSeconds": 5}

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed: "
                                   "deploy/packages test installs it")


@pytest.mark.plain
@needs_openssl
@pytest.mark.parametrize("key", [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
                         ids=["RSA", "EC"])
def test_of_https_the_certificate_is_not_verified(lastcall, place, key):
    app = checked(lastcall, scripted("200 503", certificate=certificate(place, *key)),
                  program=installed(place), startup=HTTPS,
                  readiness={**HTTPS, "failureThreshold": 1})
    wait(app, "check", check="startup", ok=True)
    wait(app, "check", check="readiness", ok=False, why="status 503")
    app.wait_output("asked /check 2", PATIENCE)


@pytest.mark.plain
@needs_openssl
@pytest.mark.parametrize("script, ok, why", [
    ("302>/next 200", True, None),
    ("huge", True, None),
    ("hang", False, "nothing within 1s"),
    ("close", False, "lastcallctl: tls: the connection was closed"),
])
def test_https_answers_are_taken_as_those_of_http(lastcall, place, script, ok, why):
    app = checked(lastcall, scripted(script, certificate=certificate(place, "rsa:2048")),
                  program=installed(place),
                  startup=LISTENS, readiness={**HTTPS, "periodSeconds": 100})
    assert first(app, "readiness") == (ok, why)
    assert until(lambda: all("lastcallctl" not in one for one in programs(app))), programs(app)


def tls_server(pem, *options):
    return ["openssl", "s_server", "-accept", "8080", "-cert", pem, "-key", pem, "-www", "-quiet",
            *options]


@pytest.mark.plain
@needs_openssl
@pytest.mark.parametrize("curve", ["X25519", "P-256", "P-384", "P-521"])
def test_https_keys_are_agreed_upon_over_each_of_gos_curves(lastcall, place, curve):
    app = checked(lastcall, tls_server(certificate(place, "rsa:2048"), "-curves", curve),
                  program=installed(place), startup=LISTENS, readiness=SLOW_HTTPS)
    assert first(app, "readiness") == (True, None)


@pytest.mark.plain
@needs_openssl
@pytest.mark.parametrize("key, options", [("rsa:2048", ["-tls1_3"]), ("ed25519", [])],
                         ids=["TLS 1.3", "Ed25519"])
def test_what_a_server_of_other_tls_is_like_is_not_known(lastcall, place, key, options):
    """Nothing is stopped for what the kubelet would find healthy."""
    app = checked(lastcall, tls_server(certificate(place, key), *options),
                  program=installed(place), startup=LISTENS,
                  liveness={**SLOW_HTTPS, "failureThreshold": 1})
    assert wait(app, "check not made")["why"] == (
        "lastcallctl: tls: the server speaks no TLS that lastcall does: "
        "version 1.2, a certificate of RSA or ECDSA, a key exchange of ECDHE")
    results(app, "liveness", 2)
    assert decisions(app, "liveness") == []
    assert app.running()


@pytest.mark.plain
@needs_openssl
def test_a_server_that_wants_a_certificate_of_us_fails(lastcall, place):
    """The kubelet has none, either."""
    app = checked(lastcall, tls_server(certificate(place, "rsa:2048"), "-Verify", "1", "-tls1_2"),
                  program=installed(place), startup=LISTENS,
                  liveness={**SLOW_HTTPS, "failureThreshold": 1})
    assert first(app, "liveness") == (False, "lastcallctl: tls: refused by the server, with alert 40")
    assert app.exit_code(timeout=PATIENCE) != 0


@pytest.mark.plain
def test_https_of_a_server_without_tls_fails(lastcall, place):
    app = checked(lastcall, scripted("200"), program=installed(place),
                  startup=LISTENS, readiness=HTTPS)
    assert first(app, "readiness")[1].startswith("lastcallctl: tls:")


@pytest.mark.plain
def test_without_lastcallctl_an_https_check_is_not_known(lastcall, place):
    alone = [shutil.copy(binary(), place)]
    app = checked(lastcall, scripted("200"), program=alone, env={"PATH": "/nowhere"},
                  startup=LISTENS, liveness={**HTTPS, "failureThreshold": 1})
    assert first(app, "liveness")[1] == "lastcallctl: execve: No such file or directory"
    assert app.running()


# --- exec ---

@pytest.mark.memory
@pytest.mark.parametrize("command, ok, why", [
    (["true"], True, None),
    (["sh", "-c", "echo no database >&2; exit 3"], False, "exit code 3: no database"),
    (["sh", "-c", "kill -9 $$$$"], False, "exit code 137"),
    (["sleep", "100"], False, "nothing within 1s"),
    (["/no/such/program"], False, "/no/such/program: execve: No such file or directory"),
    (["sh", "-c", "yes x | head -c 1000000; exit 1"], False, "exit code 1: " + "x " * 121),
], ids=["success", "failure", "killed", "timeout", "not found", "flood"])
def test_an_exec_check_passes_with_exit_code_0_alone(lastcall, command, ok, why):
    app = checked(lastcall, ["sleep", "100"], readiness={"exec": {"command": command}})
    assert first(app, "readiness") == (ok, why)


def test_a_program_that_cannot_be_run_counts_neither_way(lastcall):
    app = checked(lastcall, ["sleep", "100"], liveness={
        "exec": {"command": ["/no/such/program"]}, "failureThreshold": 1})
    results(app, "liveness", 3)
    assert not decisions(app, "liveness") and app.running()
    assert len(app.events("check not made", check="liveness")) == 1


def test_an_exec_check_leaves_no_process_behind(lastcall):
    """Its group ends with it, at a timeout and after a success; what left it is reaped."""
    once = {"periodSeconds": 100}
    app = checked(lastcall, ["sleep", "1000"],
                  startup={"exec": {"command": ["sh", "-c", "setsid sh -c '(exit 0) &' & true"]}},
                  readiness={"exec": {"command": ["sh", "-c", "sleep 301 & true"]}, **once},
                  liveness={"exec": {"command": ["sh", "-c", "sleep 302 & sleep 303"]}, **once})
    results(app, "readiness", 1)
    results(app, "liveness", 1)
    assert until(lambda: programs(app) == {"sleep 1000"}, PATIENCE), programs(app)


def programs(app):
    """What runs beside lastcall and the checks that are being made."""
    found = set()
    for pid in descendants(app.pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found.add(file.read().replace(b"\0", b" ").decode().strip())
        except OSError:
            pass
    return found - {""}


# --- they are no clients ---

@pytest.mark.parametrize("probe", [ASK, {"tcpSocket": {"port": 8080}}], ids=["httpGet", "tcpSocket"])
@pytest.mark.parametrize("via", [[], ["netlink"]], ids=["netlink", "proc"])
def test_our_own_checks_are_no_arrivals(lastcall, probe, via):
    """With them the window, whose quiet time is longer than their period, would go on to its max."""
    app = checked(lastcall, scripted("200"), startup=LISTENS, readiness=probe,
                  shutdown='gracePeriod: 60s, propagation: "2500ms:2s:30s"',
                  via=[helper("refuse"), *via, "--"])
    app.ready(PATIENCE)
    app.signal("SIGTERM")
    assert wait(app, "phase", phase="propagating")["elapsed"] == lateness(2.5)
    t0 = wait(app, "phase", next="propagating")
    made = [event for event in app.events("checked", ok=True) if event.at > t0.at]
    assert len(made) >= 2, app.story("nothing was checked in the window")
    assert app.exit_code() == 0


def test_our_own_checks_are_not_in_flight(lastcall):
    app = checked(lastcall, scripted("200 hang"), startup=ASK, readiness={
        **ASK, "timeoutSeconds": 100})
    app.wait_output("asked /check 2", PATIENCE)
    found = [counted(app) for _ in range(20)]  # None where a look took too long
    assert {0} <= set(found) <= {0, None}
    client = app.network.connect(("127.0.0.1", 8080))
    client.sendall(b"GET /client HTTP/1.1\r\n\r\n")
    app.wait_output("asked /client", PATIENCE)
    assert until(lambda: counted(app) == 1, PATIENCE)
    client.close()
