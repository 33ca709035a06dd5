# SPDX-License-Identifier: Apache-2.0
"""HAProxy in the cluster, as an ingress: it asks the pods themselves whether they are ready, twice a
second. It sends nothing twice, and keeps its connections to the application."""

from applications import PEERS, PORT
from cluster import INSTRUMENTS
from images import NAMES
from load import RESTRICTED

FRONT = 8000
SLOTS = 64 # pods that go have one, too
CONFIGURATION = f"""
global
    maxconn 2000
    stats socket /tmp/haproxy.sock mode 600 level admin
    log stderr format raw local0
defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    retries 0
    timeout connect 2s
    timeout check 5s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 60s
frontend in
    bind :{FRONT}
    default_backend app
backend app
    balance roundrobin
    http-reuse safe
    option httpchk GET {{path}}
    http-check expect status 200
    # A check has its interval to connect; where nobody had a processor for as long all servers would
    # be down at once, if one were enough.
    default-server check port {{port}} inter 500ms fall 2 rise 1
    server-template app 1-{SLOTS} 127.0.0.1:{PORT} disabled
"""


def objects(namespace, column):
    # Without lastcall no answer of a pod says that it is going: its endpoint does.
    port, path = (PORT, "/10ms") if column in PEERS else (9909, "/readyz")
    told = ["--drop-terminating"] if column in PEERS else []
    watcher = {"kind": "Role", "name": "balancer", "apiGroup": "rbac.authorization.k8s.io"}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "balancer"}}
    yield {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
           "metadata": {"name": "balancer"},
           "rules": [{"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
                      "verbs": ["get", "list", "watch"]}]}
    yield {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
           "metadata": {"name": "balancer"}, "roleRef": watcher,
           "subjects": [{"kind": "ServiceAccount", "name": "balancer", "namespace": namespace}]}
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "balancer"},
           "data": {"haproxy.cfg": CONFIGURATION.format(path=path, port=port)}}
    yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "balancer", "labels": {"app": "balancer"}},
           "spec": {"serviceAccountName": "balancer", "terminationGracePeriodSeconds": 1,
                    "volumes": [{"name": "etc", "configMap": {"name": "balancer"}}],
                    "containers": [{
                        "name": "haproxy", "image": NAMES["app"],
                        "command": ["balancer.py", "/etc/haproxy/haproxy.cfg", "app", str(SLOTS),
                                    str(PORT), "app", *told],
                        "volumeMounts": [{"name": "etc", "mountPath": "/etc/haproxy"}],
                        "readinessProbe": {"httpGet": {"path": "/10ms", "port": FRONT},
                                           "periodSeconds": 1},
                        "resources": INSTRUMENTS, "securityContext": RESTRICTED}]}}


def install(namespace, column):
    """Returns its address, once it answers for the application."""
    namespace.apply(*objects(namespace.name, column))
    namespace.kubectl("wait", "pod/balancer", "--for=condition=Ready", "--timeout=90s")
    return namespace.get("pod", "balancer")["status"]["podIP"]
