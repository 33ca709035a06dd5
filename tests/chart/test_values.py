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


def render(mode, more, *words, **options):
    return chart.render(chart.merged(LEAST[mode], more), *words, **options)


def accepted(mode, more, *words, **options):
    return chart.manifest(render(mode, more, *words, **options))


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


VARIABLES = [{"name": "Z", "value": "1"}, {"name": "NO"}, {"name": "PORT", "value": "79"},
             {"name": "PORT", "value": "80"}, {"name": "A", "value": "$(PORT) $(LATER) $$(PORT)"},
             {"name": "LATER", "value": "$$"}]


@pytest.mark.parametrize("script,run", [
    ("$(PORT) $$(PORT) $(NONE)", "80 $(PORT) $(NONE)"),
    ("$(NO)", ""),
    ("$(A) $(LATER)Z", "80 $(LATER) $(PORT) $Z"),
    ("$$$(Z)", "$1"),
])
def test_a_probes_command_has_the_variables_that_the_kubelet_would_put_there(script, run):
    text = accepted("inject", {"env": VARIABLES,
                               "readinessProbe": {"exec": {"command": ["sh", "-c", script]}}})
    assert expanded(process(text)["readinessProbe"]["exec"]["command"][2]) == run


@pytest.mark.parametrize("window,seconds", [
    ("0s", 2), ("1s", 1), ("1999ms", 1), ("2s", 2), ({"min": "1s"}, 1), ({"min": "3s"}, 2),
])
def test_readiness_is_looked_at_often_enough_for_the_window(window, seconds):
    pod = chart.pod(accepted("inject", {"shutdown": {"propagation": window}}))
    assert pod["containers"][0]["readinessProbe"]["periodSeconds"] == seconds


@pytest.mark.parametrize("values,readiness", [
    ({"strategy": {"rollingUpdate": {"maxUnavailable": 2}}}, "after-window"),
    ({"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}}, "after-window"),
    ({"strategy": {"rollingUpdate": {"maxUnavailable": 1}}}, "flip"),
    ({"strategy": {"rollingUpdate": {"maxUnavailable": "50%"}}}, "flip"),
    ({"service": {"internalTrafficPolicy": "Local"}}, "after-window"),
    ({"service": {"internalTrafficPolicy": "Local", "enabled": False}}, "flip"),
])
def test_readiness_stays_on_where_all_endpoints_can_be_terminating(values, readiness):
    held = yaml.safe_load(chart.configuration(accepted("inject", values)))
    assert held["shutdown"]["readiness"] == readiness


def test_large_numbers_are_written_in_full():
    text = accepted("inject", {"revisionHistoryLimit": 1000000, "replicas": 1000000})
    assert chart.find(text, "Deployment")["spec"]["revisionHistoryLimit"] == 1000000
    assert chart.find(text, "Deployment")["spec"]["replicas"] == 1000000


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


# --- keys of which nothing is left, since all below them is a comment ---

# Without one of these there is none of it.
AT_WILL = {"securityContext", "podSecurityContext", "lastcall.resources", "strategy.rollingUpdate",
           "podDisruptionBudget.maxUnavailable", "dashboard.labels", "hostNetwork",
           "shareProcessNamespace"}
EVERY_OBJECT = {"image": {"repository": "x"}, "resources": {"requests": {"cpu": 1}}, **{
    name: {"enabled": True} for name in ("autoscaling", "networkPolicy", "podMonitor",
                                         "prometheusRule", "dashboard")}}


def empty(value):
    return all(map(empty, value.values())) if isinstance(value, dict) else value in ([], "", None)


def keys(values, path=()):
    """Every key of values.yaml: its path and its value."""
    for key, value in values.items():
        yield (*path, key), value
        if not empty(value) and isinstance(value, dict) and ".".join([*path, key]) not in AT_WILL:
            yield from keys(value, (*path, key))


def emptied(paths):
    values = {}
    for path in paths:
        *above, key = path
        node = values
        for word in above:
            node = node.setdefault(word, {})
        node.setdefault(key, None)
    return values


def default_keys():
    with open(f"{chart.CHART}/values.yaml", encoding="utf-8") as file:
        return dict(keys(yaml.safe_load(file)))


@pytest.mark.parametrize("using", ["helm", pytest.param("helm3", marks=pytest.mark.needs("helm3"))])
def test_an_emptied_key_with_a_default_is_named(using):
    needed = {path for path, value in default_keys().items()
              if not empty(value) and ".".join(path) not in AT_WILL}
    said = ""
    for depth in 1, 2, 3:
        said += chart.render(emptied(path for path in needed if len(path) == depth),
                             using=using).stderr
    named = {(*filter(None, path.split("/")), key) for path, words in
             re.findall(r"at '(.*)': missing propert(?:y|ies) (.*)", said)
             for key in re.findall(r"'(\w+)'", words)}
    assert named == needed


def test_an_emptied_key_without_one_changes_nothing():
    same = [path for path, value in default_keys().items()
            if empty(value) and path != ("image", "repository")]
    assert accepted("sidecar", chart.merged(emptied(same), EVERY_OBJECT)) == \
        accepted("sidecar", EVERY_OBJECT)


def test_some_keys_can_be_emptied_at_will():
    values = emptied(path.split(".") for path in AT_WILL)
    text = accepted("sidecar", chart.merged(values, EVERY_OBJECT))
    assert "securityContext" not in chart.pod(text)
    assert not any(None in one["spec"].values() for one in chart.documents(text) if "spec" in one)


# --- the hook that sleeps, and what the notes say of times ---

@pytest.mark.parametrize("shutdown,seconds", [
    ({"propagation": "8100ms"}, 9),
    ({"gracePeriod": "7s", "margin": "1.2s"}, 5),
    ({"gracePeriod": "2s"}, None),
    ({"propagation": "0s"}, None),
])
def test_a_sleep_has_whole_seconds_and_is_none_of_0(shutdown, seconds, tmp_path):
    values = {"hostNetwork": True, "shutdown": shutdown,
              "extraContainers": [{"name": "proxy", "image": "y"}]}
    hooks = [one.get("lifecycle") for one in chart.pod(accepted("sidecar", values))["containers"]]
    assert hooks == 2 * [seconds and {"preStop": {"sleep": {"seconds": seconds}}}]
    notes = notes_of(tmp_path, "sidecar", values)
    assert ("hook sleeps;" in notes) == bool(seconds)
    assert not seconds or f"  T+{seconds}s " in notes


def notes_of(tmp_path, mode, more):
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(chart.merged(LEAST[mode], more)))
    return chart.notes(str(path))


@pytest.mark.parametrize("shutdown,said", [
    ({"propagation": "5s"}, r"T\+5s +the window is over"),
    ({"propagation": {"quiet": "2s"}}, r"T\+5s to T\+15s +nothing new has arrived for 2s: the window"),
    ({"stopSignal": 12}, "lastcall sends signal 12 to"),
    ({"stopSignal": "SIGQUIT"}, "lastcall sends SIGQUIT to"),
    ({"gracePeriod": "60s", "stopTimeout": "5s"}, r"T\+10s to T\+30s +lastcall sends SIGKILL"),
    ({"gracePeriod": "1s"}, r"T\+500ms +lastcall sends SIGKILL"),
])
def test_the_notes_say(shutdown, said, tmp_path):
    assert re.search(said, notes_of(tmp_path, "inject", {"shutdown": shutdown}))


# --- names ---

def strings(value):
    """Every name, image and label, which must be text whatever it looks like."""
    if isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (dict, list)):
                yield from item.values() if key in ("labels", "matchLabels") else strings(item)
            elif key in ("name", "namespace", "image", "reference", "serviceAccountName", "workingDir"):
                yield item


@pytest.mark.parametrize("mode", LEAST)
@pytest.mark.parametrize("word", ["2024", "123", "on", "1e3"])
def test_text_stays_text(mode, word):
    values = {**EVERY_OBJECT, "image": {"repository": word}, "workingDir": word}
    text = accepted(mode, values, "--namespace", word, release=word)
    assert {type(one) for one in strings(chart.documents(text))} == {str}


@pytest.mark.parametrize("folder", ["/srv #1", "/a: b", "123", "- a", "'x"])
def test_a_working_directory_is_what_was_written(folder):
    text = accepted("inject", {"workingDir": folder})
    assert chart.pod(text)["containers"][0]["workingDir"] == folder


@pytest.mark.parametrize("name", ["on", "no", "0x1", "true"])
def test_a_port_is_found_by_its_name(name):
    text = accepted("inject", {"ports": [{"containerPort": 80, "name": name}]})
    assert chart.find(text, "Service")["spec"]["ports"] == [
        {"port": 80, "targetPort": name, "name": name}]


def test_one_number_can_be_two_ports():
    ports = [{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"},
             {"containerPort": 9909, "protocol": "UDP"}]
    text = accepted("inject", {"ports": ports})
    assert [port["name"] for port in chart.find(text, "Service")["spec"]["ports"]] == \
        ["port-53", "port-53-udp", "port-9909-udp"]


@pytest.mark.parametrize("tag,version", [
    ("feature-" + "b" * 80, "feature-" + "b" * 55), ("1.0-", "1.0"), ("_a", "a"), ("_", None),
    ("a" * 62 + "-b", "a" * 62),
])
def test_a_label_has_as_much_of_the_tag_as_it_can(tag, version):
    text = accepted("inject", {"image": {"tag": tag}})
    labels = chart.find(text, "Deployment")["metadata"]["labels"]
    assert labels.get("app.kubernetes.io/version") == version
    assert chart.pod(text)["containers"][0]["image"] == f"x:{tag}"


def test_the_test_of_a_long_name_has_a_name_that_fits():
    text = accepted("inject", {"nameOverride": "a" * 57 + "-" + "b" * 5})
    assert {one["metadata"]["name"] for one in chart.documents(text)} == \
        {"a" * 57 + "-" + "b" * 5, "a" * 57 + "-test"}


# --- objects beside the Deployment ---

def test_a_limit_is_a_request_to_an_autoscaler():
    accepted("inject", {"autoscaling": {"enabled": True}, "resources": {"limits": {"cpu": 1}}})


def test_every_object_has_the_common_labels():
    text = accepted("entrypoint", {**EVERY_OBJECT, "commonLabels": {"team": "checkout"}})
    assert {one["metadata"]["labels"].get("team") for one in chart.documents(text)} == {"checkout"}


@pytest.mark.parametrize("kind,key", [
    ("PodMonitor", "podMonitor"), ("PrometheusRule", "prometheusRule"), ("ConfigMap", "dashboard"),
])
def test_an_objects_own_label_stands_once_in_place_of_the_common_one(kind, key):
    text = accepted("inject", {"commonLabels": {"release": "shop", "team": "checkout"},
                               key: {"enabled": True, "labels": {"release": "prometheus"}}})
    labels = chart.find(text, kind)["metadata"]["labels"]
    assert (labels["release"], labels["team"]) == ("prometheus", "checkout")
    document = next(one for one in text.split("\n---\n") if f"kind: {kind}\n" in one)
    assert document.count("\n    release: ") == 1


def test_the_pod_of_helm_test_may_run_where_the_application_may():
    where = {"nodeSelector": {"kubernetes.io/arch": "arm64"},
             "tolerations": [{"key": "spot", "operator": "Exists"}]}
    text = accepted("inject", where)
    test = next(one["spec"] for one in chart.documents(text) if one["kind"] == "Pod")
    assert {key: test.get(key) for key in where} == where


def test_a_policy_lets_in_whoever_the_service_leads_in():
    text = accepted("inject", {
        "networkPolicy": {"enabled": True},
        "extraContainers": [{"name": "proxy", "image": "y", "ports": [{"name": "proxy", "containerPort": 1}]}],
        "service": {"ports": [{"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 8080},
                              {"name": "c", "port": 443, "targetPort": "proxy"},
                              {"name": "d", "port": 9, "protocol": "UDP"}]}})
    assert chart.find(text, "NetworkPolicy")["spec"]["ingress"][0]["ports"] == [
        {"port": port, "protocol": protocol}
        for port, protocol in ((8080, "TCP"), ("proxy", "TCP"), (9, "UDP"))]


@pytest.mark.parametrize("enabled", [True, False])
def test_a_chart_above_can_switch_it_by_a_condition(enabled):
    accepted("inject", {"enabled": enabled})
