# SPDX-License-Identifier: Apache-2.0
"""Tests on a real cluster: the one that kubectl talks to, with kind's way to bring images there."""

import os
import uuid

import pytest

import cluster

LASTCALL_IMAGE = "ghcr.io/lastcall-init/lastcall:0.1.0"
WEB_IMAGE = "nginxinc/nginx-unprivileged:latest"
WEB_WITH_LASTCALL = "registry.example/web:latest"


def pytest_collection_modifyitems(items):
    reason = cluster.why_not()
    for item in items if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def namespace(request):
    """A namespace that Pod Security `restricted` guards, or another level: `@pytest.mark.level`."""
    mark = request.node.get_closest_marker("level")
    made = cluster.Namespace(f"lastcall-{uuid.uuid4().hex[:8]}", *(mark.args if mark else ()))
    yield made
    made.delete()


@pytest.fixture(scope="session")
def images():
    """lastcall's image and two applications', on every node, under the names that they have elsewhere."""
    lastcall = os.path.abspath(os.environ.get("LASTCALL", "build/release/cmd/lastcall/lastcall"))
    ctl = os.path.join(os.path.dirname(lastcall), "..", "lastcallctl", "lastcallctl")
    both = {"/lastcall": lastcall, "/lastcallctl": ctl}
    nginx = cluster.nginx_files()
    cluster.image_of_files(LASTCALL_IMAGE, both, ["/lastcall"], user="65532:65532")
    serve = ["/usr/sbin/nginx", "-g", "daemon off;"]
    cluster.image_of_files(WEB_IMAGE, nginx, serve)
    cluster.image_of_files(WEB_WITH_LASTCALL, both | nginx,
                           ["/lastcall", "--stop-signal", "SIGQUIT", "--", *serve])


def pytest_configure(config):
    config.addinivalue_line("markers", "level(name): the Pod Security level of the namespace")
