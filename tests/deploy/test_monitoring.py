# SPDX-License-Identifier: Apache-2.0
"""The dashboard and the alerts ask for what lastcall tells, in words that Prometheus understands."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
HERE = pathlib.Path(__file__).resolve().parent

# What Grafana puts into a query before Prometheus gets it.
VARIABLES = {"$__rate_interval": "30s", "$__range": "1m", "$namespace": ".*", "$pod": ".*"}

pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="no prometheus here")


def dashboard():
    return json.loads((MONITORING / "dashboard.json").read_text())


def panels():
    return dashboard()["panels"]


def queries():
    """Title and expression of all that the dashboard asks."""
    for panel in panels():
        for target in panel["targets"]:
            text = target["expr"]
            for name, value in VARIABLES.items():
                text = text.replace(name, value)
            yield panel["title"], text


def alerts():
    for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]:
        yield from group["rules"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def lastcall_binary():
    found = sorted(ROOT.glob("build/release*/cmd/lastcall/lastcall"), key=os.path.getmtime)
    path = os.environ.get("LASTCALL") or next((one for one in reversed(found) if
                                               "arm64" not in str(one)), None)
    if not path:
        pytest.skip("no build/release: tests/run builds it")
    return os.path.abspath(path)


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read()


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


class Server:
    """A Prometheus that scrapes one lastcall as if it were in a pod."""

    def __init__(self, folder, target):
        self.url = f"http://127.0.0.1:{free_port()}"
        labels = {"namespace": "shop", "pod": "web-0"}
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "500ms", "scrape_timeout": "400ms"},
            "scrape_configs": [{"job_name": "web", "static_configs": [
                {"targets": [target], "labels": labels}]}]}))
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={self.url.removeprefix('http://')}", "--log.level=error"])

    def ask(self, expression):
        """The samples, or an error of Prometheus' as an exception."""
        query = urllib.parse.urlencode({"query": expression})
        return json.loads(get(f"{self.url}/api/v1/query?{query}"))["data"]["result"]

    def has(self, expression):
        try:
            return bool(self.ask(expression))
        except OSError:
            return False  # it has only begun

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """With what a lastcall told before its stop signal, in the window after it, and of an orphan."""
    folder = tmp_path_factory.mktemp("prometheus")
    target = f"127.0.0.1:{free_port()}"
    serve = f"exec /usr/bin/python3 -m http.server --bind 127.0.0.1 {free_port()}"
    command = ["--listen", target, "--propagation", "40s", "--grace-period", "60s", "--",
               "sh", "-c", f"(sleep 0.1 &) ; {serve}"]
    lastcall = subprocess.Popen([lastcall_binary(), *command], stderr=subprocess.DEVNULL)
    one = Server(folder, target)
    try:
        eventually(lambda: one.has("count_over_time(lastcall_ready[1m]) >= 3"))
        lastcall.send_signal(signal.SIGTERM)
        eventually(lambda: one.has('lastcall_signals_total >= 1'))
        yield one
    finally:
        one.close()
        lastcall.kill()
        lastcall.wait()


# Empty while all is well.
NOTHING_WRONG = {"Not running"}
# Only with a listening application, which the kernel's table has connections of.
ONLY_SERVING = {"In flight", "Connections"}


@pytest.mark.parametrize("title, query", queries(), ids=lambda value: value[:40])
def test_every_query_of_the_dashboard_has_an_answer(server, title, query):
    found = server.ask(query)
    if title not in NOTHING_WRONG | ONLY_SERVING:
        eventually(lambda: server.has(query), 10)
    else:
        assert isinstance(found, list)


@pytest.mark.parametrize("name", [rule["alert"] for rule in alerts()])
def test_every_alert_is_understood_by_a_real_prometheus(server, name):
    (expression,) = [rule["expr"] for rule in alerts() if rule["alert"] == name]
    assert isinstance(server.ask(expression), list)


def metrics_of_the_source():
    source = "".join(path.read_text() for path in (ROOT / "lib" / "drive").glob("metrics*.c"))
    return set(re.findall(r'"((?:lastcall|process)_[a-z_]+)["{]', source))


@pytest.mark.parametrize("what", ["dashboard.json", "alerts.yaml"])
def test_only_metrics_that_lastcall_has_are_asked_for(what):
    names = set(re.findall(r"\b(?:lastcall|process)_[a-z_]+\b", (MONITORING / what).read_text()))
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
    assert names and names <= metrics_of_the_source()


def test_only_bounds_that_lastcall_has_are_asked_for_as_prometheus_3_writes_them():
    """Which makes a 5 or 5.000 that it scrapes a 5.0."""
    source = (ROOT / "lib" / "drive" / "metrics.c").read_text()
    bounds = set(re.findall(r'{\d+, "([\d.]+)"}', source))
    asked = set(re.findall(r'le="([^"]+)"', (MONITORING / "alerts.yaml").read_text()))
    assert asked and asked <= bounds == {str(float(bound)) for bound in bounds}


def test_the_alerts_fire_when_they_should_and_else_not():
    done = subprocess.run(["promtool", "test", "rules", HERE / "alerts_test.yaml"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test():
    tested = {test["alertname"] for group in yaml.safe_load((HERE / "alerts_test.yaml").read_text())
              ["tests"] for test in group["alert_rule_test"] if test.get("exp_alerts")}
    assert tested == {rule["alert"] for rule in alerts()}


def test_every_alert_says_what_to_do():
    for rule in alerts():
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_panels_fill_the_width_and_overlap_nowhere():
    cells = [(x, y) for panel in panels() for at in [panel["gridPos"]]
             for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))
    assert len({panel["id"] for panel in panels()}) == len(panels())


def manifests():
    """Those that say where lastcall listens; the policy's is tried in tests/e2e."""
    for part in ("components/front/front.yaml", "components/sidecar/kustomization.yaml"):
        yield (ROOT / "deploy" / "kustomize" / part).read_text()
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    for block in re.findall(r"^```yaml\n(.+?)^```", page, re.M | re.S):
        if "readinessProbe" in block:
            yield block


@pytest.mark.parametrize("text", manifests())
def test_the_podmonitor_scrapes_the_port_that_the_manifests_name(text):
    monitor = yaml.safe_load((MONITORING / "podmonitor.yaml").read_text())
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert f"{{name: {endpoint['port']}, containerPort: 9909}}" in text


def test_every_panel_says_what_it_shows():
    assert all(panel["title"] and panel["description"] for panel in panels())
