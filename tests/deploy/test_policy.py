# SPDX-License-Identifier: Apache-2.0
"""The admission policies as text; tests/e2e tries them on a real API server."""

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICY = ROOT / "deploy" / "policy"
VERSION = re.search(r"^  version: '(.+)'", (ROOT / "meson.build").read_text(), re.M)[1]
SAME = re.compile(r"# --- the same in \w+\.yaml, from here ---\n(.+?)# --- to here ---", re.S)


def test_both_policies_judge_a_pod_by_the_same_words():
    inject, warn = (SAME.search((POLICY / name).read_text())[1]
                    for name in ("inject.yaml", "warn.yaml"))
    assert inject == warn


def test_the_injected_image_is_of_this_version():
    policy = next(yaml.safe_load_all((POLICY / "inject.yaml").read_text()))
    values = {one["name"]: one["expression"] for one in policy["spec"]["variables"]}
    assert values["image"] == f"'ghcr.io/lastcall-init/lastcall:{VERSION}'"


def test_neither_policy_ever_refuses_a_pod():
    for name in ("inject.yaml", "warn.yaml"):
        policy, binding = yaml.safe_load_all((POLICY / name).read_text())
        assert policy["spec"]["failurePolicy"] == "Ignore"
        assert "Deny" not in binding["spec"].get("validationActions", [])


def test_a_warning_is_in_the_audit_log_too():
    _, binding = yaml.safe_load_all((POLICY / "warn.yaml").read_text())
    assert set(binding["spec"]["validationActions"]) == {"Warn", "Audit"}
