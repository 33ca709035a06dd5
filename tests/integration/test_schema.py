# SPDX-License-Identifier: Apache-2.0
"""The JSON schema against the files of tests/config: a public validator says what our parser says.

Those in good/ pass; in bad/ the schema sees each mistake that the parser sees; beyond/ is what no
schema can see (sums, duplicates, what is not YAML), and is the parser's alone."""

import glob
import json
import os
import re

import pytest
import yaml
from jsonschema import Draft202012Validator

from lastcall import ROOT, binary, newest

FILES = os.path.join(ROOT, "tests", "config")


def files(folder):
    found = sorted(glob.glob(os.path.join(FILES, folder, "*.yaml")))
    assert found
    return pytest.mark.parametrize("path", found, ids=lambda path: os.path.basename(path)[:-5])


@pytest.fixture(scope="module")
def schema():
    beside = os.path.join(os.path.dirname(binary()), "..", "docs", "lastcall.schema.json")
    path = beside if os.path.exists(beside) else newest("cmd/docs/lastcall.schema.json")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def texts_for_keys(value):
    """JSON's keys are texts, YAML's may be numbers."""
    if isinstance(value, dict):
        return {str(key): texts_for_keys(one) for key, one in value.items()}
    if isinstance(value, list):
        return [texts_for_keys(one) for one in value]
    return value


def load(path):
    with open(path, encoding="utf-8") as file:
        # An empty file is an empty mapping to us.
        return texts_for_keys(yaml.safe_load(file)) or {}


def refused(schema, value):
    """The paths of all errors: ("processes", "0", "ports")."""
    return {tuple(str(part) for part in error.absolute_path)
            for error in Draft202012Validator(schema).iter_errors(value)}


def mistakes(path):
    """The paths of the parser's errors; those that the command line could have made up for left
    out."""
    with open(path[:-len(".yaml")] + ".errors", encoding="utf-8") as file:
        said = re.findall(r"^\S+?:\d+:\d+: (\S+): ", file.read(), re.MULTILINE)
    return [tuple(re.findall(r"[^.\[\]]+", one)) for one in said]


def test_the_schema_is_one(schema):
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_property_has_a_description_and_no_mapping_is_open(schema):
    def walk(node, name):
        if isinstance(node, list):
            for one in node:
                walk(one, name)
        if not isinstance(node, dict):
            return
        if "properties" in node:
            assert node["additionalProperties"] is False, name
            for key, one in node["properties"].items():
                assert "properties" in one or "description" in json.dumps(one), f"{name}.{key}"
        for key, one in node.items():
            walk(one, f"{name}.{key}")

    walk(schema, "")


@files("good")
def test_the_schema_accepts(schema, path):
    assert refused(schema, load(path)) == set()


@files("bad")
def test_the_schema_sees_each_mistake_that_the_parser_sees_in(schema, path):
    seen = refused(schema, load(path))
    said = mistakes(path)
    assert said
    # What lacks a key, or has one too many, is refused for the mapping that it is.
    missed = [one for one in said if one not in seen and one[:-1] not in seen]
    assert not missed, seen
