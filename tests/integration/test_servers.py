# SPDX-License-Identifier: Apache-2.0
"""Real servers under lastcall, unchanged."""

import os
import shutil
import time

import pytest

from lastcall import PYTHON, lateness, until
from test_stop import POD

NGINX = """
daemon off;
pid {place}/nginx.pid;
error_log stderr notice;
worker_processes 2;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
    server {{ listen 8080; listen [::]:8080; location / {{ return 200 "nginx\\n"; }} }}
}}
"""

WEB = ("127.0.0.1", 8080)

# Root inside the namespace, nginx would become another user, and where we are not root outside
# there is none: there it is told that it is an ordinary user.
ORDINARY = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-user=1000"]

needs_nginx = pytest.mark.skipif(
    not shutil.which("nginx", path="/usr/sbin:/usr/bin"),
    reason="nginx is not installed: deploy/packages test installs it")


def nginx(lastcall, place, *options, **keywords):
    with open(f"{place}/nginx.conf", "w", encoding="ascii") as file:
        file.write(NGINX.format(place=place))
    app = lastcall(*options, "--ports", "8080", "--", *ORDINARY, "nginx", "-e", "stderr", "-c",
                   f"{place}/nginx.conf", **keywords)
    app.ready()
    # It listens before it has its signal handlers; who answers has them.
    assert app.http("/", address=WEB).status == 200
    return app


@needs_nginx
@pytest.mark.memory
def test_nginx_in_a_plain_container_gets_its_signal_at_once(anywhere, place):
    app = nginx(anywhere, place)
    first = app.wait_for("lastcall")
    assert (first["platform"], first["grace"], first["window"]) == ("plain", 10.0, 0.0)
    assert app.http("/", address=WEB).body == "nginx\n"
    app.signal("SIGTERM")
    assert app.wait_for("stop signal sent")["t"] == lateness(0, late=0.1)
    assert app.exit_code() == 0


@needs_nginx
def test_nginx_in_a_pod_serves_on_for_the_window_and_then_ends(lastcall, place):
    app = nginx(lastcall, place, env=POD)
    first = app.wait_for("lastcall")
    assert (first["platform"], first["grace"], first["window"]) == ("kubernetes", 30.0, 5.0)
    app.signal("SIGTERM")
    assert app.status("/readyz") == 503
    served, begun = 0, time.monotonic()
    while time.monotonic() - begun < 4:
        assert app.http("/", address=WEB).status == 200
        served += 1
        time.sleep(0.05)
    assert served >= 20 and not app.events("stop signal sent")
    assert app.wait_for("stop signal sent")["t"] == lateness(5.0)
    assert app.exit_code() == 0


@needs_nginx
def test_nginx_gets_sigquit_where_the_image_says_so_and_finishes_its_requests(lastcall, place):
    """STOPSIGNAL SIGQUIT: nginx' graceful stop. Its workers are not killed under its hands."""
    app = nginx(lastcall, place)
    app.signal("SIGQUIT")
    app.wait_for("stop signal sent", signal="SIGQUIT")
    assert app.exit_code() == 0
    assert app.wait_for("exit")["outcome"] == "stopped"
    assert app.said("gracefully shutting down")


@needs_nginx
def test_nginx_reloads_at_sighup(lastcall, place):
    app = nginx(lastcall, place)
    app.signal("SIGHUP")
    assert until(lambda: app.said("reconfiguring")), app.story("no reload")
    app.signal("SIGTERM")
    assert app.exit_code() == 0


@pytest.mark.memory
def test_pythons_http_server_serves_and_ends(anywhere):
    app = anywhere("--ports", "8080", "--propagation", "300ms", "--", PYTHON, "-u", "-m",
                   "http.server", "8080").ready()
    assert app.status("/", address=WEB) == 200
    app.signal("SIGTERM")
    assert app.status("/", address=WEB) == 200  # the window: it serves on
    assert app.exit_code() == 143


def test_a_prefork_server_of_python_loses_no_worker(lastcall):
    """The master forks workers, and waits for them when it is told to stop."""
    app = lastcall("--ports", "8080", "--", PYTHON, "-I", "-S", "-u", "-c", """
import os, signal, socket, sys
server = socket.create_server(("127.0.0.1", 8080))
def work():
    done = []
    signal.signal(signal.SIGUSR1, lambda *_: done.append(1))
    server.settimeout(0.05)
    while not done:
        try:
            client, _ = server.accept()
        except TimeoutError:
            continue
        client.settimeout(5)
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n%d" % os.getpid())
        client.close()
    print("worker done")
    os._exit(0)
workers = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        work()
    workers.append(pid)
def stop(*_):
    for pid in workers:
        os.kill(pid, signal.SIGUSR1)
    for pid in workers:
        os.waitpid(pid, 0)
    print("all workers are done")
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
print("up")
while True:
    signal.pause()
""").ready()
    app.wait_output("up")
    for _ in range(5):
        assert app.status("/", address=WEB) == 200
    app.signal("SIGTERM")
    assert app.exit_code() == 0
    app.wait_output("all workers are done")
    assert sum("worker done" in line.raw for line in app.output.list) == 3


# A JVM server as they come up: it listens long before it answers, and answers 503 before it is warm.
JVM = """
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Server {
    static volatile int status = 503;

    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 50);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        System.out.println("listens");
        Thread.sleep(1500);
        server.start();
        System.out.println("answers");
        Thread.sleep(1500);
        status = 200;
        System.out.println("warm");
    }
}
"""

needs_java = pytest.mark.skipif(not shutil.which("javac"), reason="no JDK is installed: "
                                "deploy/packages test installs it")


@needs_java
@pytest.mark.plain
def test_a_jvm_server_is_not_ready_before_it_answers(lastcall, place):
    with open(f"{place}/Server.java", "w", encoding="ascii") as file:
        file.write(JVM)
    app = lastcall(config=f"""
processes:
- name: jvm
  command: [java, -Xmx64m, "-XX:TieredStopAtLevel=1", {place}/Server.java]
  ports: [8080]
  readinessProbe: {{httpGet: {{path: /, port: 8080}}, periodSeconds: 1}}
  startupProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1, failureThreshold: 60}}
""")
    app.wait_output("listens", timeout=60)
    assert until(lambda: "[+]jvm ok\n[" in app.http("/readyz").body), "its port is not seen"
    assert app.status("/readyz") == 503, "ready, though nothing has answered"
    warm = app.output.first(lambda line: line.raw == "warm", 60)
    ready = app.wait_for("readiness", ready=True, timeout=20)
    assert ready.at > warm.at
    assert app.http("/", address=WEB).status == 200
    app.signal("SIGTERM")
    assert app.exit_code() == 143
