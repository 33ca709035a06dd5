# SPDX-License-Identifier: Apache-2.0
"""The load: tests/apps/load, once for each kind of client, in one pod. It sends no request twice."""

import json
import shlex

from images import NAMES

RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
              "runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
LONGEST = 7200 # seconds; a load that nobody ends, ends


class Load:
    """`clients`: {name: (url, requests a second, whether connections are used again)}. With `node`
    they run in the network of a node, where the Service is reached without a pod's veth; `spec` is
    more of their pod's."""

    def __init__(self, namespace, clients, node=False, **spec):
        self.namespace = namespace
        begin = [f"load --url {shlex.quote(url)} --rate {rate} --keepalive {'yes' if keep else 'no'} "
                 f"--seconds {LONGEST} --timeout 30 --connections 16 --json /tmp/{name} >/dev/null &"
                 for name, (url, rate, keep) in clients.items()]
        end = [f"printf '\\n={name} '; tr -d '\\n' </tmp/{name}" for name in clients]
        namespace.apply({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "load"},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                     "automountServiceAccountToken": False, "hostNetwork": node, **spec,
                     "containers": [{
                         "name": "load", "image": NAMES["app"],
                         "command": ["sh", "-c", "\n".join([*begin, "wait", *end])],
                         "resources": {"requests": {"cpu": "50m"}}, "securityContext": RESTRICTED}]}})
        namespace.kubectl("wait", "pod/load", "--for=jsonpath={.status.phase}=Running", "--timeout=90s")

    def end(self):
        """{client: what it wrote}, once each has its last answer."""
        # To all but PID 1, the shell that waits for them, and the one that sends it: kill(2).
        self.namespace.kubectl("exec", "load", "--", "sh", "-c", "kill -TERM -1")
        self.namespace.kubectl("wait", "pod/load", "--for=jsonpath={.status.phase}=Succeeded",
                               "--timeout=60s")
        lines = self.namespace.kubectl("logs", "load").stdout.splitlines()
        told = (line[1:].split(" ", 1) for line in lines if line.startswith("="))
        return {name: json.loads(text) for name, text in told}
