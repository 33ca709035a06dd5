# SPDX-License-Identifier: Apache-2.0
"""A pseudo-terminal, and somebody who types."""

import os
import select
import threading

from lastcall import SLOWNESS

CTRL_C, CTRL_D, CTRL_S, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x04", "\x13", "\x1a", "\x1c"


class Terminal:
    """A pseudo-terminal: what is typed, and what is shown."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        self.shown = ""
        self.changed = threading.Condition()
        self.stopped, self.stop = os.pipe()
        self.fds = [self.master, self.slave, self.stopped, self.stop]
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        poll = select.poll()
        for fd in (self.master, self.stopped):
            poll.register(fd, select.POLLIN)
        while all(fd != self.stopped for fd, _ in poll.poll()):
            try:
                data = os.read(self.master, 4096)
            except OSError:  # EIO: nobody has the other side any more
                break
            with self.changed:
                self.shown += data.decode(errors="replace")
                self.changed.notify_all()

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text, timeout=5, after=0):
        """Waits until `text` is shown; returns where it ends."""
        with self.changed:
            shown = self.changed.wait_for(lambda: self.shown.find(text, after) >= 0,
                                          timeout * SLOWNESS)
            assert shown, f"the terminal does not show {text!r}, but:\n{self.shown}"
            return self.shown.find(text, after) + len(text)

    def close(self):
        """Hangs up, too: nobody has the master any more, a read that waits included."""
        if self.reader.is_alive():
            os.write(self.stop, b"x")
        self.reader.join()
        for fd in self.fds:
            os.close(fd)
        self.fds = []
