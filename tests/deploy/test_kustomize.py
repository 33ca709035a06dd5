# SPDX-License-Identifier: Apache-2.0
"""deploy/kustomize as it renders; tests/e2e holds it against a real API server."""

import functools
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUSTOMIZE = ROOT / "deploy" / "kustomize"
MODES = ["entrypoint", "inject", "sidecar"]
VERSION = re.search(r"^  version: '(.+)'", (ROOT / "meson.build").read_text(), re.M)[1]

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl in PATH")


def kustomize(folder):
    return subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)


@functools.cache
def render(folder):
    done = kustomize(folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pod(folder):
    (deployment,) = [one for one in yaml.safe_load_all(render(folder))
                     if one["kind"] == "Deployment"]
    return deployment["spec"]["template"]["spec"]


def app(folder):
    (container,) = pod(folder)["containers"]
    return container


def overlay(mode):
    return KUSTOMIZE / "overlays" / mode


def check(folder):
    build = ROOT / "build" / "release" / "cmd" / "lastcallctl" / "lastcallctl"
    if not build.exists():
        pytest.skip("no build/release: tests/run builds it")
    return subprocess.run([build, "check", "--pod", "-"], input=render(folder), text=True,
                          capture_output=True, env={"PATH": os.environ["PATH"]})


@pytest.mark.parametrize("mode", MODES)
def test_lastcallctl_finds_nothing_wrong_with_the_pod(mode):
    done = check(overlay(mode))
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr


@pytest.mark.parametrize("mode", MODES)
def test_the_grace_period_is_the_pods(mode):
    containers = pod(overlay(mode))["containers"] + pod(overlay(mode)).get("initContainers", [])
    values = [one["value"] for container in containers for one in container.get("env", [])
              if one["name"] == "LASTCALL_GRACE_PERIOD"]
    assert values == [f"{pod(overlay(mode))['terminationGracePeriodSeconds']}s"]


@pytest.mark.parametrize("mode", ["inject", "sidecar"])
def test_the_image_is_of_this_version(mode):
    assert f"ghcr.io/lastcall-init/lastcall:{VERSION}\n" in render(overlay(mode))


def test_inject_puts_lastcall_in_front_of_the_command_and_keeps_it():
    before = app(KUSTOMIZE / "base")["command"]
    assert app(overlay("inject"))["command"] == ["/lastcall-bin/lastcall", "--", *before]


def test_entrypoint_leaves_the_command_to_the_image():
    assert "command" not in app(overlay("entrypoint"))


def test_sidecar_changes_nothing_of_the_application_but_its_prestop_hook():
    after = app(overlay("sidecar"))
    assert after.pop("lifecycle") == {
        "preStop": {"httpGet": {"path": "/prestop?container=app", "port": 9909}}}
    assert after == app(KUSTOMIZE / "base")


def test_the_sidecar_is_one_that_ends_after_the_application():
    (sidecar,) = pod(overlay("sidecar"))["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["lifecycle"]["preStop"]["httpGet"]["path"] == "/prestop?pod"


def probes(spec):
    """Those of each container that has any, by the kind."""
    containers = spec["containers"] + spec.get("initContainers", [])
    return [found for one in containers
            if (found := {kind: one[kind] for kind in one if kind.endswith("Probe")})]


@pytest.mark.parametrize("mode", MODES)
def test_the_probes_are_those_of_the_chart(mode):
    name = "sidecar" if mode == "sidecar" else "entrypoint"
    golden = ROOT / "tests" / "chart" / "golden" / f"{name}.yaml"
    (chart,) = [one["spec"]["template"]["spec"] for one in yaml.safe_load_all(golden.read_text())
                if one["kind"] == "Deployment"]
    assert probes(pod(overlay(mode))) == probes(chart)
    assert len(probes(chart)) == 1


def overlay_of_another(tmp_path, mode, change):
    """An overlay over another application: the base's text, changed."""
    base = (KUSTOMIZE / "base" / "app.yaml").read_text()
    shutil.copytree(KUSTOMIZE, tmp_path / "kustomize")
    changed = change(base)
    assert changed != base
    (tmp_path / "kustomize/base/app.yaml").write_text(changed)
    return tmp_path / "kustomize" / "overlays" / mode


def test_a_container_without_a_command_cannot_be_injected(tmp_path):
    done = kustomize(overlay_of_another(
        tmp_path, "inject", lambda base: re.sub(r"\n +command: .*", "", base)))
    assert done.returncode != 0
    assert "command" in done.stderr


def test_the_container_called_app_is_meant_wherever_it_stands(tmp_path):
    other = "        - {name: other, image: other, command: [other]}\n        - name: app\n"
    after = pod(overlay_of_another(
        tmp_path, "inject", lambda base: base.replace("        - name: app\n", other)))
    commands = {one["name"]: one["command"] for one in after["containers"]}
    assert commands == {"app": app(overlay("inject"))["command"], "other": ["other"]}


@pytest.mark.parametrize("mode", MODES)
def test_own_probes_are_replaced_and_a_hook_where_lastcall_has_one(tmp_path, mode):
    own = """          readinessProbe: {httpGet: {scheme: HTTPS, path: /own, port: 1}, initialDelaySeconds: 60}
          livenessProbe: {tcpSocket: {port: 1}}
          lifecycle: {preStop: {exec: {command: [sleep, "5"]}}, postStart: {exec: {command: [hi]}}}
"""
    after = app(overlay_of_another(tmp_path, mode, lambda base: base.replace(
        "          ports:\n", own + "          ports:\n")))
    assert after["lifecycle"]["postStart"] == {"exec": {"command": ["hi"]}}
    if mode == "sidecar":
        assert after["lifecycle"]["preStop"] == {
            "httpGet": {"path": "/prestop?container=app", "port": 9909}}
    else:
        assert after["lifecycle"]["preStop"] == {"exec": {"command": ["sleep", "5"]}}
        assert after["readinessProbe"] == app(overlay(mode))["readinessProbe"]
        assert after["livenessProbe"] == app(overlay(mode))["livenessProbe"]


@pytest.mark.parametrize("mode", MODES)
def test_lastcallctl_finds_a_port_that_was_left_as_it_is_here(tmp_path, mode):
    done = check(overlay_of_another(tmp_path, mode, lambda base: base.replace("8080", "3000")))
    assert done.returncode == 125 and "8080" in done.stderr


REDIS = """
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: redis
  labels: {lastcall/inject: "false"}
spec:
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers: [{name: redis, image: redis}]
"""


@pytest.mark.parametrize("mode", MODES)
def test_a_deployment_that_says_so_stays_as_it_is(tmp_path, mode):
    rendered = render(overlay_of_another(tmp_path, mode, lambda base: base + REDIS))
    found = {one["metadata"]["name"]: one for one in yaml.safe_load_all(rendered)
             if one["kind"] == "Deployment"}
    assert found["redis"] == yaml.safe_load(REDIS)
    assert found["app"]["spec"]["template"]["spec"] == pod(overlay(mode))
