# SPDX-License-Identifier: Apache-2.0
"""What the integration and the conformance tests both need before anything is started."""

import os
import shutil
import signal
import tempfile

import pytest


def heed_signals():
    """Under nohup, or a runner like it, SIGHUP is ignored, and all that is started would inherit it."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def place():
    """A directory of the test's own, with a path short enough for a unix socket. Others may enter:
    some tests start programs as another user."""
    path = tempfile.mkdtemp(prefix="lc-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
