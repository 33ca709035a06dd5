# SPDX-License-Identifier: Apache-2.0
"""The balancer's own part: a balancer that is deaf would be taken for requests that lastcall lost."""

import http.client
import importlib.util
import io
import json
import os
import threading

import pytest

SPEC = importlib.util.spec_from_file_location(
    "balancer_program", os.path.join(os.path.dirname(__file__), "image", "balancer.py"))
program = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(program)


def event(*addresses):
    return json.dumps({"type": "MODIFIED", "object": {
        "metadata": {"name": "app-1"},
        "endpoints": [{"addresses": [one], "conditions": {}} for one in addresses]}}).encode() + b"\n"


class Cut(io.BytesIO):
    """An answer that ends in the midst of a piece."""

    def __iter__(self):
        yield from iter(self.readline, b"")
        raise http.client.IncompleteRead(b"")


@pytest.fixture(autouse=True)
def account(monkeypatch, tmp_path):
    for name in ("namespace", "token", "ca.crt"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(program, "ACCOUNT", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "kubernetes")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(program.ssl, "create_default_context", lambda cafile: None)


def test_it_hears_of_endpoints_whatever_ends_a_watch(monkeypatch):
    answers = [io.BytesIO(event("10.0.0.1")), OSError("refused"), Cut(event("10.0.0.2")),
               io.BytesIO(b'{"type": "ERROR", "object": {"code": 410}}\n'), io.BytesIO(b'{"type": "ADD'),
               io.BytesIO(event("10.0.0.3"))]

    def answer(*_, **__):
        found = answers.pop(0)
        if isinstance(found, OSError):
            raise found
        return found

    monkeypatch.setattr(program.urllib.request, "urlopen", answer)
    told = program.endpoints_of("app")
    assert [next(told)[0]["addresses"][0] for _ in range(3)] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert not answers


def test_one_without_a_slot_to_spare_ends_with_all_of_haproxy(monkeypatch, tmp_path):
    haproxy = tmp_path / "haproxy"
    haproxy.write_text("#!/bin/sh\nexec sleep 600\n")
    haproxy.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(program, "CONTROL", str(tmp_path))
    monkeypatch.setattr(program.Balancer, "say", lambda *_: None)
    monkeypatch.setattr(program.urllib.request, "urlopen",
                        lambda *_, **__: io.BytesIO(event("10.0.0.1", "10.0.0.2")))
    failed = []

    def run():
        try:
            program.main("haproxy.cfg", "app", "1", "8080", "app")
        except AssertionError as error:
            failed.append(str(error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(30)
    assert failed == ["2 endpoints, 1 slots"]
