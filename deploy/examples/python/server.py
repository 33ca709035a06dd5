# SPDX-License-Identifier: Apache-2.0
"""No shutdown code at all: SIGTERM ends it, and lastcall sends that when nothing is in flight."""

import http.server
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(2 if self.path == "/slow" else 0)
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")


http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
