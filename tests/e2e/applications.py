# SPDX-License-Identifier: Apache-2.0
"""The applications, none of which knows of its shutdown but nginx, and the columns of the table: what
is put before them, or beside."""

import json
import os

from cluster import RESOURCES, ROOT
from images import NAMES
from load import RESTRICTED

PORT = 8080
COMMANDS = {
    "nginx": ["nginx", "-e", "stderr", "-c", "/app/nginx.conf"],
    "node": ["node", "/app/server.js", str(PORT)],
    "python": ["python3", "-u", "-m", "http.server", "--protocol", "HTTP/1.1", str(PORT)],
    "go": ["/app/server-go", str(PORT)],
    "gunicorn": ["gunicorn", "--bind", f":{PORT}", "--workers", "24", "--preload",
                 "--worker-tmp-dir", "/tmp", "--chdir", "/app", "wsgi:app"],
    "jvm": ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", "/app", "Server",
            str(PORT)],
}
# They have no handler for SIGTERM, which the kernel then keeps from a PID 1: beside a sidecar they are
# PID 1 of their own container, unless the pod's containers share their processes.
DEAF = ("node", "python")
# As the one of the registries its image has a STOPSIGNAL, nginx's graceful stop.
IMAGES = {"nginx": "web"}
STOP_SIGNALS = {"nginx": "SIGQUIT"}
PEERS = ("nothing", "tini", "sleep")
MODES = ("entrypoint", "inject", "sidecar")
COLUMNS = PEERS + MODES
CHART = os.path.join(ROOT, "charts", "lastcall")
GRACE = 30
# The application's own, as most are; on a busy machine one that fails at once would empty the Service.
READY = {"httpGet": {"path": "/10ms", "port": PORT}, "periodSeconds": 2}
SELECTOR = "app.kubernetes.io/instance=app"
# With the control plane's node there are two that pods can go to.
TOLERATIONS = [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]


def peer(namespace, app, column, replicas):
    """The Deployment, the Service and the PodDisruptionBudget that the chart would give, without
    lastcall. `sleep` has tini, too: as PID 1, Node and Python would not hear of SIGTERM at all."""
    labels = {"app.kubernetes.io/instance": "app", "cell": namespace.name}
    container = {
        "name": "app", "image": NAMES[IMAGES.get(app, "app")],
        "command": (["tini", "--"] if column != "nothing" else []) + COMMANDS[app],
        "ports": [{"name": "http", "containerPort": PORT}], "readinessProbe": READY,
        "resources": RESOURCES, "securityContext": RESTRICTED,
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}} if column == "sleep" else {},
    }
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"},
         "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                  "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                  "template": {"metadata": {"labels": labels},
                               "spec": {"terminationGracePeriodSeconds": GRACE,
                                        "automountServiceAccountToken": False,
                                        "enableServiceLinks": False,
                                        "tolerations": TOLERATIONS, "containers": [container]}}}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app"},
         "spec": {"selector": labels, "ports": [{"name": "http", "port": PORT}]}},
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "app"},
         "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}}},
    ]


def image(name):
    repository, tag = NAMES[name].rsplit(":", 1)
    return {"repository": repository, "tag": tag}


def values(namespace, app, mode, replicas):
    """Those of the chart."""
    shutdown = {"gracePeriod": f"{GRACE}s"}
    if app in STOP_SIGNALS and mode != "sidecar":
        shutdown["stopSignal"] = STOP_SIGNALS[app]
    return {"mode": mode,
            "image": image("entrypoint" if mode == "entrypoint" else IMAGES.get(app, "app")),
            "lastcall": {"image": image("lastcall")},
            "podLabels": {"cell": namespace.name}, "command": COMMANDS[app], "replicas": replicas,
            "readinessProbe": READY,
            "resources": RESOURCES, "tolerations": TOLERATIONS,
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "shareProcessNamespace": mode == "sidecar" and app in DEAF,
            "test": {"enabled": False}, "shutdown": shutdown}


def install(namespace, app, column, replicas=2, **more):
    """Returns once all its pods are ready. `more`: values of the chart."""
    if column in PEERS:
        namespace.apply(*peer(namespace, app, column, replicas))
    else:
        namespace.helm("install", "app", CHART, "--values", "-",
                       text=json.dumps({**values(namespace, app, column, replicas), **more}))
    deployment, = namespace.get("deployments")["items"]
    namespace.await_rollout(deployment["metadata"]["name"])
