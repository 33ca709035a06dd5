# SPDX-License-Identifier: Apache-2.0
"""Pods that a test writes itself, with lastcall as the ENTRYPOINT of their image, and what becomes of
them."""

import json
import os
import subprocess
import threading

import cluster
from images import NAMES

APP, APP_WITH_LASTCALL, LASTCALL = NAMES["app"], NAMES["entrypoint"], NAMES["lastcall"]
HERE = os.path.dirname(os.path.abspath(__file__))
RESTRICTED = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}


def script(name):
    """The command of a program in apps/, in any image that has Python."""
    with open(os.path.join(HERE, "apps", f"{name}.py"), encoding="utf-8") as file:
        return ["python3", "-u", "-c", file.read()]


SERVER = script("server")


def container(command, *options, name="app", image=APP_WITH_LASTCALL, **more):
    """`options` are lastcall's."""
    words = ["/lastcall", *options, "--", *command] if image == APP_WITH_LASTCALL else command
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "command": words,
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "resources": cluster.RESOURCES, **more}


def spec(*containers, **more):
    return {"automountServiceAccountToken": False, "securityContext": RESTRICTED,
            "containers": list(containers), **more}


def create(namespace, kind, name, what, **metadata):
    version = {"Job": "batch/v1", "Deployment": "apps/v1"}.get(kind, "v1")
    namespace.kubectl("create", "--filename", "-", text=json.dumps(
        {"apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}, "spec": what}))


def pod(namespace, what, name="web"):
    """Returns once its containers are ready."""
    create(namespace, "Pod", name, what, labels={"app": name})
    ready(namespace, name)
    return name


def ready(namespace, name="web", seconds=60):
    namespace.kubectl("wait", f"pod/{name}", "--for=condition=Ready", f"--timeout={seconds}s")


def ask(namespace, path, name="web", port=8080, check=True):
    """What the pod answers to the API server, which hands the request in."""
    return namespace.kubectl("get", "--raw", f"/api/v1/namespaces/{namespace.name}/pods/{name}:{port}"
                             f"/proxy{path}", check=check).stdout


def log(namespace, name="web", previous=False, container="app"):
    """lastcall's lines, as dictionaries."""
    words = ["--previous"] if previous else []
    text = namespace.kubectl("logs", name, "--container", container, *words).stdout
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"time"')]


def status(found, container="app"):
    """Of a container, in a pod that the API server told of."""
    kinds = ("containerStatuses", "initContainerStatuses")
    return next((one for kind in kinds for one in found["status"].get(kind, [])
                 if one["name"] == container), {})


def ended(found, container="app"):
    """How it ended, its termination message read as lastcall's: (what Kubernetes says, what lastcall
    said); None while it has not."""
    one = status(found, container)
    told = one.get("state", {}).get("terminated") or one.get("lastState", {}).get("terminated")
    return told and (told, json.loads(told.get("message", "null")))


class Watch:
    """Sees a pod until it is gone, and so how its containers ended, which nobody can ask for then."""

    def __init__(self, namespace, name="web"):
        self._process = subprocess.Popen(
            ["kubectl", "--namespace", namespace.name, "get", "pod", name, "--watch", "--output",
             "json", "--output-watch-events"], stdout=subprocess.PIPE, text=True)
        self._process.stdout.readline()  # it is there, and watched

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def until_gone(self, seconds=60):
        """The pod as it was at the end."""
        bound = threading.Timer(seconds, self._process.kill)
        bound.start()
        try:
            events = map(json.loads, self._process.stdout)
            gone = next((one for one in events if one["type"] == "DELETED"), None)
        finally:
            bound.cancel()
        assert gone, f"the pod is not gone after {seconds} s"
        return gone["object"]


def delete(namespace, name="web", seconds=60):
    """`kubectl delete pod`; how its containers ended is in what it returns."""
    with Watch(namespace, name) as watch:
        namespace.kubectl("delete", "pod", name, "--wait=false")
        return watch.until_gone(seconds)


def evict(namespace, name):
    path = f"/api/v1/namespaces/{namespace.name}/pods/{name}/eviction"
    cluster.run("kubectl", "create", "--raw", path, "--filename", "-", text=json.dumps(
        {"apiVersion": "policy/v1", "kind": "Eviction",
         "metadata": {"name": name, "namespace": namespace.name}}))


def sick(**more):
    """Probes that the server passes until it is told to be sick, however slow the node is."""
    asks = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1, "timeoutSeconds": 10}
    return {"startupProbe": {**asks, "failureThreshold": 60},
            "livenessProbe": {**asks, "failureThreshold": 1, **more}}


# --- releases of the chart ---

CHART = os.path.join(cluster.ROOT, "charts", "lastcall")
SELECTOR = "app.kubernetes.io/name=web"


def image(reference):
    repository, tag = reference.rsplit(":", 1)
    return {"repository": repository, "tag": tag}


def release(namespace, mode, command=tuple(SERVER), **values):
    """One replica of the server, called web; returns once it is ready."""
    values = {"mode": mode, "image": image(APP_WITH_LASTCALL if mode == "entrypoint" else APP),
              "command": list(command), "replicas": 1, "podSecurityContext": RESTRICTED,
              "resources": cluster.RESOURCES, "test": {"enabled": False},
              "lastcall": {"image": image(LASTCALL)}, **values}
    namespace.helm("upgrade", "--install", "web", CHART, "--values", "-", "--wait", "--timeout",
                   "120s", text=json.dumps(values))


def living(namespace):
    """The release's pods that are not being stopped, by name."""
    found = namespace.get("pods", "--selector", SELECTOR)["items"]
    return {one["metadata"]["name"]: one for one in found
            if "deletionTimestamp" not in one["metadata"]}


def only(namespace):
    """The name of the one pod."""
    (name,) = living(namespace)
    return name


def restarted(namespace, name="web", container="app", times=1):
    """The pod, once that container has been started again and the pod is ready."""
    def again():
        found = namespace.get("pod", name)
        return found if status(found, container).get("restartCount", 0) >= times else None
    cluster.wait_for("the container's restart", 60, again)
    ready(namespace, name)
    return namespace.get("pod", name)
