# SPDX-License-Identifier: Apache-2.0
"""Real servers and clients, each brought into the states that a connection of its protocol can be in:
what test_protocols.py holds lastcall's view against."""

import contextlib
import dataclasses
import subprocess
import threading
import time
import typing

from lastcall import PYTHON
from test_servers import ORDINARY

PORT = 8000
ADDRESS = ("127.0.0.1", PORT)
WEB = f"http://127.0.0.1:{PORT}"

IDLE, BUSY = "idle", "in flight"


class Scene(contextlib.ExitStack):
    """A server under lastcall, and clients in its network namespace, which end with the scene."""

    def __init__(self, app):
        super().__init__()
        self.app = app

    def run(self, *command, **options):
        """A client that is told what to do line by line, or none of its output is read."""
        inside = [f"--{kind}=/proc/{self.app.pid}/ns/{kind}" for kind in ("user", "net")]
        client = subprocess.Popen(["nsenter", *inside, "--", *map(str, command)], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1,
                                  stderr=subprocess.DEVNULL, cwd=self.app.place, **options)
        self.callback(client.communicate)
        self.callback(client.kill)
        return client

    def say(self, client, *lines, every=0.2):
        for line in lines:
            client.stdin.write(line + "\n")
            client.stdin.flush()
            time.sleep(every)  # one that uses a connection again does so at some distance

    def hear(self, client, text):
        """Its output, up to the line that holds `text`."""
        for line in client.stdout:
            if text in line:
                return
        raise AssertionError(f"no “{text}” from {client.args}")

    def repeat(self, action, every=0.3):
        """Again and again, as long as the scene lasts."""
        over = threading.Event()

        def run():
            while not over.wait(every):
                action()
        thread = threading.Thread(target=run)
        thread.start()
        self.callback(thread.join)
        self.callback(over.set)


@dataclasses.dataclass
class Row:
    protocol: str
    what: str
    waits: bool  # for something that was asked for
    called: str
    why: str
    act: typing.Callable[[Scene], None]

    def __str__(self):
        waits = "waits" if self.waits else "nobody waits"
        return f"{self.protocol:10}  {self.what:36}  {waits:12}  {self.called:9}  {self.why}"


ROWS = []


def row(protocol, what, waits, called, why):
    """The function brings a client there."""
    def add(act):
        ROWS.append(Row(protocol, what, waits, called, why, act))
        return act
    return add


# --- servers: command and options of each ---

# What answers at once does so within one tick of the kernel's clock, as often as not: then nobody can
# tell which came last. Two of the longest.
TICKS = "TICKS = 0.02\n"

NGINX = """
daemon off;
pid {place}/nginx.pid;
error_log stderr error;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
    server {{
        listen 8000{http2};
        root {place};
        location / {{ proxy_pass http://127.0.0.1:8001; proxy_buffering off;
                      proxy_http_version 1.1; client_max_body_size 0; }}
        location = /big {{ }}
    }}
}}
"""

# What is slow about nginx stands behind it.
BACKEND = """
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(100)
        time.sleep(TICKS)
        self.send_response(200)
        if self.path == "/":
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"1\\r\\n\\n\\r\\n")
            time.sleep(100 if self.path == "/news" else 0.3)
    def do_PUT(self):
        self.rfile.read()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8001), Handler)
if os.fork() == 0:
    server.serve_forever()
os.execvp("nginx", ["nginx", "-e", "stderr", "-c", sys.argv[1]])
"""

GRPC_SERVER = """
import concurrent.futures, grpc, time
def slow(request, context):
    time.sleep(100)
def pieces(request, context):
    while True:
        yield request
        time.sleep(0.3)
def news(request, context):
    yield request
    time.sleep(100)
def collect(requests, context):
    for _ in requests:
        pass
    return b""
handlers = {"slow": grpc.unary_unary_rpc_method_handler(slow),
            "pieces": grpc.unary_stream_rpc_method_handler(pieces),
            "news": grpc.unary_stream_rpc_method_handler(news),
            "collect": grpc.stream_unary_rpc_method_handler(collect)}
server = grpc.server(concurrent.futures.ThreadPoolExecutor())
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Test", handlers)])
server.add_insecure_port("127.0.0.1:8000")
server.start()
server.wait_for_termination()
"""

GRPC_CLIENT = """
import grpc, sys, threading, time
def connect():
    return grpc.insecure_channel("127.0.0.1:8000", [("grpc.use_local_subchannel_pool", 1)])
def slow(channel):
    channel.unary_unary("/test.Test/slow")(b"x")
def pieces(channel):
    for _ in channel.unary_stream("/test.Test/pieces")(b"x"):
        print("there", flush=True)
def news(channel):
    call = channel.unary_stream("/test.Test/news")(b"x")
    next(call)
    return call
def upload():
    yield b"x"
    threading.Event().wait()
def collect(channel):
    return channel.stream_unary("/test.Test/collect").future(upload())
print("there", flush=True)
# Those that wait for nothing once more, on another connection: on some of them what answers the
# server's PING comes after all else, by chance.
while True:
    channel = connect()
    call = globals()[sys.argv[1]](channel)
    time.sleep(3)
    channel.close()
"""

POSTGRES = """
initdb --pgdata="$0/db" --username=test --auth=trust --no-sync --no-instructions >/dev/null &&
exec postgres -D "$0/db" -c listen_addresses=127.0.0.1 -c port=8000 -c fsync=off \
    -c unix_socket_directories= -c max_connections=20 -c shared_buffers=1MB
"""


NOT_ROOT = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]  # PostgreSQL refuses root


def nginx(place, http2):
    with open(f"{place}/nginx.conf", "w", encoding="ascii") as file:
        file.write(NGINX.format(place=place, http2=" http2" if http2 else ""))
    with open(f"{place}/big", "wb") as file:
        file.truncate(256 << 20)
    return [*ORDINARY, PYTHON, "-I", "-S", "-c", TICKS + BACKEND, f"{place}/nginx.conf"]


SERVERS = {
    "HTTP/1.1": lambda place: nginx(place, False),
    "HTTP/2": lambda place: nginx(place, True),
    "gRPC": lambda place: [PYTHON, "-c", GRPC_SERVER],
    "PostgreSQL": lambda place: [*NOT_ROOT, "env", "PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin", "sh", "-c",
                                 POSTGRES, place],
    "Redis": lambda place: ["redis-server", "--port", "8000", "--save", "", "--dir", place,
                            "--enable-debug-command", "yes", "--loglevel", "warning"],
}


# --- HTTP/1.1 and HTTP/2: nginx, and curl, h2load or nghttp ---

def load(scene, *times, path="/", options=("--h1",)):
    """One connection of h2load's, which asks at these times (in milliseconds)."""
    with open(f"{scene.app.place}/times", "w", encoding="ascii") as file:
        file.write("".join(f"{time}\t{WEB}{path}\n" for time in times))
    scene.run("h2load", *options, "--clients=1", f"--timing-script-file={scene.app.place}/times")


def curl(scene, path, *options):
    return scene.run("curl", "--silent", "--no-buffer", *options, WEB + path)


NEVER = 10000000
HTTP2 = "--http2-prior-knowledge"


# One word for each reason, of which most rows have one.
ANSWERED = "the answer is newer than the request"
OWED = "the request is newer than any answer"
MOVING = "data moves"
UNACKED = "not all of it is acknowledged"
NEWS = "nothing is owed: there may never be any"
MULTIPLEXED = "the other answer is newer than both requests"


@row("HTTP/1.1", "kept alive", False, IDLE, ANSWERED)
def _(scene):
    load(scene, 0, 200, 400, NEVER)


@row("HTTP/1.1", "opened ahead of its first request", False, IDLE, "nothing was ever asked")
def _(scene):
    scene.enter_context(scene.app.network.connect(ADDRESS))


@row("HTTP/1.1", "no answer yet", True, BUSY, OWED)
def _(scene):
    curl(scene, "/slow")


@row("HTTP/1.1", "the answer streams", True, BUSY, MOVING)
def _(scene):
    curl(scene, "/stream")


@row("HTTP/1.1", "an event stream without events", False, IDLE, NEWS)
def _(scene):
    curl(scene, "/news")


@row("HTTP/1.1", "an upload that pauses", True, BUSY, OWED)
def _(scene):
    scene.say(curl(scene, "/upload", "--upload-file", "-", "--header", "Expect:"), "some")


@row("HTTP/1.1", "the client does not read the answer", True, BUSY, UNACKED)
def _(scene):
    curl(scene, "/big")


@row("HTTP/1.1", "two pipelined, the first is answered", True, IDLE, MULTIPLEXED)
def _(scene):
    stream = scene.enter_context(scene.app.network.connect(ADDRESS))
    stream.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /slow HTTP/1.1\r\nHost: x\r\n\r\n")


@row("HTTP/2", "kept alive", False, IDLE, ANSWERED)
def _(scene):
    load(scene, 0, 200, 400, NEVER, options=())


@row("HTTP/2", "kept alive, a PING every 0.3 s", False, BUSY, MOVING)
def _(scene):
    stream = scene.enter_context(scene.app.network.connect(ADDRESS))
    stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0" + bytes(4))
    scene.repeat(lambda: stream.sendall(b"\0\0\x08\6\0" + bytes(4 + 8)))


@row("HTTP/2", "no answer yet", True, BUSY, OWED)
def _(scene):
    curl(scene, "/slow", HTTP2)


@row("HTTP/2", "the answer streams", True, BUSY, MOVING)
def _(scene):
    curl(scene, "/stream", HTTP2)


@row("HTTP/2", "an upload that pauses", True, BUSY, OWED)
def _(scene):
    scene.say(curl(scene, "/upload", HTTP2, "--upload-file", "-"), "some", "more", every=0.5)


@row("HTTP/2", "the client does not read the answer", True, BUSY, UNACKED)
def _(scene):
    curl(scene, "/big", HTTP2)


@row("HTTP/2", "two at once, one is answered", True, IDLE, MULTIPLEXED)
def _(scene):
    scene.run("nghttp", WEB + "/slow", WEB + "/")


# --- gRPC: both of gRPC's own for Python. What is said of a connection on which nothing is called is
# not tabled: whose acknowledgement of a PING came last decides it, and either may. ---

def grpc(scene, what):
    scene.hear(scene.run(PYTHON, "-c", GRPC_CLIENT, what), "there")


@row("gRPC", "no answer yet", True, BUSY, OWED)
def _(scene):
    grpc(scene, "slow")


@row("gRPC", "the server streams", True, BUSY, MOVING)
def _(scene):
    grpc(scene, "pieces")


@row("gRPC", "the server streams, without events", False, IDLE, NEWS)
def _(scene):
    grpc(scene, "news")


@row("gRPC", "the client streams, and pauses", True, IDLE,
     "the server's own frames (WINDOW_UPDATE) are newer")
def _(scene):
    grpc(scene, "collect")


# --- PostgreSQL: psql ---

def psql(scene):
    return scene.run("psql", "--no-psqlrc", "--quiet", "--host=127.0.0.1", f"--port={PORT}",
                     "--username=test", "postgres")


QUERY = "select pg_sleep(0.02);"  # TICKS


@row("PostgreSQL", "idle", False, IDLE, ANSWERED)
def _(scene):
    scene.say(psql(scene), QUERY, QUERY, QUERY)


@row("PostgreSQL", "idle in transaction", False, IDLE, ANSWERED)
def _(scene):
    scene.say(psql(scene), "begin;", QUERY, QUERY)


@row("PostgreSQL", "LISTEN", False, IDLE, NEWS)
def _(scene):
    scene.say(psql(scene), "listen news;", QUERY, QUERY)


@row("PostgreSQL", "a query runs", True, BUSY, OWED)
def _(scene):
    scene.say(psql(scene), "select pg_sleep(100);")


@row("PostgreSQL", "COPY FROM STDIN that pauses", True, BUSY, OWED)
def _(scene):
    scene.say(psql(scene), "create table rows (text text);", "copy rows from stdin;",
              *["x" * 1000] * 20, every=0.01)


@row("PostgreSQL", "the client does not read the answer", True, BUSY, UNACKED)
def _(scene):
    scene.say(psql(scene), "copy (select repeat('x', 1000) from generate_series(1, 100000)) "
                           "to stdout;")


# --- Redis: redis-cli ---

def redis(scene):
    return scene.run("redis-cli", "-p", PORT)


COMMAND = "debug sleep 0.02"  # TICKS


@row("Redis", "idle", False, IDLE, ANSWERED)
def _(scene):
    scene.say(redis(scene), COMMAND, COMMAND, COMMAND)


@row("Redis", "idle, a PING every 0.3 s", False, BUSY, MOVING)
def _(scene):
    client = redis(scene)
    scene.repeat(lambda: scene.say(client, "ping", every=0))


@row("Redis", "SUBSCRIBE", False, IDLE, NEWS)
def _(scene):
    scene.say(redis(scene), "subscribe news")


@row("Redis", "a command runs", True, BUSY, OWED)
def _(scene):
    scene.say(redis(scene), COMMAND, "debug sleep 100")


@row("Redis", "BLPOP", True, BUSY, OWED)
def _(scene):
    scene.say(redis(scene), COMMAND, "blpop queue 0")


COLUMNS = (("in flight", True, BUSY), ("idle", False, IDLE),
           ("in flight, but nobody waits", False, BUSY), ("idle, but somebody waits", True, IDLE))


def table():
    """As README has it, in short."""
    lines = ["| taken for | " + " | ".join(name for name, _, _ in COLUMNS) + " |",
             "| --- |" + " --- |" * len(COLUMNS)]
    for protocol in SERVERS:
        cells = ["; ".join(row.what for row in ROWS if row.protocol == protocol and
                           (row.waits, row.called) == (waits, called))
                 for _, waits, called in COLUMNS]
        lines.append(f"| {protocol} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(*ROWS, sep="\n", end="\n\n")
    print(table())
