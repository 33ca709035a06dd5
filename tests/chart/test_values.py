# SPDX-License-Identifier: Apache-2.0
"""What becomes of single values."""

import re

import pytest
import yaml

import chart

pytestmark = pytest.mark.needs("helm")

LEAST = {
    "sidecar": {"image": {"repository": "x"}},
    "inject": {"mode": "inject", "image": {"repository": "x"}, "command": ["application"]},
    "entrypoint": {"mode": "entrypoint", "image": {"repository": "x"}},
}


def render(mode, more, **options):
    return chart.render(chart.merged(LEAST[mode], more), **options)


def accepted(mode, more, **options):
    return chart.manifest(render(mode, more, **options))


def process(text):
    return yaml.safe_load(chart.configuration(text))["processes"][0]


# --- text that lastcall would expand ---

def expanded(text):
    """As lastcall does: `$$` is a dollar, and a variable would be looked up."""
    assert "${" not in text.replace("$$", ""), text
    return text.replace("$$", "$")


@pytest.mark.parametrize("token", ["open-sesame", "pa$$word", "${HOME}", "$", "$$$"])
def test_the_hooks_bring_the_token_that_lastcall_expects(token):
    text = accepted("sidecar", {"lastcall": {"token": token}})
    held = yaml.safe_load(chart.configuration(text))["http"]["prestopToken"]
    for container in chart.pod(text)["containers"] + chart.pod(text)["initContainers"]:
        headers = container["lifecycle"]["preStop"]["httpGet"]["httpHeaders"]
        assert headers == [{"name": "Lastcall-Token", "value": expanded(held)}]


@pytest.mark.parametrize("mode", ["inject", "entrypoint"])
@pytest.mark.parametrize("script,run", [
    ("echo ${x} $x $(x)", "echo ${x} $x $(x)"),
    ("echo $$ $$$$ $${x} $$$(x)", "echo $ $$ ${x} $$(x)"),  # as the kubelet's own expansion() has it
    ("a\nb\n", "a\nb\n"),
    ("a\n\n", "a\n\n"),
])
def test_a_probe_runs_what_the_kubelet_would_run(mode, script, run):
    text = accepted(mode, {"readinessProbe": {"exec": {"command": ["sh", "-c", script]}}})
    command = process(text)["readinessProbe"]["exec"]["command"]
    assert [expanded(word) for word in command] == ["sh", "-c", run]


def test_a_probe_sends_the_header_that_was_written():
    header = {"name": "X", "value": "a$$b ${c}"}
    text = accepted("inject", {"readinessProbe": {"httpGet": {"port": 80, "httpHeaders": [header]}}})
    sent = process(text)["readinessProbe"]["httpGet"]["httpHeaders"]
    assert [{key: expanded(value) for key, value in one.items()} for one in sent] == [header]


# --- what is the pod's own ---

@pytest.mark.parametrize("selector", [
    {"matchLabels": {"tier": "front"}},
    {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
    {},
])
def test_a_spread_keeps_the_selector_that_it_has(selector):
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    text = accepted("sidecar", {"topologySpreadConstraints": [
        {**spread, "labelSelector": selector}, spread]})
    own = {"matchLabels": chart.find(text, "Deployment")["spec"]["selector"]["matchLabels"]}
    assert [one["labelSelector"] for one in chart.pod(text)["topologySpreadConstraints"]] == \
        [selector, own]
