# SPDX-License-Identifier: Apache-2.0
"""What the tests of the applications share; a cell is in cell.py."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import servers  # noqa: E402, F401  (its path)
from fixtures import heed_signals  # noqa: E402


def pytest_configure():
    heed_signals()
