# SPDX-License-Identifier: Apache-2.0
"""The image and the examples with a real docker engine.

Needs `docker` in PATH. Where images cannot be pulled, LASTCALL_TEST_BASE names one that is there:
Debian 12 with the packages of `deploy/packages --list build examples`, which then stands in for
every base image.
"""

import concurrent.futures
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import tarfile
import time
import urllib.request
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = re.search(r"^  version: '(.+)'", (ROOT / "meson.build").read_text(), re.M)[1]
BASE = os.environ.get("LASTCALL_TEST_BASE", "")
OURS = f"localhost/lastcall-test-{uuid.uuid4().hex[:12]}"  # prefix of all that is made here


def docker(*arguments, check=True, **options):
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=600,
                          **options)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def inspect(name, template):
    return docker("inspect", "--format", "{{json " + template + "}}", name).stdout.strip()


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="session")
def engine():
    if not shutil.which("docker"):
        pytest.skip("no docker in PATH")
    done = docker("version", "--format", "{{.Server.Arch}}", check=False)
    if done.returncode != 0:
        pytest.skip("no docker engine answers: " + done.stderr.strip().split("\n")[-1])
    yield done.stdout.strip()
    made = docker("image", "ls", "--quiet", "--filter", f"reference={OURS}*", check=False).stdout
    if made:
        docker("rmi", "--force", *made.split(), check=False)


@pytest.fixture(scope="session")
def release(engine, tmp_path_factory):
    """What deploy/image leaves; the image is in the engine by its name, OURS:VERSION."""
    folder = tmp_path_factory.mktemp("release")
    done = subprocess.run([ROOT / "deploy" / "image", "--name", OURS, "--output", folder, engine],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    docker("load", "--input", folder / f"lastcall-{VERSION}-{engine}.tar")
    return folder / engine


@pytest.fixture(scope="session")
def image(release):
    return f"{OURS}:{VERSION}"


def build(tag, *arguments):
    bases = [word for name in ("BASE", "BUILDER") for word in ("--build-arg", f"{name}={BASE}")]
    done = docker("build", "--tag", tag, *(bases if BASE else []), *arguments, check=False,
                  env={**os.environ, "DOCKER_BUILDKIT": "1"})
    if done.returncode != 0 and not BASE and re.search("resolve|pull|lookup", done.stderr):
        pytest.skip("no base image can be pulled, and LASTCALL_TEST_BASE names none")
    assert done.returncode == 0, done.stdout + done.stderr
    return tag


@pytest.fixture(scope="session")
def example(image):
    """example(NAME): the image of deploy/examples/NAME, built once."""
    built = {}

    def of(name):
        if name not in built:
            built[name] = build(f"{OURS}-{name}:1", "--build-arg", f"LASTCALL={image}",
                                str(ROOT / "deploy" / "examples" / name))
        return built[name]
    return of


class Container:
    def __init__(self, *arguments):
        self.name = f"lastcall-test-{uuid.uuid4().hex[:12]}"
        docker("run", "--detach", "--name", self.name, "--publish", "127.0.0.1::8080", "--publish",
               "127.0.0.1::9909", *arguments)

    def get(self, path="/", port=8080):
        published = docker("port", self.name, f"{port}/tcp").stdout.split(":")[-1].strip()
        with urllib.request.urlopen(f"http://127.0.0.1:{published}{path}", timeout=30) as answer:
            return answer.status, answer.read()

    def is_in_flight(self):
        return b'lastcall_connections{state="in_flight"} 1' in self.get("/metrics", 9909)[1]

    def answers(self):
        try:
            return self.get()[0] == 200
        except OSError:
            return False

    def events(self):
        log = docker("logs", self.name)
        return [json.loads(line) for line in log.stderr.splitlines() if line.startswith("{")]

    def has(self, message, **fields):
        return any(event["msg"] == message and fields.items() <= event.items()
                   for event in self.events())

    def stop(self):
        """`docker stop`: seconds that it took, and the exit code."""
        began = time.monotonic()
        docker("stop", self.name)
        return time.monotonic() - began, int(inspect(self.name, ".State.ExitCode"))

    def remove(self):
        docker("rm", "--force", "--volumes", self.name, check=False)


@pytest.fixture
def run():
    started = []

    def start(*arguments):
        started.append(Container(*arguments))
        return started[-1]
    yield start
    for one in started:
        one.remove()


@pytest.fixture
def serving(run, example):
    """serving(NAME): a container of that example whose server answers."""
    def start(name, *arguments):
        container = run(*arguments, example(name))
        eventually(container.answers)
        return container
    return start


# --- the image itself ---

def test_both_programs_run_as_nobody_in_particular(image):
    assert docker("run", "--rm", image, "--version").stdout == f"lastcall {VERSION}\n"
    assert docker("run", "--rm", "--entrypoint", "/lastcallctl", image,
                  "--version").stdout == f"lastcallctl {VERSION}\n"
    assert inspect(image, ".Config.User") == '"65532:65532"'


def test_it_runs_with_no_privilege_and_a_read_only_root(image):
    done = docker("run", "--rm", "--read-only", "--cap-drop", "ALL", "--security-opt",
                  "no-new-privileges", "--network", "none", image, "--", "/lastcallctl", "--version")
    assert done.stdout == f"lastcallctl {VERSION}\n"


FROM_SOURCE = ["--file", str(ROOT / "deploy" / "Dockerfile"), str(ROOT)]


@pytest.fixture(scope="session")
def from_source(engine):
    return build(f"{OURS}-source:1", "--build-arg", f"VERSION={VERSION}", *FROM_SOURCE)


def test_the_dockerfile_makes_an_image_of_the_same_settings(image, from_source):
    assert docker("run", "--rm", from_source, "--", "/lastcallctl",
                  "--version").stdout == f"lastcallctl {VERSION}\n"
    for setting in (".Config.User", ".Config.Entrypoint", ".Config.ExposedPorts"):
        assert inspect(from_source, setting) == inspect(image, setting)
    assert json.loads(inspect(from_source, ".Config.Labels")).keys() == json.loads(
        inspect(image, ".Config.Labels")).keys()


def programs_in(image, folder):
    """Content, mode and owner of what it holds; the engine adds /dev and the like, empty."""
    container = docker("create", image).stdout.strip()
    try:
        docker("export", "--output", str(folder / "files.tar"), container)
    finally:
        docker("rm", container)
    with tarfile.open(folder / "files.tar") as files:
        return {one.name: (files.extractfile(one).read(), one.mode & 0o7777, one.uid)
                for one in files if one.isfile() and one.size}


def test_the_dockerfile_puts_in_the_same_programs(image, from_source, tmp_path):
    ours, theirs = programs_in(image, tmp_path), programs_in(from_source, tmp_path)
    assert set(ours) == set(theirs) == {"lastcall", "lastcallctl"}
    assert {one[1:] for one in theirs.values()} == {(0o555, 0)}
    query = ["dpkg-query", "--show", "gcc-12", "binutils", "libc6-dev", "libevent-dev",
             "libyaml-dev"]
    builder = build(f"{OURS}-builder:1", "--target", "build", *FROM_SOURCE)
    here = subprocess.run(query, capture_output=True, text=True).stdout
    if docker("run", "--rm", builder, *query).stdout != here:
        pytest.skip("the builder has Debian packages of other versions than this machine: the same "
                    "bytes cannot be expected")
    assert ours == theirs


# --- docker stop ---

def test_docker_stop_is_nginxs_own_graceful_stop_at_once_with_exit_code_0(serving):
    nginx = serving("nginx")
    took, code = nginx.stop()
    assert code == 0
    assert took < 5  # of the 10 s after which docker kills
    assert nginx.has("stop signal sent", signal="SIGQUIT")
    assert "gracefully shutting down" in docker("logs", nginx.name).stderr


# None of the last three handles SIGTERM.
EXIT_CODES = {"nginx": 0, "node": 143, "python": 143, "jvm": 143}


@pytest.mark.parametrize("name", EXIT_CODES)
def test_docker_stop_lets_a_request_finish(serving, name):
    server = serving(name)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        slow = pool.submit(server.get, "/slow")
        eventually(server.is_in_flight)
        took, code = server.stop()
        status, body = slow.result()
    assert (status, code) == (200, EXIT_CODES[name])
    assert body
    assert took < 9.5
    assert server.has("exit", outcome="stopped")


@pytest.mark.parametrize("name", EXIT_CODES)
def test_a_server_without_requests_stops_at_once(serving, name):
    took, code = serving(name).stop()
    assert code == EXIT_CODES[name]
    assert took < 5


def test_what_ignores_its_stop_signal_is_killed_before_docker_would(run, example):
    stubborn = run("--entrypoint", "/lastcall", example("python"), "--", "python3", "-c",
                   "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
                   "print('up', flush=True); signal.pause()")
    eventually(lambda: "up" in docker("logs", stubborn.name).stdout)
    took, code = stubborn.stop()
    assert code == 137
    assert 8 < took < 12
    assert stubborn.has("exit", outcome="forced")


def test_stopped_before_it_serves_it_still_ends(run, example):
    server = run(example("python"))
    assert server.stop()[1] == 143


# --- a terminal ---

def at_a_terminal(name, *arguments):
    """`docker run -it`, at a terminal of its own; its process and the terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(["docker", "run", "--rm", "-it", "--name", name, *arguments],
                               stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    return process, master


def read_until(terminal, text, seconds=30):
    seen, deadline = b"", time.monotonic() + seconds
    os.set_blocking(terminal, False)
    while text not in seen:
        assert time.monotonic() < deadline, seen
        try:
            seen += os.read(terminal, 4096)
        except BlockingIOError:
            time.sleep(0.02)


def test_ctrl_c_at_a_terminal_ends_the_application_as_it_would_without(example):
    name = f"lastcall-test-{uuid.uuid4().hex[:12]}"
    process, terminal = at_a_terminal(
        name, "--entrypoint", "/lastcall", example("python"), "--", "python3", "-c",
        "import signal; print('ready' + '!', flush=True); signal.pause()")
    try:
        read_until(terminal, b"ready!")
        began = time.monotonic()
        os.write(terminal, b"\x03")
        read_until(terminal, b"KeyboardInterrupt")
        assert process.wait(20) == 130
        assert time.monotonic() - began < 5
    finally:
        docker("rm", "--force", name, check=False)
        process.wait(20)
        os.close(terminal)


# --- HEALTHCHECK ---

def health(container):
    return json.loads(inspect(container.name, ".State.Health.Status"))


def test_healthcheck_by_lastcallctl_ready_follows_readiness(serving):
    server = serving("nginx", "--health-interval", "1s")
    eventually(lambda: health(server) == "healthy")


def test_healthcheck_says_so_where_the_port_does_not_listen(run, example):
    idle = run("--health-interval", "1s", "--health-retries", "1", "--health-start-period", "0s",
               example("python"), "python3", "-c", "import signal; signal.pause()")
    eventually(lambda: health(idle) == "unhealthy")
    said = json.loads(inspect(idle.name, ".State.Health.Log"))[-1]
    assert said["ExitCode"] == 1
    assert "nothing listens on port 8080" in said["Output"]
