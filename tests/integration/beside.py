# SPDX-License-Identifier: Apache-2.0
"""What is in a pod beside a sidecar: an application's container, and the kubelet that calls hooks.

Containers of a pod share the network namespace, and neither the PID nor the mount namespace."""

import os
import signal as signals
import subprocess
import threading
import time

from lastcall import SLOWNESS, Lines, children, helper, only_child


class Container:
    """A process as PID 1 of a PID namespace of its own, in the network namespace of `app`."""

    def __init__(self, app, command):
        self.outer = subprocess.Popen([helper("pidns"), "--", *command], env=app.env, cwd=app.place,
                                      preexec_fn=app.network.enter, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = Lines(self.outer.stdout)

    def wait_output(self, text, timeout=10):
        line = self.output.first(lambda line: text in line.raw, timeout)
        assert line is not None, f"no “{text}” within {timeout} s\n{self.output}"
        return self

    def stop(self, signal=signals.SIGTERM, timeout=10):
        """As the kubelet does once the hook is over; the exit code."""
        os.kill(only_child(self.outer.pid), signal)
        return self.outer.wait(timeout * SLOWNESS)

    def close(self):
        for pid in children(self.outer.pid):
            try:
                os.kill(pid, signals.SIGKILL)
            except ProcessLookupError:
                pass
        self.outer.wait(5)


class Hook(threading.Thread):
    """A preStop hook, called as the kubelet calls it: no timeout of its own, and whatever the
    status is, the body is read to its end."""

    def __init__(self, app, query="", headers=None, stream=None):
        super().__init__(daemon=True)
        self.app, self.path, self.headers = app, "/prestop" + query, headers or {}
        self.stream = stream or app.network.connect(timeout=60 * SLOWNESS)
        self.answer, self.seconds = None, None
        self.began = time.monotonic()
        self.start()

    def run(self):
        head = {"User-Agent": "kube-lifecycle/1.34", **self.headers}
        try:
            self.answer = self.app.network.http(self.path, headers=head, stream=self.stream)
        except (OSError, ValueError):
            return
        self.seconds = time.monotonic() - self.began

    def done(self, timeout=10):
        """Its answer, within a bound."""
        self.join(timeout * SLOWNESS)
        assert self.answer, self.app.story(f"{self.path} was not answered")
        return self.answer

    def waits(self):
        return self.answer is None and self.is_alive()
