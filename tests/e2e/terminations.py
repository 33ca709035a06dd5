# SPDX-License-Identifier: Apache-2.0
"""`tests/e2e/run --terminations N`: pods are evicted one after the other, as many at a time as their
budget allows, under load, in one of lastcall's modes after the other; requests sent, requests failed."""

import json
import sys
import time
import uuid

import applications
import cluster
import results
from cluster import is_ready, name_of
from stops import LONGEST, evict
from test_rollouts import check, load

APPS = {"entrypoint": "go", "inject": "node", "sidecar": "nginx"}
REPLICAS, AWAY = 6, 2


class Loop:
    def __init__(self, mode, count):
        self.mode, self.count, self.evicted = mode, count, set()
        self.namespace = cluster.Namespace(f"lastcall-loop-{mode}-{uuid.uuid4().hex[:6]}")

    def is_done(self):
        return len(self.evicted) == self.count

    def evict_some(self, pods):
        """Those that are ready for longest, as far as the budget goes."""
        # What a watch tells is late, and the eviction of a pod that is going already succeeds.
        ready = sorted((one for name, one in pods.items()
                        if is_ready(one) and name not in self.evicted),
                       key=lambda one: one["metadata"]["creationTimestamp"])
        for pod in ready[:max(0, len(ready) - REPLICAS + AWAY)]:
            if self.is_done() or not evict(self.namespace, name_of(pod)):
                return
            self.evicted.add(name_of(pod))
            if len(self.evicted) % 50 == 0:
                print(f"{time.strftime('%T')}  {self.mode}: {len(self.evicted)} of {self.count}",
                      flush=True)

    def evict_all(self):
        while not self.is_done():
            before = len(self.evicted)
            for pods in self.namespace.watch(applications.SELECTOR, LONGEST):
                self.evict_some(pods)
                if self.is_done():
                    break
            assert len(self.evicted) > before, self.namespace.story()

    def is_settled(self):
        pods = self.namespace.pods(applications.SELECTOR)
        return sum(map(is_ready, pods)) == len(pods) == REPLICAS

    def run(self):
        """Every request's line, and the names of the pods that were stopped under them."""
        with self.namespace:
            applications.install(self.namespace, APPS[self.mode], self.mode, REPLICAS,
                                 podDisruptionBudget={"maxUnavailable": AWAY})
            with (load(self.namespace, self.mode) as loads,
                  results.logs_of(self.namespace, "app=balancer", f"terminations-{self.mode}")):
                began = time.monotonic()
                self.evict_all()
                cluster.wait_for("the end of the last pods", LONGEST, self.is_settled)
                took = time.monotonic() - began
                told = {name: one for some in loads for name, one in some.end().items()}
            check(told, took)
            return [line for one in told.values() for line in one["record"]], self.evicted


def main(count):
    began = time.monotonic()
    # Side by side they left kube-proxy no processor on a machine with two, up to 9 s after a pod's stop.
    ended = [Loop(mode, count // len(APPS) + (n < count % len(APPS))).run()
             for n, mode in enumerate(APPS)]
    record = [line for lines, _ in ended for line in lines]
    stopped = {name for _, names in ended for name in names}
    failed = [line for line in record if line["outcome"] != "answered"]
    for line in failed:
        print(json.dumps(line))
    answered = stopped & {line["target"] for line in record}
    print(f"{len(stopped)} pods stopped in {time.monotonic() - began:.0f} s, of which "
          f"{len(answered)} had answered requests: {len(record)} sent, {len(failed)} failed")
    return bool(failed) or len(stopped) < count


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
