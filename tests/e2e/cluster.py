# SPDX-License-Identifier: Apache-2.0
"""A cluster as kubectl sees it, and images brought to its nodes without a registry."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(*command, check=True, text=None, timeout=300):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False,
                          timeout=timeout, cwd=ROOT)
    assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done


def why_not():
    """Why no test can run here; None where they can."""
    for program in ("kubectl", "helm", "docker", "kind"):
        if not shutil.which(program):
            return f"there is no {program}"
    if run("kubectl", "get", "--raw", "/readyz", check=False, timeout=20).returncode != 0:
        return "no cluster answers"
    return None


class Namespace:
    """A namespace of its own, in which Pod Security is enforced."""

    def __init__(self, name, level="restricted"):
        self.name = name
        labels = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn")}
        run("kubectl", "create", "-f", "-", text=json.dumps(
            {"apiVersion": "v1", "kind": "Namespace",
             "metadata": {"name": name, "labels": labels}}))

    def kubectl(self, *words, **options):
        return run("kubectl", "--namespace", self.name, *words, **options)

    def helm(self, *words, **options):
        return run("helm", "--namespace", self.name, *words, **options)

    def get(self, *words):
        return json.loads(self.kubectl("get", *words, "--output", "json").stdout)

    def delete(self):
        run("kubectl", "delete", "namespace", self.name, "--wait=false")


def wait_for(what, seconds, condition):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)
    return found


# --- images ---

def libraries(program):
    """What the loader opens for a program, and where it says that it is."""
    out = run("ldd", program).stdout
    return [word for word in out.split() if word.startswith("/")]


def image_of_files(name, files, entrypoint, user="10001:10001"):
    """An image of files, `{place in it: file here, or its bytes}`, and a /tmp, with a numeric user; in
    the engine and on every node of the cluster."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "root.tar")
        with tarfile.open(path, "w") as tar:
            tmp = tarfile.TarInfo("tmp")
            tmp.type, tmp.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(tmp)
            for place, file in files.items():
                add(tar, folder, place, file)
        run("docker", "import", "--change", f"ENTRYPOINT {json.dumps(entrypoint)}",
            "--change", f"USER {user}", path, name)
    to_the_nodes(name)


def add(tar, folder, place, file):
    if isinstance(file, bytes):
        path = os.path.join(folder, "file")
        with open(path, "wb") as out:
            out.write(file)
        file = path
    info = tar.gettarinfo(os.path.realpath(file), place.lstrip("/"))
    info.uid = info.gid = 0
    info.mode |= 0o444
    with open(os.path.realpath(file), "rb") as content:
        tar.addfile(info, content)


def to_the_nodes(*names):
    """kind's clusters need images loaded; the current context says which cluster."""
    context = run("kubectl", "config", "current-context").stdout.strip()
    assert context.startswith("kind-"), f"no kind cluster, so no way to bring images: {context}"
    run("kind", "load", "docker-image", "--name", context[len("kind-"):], *names)


NGINX_CONF = b"""pid /tmp/nginx.pid;
error_log stderr;
worker_processes 1;
events {}
http {
    access_log off;
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    server {
        listen 8080;
        location / { return 200 "hello\\n"; }
    }
}
"""


def nginx_files():
    """Debian's nginx with all it loads, set up to run as anybody."""
    files = {"/usr/sbin/nginx": "/usr/sbin/nginx", "/etc/nginx/nginx.conf": NGINX_CONF,
             "/etc/passwd": b"web:x:10001:10001::/:/\n", "/etc/group": b"web:x:10001:\n"}
    return files | {path: path for path in libraries("/usr/sbin/nginx")}
