# SPDX-License-Identifier: Apache-2.0
"""docs/kubernetes.md, line by line: what a newcomer copies from it works."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

import cluster
import images as made
import pods

pytestmark = pytest.mark.usefixtures("images")

PAGE = (pathlib.Path(cluster.ROOT) / "docs" / "kubernetes.md").read_text(encoding="utf-8")
NAME = "lastcall"  # of the cluster that the page makes


def blocks(heading, language):
    """The code of that language under a heading."""
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", PAGE, re.M | re.S)[1]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.M | re.S)


# --- the commands, from nothing ---

class Newcomer:
    """A shell in a checkout, with a kubeconfig of its own."""

    def __init__(self, place):
        self.place = place
        (place / "charts").symlink_to(os.path.join(cluster.ROOT, "charts"))
        (place / "bin").mkdir()
        self.environment = {**os.environ, "KUBECONFIG": str(place / "kubeconfig"),
                            "PATH": f"{place}/bin:{os.environ['PATH']}"}

    def run(self, lines, seconds=300):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=self.place, check=False,
                              env=self.environment, capture_output=True, text=True, timeout=seconds)
        assert done.returncode == 0, f"{lines}\n{done.stdout}{done.stderr}"
        return done.stdout

    def take_nodes_of(self, image):
        """Where no image can be pulled kind's own default cannot be, either."""
        kind = self.place / "bin" / "kind"
        kind.write_text(f'#!/bin/sh\n[ "$1" != create ] || set -- "$@" --image {image}\n'
                        f'exec {shutil.which("kind")} "$@"\n', encoding="ascii")
        kind.chmod(0o755)


def nodes_image():
    """Of the cluster at hand."""
    context = cluster.run("kubectl", "config", "current-context").stdout.strip()
    if not shutil.which("kind") or not context.startswith("kind-"):
        pytest.skip("kind, which the page makes a cluster with, is not at hand")
    nodes = cluster.run("kind", "get", "nodes", "--name", context.removeprefix("kind-")).stdout
    return cluster.run("docker", "inspect", "--format", "{{.Config.Image}}",
                       nodes.split()[0]).stdout.strip()


@pytest.fixture
def newcomer(tmp_path):
    made_here = Newcomer(tmp_path)
    made_here.take_nodes_of(nodes_image())
    if NAME in cluster.run("kind", "get", "clusters").stdout.split():
        pytest.fail(f"in the way: kind delete cluster --name {NAME}")
    yield made_here
    made_here.run(f"kind delete cluster --name {NAME}")


def test_the_pages_commands_lead_from_nothing_to_a_drained_rollout(newcomer):
    begin, rollout, end = blocks("From nothing to a drained rollout", "sh")
    create, install = begin.splitlines()
    newcomer.run(create)
    newcomer.run(f"kind load docker-image --name {NAME} {' '.join(made.PUBLIC.values())}")
    assert "What will happen when one of its pods is stopped" in newcomer.run(install)
    before = newcomer.run("kubectl get pods --output name")
    told = newcomer.run(rollout)
    assert "successfully rolled out" in told
    for line in ("readiness off", "draining, after", "drained, after", "exits with 0"):
        assert line in told, told
    newcomer.run(f"kubectl wait --for=delete --timeout=60s {' '.join(before.split())}")
    newcomer.run("\n".join(blocks("In a pipeline", "sh")))
    newcomer.run(end)


# --- the manifests ---

def named(entries):
    return {one["name"]: one for one in entries}


def merged(base, more):
    """As a strategic merge: lists of things with names by these, all else replaced."""
    both = {**base, **more}
    for key in ("initContainers", "volumes"):
        if key in base and key in more:
            both[key] = list({**named(base[key]), **named(more[key])}.values())
    return both


def at_hand(text):
    """With the images' names in the tests' registry: under the page's a node would not find them."""
    for target, name in made.PUBLIC.items() if made.REGISTRY else ():
        text = text.replace(name.removesuffix(":latest"), made.NAMES[target])
    return text


def specs():
    sidecar, = blocks("`sidecar`", "yaml")
    inject, copy = blocks("`inject`", "yaml")
    entrypoint, = blocks("`entrypoint`", "yaml")
    texts = {"sidecar": sidecar, "inject": inject, "copy": copy, "entrypoint": entrypoint}
    found = {name: yaml.safe_load(at_hand(text))["spec"] for name, text in texts.items()}
    return {**found, "copy": merged(found["inject"], found["copy"])}


@pytest.mark.level("baseline")
@pytest.mark.parametrize("mode", ["sidecar", "inject", "copy", "entrypoint"])
def test_the_pages_lines_for_a_mode_are_all_that_a_pod_needs(namespace, mode):
    spec = specs()[mode]
    for one in spec["containers"] + spec.get("initContainers", []):
        one["imagePullPolicy"] = "IfNotPresent"  # that of an image without a tag is Always
    pods.pod(namespace, spec)
    found = pods.delete(namespace)
    told = pods.ended(found, "lastcall" if mode == "sidecar" else "app")[1]
    assert told["phases"]["propagating"] >= 5
    assert told["outcome"] == "stopped"
    assert pods.status(found)["state"]["terminated"]["exitCode"] == 0
