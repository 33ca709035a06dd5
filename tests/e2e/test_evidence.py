# SPDX-License-Identifier: Apache-2.0
"""`kubectl describe pod` shows how a shutdown went."""

import json
import re

import pytest

import pods

pytestmark = pytest.mark.usefixtures("images")

IGNORES_SIGTERM = ["sh", "-c", "trap '' TERM; exec \"$@\"", "app"]


def described(namespace, name="web"):
    """What a person sees of the message: the line that describes how the container ended last."""
    text = namespace.kubectl("describe", "pod", name).stdout
    found = re.search(r"^ +Message: +(\{.*\})$", text, re.M)
    return json.loads(found[1]) if found else None


def serving(*options, command=pods.SERVER, **more):
    return pods.container(command, "--ports", "8080", *options,
                          readinessProbe={"httpGet": {"path": "/readyz", "port": 9909},
                                          "periodSeconds": 1}, **more)


def sick(grace):
    return pods.sick(terminationGracePeriodSeconds=grace)


def test_describe_shows_how_the_shutdown_went(namespace):
    pods.pod(namespace, pods.spec(serving("--propagation", "1s", **sick(30))))
    pods.ask(namespace, "/fail")
    kubernetes, _ = pods.ended(pods.restarted(namespace))
    told = described(namespace)
    assert kubernetes["exitCode"] == told["exitCode"] == 143
    assert (told["cause"], told["signal"], told["outcome"]) == ("signal", "SIGTERM", "stopped")
    assert {"propagating", "draining", "stopping"} <= set(told["phases"])
    assert told["phases"]["propagating"] >= 1
    assert (told["killed"], told["cut"]) == ([], 0)


def test_describe_names_what_had_to_be_killed(namespace):
    pods.pod(namespace, pods.spec(serving("--propagation", "0s", "--grace-period", "3s",
                                          command=[*IGNORES_SIGTERM, *pods.SERVER],
                                          **sick(3))))
    pods.ask(namespace, "/fail")
    kubernetes, _ = pods.ended(pods.restarted(namespace))
    told = described(namespace)
    assert kubernetes["exitCode"] == told["exitCode"] == 137
    assert (told["outcome"], told["killed"]) == ("forced", ["sh"])


def test_describe_shows_it_after_the_platforms_own_sigkill_too(namespace):
    """The pod gives less than lastcall was told: the kubelet kills it in the middle of its window."""
    pods.pod(namespace, pods.spec(serving("--propagation", "20s", "--grace-period", "60s",
                                          **sick(4))))
    pods.ask(namespace, "/fail")
    kubernetes, _ = pods.ended(pods.restarted(namespace))
    told = described(namespace)
    assert kubernetes["exitCode"] == 137
    assert (told["cause"], told["signal"], told["phase"]) == ("signal", "SIGTERM", "propagating")
    assert "exitCode" not in told


def test_describe_shows_the_end_of_an_application_that_ended_by_itself(namespace):
    pods.pod(namespace, pods.spec(serving()))
    pods.ask(namespace, "/exit", check=False)
    pods.restarted(namespace)
    told = described(namespace)
    assert (told["cause"], told["process"], told["exitCode"]) == ("lane", "python3", 3)


def test_the_message_of_a_pod_that_is_deleted_is_in_its_last_status(namespace):
    """For whoever watches pods; `describe` finds none then."""
    pods.pod(namespace, pods.spec(serving("--propagation", "1s")))
    kubernetes, told = pods.ended(pods.delete(namespace))
    assert kubernetes["exitCode"] == told["exitCode"] == 143
    assert told["phase"] == "exited"
