# SPDX-License-Identifier: Apache-2.0
"""Jobs: what counts as a success is what the application says, never how lastcall ended it."""

import pytest

import cluster
import pods

pytestmark = pytest.mark.usefixtures("images")

# Works until it is told that it is done; dies of SIGTERM.
WORKER = ["sh", "-c", "until [ -e /tmp/done ]; do sleep 0.1; done"]
STUBBORN = ["sh", "-c", "trap '' TERM; until [ -e /tmp/done ]; do sleep 0.1; done"]


def start(namespace, command, *options, retries=0, grace=30, job=None, **pod):
    template = {"spec": pods.spec(pods.container(command, *options, "--grace-period", f"{grace}s"),
                                  restartPolicy="Never", terminationGracePeriodSeconds=grace, **pod)}
    pods.create(namespace, "Job", "job", {"backoffLimit": retries, "template": template, **(job or {})})


def workers(namespace):
    found = namespace.get("pods", "--selector", "batch.kubernetes.io/job-name=job")["items"]
    return {one["metadata"]["name"]: one for one in found}


def running(namespace, but=()):
    """The name of a pod that is at work."""
    return cluster.wait_for("a pod at work", 60, lambda: next(
        (name for name, one in workers(namespace).items()
         if "running" in pods.status(one).get("state", {}) and name not in but), None))


def outcome(namespace):
    """The condition that the Job ended with, and why."""
    def condition():
        found = namespace.get("job", "job")["status"].get("conditions", [])
        return next(((one["type"], one.get("reason")) for one in found
                     if one["type"] in ("Complete", "Failed")), None)
    return cluster.wait_for("the Job's end", 60, condition)


@pytest.mark.parametrize("command, code", [
    (["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "exit 255"], 255),
    # Kubernetes makes one $ of two, as it expands $(VARIABLE).
    (["sh", "-c", "kill -KILL $$$$"], 137), (["sh", "-c", "kill -TERM $$$$"], 143),
    (["/etc"], 126), (["/no/such/program"], 127)], ids=["0", "3", "255", "KILL", "TERM", "126", "127"])
def test_a_job_ends_with_the_exit_code_of_its_command(namespace, command, code):
    start(namespace, command)
    assert outcome(namespace)[0] == ("Failed" if code else "Complete")
    (only,) = workers(namespace).values()
    assert pods.ended(only)[0]["exitCode"] == code


def test_a_failure_policy_decides_by_the_exit_code_of_the_command(namespace):
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    start(namespace, ["sh", "-c", "exit 42"], retries=4, job={"podFailurePolicy": {"rules": [rule]}})
    assert outcome(namespace) == ("Failed", "PodFailurePolicy")
    assert len(workers(namespace)) == 1


@pytest.mark.parametrize("command, code, end", [(WORKER, 143, "stopped"), (STUBBORN, 137, "forced")],
                         ids=["dies-of-SIGTERM", "ignores-SIGTERM"])
def test_a_pod_evicted_half_way_is_no_success_and_the_job_is_tried_again(namespace, command, code, end):
    start(namespace, command, retries=2, grace=4)
    first = running(namespace)
    with pods.Watch(namespace, first) as watch:
        pods.evict(namespace, first)
        kubernetes, lastcall = pods.ended(watch.until_gone())
    assert (kubernetes["exitCode"], lastcall["exitCode"], lastcall["outcome"]) == (code, code, end)
    assert "propagating" not in lastcall["phases"], "it serves nobody: no window"
    second = running(namespace, but=[first])
    assert namespace.get("job", "job")["status"].get("succeeded", 0) == 0
    namespace.kubectl("exec", second, "--", "touch", "/tmp/done")
    assert outcome(namespace)[0] == "Complete"
    counted = namespace.get("job", "job")["status"]
    assert (counted["succeeded"], counted["failed"]) == (1, 1)


def test_a_job_past_its_active_deadline_has_failed_and_its_pod_was_stopped(namespace):
    start(namespace, WORKER, job={"activeDeadlineSeconds": 5})
    with pods.Watch(namespace, running(namespace)) as watch:
        assert outcome(namespace) == ("Failed", "DeadlineExceeded")
        kubernetes, lastcall = pods.ended(watch.until_gone())
    assert kubernetes["exitCode"] == 143
    assert (lastcall["cause"], lastcall["outcome"]) == ("signal", "stopped")


def test_a_pod_past_its_active_deadline_has_failed_and_says_how_it_was_stopped(namespace):
    """The kubelet's own stop: the pod stays there."""
    start(namespace, WORKER, activeDeadlineSeconds=5)
    assert outcome(namespace)[0] == "Failed"
    (only,) = workers(namespace).values()
    kubernetes, lastcall = pods.ended(only)
    assert (only["status"]["reason"], kubernetes["exitCode"]) == ("DeadlineExceeded", 143)
    assert (lastcall["cause"], lastcall["outcome"]) == ("signal", "stopped")
