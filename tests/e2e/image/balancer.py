#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an ingress controller does: runs HAProxy, and tells it of a Service's endpoints as the API
server has them. Whether one is ready HAProxy finds out itself, by its checks.

Usage: balancer.py CONFIGURATION BACKEND SLOTS PORT SERVICE [--drop-terminating]
"""

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
CONTROL = "/tmp/haproxy.sock"
WATCH = 60 # seconds; the API server ends one then, and whatever stands still later ends here


def watch(service):
    """The EndpointSlices of a Service, all of them, after each change, until the API server ends it."""
    with open(f"{ACCOUNT}/namespace", encoding="ascii") as file:
        namespace = file.read()
    with open(f"{ACCOUNT}/token", encoding="ascii") as file:
        token = file.read()
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    url = (f"https://{host}:{port}/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
           f"?watch=1&timeoutSeconds={WATCH}&labelSelector=kubernetes.io/service-name%3D{service}")
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    slices = {}
    with urllib.request.urlopen(request, timeout=WATCH + 15, context=ssl.create_default_context(
            cafile=f"{ACCOUNT}/ca.crt")) as answer:
        for line in answer:
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            name = event["object"]["metadata"]["name"]
            slices[name] = [] if event["type"] == "DELETED" else event["object"]["endpoints"] or []
            yield [one for some in slices.values() for one in some]


def endpoints_of(service):
    """For ever: a watch may fail at any time, and the next one begins with what there is."""
    while True:
        try:
            yield from watch(service)
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            print(f"watch: {error!r}", flush=True)
        time.sleep(0.2)


class Balancer:
    def __init__(self, backend, slots, port):
        self.backend, self.port = backend, port
        self.free, self.used = [f"app{n}" for n in range(1, slots + 1)], {}

    def say(self, *words):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(CONTROL)
            control.sendall(("; ".join(words) + "\n").encode())
            answer = b"".join(iter(lambda: control.recv(4096), b"")).decode().strip()
        print(*words, answer, sep="\n", flush=True)

    def follow(self, addresses):
        for address in self.used.keys() - addresses:
            slot = self.used.pop(address)
            self.free.append(slot) # to the end: one that was just in use rests
            self.say(f"set server {self.backend}/{slot} state maint")
        for address in addresses - self.used.keys():
            assert self.free, f"{len(addresses)} endpoints, {len(self.used)} slots"
            slot = self.used[address] = self.free.pop(0)
            server = f"{self.backend}/{slot}"
            # Out of maintenance a server is up before its first check: with weight 0 nobody comes.
            self.say(f"set server {server} weight 0",
                     f"set server {server} addr {address} port {self.port}",
                     f"set server {server} state ready", f"set server {server} health down",
                     f"set server {server} weight 100%")


def main(configuration, backend, slots, port, service, *drop):
    with subprocess.Popen(["haproxy", "-db", "-f", configuration]) as haproxy:
        try:
            balancer = Balancer(backend, int(slots), int(port))
            while not os.path.exists(CONTROL):
                time.sleep(0.05)
            for endpoints in endpoints_of(service):
                balancer.follow({one["addresses"][0] for one in endpoints
                                 if not (drop and one["conditions"].get("terminating"))})
        finally:
            haproxy.kill() # one that nobody tells anything would go on without a server


if __name__ == "__main__":
    main(*sys.argv[1:])
