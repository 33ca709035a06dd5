# SPDX-License-Identifier: Apache-2.0
"""Tests of the chart run where helm is."""

import os

import pytest

import chart


@pytest.fixture(autouse=True)
def programs(request):
    """`@pytest.mark.needs("helm3")`: skipped where it is not there."""
    for mark in request.node.iter_markers("needs"):
        for name in mark.args:
            if not chart.program(name):
                pytest.skip(f"there is no {name}: tests/chart/tools makes one")


@pytest.fixture
def lastcallctl():
    """The one beside the lastcall that is tested."""
    tested = os.environ.get("LASTCALL", "build/release/cmd/lastcall/lastcall")
    path = os.path.join(chart.ROOT, os.path.dirname(tested), "..", "lastcallctl", "lastcallctl")
    if not os.access(path, os.X_OK):
        pytest.skip("there is no lastcallctl: tests/run builds it")
    return path


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(program...): skipped where one is not there")
