# SPDX-License-Identifier: Apache-2.0
"""Makes the images of the tests from the tree and Debian's packages, and brings them to the nodes.

No image is pulled: lastcall's is deploy/image's, and those of the applications stand on a Debian made
here, which alone needs a network: `images.py debian` makes it beforehand. `kind load` takes them to
the nodes, or LASTCALL_E2E_REGISTRY names a registry that both sides reach.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys

from cluster import HERE, ROOT, RUN

REGISTRY = os.environ.get("LASTCALL_E2E_REGISTRY", "")
# A node that has an image of an earlier run would not ask the registry for this one's.
PREFIX = f"{REGISTRY}/{RUN}" if REGISTRY else "localhost/lastcall-e2e"
with open(os.path.join(ROOT, "meson.build"), encoding="utf-8") as _file:
    VERSION = re.search(r"^  version: '(.+)'", _file.read(), re.M)[1]

# What the tests call them. The last three are targets of image/Dockerfile.
NAMES = {
    "lastcall": f"{PREFIX}/lastcall:{VERSION}",
    "app": f"{PREFIX}/app:1",               # every application, the balancer, and the load
    "entrypoint": f"{PREFIX}/entrypoint:1", # the same with lastcall as ENTRYPOINT
    "web": f"{PREFIX}/web:1",               # the same with nginx as ENTRYPOINT
    "web-lastcall": f"{PREFIX}/web-lastcall:1",
}
# Under these names, too, where they come by `kind load`: those of the project's pages.
PUBLIC = {
    "lastcall": f"ghcr.io/lastcall-init/lastcall:{VERSION}",
    "web": "nginxinc/nginx-unprivileged:latest",
    "web-lastcall": "registry.example/web:latest",
}
PACKAGES = ("nginx-light", "nodejs", "python3", "gunicorn", "openjdk-17-jre-headless", "haproxy", "tini")
APPS = os.path.join(ROOT, "tests", "applications", "apps")
BUILD = os.path.join(ROOT, "build", "e2e")


def run(*words, **options):
    return subprocess.run(words, check=True, text=True, **{"stdout": subprocess.PIPE, **options}).stdout


def debian():
    """One with PACKAGES: what names it, and its archive, which is made once."""
    tag = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    path = os.path.join(BUILD, f"debian-{tag}.tar")
    if not os.path.exists(path):
        print("making a Debian with the applications, once (minutes)", file=sys.stderr)
        run("mmdebstrap", "--quiet", "--variant=essential", f"--include={','.join(PACKAGES)}",
            "--dpkgopt=path-exclude=/usr/share/doc/*", "bookworm", f"{path}.part.tar")
        os.rename(f"{path}.part.tar", path)
    return tag, path


def base():
    """That Debian, in the engine."""
    tag, path = debian()
    name = f"localhost/lastcall-e2e/base:{tag}"
    if not has_image(name):
        run("docker", "import", path, name)
    return name


def lastcall(architecture):
    """The release's image, in the engine; returns the folder of the build."""
    output, build = os.path.join(BUILD, "image"), os.path.join(ROOT, "build", f"release-{architecture}")
    archive = f"{output}/lastcall-{VERSION}-{architecture}.tar"
    words = ["--name", NAMES["lastcall"].rpartition(":")[0], "--output", output, architecture]
    run("deploy/image", "--binaries", *words, cwd=ROOT)
    programs = [f"{build}/cmd/{name}/{name}" for name in ("lastcall", "lastcallctl")]
    if not has_image(NAMES["lastcall"]) or not is_newer(archive, programs):
        run("deploy/image", *words, cwd=ROOT) # compresses for seconds
        run("docker", "load", "--input", archive)
    return build


def has_image(name):
    return bool(run("docker", "image", "ls", "--quiet", name))


def is_newer(path, others):
    return os.path.exists(path) and all(
        os.path.getmtime(path) > os.path.getmtime(other) for other in others)


def fill(place, build):
    """The context of image/Dockerfile."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(APPS, place)
    shutil.copytree(os.path.join(HERE, "image"), place, dirs_exist_ok=True)
    go = {**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off",
          "GOCACHE": os.path.join(BUILD, "go-cache")}
    run("go", "build", "-o", os.path.join(place, "server-go"), os.path.join(APPS, "server.go"), env=go)
    run("javac", "--release", "17", "-d", place, os.path.join(HERE, "image", "Server.java"))
    run("ninja", "-C", build, "tests/apps/load")
    shutil.copy(os.path.join(build, "tests", "apps", "load"), place)


def build():
    architecture = run("docker", "version", "--format", "{{.Server.Arch}}").strip()
    place = os.path.join(BUILD, "context")
    fill(place, lastcall(architecture))
    arguments = ["--build-arg", f"BASE={base()}", "--build-arg", f"LASTCALL={NAMES['lastcall']}"]
    for target in ("app", "entrypoint", "web", "web-lastcall"):
        run("docker", "build", "--quiet", "--target", target, "--tag", NAMES[target], *arguments, place)
    for target, name in PUBLIC.items():
        run("docker", "tag", NAMES[target], name)


def push():
    for name in NAMES.values():
        run("docker", "push", "--quiet", name)


def load():
    context = run("kubectl", "config", "current-context").strip()
    if not context.startswith("kind-"):
        raise SystemExit(f"{context} is no cluster of kind's: --registry says how it gets its images")
    run("kind", "load", "docker-image", "--name", context.removeprefix("kind-"), *NAMES.values(),
        *PUBLIC.values(), stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def alone():
    """One at a time: the tests run in several processes."""
    os.makedirs(BUILD, exist_ok=True)
    with open(os.path.join(BUILD, "images.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def bring():
    with alone():
        build()
        if REGISTRY:
            push()
        else:
            load()


def main(*words):
    if words == ("debian",):
        with alone():
            debian()
    elif words:
        sys.exit("usage: images.py [debian]")
    else:
        bring()


if __name__ == "__main__":
    main(*sys.argv[1:])
