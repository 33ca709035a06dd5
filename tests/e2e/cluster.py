# SPDX-License-Identifier: Apache-2.0
"""The cluster that kubectl and helm talk to: every call has a bound, and says what it did where it
failed. tests/e2e/run sets KUBECONFIG for another context than the current one."""

import json
import os
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# A pod that asks for no processor stands still beside busy ones that do, and is not ready.
RESOURCES = {"requests": {"cpu": "50m"}}
INSTRUMENTS = {"requests": {"cpu": "100m"}} # which are not what is looked at
# What is made bears it: tests/e2e/run puts all of it away, however a run ends.
LABEL, RUN = "lastcall-e2e", os.environ.get("LASTCALL_E2E_RUN", "yes")


def run(*command, check=True, text=None, timeout=300):
    done = subprocess.run(command, input=text or "", capture_output=True, text=True, check=False,
                          timeout=timeout, cwd=ROOT)
    assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done


def why_not():
    """Why no test can run here; None where they can."""
    loader = [] if os.environ.get("LASTCALL_E2E_REGISTRY") else ["kind"]
    for program in ("kubectl", "helm", "docker", *loader):
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
             "metadata": {"name": name, "labels": {LABEL: RUN, **labels}}}))

    def kubectl(self, *words, **options):
        return run("kubectl", "--namespace", self.name, *words, **options)

    def helm(self, *words, **options):
        return run("helm", "--namespace", self.name, *words, **options)

    def get(self, *words):
        return json.loads(self.kubectl("get", *words, "--output", "json").stdout)

    def apply(self, *objects):
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--filename", "-", text=json.dumps(items))

    def pods(self, selector):
        return self.get("pods", "--selector", selector)["items"]

    def watch(self, selector, seconds):
        """The pods by their names, after each change; nothing more after that time."""
        words = ["kubectl", "--namespace", self.name, "get", "pods", "--selector", selector, "--watch",
                 "--output-watch-events", "--output", "json", f"--request-timeout={seconds}s"]
        pods = {}
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as watch:
            try:
                for line in watch.stdout:
                    event = json.loads(line)
                    pods[name_of(event["object"])] = event["object"]
                    if event["type"] == "DELETED":
                        del pods[name_of(event["object"])]
                    yield pods
            finally:
                watch.terminate()

    def await_rollout(self, deployment, seconds=120):
        done = self.kubectl("rollout", "status", f"deployment/{deployment}",
                            f"--timeout={seconds}s", check=False)
        assert done.returncode == 0, self.story()

    def story(self):
        """What an unhappy test shows."""
        return self.kubectl("describe", "pods").stdout[-6000:] + self.kubectl(
            "logs", "--all-containers", "--prefix", "--tail=10", "--selector", "app!=nobody").stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run("kubectl", "delete", "namespace", self.name, "--wait=false")


def wait_for(what, seconds, condition):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)
    return found


def name_of(found):
    return found["metadata"]["name"]


def is_going(pod):
    return "deletionTimestamp" in pod["metadata"]


def is_ready(pod):
    return not is_going(pod) and any(one["type"] == "Ready" and one["status"] == "True"
                                     for one in pod["status"].get("conditions", []))
