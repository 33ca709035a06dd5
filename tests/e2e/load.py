# SPDX-License-Identifier: Apache-2.0
"""The load: tests/apps/load, once for each kind of client, in one pod. It sends no request twice."""

import csv
import json
import shlex

from cluster import INSTRUMENTS
from images import NAMES

RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
              "runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
LONGEST = 7200 # seconds; a load that nobody ends, ends
PATIENCE = 15 # seconds; what takes longer has failed


class Load:
    """`clients`: {name: (url, requests a second, whether connections are used again)}. With `node`
    they run in the network of a node, where the Service is reached without a pod's veth; `spec` is
    more of their pod's."""

    def __init__(self, namespace, clients, node=False, **spec):
        self.namespace, self.clients = namespace, list(clients)
        # Before kube-proxy has heard of a Service it refuses; what comes then counts.
        first = {url.split("/")[2]: url for _, (url, _, _) in reversed(clients.items())}
        found = [f"until load --url {shlex.quote(url)} --rate 10 --seconds 0.1 --timeout {PATIENCE} "
                 ">/dev/null; "
                 "do sleep 0.1; done" for url in first.values()]
        begin = [f"load --url {shlex.quote(url)} --rate {rate} --keepalive {'yes' if keep else 'no'} "
                 f"--seconds {LONGEST} --timeout {PATIENCE} --connections 16 --json /tmp/{name} "
                 f"--target-header X-Pod --requests /tmp/{name}.csv >/dev/null &"
                 for name, (url, rate, keep) in clients.items()]
        end = [f"sed 's/^/+{name} /' /tmp/{name}.csv; printf '={name} '; tr -d '\\n' </tmp/{name}; echo"
               for name in clients]
        namespace.apply({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "load"},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                     "automountServiceAccountToken": False, "hostNetwork": node, **spec,
                     "containers": [{
                         "name": "load", "image": NAMES["app"],
                         "command": ["sh", "-c", "\n".join(
                             [*found, *begin, "touch /tmp/begun", "wait", *end])],
                         "readinessProbe": {"exec": {"command": ["test", "-e", "/tmp/begun"]},
                                            "periodSeconds": 1},
                         "resources": INSTRUMENTS, "securityContext": RESTRICTED}]}})
        namespace.kubectl("wait", "pod/load", "--for=condition=Ready", "--timeout=90s")

    def end(self):
        """{client: what it wrote}, once each has its last answer; `record` has a line for each request,
        with the pod that answered."""
        # To all but PID 1, the shell that waits for them, and the one that sends it: kill(2).
        self.namespace.kubectl("exec", "load", "--", "sh", "-c", "kill -TERM -1")
        self.namespace.kubectl("wait", "pod/load", "--for=jsonpath={.status.phase}=Succeeded",
                               "--timeout=60s")
        lines = self.namespace.kubectl("logs", "load").stdout.splitlines()
        told = (line[1:].split(" ", 1) for line in lines if line.startswith("="))
        records = {name: [line.removeprefix(f"+{name} ") for line in lines
                          if line.startswith(f"+{name} ")] for name in self.clients}
        found = {name: {**json.loads(text), "record": list(csv.DictReader(records[name]))}
                 for name, text in told}
        assert list(found) == self.clients, f"of {self.clients} only {list(found)} have told"
        for name, one in found.items():
            assert one["requests"] == len(one["record"]) > 0, name
        return found
