# SPDX-License-Identifier: Apache-2.0
"""`tests/e2e/run --terminations N`: pods are evicted one after the other, as many at a time as their
budget allows, under load, in each of lastcall's modes; requests sent, requests failed."""

import concurrent.futures
import json
import sys
import time
import uuid

import applications
import cluster
from cluster import is_ready, name_of
from stops import evict
from test_rollouts import load

APPS = {"entrypoint": "go", "inject": "node", "sidecar": "nginx"}
REPLICAS, AWAY = 6, 2


class Loop:
    def __init__(self, mode, count):
        self.mode, self.count, self.done = mode, count, 0
        self.namespace = cluster.Namespace(f"lastcall-loop-{mode}-{uuid.uuid4().hex[:6]}")

    def evict_some(self, pods):
        """Those that are ready for longest, as far as the budget goes."""
        ready = sorted((one for one in pods.values() if is_ready(one)),
                       key=lambda one: one["metadata"]["creationTimestamp"])
        for pod in ready[:max(0, len(ready) - REPLICAS + AWAY)]:
            if self.done == self.count or not evict(self.namespace, name_of(pod)):
                return
            self.done += 1
            if self.done % 50 == 0:
                print(f"{time.strftime('%T')}  {self.mode}: {self.done} of {self.count}", flush=True)

    def run(self):
        try:
            applications.install(self.namespace, APPS[self.mode], self.mode, REPLICAS,
                                 podDisruptionBudget={"maxUnavailable": AWAY})
            with load(self.namespace, self.mode) as loads:
                while self.done < self.count:
                    for pods in self.namespace.watch(applications.SELECTOR, 20):
                        self.evict_some(pods)
                        if self.done == self.count:
                            break
                return [line for some in loads for one in some.end().values()
                        for line in one["record"]]
        finally:
            self.namespace.delete()


def main(count):
    began = time.monotonic()
    loops = [Loop(mode, count // len(APPS) + (n < count % len(APPS))) for n, mode in enumerate(APPS)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        record = [line for some in pool.map(Loop.run, loops) for line in some]
    failed = [line for line in record if line["outcome"] != "answered"]
    for line in failed:
        print(json.dumps(line))
    answered = {line["target"] for line in record} - {""}
    print(f"{count} pods stopped in {time.monotonic() - began:.0f} s: {len(record)} requests sent, "
          f"{len(failed)} failed; {len(answered)} pods answered")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
