# SPDX-License-Identifier: Apache-2.0
"""Another process's namespaces: sockets that live there, and HTTP over them."""

import ctypes
import gzip
import http.client
import json
import os
import socket
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
BATCH = 250  # descriptors in one message: at most SCM_MAX_FD, unix(7)


class Namespaces:
    """Those of `kinds` that process `pid` does not share with us. To be entered by a process that
    was just forked: a process with threads cannot enter a user namespace, setns(2)."""

    def __init__(self, pid, *kinds):
        # Held open, so that they can be entered whatever happens to the process.
        self.fds = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds
                    if os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")]

    def enter(self):
        for fd in self.fds:
            if LIBC.setns(fd, 0) < 0:
                raise OSError(ctypes.get_errno(), "setns")

    def close(self):
        while self.fds:
            os.close(self.fds.pop())


class Network(Namespaces):
    """The network namespace of process `pid`, seen from outside."""

    def __init__(self, pid):
        super().__init__(pid, "user", "net")

    def sockets(self, count, family=socket.AF_INET):
        """Unconnected stream sockets that live in the namespace: a socket belongs to where it was
        made, so a child enters, makes them, and hands them back."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            os._exit(self._make(theirs, count, family))
        theirs.close()
        fds = []
        with ours:
            while len(fds) < count:
                data, received, _, _ = socket.recv_fds(ours, 1, BATCH)
                if not data:
                    break
                fds += received
        _, status = os.waitpid(pid, 0)
        if status:
            raise OSError(os.waitstatus_to_exitcode(status), "cannot enter the network namespace")
        return [socket.socket(fileno=fd) for fd in fds]

    def _make(self, channel, count, family):
        try:
            self.enter()
            while count > 0:
                batch = [socket.socket(family, socket.SOCK_STREAM)
                         for _ in range(min(count, BATCH))]
                socket.send_fds(channel, [b"s"], [one.fileno() for one in batch])
                for one in batch:
                    one.close()
                count -= BATCH
            return 0
        except OSError as error:
            return error.errno or 1

    def connect(self, address=("127.0.0.1", 9909), timeout=5):
        """A connected socket: (host, port), a path, or an abstract name ("\\0…")."""
        stream, = self.sockets(1, family_of(address))
        stream.settimeout(timeout)
        try:
            stream.connect(address)
        except OSError:
            stream.close()
            raise
        return stream

    def http(self, path, method="GET", address=("127.0.0.1", 9909), headers=None, body=None,
             timeout=5, stream=None):
        """One request on a connection of its own (or `stream`), and its whole answer."""
        head = {"Host": "test", **(headers or {})}
        if body is not None:
            head.setdefault("Content-Length", str(len(body)))
        lines = [f"{method} {path} HTTP/1.1", *(f"{key}: {head[key]}" for key in head), "", ""]
        stream = stream or self.connect(address, timeout)
        with stream:
            stream.sendall("\r\n".join(lines).encode() + (body or b""))
            return Answer(stream, method)


class Answer:
    def __init__(self, stream, method="GET"):
        answer = http.client.HTTPResponse(stream, method=method)
        answer.begin()
        self.status, self.headers = answer.status, answer.headers
        body = answer.read()
        if body and answer.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        self.body = body.decode()
        answer.close()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body!r}"


def family_of(address):
    if isinstance(address, (str, bytes)):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def reset(stream):
    """Closes it with a reset in place of an orderly end."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()
