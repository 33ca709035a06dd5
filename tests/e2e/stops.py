# SPDX-License-Identifier: Apache-2.0
"""Every way in which a cluster stops pods. Each returns once nothing is going any more and as many as
before are ready, with the number of pods that were stopped."""

import contextlib
import fcntl
import json
import os
import subprocess
import time

from applications import SELECTOR
from cluster import LABEL, ROOT, RUN, is_going, is_ready, name_of, run, wait_for

LONGEST = 150 # seconds


def evict(namespace, pod):
    """Whether the budget allows it."""
    where = {"name": pod, "namespace": namespace.name}
    text = json.dumps({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": where})
    return run("kubectl", "create", "--filename", "-", "--raw",
               f"/api/v1/namespaces/{namespace.name}/pods/{pod}/eviction", text=text,
               check=False).returncode == 0


@contextlib.contextmanager
def cordoned(node):
    """It takes no pods meanwhile. One at a time, of all the tests: with two there might be none left."""
    with open(os.path.join(ROOT, "build", "e2e", "drain.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("kubectl", "label", "node", node, f"{LABEL}={RUN}")
        try:
            run("kubectl", "cordon", node)
            yield
        finally:
            run("kubectl", "uncordon", node)
            run("kubectl", "label", "node", node, f"{LABEL}-")


class Stops:
    def __init__(self, namespace):
        self.namespace = namespace
        deployment, = namespace.get("deployments")["items"]
        self.deployment = f"deployment/{name_of(deployment)}"

    def pods(self):
        return [name_of(one) for one in self.namespace.pods(SELECTOR) if not is_going(one)]

    def _settle(self, gone, count):
        """Until `count` are ready and none of `gone`, nor anyone else, is there."""
        def settled(pods):
            return (sum(map(is_ready, pods)) == len(pods) == count
                    and not gone & set(map(name_of, pods)))
        for pods in self.namespace.watch(SELECTOR, LONGEST):
            # A watch begins with those that are there, one after the other: it may lack some yet.
            if settled(pods.values()) and settled(self.namespace.pods(SELECTOR)):
                return len(gone)
        raise AssertionError(f"not {count} pods without {sorted(gone)} in time\n"
                             f"{self.namespace.story()}")

    def _scale(self, count):
        self.namespace.kubectl("scale", self.deployment, f"--replicas={count}")

    def _delete(self, pod):
        self.namespace.kubectl("delete", "pod", pod, "--wait=false")

    def update(self):
        pods = self.pods()
        self.namespace.kubectl("rollout", "restart", self.deployment)
        return self._settle(set(pods), len(pods))

    def more(self):
        """One more, which `scale` can take away."""
        count = len(self.pods()) + 1
        self._scale(count)
        return self._settle(set(), count)

    def scale(self):
        count = len(self.pods()) - 1
        self._scale(count)
        self._settle(set(), count)
        return 1

    def delete(self):
        pods = self.pods()
        self._delete(pods[0])
        return self._settle({pods[0]}, len(pods))

    def burst(self, apart=0.2):
        """All but one, `apart` seconds."""
        pods = self.pods()
        began, going = time.monotonic(), []
        for n, pod in enumerate(pods[1:]):
            time.sleep(max(0, began + n * apart - time.monotonic()))
            going.append(subprocess.Popen(  # one that waits for kubectl would be later each time
                ["kubectl", "--namespace", self.namespace.name, "delete", "pod", pod, "--wait=false"],
                stdout=subprocess.DEVNULL))
        assert [one.wait(60) for one in going] == [0] * len(going)
        return self._settle(set(pods[1:]), len(pods))

    def evict(self):
        """All, one after the other, as the budget lets them go."""
        pods = self.pods()
        budget, = self.namespace.get("poddisruptionbudgets")["items"]
        for pod in pods:
            self.namespace.kubectl("wait", f"pdb/{name_of(budget)}", f"--timeout={LONGEST}s",
                                   "--for=jsonpath={.status.disruptionsAllowed}=1")
            wait_for(f"the leave to evict {pod}", LONGEST, lambda: evict(self.namespace, pod))
        return self._settle(set(pods), len(pods))

    @staticmethod
    def can_drain():
        """Not where the pods would have nowhere to go."""
        return len(json.loads(run("kubectl", "get", "nodes", "--output", "json").stdout)["items"]) > 1

    def drain(self):
        """A node is emptied of our pods, and takes no others meanwhile."""
        pods = [one for one in self.namespace.pods(SELECTOR) if not is_going(one)]
        node = pods[0]["spec"]["nodeName"]
        going = {name_of(one) for one in pods if one["spec"]["nodeName"] == node}
        with cordoned(node):
            # A selector goes for the pods of all namespaces; and lastcall's figures are in an emptyDir.
            run("kubectl", "drain", node, "--pod-selector", f"cell={self.namespace.name}",
                "--ignore-daemonsets", "--delete-emptydir-data", f"--timeout={LONGEST}s")
            return self._settle(going, len(pods))
