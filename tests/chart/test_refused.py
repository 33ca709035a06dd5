# SPDX-License-Identifier: Apache-2.0
"""Single values with which lastcall would not start, or which the API server would refuse."""

import subprocess

import pytest

import chart
from test_values import accepted, process, render

pytestmark = pytest.mark.needs("helm")


def probe(**keys):
    return {"readinessProbe": keys}


def beside(**keys):
    return {"extraContainers": [{"name": "proxy", "image": "y", **keys}]}


def get(**keys):
    return {"httpGet": {"port": 80, **keys}}


def hook(**keys):
    return {"shutdown": {"preStop": [keys]}}


def config(**keys):
    return {"lastcall": {"config": keys}}


@pytest.mark.parametrize("mode,values,said", [
    ("inject", probe(**get(path="a b")), 'readinessProbe.httpGet.path: found "a b"'),
    ("inject", probe(**get(host="example.com")), 'readinessProbe.httpGet.host: found "example.com"'),
    *[("inject", probe(**get(host=host)), f'readinessProbe.httpGet.host: found "{host}"')
      for host in ("10.0.0.300", "1.2.3", "010.1.1.1", "a:b")],
    *[("inject", hook(httpGet={"port": 80, "host": host}), "'/shutdown/preStop/0/httpGet/host'")
      for host in ("10.0.0.300", "1.2.3", "010.1.1.1", "a:b")],
    ("inject", probe(tcpSocket={"port": 80, "host": "db"}), 'readinessProbe.tcpSocket.host: found "db"'),
    ("inject", probe(**get(httpHeaders=[{"name": "X"}])), "missing property 'value'"),
    ("inject", probe(**get(httpHeaders=[{"nam": "X", "value": ""}])), "missing property 'name'"),
    ("inject", probe(**get(httpHeaders=[{"name": "X", "value": "a\nb"}])), "httpHeaders/0/value'"),
    ("inject", probe(**get(httpHeaders=33 * [{"name": "X", "value": ""}])), "got 33, want 32"),
    ("inject", probe(exec={"command": [""]}), "exec/command/0': minLength"),
    ("inject", {"livenessProbe": {**get(), "successThreshold": 2}}, "successThreshold: found 2"),
    ("inject", {"startupProbe": {**get(), "successThreshold": 2}}, "successThreshold: found 2"),
    *[("inject", probe(tcpSocket={"port": port}), "'/readinessProbe/tcpSocket/port'")
      for port in ("0", "80", "99999", "010", "a--b")],
    *[("inject", probe(**get(), **{key: 604801}), f"'/readinessProbe/{key}': maximum")
      for key in ("initialDelaySeconds", "periodSeconds", "timeoutSeconds")],
    ("inject", hook(httpGet={"port": 80, "path": "x"}), "'/shutdown/preStop/0/httpGet/path'"),
    ("inject", hook(httpGet={"port": 80, "host": ""}), "'/shutdown/preStop/0/httpGet/host'"),
    ("inject", hook(httpGet={"port": 80, "httpHeaders": [{"name": "X"}]}), "missing property 'value'"),
    ("inject", hook(sleep={"seconds": 604801}), "sleep/seconds': maximum"),
    ("inject", hook(sleep="169h", timeout="1s"), "shutdown.preStop[0].sleep: found 169h"),
    ("inject", {"shutdown": {"gracePeriod": "200h"}}, "shutdown.gracePeriod: found 200h; accepted: at "
                                                      "most 168h"),
    ("inject", {"shutdown": {"gracePeriod": "0s"}}, "'/shutdown/gracePeriod': 'not' failed"),
    ("inject", {"shutdown": {"propagation": {"quiet": "200h"}}}, "shutdown.propagation.quiet: found"),
    ("inject", {"ports": [], "drain": {"timeout": "200h"}}, "drain.timeout: found 200h"),
    ("inject", config(shutdown={"leftoverTimeout": "200h"}), "shutdown.leftoverTimeout: found 200h"),
    ("inject", {"shutdown": {"margin": "1.5ms"}}, "'1.5ms' does not match pattern"),
    ("inject", {"shutdown": {"margin": "10000000000s"}}, "does not match pattern"),
    ("inject", {"shutdown": {"stopSignal": "SIGFOO"}}, "'/shutdown/stopSignal'"),
    ("inject", {"shutdown": {"stopSignal": "RTMIN+31"}}, "'/shutdown/stopSignal'"),
    *[("inject", config(shutdown={"stopOn": [signal]}), "'/lastcall/config/shutdown/stopOn/0'")
      for signal in ("SIGKILL", "CHLD", 19)],
    ("inject", config(shutdown={"secondSignal": {"CHLD": "kill"}}), "properties 'CHLD' not allowed"),
    ("inject", config(signals={"SIGFOO": "ignore"}), "properties 'SIGFOO' not allowed"),
    ("inject", config(signals={"17": "ignore"}), "properties '17' not allowed"),
    ("inject", config(signals={"SIGHUP": "SIGBAR"}), "'/lastcall/config/signals/SIGHUP'"),
    ("inject", config(exitCodes={"300": 0}), "properties '300' not allowed"),
    *[("sidecar", config(connections={"ignoreFrom": [network]}), "'/lastcall/config/connections/ignore")
      for network in ("foo", "10.0.0.300", "10.0.0.0/33", "fd00::/129", "010.0.0.1")],
    ("sidecar", hook(exec={"command": ["x"]}), "found exec in mode sidecar"),
    ("inject", {"ports": [], "service": {"ports": [{"port": 80}]}}, "service.ports: found without"),
    *[(mode, beside(name=name), f'extraContainers: found a container "{name}"')
      for mode, name in (("entrypoint", "app"), ("sidecar", "lastcall"))],
    ("sidecar", {**beside(), "initContainers": [{"name": "proxy", "image": "y"}]}, 'found a container "proxy"'),
    *[("inject", {"volumes": [{"name": name}]}, f'volumes: found a volume "{name}"')
      for name in ("lastcall-config", "lastcall-state", "lastcall-bin")],
    ("inject", beside(ports=[{"containerPort": 9909}]), "extraContainers[0].ports: found 9909"),
    ("inject", beside(ports=[{"containerPort": 1, "name": "lastcall"}]),
     'extraContainers[0].ports: found "lastcall", as lastcall\'s own port is called'),
    ("inject", {"podLabels": {"app.kubernetes.io/name": "y"}}, "podLabels: found app.kubernetes.io/name"),
    ("inject", {"commonLabels": {"helm.sh/chart": "y"}}, "commonLabels: found helm.sh/chart"),
    *[("inject", {key: {"enabled": True, "labels": {"helm.sh/chart": "y"}}},
       f"{key}.labels: found helm.sh/chart") for key in ("podMonitor", "prometheusRule", "dashboard")],
    ("inject", {"autoscaling": {"enabled": True, "minReplicas": 20}},
     "autoscaling.minReplicas: found 20; accepted: at most autoscaling.maxReplicas (10)"),
    ("inject", {"strategy": {"rollingUpdate": {"maxSurge": 0}}}, "found maxSurge and maxUnavailable 0"),
    ("inject", {"strategy": {"rollingUpdate": {"maxSurge": "0%"}}}, "found maxSurge and maxUnavailable 0"),
    *[("inject", {"nameOverride": name}, "'/nameOverride': ") for name in ("My_App", "9a", "a-", 64 * "a")],
    *[("inject", {"ports": [{"containerPort": 80, "name": name}]}, "'/ports/0/name'")
      for name in ("8080", "a--b", "lastcall")],
    *[(mode, {"env": [{"name": "LASTCALL_LISTEN", "value": ":1"}]}, "env[0].name: found LASTCALL_LISTEN")
      for mode in ("entrypoint", "inject")],
    ("inject", {"env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                **probe(exec={"command": ["$(X)"]})}, "found $(X) in a probe"),
    *[("inject", {"volumeMounts": [{"name": "d", "mountPath": path}]}, f'a mount at "{path}"')
      for path in ("/etc/lastcall", "/lastcall-bin")],
    ("sidecar", {"volumeMounts": [{"name": name, "mountPath": "/d"} for name in "ab"]}, 'a mount at "/d"'),
    ("inject", {"ports": [{"name": "http", "containerPort": port} for port in (80, 81)]}, 'a port "http"'),
    ("inject", {"ports": [{"name": name, "containerPort": 80} for name in "ab"]}, 'a port "80/TCP"'),
    ("inject", {"podAnnotations": {"lastcall/config": "x"}}, "podAnnotations: found lastcall/config"),
    ("sidecar", probe(**get(port="htpp")), 'found port "htpp" in a probe'),
    ("inject", {"service": {"ports": [{"port": 80, "targetPort": "htpp"}]}}, 'targetPort: found "htpp"'),
    ("inject", {"service": {"ports": [{"port": 80}, {"port": 90}]}}, "service.ports[0].name: missing"),
    ("sidecar", config(shutdown={"stopOn": ["SIGUSR1"]}), "stopOn: found without SIGTERM"),
    ("sidecar", config(signals={"SIGHUP": "ignore"}), "lastcall.config.signals: found in mode sidecar"),
    ("sidecar", config(exitCodes={"255": 0}), "lastcall.config.exitCodes: found in mode sidecar"),
    ("sidecar", {"hostNetwork": True, "drain": {"timeout": "5s"}}, "drain.timeout: found in mode sidecar"),
    ("inject", probe(**get(path="/" + 2000 * "a")), "of at most 2000 characters"),
    ("inject", hook(httpGet={"port": 80, "path": "/" + 2000 * "a"}), "httpGet/path': maxLength"),
    ("inject", {"hostNetwork": True, "ports": [{"containerPort": 8080, "hostPort": 80}]}, "found hostPort 80"),
    ("inject", {"env": [{"name": "PORT", "value": 8080}]}, "'/env/0/value'"),
    ("sidecar", {"extraContainers": [{"image": "y"}]}, "missing property 'name'"),
    ("inject", {"volumeMounts": [{"name": "d"}]}, "missing property 'mountPath'"),
    ("inject", {"service": {"ports": [{"name": "http"}]}}, "missing property 'port'"),
    ("inject", {"minReadySeconds": 600}, "'/minReadySeconds': maximum"),
])
def test_it_is_refused_with_its_name(mode, values, said):
    done = render(mode, values)
    assert done.returncode != 0, "accepted"
    assert said in " ".join(done.stderr.split()), done.stderr


def test_a_release_after_which_no_service_can_be_called_needs_another_name():
    done = render("inject", {}, release="web.1")
    assert done.returncode != 0 and 'the release is called "web.1"' in " ".join(done.stderr.split())
    assert render("inject", {"nameOverride": "web"}, release="web.1").returncode == 0


@pytest.mark.parametrize("values", [
    hook(httpGet={"port": 80, "path": "/a?b", "host": "::1", "httpHeaders": [{"name": "X", "value": ""}]}),
    hook(httpGet={"port": 80, "path": "${STOP:-/stop}"}),
    hook(signal="SIGRTMAX-30"),
    {"shutdown": {"gracePeriod": "168h"}},
    {"shutdown": {"stopSignal": 64}},
    config(shutdown={"stopOn": ["TERM", 2, "RTMIN+30"], "secondSignal": {"2": "kill"}}),
    config(signals={"SIGHUP": "reload", "10": "SIGSTOP", "IOT": "ignore"}),
    config(exitCodes={"255": 0, "199": 1, "forced": 0}),
    config(connections={"ignoreFrom": ["10.0.0.0/8", "192.0.2.255", "::1", "::ffff:10.0.0.1", "fd00::/8"]}),
    probe(**get(path="/a%20b", host="127.0.0.1"), periodSeconds=604800, successThreshold=3),
])
def test_lastcall_takes_what_the_chart_takes(values, lastcallctl):
    held = subprocess.run([lastcallctl, "check", "-c", "/dev/stdin", "application"],
                          input=chart.configuration(accepted("inject", values)),
                          capture_output=True, text=True, check=False)
    assert held.returncode == 0, held.stderr


@pytest.mark.parametrize("written,told", [
    *[({"path": path}, {"path": path}) for path in ("healthz", "", "//healthz", "http://x/y")],
    ({"host": ""}, {}),
])
def test_lastcall_is_told_of_a_probe_what_the_kubelet_would_be(written, told):
    """And makes the same of it: a path that begins otherwise, say."""
    text = accepted("inject", probe(**get(**written)))
    assert process(text)["readinessProbe"] == get(**told)


def test_in_mode_sidecar_the_kubelet_takes_what_it_takes():
    own = get(path="a b", host="example.com")
    assert chart.pod(accepted("sidecar", probe(**own)))["containers"][0]["readinessProbe"] == own
