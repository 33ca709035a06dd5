# SPDX-License-Identifier: Apache-2.0
"""Tests on a real cluster: the one that kubectl talks to."""

import os
import re
import uuid

import pytest

import applications
import cluster
import images as made


def pytest_configure(config):
    config.addinivalue_line("markers", "level(name): the Pod Security level of the namespace")


def application(item):
    """Its place in the table; -1 where it has none."""
    names = list(applications.COMMANDS)
    name = item.callspec.params.get("app") if hasattr(item, "callspec") else None
    return names.index(name) if name in names else -1


def pytest_collection_modifyitems(items):
    # What the table compares runs side by side: a machine is not equally busy for half an hour.
    items.sort(key=application)
    # Where tests/e2e/run was asked for them, a cluster that is not there is no reason to skip.
    reason = None if "LASTCALL_E2E_IMAGES" in os.environ else cluster.why_not()
    for item in items if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def namespace(request):
    """A namespace that Pod Security `restricted` guards, or another level: `@pytest.mark.level`."""
    mark = request.node.get_closest_marker("level")
    words = re.sub("[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    name = f"lastcall-{words[-40:].strip('-')}-{uuid.uuid4().hex[:6]}"
    with cluster.Namespace(name, *(mark.args if mark else ())) as made_here:
        yield made_here


@pytest.fixture(scope="session")
def images():
    """All of images.py's, on every node."""
    if "LASTCALL_E2E_IMAGES" not in os.environ: # tests/e2e/run has seen to it
        made.bring()
