# SPDX-License-Identifier: Apache-2.0
"""The chart: what it renders, what it refuses, and what is said of it."""

import glob
import json
import os
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
    assert chart.manifest(chart.template(VALUES[name])) == golden(name), \
        "if that is meant: tests/chart/run --update"


@pytest.mark.parametrize("name", VALUES)
def test_the_notes_tell_the_timeline_of_a_stop(name):
    assert chart.notes(VALUES[name]) == read(f"{chart.HERE}/golden/{name}.notes")


def test_there_is_no_rendering_without_values():
    assert list(chart.cases("golden")) == list(VALUES)


def test_every_template_is_rendered_by_some_values():
    """But for what is a file of its own: the next test reads that."""
    rendered = "".join(golden(name) for name in VALUES)
    templates = [os.path.relpath(path, chart.CHART) for path in
                 glob.glob(f"{chart.CHART}/templates/**/*.yaml", recursive=True)]
    assert {name for name in templates if f"lastcall/{name}\n" not in rendered} == \
        {"templates/dashboard.yaml", "templates/prometheusrule.yaml"}


def test_the_dashboard_and_the_alerts_are_those_of_the_files():
    done = chart.template(VALUES["sidecar"], "--set", "dashboard.enabled=true,"
                          "dashboard.annotations.folder=SRE,prometheusRule.enabled=true,"
                          "prometheusRule.labels.release=prometheus")
    rule = chart.find(done.stdout, "PrometheusRule")
    assert rule["spec"] == yaml.safe_load(read(f"{chart.CHART}/files/alerts.yaml"))
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    dashboard = next(one for one in chart.documents(done.stdout)
                     if one["metadata"]["name"] == "web-dashboard")
    assert dashboard["data"]["lastcall.json"] == read(f"{chart.CHART}/files/dashboard.json")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert dashboard["metadata"]["annotations"] == {"folder": "SRE"}


@pytest.mark.needs("helm3")
@pytest.mark.parametrize("name", VALUES)
def test_helm_3_renders_the_same(name):
    assert chart.manifest(chart.template(VALUES[name], using="helm3")) == golden(name)


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


def test_the_chart_is_of_the_version_that_it_brings():
    """The tag of lastcall's image is the chart's appVersion."""
    version = re.search(r"version: '(\S+)'", read(f"{chart.ROOT}/meson.build"))[1]
    about = yaml.safe_load(read(f"{chart.CHART}/Chart.yaml"))
    assert about["appVersion"] == about["version"] == version


# --- linters ---

@pytest.mark.parametrize("using", ["helm", pytest.param("helm3", marks=pytest.mark.needs("helm3"))])
def test_helm_lint_finds_nothing(using):
    for words in [[], *[["--values", path] for path in VALUES.values()]]:
        done = chart.helm("lint", "--strict", chart.CHART, "--kube-version", chart.KUBERNETES, *words,
                          using=using)
        assert done.returncode == 0, done.stdout + done.stderr


# --- what modes have in common ---

def test_a_release_can_change_its_mode_since_what_cannot_change_is_the_same():
    """A Deployment's selector is immutable, and a Service must go on finding both kinds of pods."""
    texts = [golden(name) for name in ("sidecar", "inject-init", "inject-image", "entrypoint")]
    assert len({str(chart.find(text, "Deployment")["spec"]["selector"]) for text in texts}) == 1
    assert len({str(chart.find(text, "Service")["spec"]) for text in texts}) == 1


@pytest.mark.parametrize("name", VALUES)
def test_one_value_is_the_grace_of_the_pod_and_of_lastcall(name):
    config = yaml.safe_load(chart.configuration(golden(name)))
    assert msec(config["shutdown"]["gracePeriod"]) == \
        pod_of(name)["terminationGracePeriodSeconds"] * 1000


# --- against lastcall itself ---

def msec(text):
    number, unit = re.fullmatch(r"([0-9.]+)(ms|s|m|h)", text).groups()
    return round(float(number) * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}[unit])


def ctl(lastcallctl, command, tmp_path, text):
    """lastcallctl, with the configuration that a rendering has."""
    path = tmp_path / "lastcall.yaml"
    path.write_text(chart.configuration(text))
    return subprocess.run([lastcallctl, command, "--platform", "kubernetes", "-c", str(path),
                           "application"], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", VALUES)
def test_lastcallctl_finds_nothing_wrong_in_a_rendering(name, lastcallctl):
    """As in a pipeline; its configuration is found in it."""
    rendered = chart.template(VALUES[name], "--skip-tests").stdout
    done = subprocess.run([lastcallctl, "check", "--pod", "-"], input=rendered,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is not here" not in done.stderr


@pytest.mark.parametrize("name", VALUES)
def test_the_configuration_keeps_to_lastcalls_schema(name, lastcallctl):
    schema = json.loads(subprocess.run([lastcallctl, "schema"], capture_output=True, text=True,
                                       check=True).stdout)
    config = yaml.safe_load(chart.configuration(golden(name)))
    jsonschema.Draft202012Validator(schema).validate(config)


def times_at_random(draw):
    """Values of which about a half fit."""
    def time(most):
        return draw.choice([f"{draw.randint(0, most)}s", f"{draw.randint(0, most * 1000)}ms",
                            f"{draw.randint(0, most * 10) / 10}s"])

    def some(**keys):
        return {key: value for key, value in keys.items() if draw.random() < 0.5}

    window = draw.choice([time(15), "cluster", "alb", some(min=time(5), max=time(20), quiet="2s")])
    hooks = [{"signal": "SIGTSTP"}, {"sleep": time(4)}, {"sleep": {"seconds": 2}},
             {"exec": {"command": ["x"]}}, {"exec": {"command": ["z"]}},
             {"httpGet": {"port": 1}, "timeout": time(3)}]
    return {
        "mode": "inject", "image": {"repository": "x"}, "command": ["application"],
        "ports": draw.choice([[], [{"containerPort": 80}]]),
        "drain": some(timeout=time(12), waitForIdle=draw.choice([True, False])),
        "shutdown": {"gracePeriod": f"{draw.randint(1, 30)}s",
                     **some(margin=time(3), propagation=window, stopTimeout=time(12),
                            preStop=draw.sample(hooks, 2), postStop=draw.sample(hooks, 1))},
    }


@pytest.mark.parametrize("seed", range(60))
def test_the_chart_refuses_the_times_that_lastcall_refuses(seed, lastcallctl, tmp_path):
    """What the chart lets pass starts, and what it refuses would not have started."""
    values = times_at_random(random.Random(seed))
    done = render(tmp_path, values)
    refused = re.search(r"do not fit in the grace period: .* = ([0-9.]+m?s); accepted", done.stderr)
    forced = render(tmp_path, values | {"shutdown": values["shutdown"] | {"gracePeriod": "1h"}})
    assert forced.returncode == 0, forced.stderr
    text = forced.stdout.replace("gracePeriod: 1h",
                                 "gracePeriod: " + values["shutdown"]["gracePeriod"])
    held = ctl(lastcallctl, "check", tmp_path, text)
    assert (done.returncode == 0) == (held.returncode == 0), done.stderr + held.stderr
    if refused:
        said = re.search(r"do not fit in the grace: .* = ([0-9.]+[a-z]+); accepted", held.stderr)
        assert msec(said[1]) == msec(refused[1])
    else:
        assert done.returncode == 0 or "propagation.max" in done.stderr


def render_times_that_fit(tmp_path, draw):
    for _ in range(60):
        done = render(tmp_path, times_at_random(draw) | {"ports": [{"containerPort": 80}]})
        if done.returncode == 0:
            return done
    raise AssertionError("none of 60 fit, of which a third should: " + done.stderr)


def told(notes, what):
    """When the notes say that it will be, at best and at worst."""
    found = re.search(rf"T\+(\S+)(?: to T\+(\S+))? +.*{what}", notes)
    return [msec(found[1]), msec(found[2] or found[1])]


@pytest.mark.parametrize("seed", range(40))
def test_the_notes_tell_the_times_that_lastcall_plans(seed, lastcallctl, tmp_path):
    done = render_times_that_fit(tmp_path, random.Random(seed))
    held = ctl(lastcallctl, "plan", tmp_path, done.stdout)
    assert held.returncode == 0, held.stderr
    notes = chart.notes(tmp_path / "values.yaml")

    def planned(what):
        return [msec(time) for time in re.findall(rf"T\+(\S+) +{what}", held.stdout)]
    assert told(notes, "lastcall sends SIGTERM") == planned("the stop begins"), notes + held.stdout
    assert told(notes, "lastcall sends SIGKILL")[1:] == planned("SIGKILL to app"), \
        notes + held.stdout
    # It is planned only where hooks or a drain come after it.
    window = planned("the window is over")
    assert told(notes, "the window is over") == window or not window, notes + held.stdout
