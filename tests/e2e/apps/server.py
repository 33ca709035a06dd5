# SPDX-License-Identifier: Apache-2.0
"""A web server that dies at once of SIGTERM, and can be made to fail: each of its paths says how."""

import base64
import hashlib
import http.server
import os
import signal
import sys
import time

healthy = True


def hog(_):
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1 << 20)))


def fail(_):
    global healthy
    healthy = False


def kill_lastcall(_):
    """The kernel's choice where memory is short: what has the highest score."""
    with open("/proc/1/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    hog(_)


def accept_key(key):
    """RFC 6455, 4.2.2"""
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.rstrip("?")
        if path == "/events":
            return self.stream(200, {"Content-Type": "text/event-stream", "Connection": "close"},
                               b"data: tick\n\n")
        if path == "/socket":
            return self.stream(101, {
                "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Accept": accept_key(self.headers["Sec-WebSocket-Key"])}, b"\x81\x04tick")
        if path == "/slow":
            time.sleep(3)
        if path == "/healthz" and not healthy:
            return self.answer(500, b"sick\n")
        self.answer(200, b"hello\n")
        action = {"/fail": fail, "/hog": hog, "/oom-lastcall": kill_lastcall,
                  "/exit": lambda _: os._exit(3)}.get(path)
        if action:
            action(self)

    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")  # else it may be in flight still at the next stop
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def stream(self, code, headers, piece):
        """Without an end."""
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        while True:
            self.wfile.write(piece)
            time.sleep(0.2)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:  # which as PID 1 would be to ignore it
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
Server(("", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Handler).serve_forever()
