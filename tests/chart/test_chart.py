# SPDX-License-Identifier: Apache-2.0
"""The chart: what it renders, what it refuses, and what is said of it."""

import json
import random
import re
import subprocess

import jsonschema
import pytest
import yaml

import chart

VALUES = chart.cases("values")
BAD = chart.cases("bad")

pytestmark = pytest.mark.needs("helm")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def golden(name):
    return read(f"{chart.HERE}/golden/{name}.yaml")


def render(tmp_path, values):
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    return chart.template(str(path))


def pod_of(name):
    return chart.find(golden(name), "Deployment")["spec"]["template"]["spec"]


# --- renderings ---

@pytest.mark.parametrize("name", VALUES)
def test_a_rendering_is_as_it_was_read_over(name):
    done = chart.template(VALUES[name])
    assert done.returncode == 0, done.stderr
    assert done.stdout == golden(name), "if that is meant: tests/chart/run --update"


@pytest.mark.parametrize("name", VALUES)
def test_the_notes_tell_the_timeline_of_a_stop(name):
    assert chart.notes(VALUES[name]) == read(f"{chart.HERE}/golden/{name}.notes")


def test_there_is_no_rendering_without_values():
    assert list(chart.cases("golden")) == list(VALUES)


@pytest.mark.needs("helm3")
@pytest.mark.parametrize("name", VALUES)
def test_helm_3_renders_the_same(name):
    done = chart.template(VALUES[name], using="helm3")
    assert done.returncode == 0, done.stderr
    assert done.stdout == golden(name)


def test_a_rendering_warns_of_nothing():
    for name, path in VALUES.items():
        assert chart.template(path).stderr == "", name


# --- what is refused ---

@pytest.mark.parametrize("using", ["helm", pytest.param("helm3", marks=pytest.mark.needs("helm3"))])
@pytest.mark.parametrize("name", BAD)
def test_what_does_not_add_up_is_refused_with_the_reason(name, using):
    done = chart.template(BAD[name], using=using)
    said = read(BAD[name].replace(".yaml", ".said")).strip()
    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())


def test_no_object_of_the_schema_takes_unknown_keys():
    """But those that are Kubernetes' own, or have keys of the user's."""
    def objects(node, path):
        if isinstance(node, dict):
            if "properties" in node and node.get("additionalProperties") is not False:
                yield path
            for key, value in node.items():
                yield from objects(value, f"{path}/{key}")
    assert not list(objects(json.loads(read(f"{chart.CHART}/values.schema.json")), ""))


# --- what is said of values ---

def leaves(values, path=()):
    for key, value in values.items():
        if isinstance(value, dict) and value and ".".join([*path, key]) not in chart.descriptions():
            yield from leaves(value, (*path, key))
        else:
            yield ".".join([*path, key])


def test_every_value_is_described():
    values = yaml.safe_load(read(f"{chart.CHART}/values.yaml"))
    assert set(leaves(values)) == set(chart.descriptions())


def test_the_schema_describes_values_as_their_comments_do():
    assert read(f"{chart.CHART}/values.schema.json") == chart.described_schema(), \
        "tests/chart/run --update"


@pytest.mark.needs("helm-docs")
def test_the_readme_is_made_from_the_values():
    done = subprocess.run([chart.program("helm-docs"), "--dry-run", "--chart-search-root",
                           chart.CHART], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == read(f"{chart.CHART}/README.md").strip(), \
        "tests/chart/run --update"


# --- linters ---

@pytest.mark.parametrize("using", ["helm", pytest.param("helm3", marks=pytest.mark.needs("helm3"))])
def test_helm_lint_finds_nothing(using):
    for words in [[], *[["--values", path] for path in VALUES.values()]]:
        done = chart.helm("lint", "--strict", chart.CHART, "--kube-version", chart.KUBERNETES, *words,
                          using=using)
        assert done.returncode == 0, done.stdout + done.stderr


# --- against lastcall itself ---

def check(lastcallctl, tmp_path, text, pod=None):
    (tmp_path / "lastcall.yaml").write_text(chart.configuration(text))
    (tmp_path / "pod.yaml").write_text(text)
    what = ["--pod", str(tmp_path / "pod.yaml")] if pod else ["--platform", "kubernetes"]
    return subprocess.run([lastcallctl, "check", *what, "-c", str(tmp_path / "lastcall.yaml")],
                          capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", VALUES)
def test_lastcallctl_finds_nothing_wrong_in_a_rendering(name, lastcallctl, tmp_path):
    done = check(lastcallctl, tmp_path, golden(name), pod=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", VALUES)
def test_the_configuration_keeps_to_lastcalls_schema(name, lastcallctl):
    schema = json.loads(subprocess.run([lastcallctl, "schema"], capture_output=True, text=True,
                                       check=True).stdout)
    config = yaml.safe_load(chart.configuration(golden(name)))
    jsonschema.Draft202012Validator(schema).validate(config)
