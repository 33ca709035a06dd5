# SPDX-License-Identifier: Apache-2.0
"""A client of the server's streams: says when the first piece has come, and how the stream ended. At
SIGTERM it hangs up, and stays: with it its pod's network would go, and the server would hear nothing."""

import signal
import socket
import sys
import time

address, path = sys.argv[1:]
headers = {"/events": "", "/socket": "Connection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"}[path]
began = time.monotonic()
asked = []


def hang_up(*_):
    if asked:
        sys.exit()
    asked.append(True)
    stream.shutdown(socket.SHUT_RDWR)


with socket.create_connection((address, 8080), timeout=60) as stream:
    signal.signal(signal.SIGTERM, hang_up)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: web\r\n{headers}\r\n".encode())
    seen = b""
    end = "closed"
    try:
        while piece := stream.recv(4096):
            if b"tick" in piece and b"tick" not in seen:
                print("streaming", flush=True)
            seen += piece
    except OSError as error:
        end = type(error).__name__
print(f"{end} after {time.monotonic() - began:.1f} s: {seen.count(b'tick')} pieces", flush=True)
if asked:
    signal.pause()
