# SPDX-License-Identifier: Apache-2.0
"""The chart, the programs that its tests need, and the matrix of values with its renderings."""

import glob
import json
import os
import re
import shutil
import subprocess
import tempfile

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "tests", "chart")
CHART = os.path.join(ROOT, "charts", "lastcall")
RELEASE = "web"
KUBERNETES = "1.36.0"  # what a rendering without a cluster is made for


def program(name):
    """In PATH, or built by tests/chart/tools; None where it is in neither."""
    built = os.path.join(ROOT, "build", "tools")
    return shutil.which(name) or shutil.which(name, path=built)


def cases(folder):
    """The files of values in a folder, by name."""
    return {os.path.basename(path)[:-len(".yaml")]: path
            for path in sorted(glob.glob(f"{HERE}/{folder}/*.yaml"))}


def directive(path, name, standard=None):
    """What a comment in a file of values says: `# kube-version: 1.32.0`."""
    with open(path, encoding="utf-8") as file:
        found = re.search(rf"^# {name}: (.+)$", file.read(), re.MULTILINE)
    return found[1] if found else standard


def helm(*words, using="helm", given=None):
    return subprocess.run([program(using), *words], input=given, capture_output=True, text=True,
                          check=False, timeout=120)


def template(path, *words, using="helm"):
    """Renders the chart with a file of values, as an install of the release would."""
    return helm("template", RELEASE, CHART, "--namespace", "default", "--values", path,
                "--kube-version", directive(path, "kube-version", KUBERNETES), *words, using=using)


def render(values, *words, release=RELEASE, using="helm"):
    """The same with values that are no file. JSON: what YAML 1.1 and 1.2 take for text is not the same."""
    return helm("template", release, CHART, "--namespace", "default", "--values", "-",
                "--kube-version", KUBERNETES, *words, using=using, given=json.dumps(values))


def merged(values, more):
    """As Helm puts one file of values on another."""
    return {**values, **{key: merged(values[key], value)
                         if isinstance(value, dict) and isinstance(values.get(key), dict) else value
                         for key, value in more.items()}}


def manifest(done):
    """What was rendered. Helm 3 trims each document's end, and Helm 4 does not."""
    assert done.returncode == 0, done.stderr
    return re.sub(r"\n+(?=---\n|\Z)", "\n", done.stdout)


def notes(path):
    """What the user reads after an install. `helm template` does not print NOTES.txt, and a dry run
    needs a cluster: so a copy of the chart has it as the text of an object."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "lastcall")
        shutil.copytree(CHART, copy)
        with open(f"{copy}/templates/NOTES.txt", encoding="utf-8") as file:
            text = file.read()
        with open(f"{copy}/templates/notes.yaml", "w", encoding="utf-8") as file:
            file.write('{{ define "notes" }}' + text + '{{ end }}'
                       'text: {{ include "notes" . | quote }}\n')
        done = helm("template", RELEASE, copy, "--namespace", "default", "--values", path,
                    "--kube-version", KUBERNETES, "--show-only", "templates/notes.yaml")
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["text"]


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def find(text, kind):
    """The only object of a kind, but for those of `helm test`."""
    found = [document for document in documents(text) if document["kind"] == kind and
             "helm.sh/hook" not in document["metadata"].get("annotations", {})]
    assert len(found) == 1, f"{len(found)} of {kind}"
    return found[0]


def pod(text):
    return find(text, "Deployment")["spec"]["template"]["spec"]


def configuration(text):
    """lastcall.yaml, as the pod's annotation has it."""
    return find(text, "Deployment")["spec"]["template"]["metadata"]["annotations"]["lastcall/config"]


# --- descriptions: from the comments of values.yaml into the schema ---

def descriptions():
    """What `# --` says of each value, by its path."""
    found, stack, pending = {}, [], None
    with open(f"{CHART}/values.yaml", encoding="utf-8") as file:
        for line in file:
            comment = re.match(r" *# ?(.*)$", line)
            key = re.match(r"( *)(\w+):", line)
            if comment and comment[1].startswith("-- "):
                pending = re.sub(r"^\([a-z ]+\) ", "", comment[1][3:])
            elif comment and pending and not comment[1].startswith("@"):
                pending += " " + comment[1]
            elif key:
                depth = len(key[1]) // 2
                stack = stack[:depth] + [key[2]]
                if pending:
                    found[".".join(stack)] = pending
                pending = None
    return found


def described_schema():
    """The schema, with the descriptions as values.yaml has them now."""
    with open(f"{CHART}/values.schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    for path, text in descriptions().items():
        node = schema
        for word in path.split("."):
            node = node["properties"][word]
        rest = {key: value for key, value in node.items() if key != "description"}
        node.clear()
        node.update({"description": text, **rest})
    return fold(schema) + "\n"


def fold(value, depth=0):
    """JSON in which whatever fits into a line stands in one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + 2 * depth < 100 or not value or not isinstance(value, (dict, list)):
        return line
    inner = "  " * (depth + 1)
    items = [f"{json.dumps(key)}: {fold(item, depth + 1)}" for key, item in value.items()] \
        if isinstance(value, dict) else [fold(item, depth + 1) for item in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return begin + "\n" + ",\n".join(inner + item for item in items) + "\n" + "  " * depth + end
