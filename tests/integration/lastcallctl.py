# SPDX-License-Identifier: Apache-2.0
"""lastcallctl as a person runs it: words in, lines and an exit code out."""

import os
import re
import subprocess
from xml.etree import ElementTree

from lastcall import ROOT, SLOWNESS, Lines, binary, newest
from namespaces import Namespaces

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program():
    """The one of the build that lastcall is of."""
    beside = os.path.join(os.path.dirname(binary()), "..", "lastcallctl", "lastcallctl")
    chosen = beside if os.path.exists(beside) else newest("cmd/lastcallctl/lastcallctl")
    if not chosen:
        raise FileNotFoundError("no build/*/cmd/lastcallctl/lastcallctl: build it")
    return os.path.abspath(chosen)


def ctl(*words, stdin="", env=None, cwd=ROOT, path=None):
    """Its end: `returncode`, `stdout`, `stderr`. `env` is all that it gets besides PATH."""
    return subprocess.run([path or program(), *map(str, words)], input=stdin, capture_output=True,
                          text=True, env={"PATH": PATH, **(env or {})}, cwd=cwd, check=False,
                          timeout=60)


class Inside:
    """lastcallctl beside a lastcall that runs: in the same container, as `kubectl exec` and the
    kubelet's hooks start it. `uid`: as that user (needs root)."""

    def __init__(self, app, *words, uid=None, stdout=subprocess.PIPE, path=None):
        namespaces = Namespaces(app.pid, "user", "pid", "mnt", "net")
        become = [] if uid is None else ["setpriv", f"--reuid={uid}", "--clear-groups"]
        # A process enters a PID namespace with its children.
        command = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *become, path or program(),
                   *map(str, words)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout,
                                        stderr=subprocess.PIPE, env={"PATH": PATH}, cwd="/",
                                        preexec_fn=namespaces.enter)
        namespaces.close()
        self.output = Lines(self.process.stdout) if stdout == subprocess.PIPE else None
        self.errors = Lines(self.process.stderr)

    def end(self, timeout=20):
        """Waits for it: the exit code, what it said on stdout, and on stderr."""
        code = self.process.wait(timeout * SLOWNESS)
        for lines in filter(None, (self.output, self.errors)):
            lines.wait_end(5)
        return code, self.output and self.output.text(), self.errors.text()

    def close(self):
        self.process.kill()
        self.process.wait(5)


def golden(path, found):
    """`found` is what the file says; GOLDEN=write writes it anew: look at the difference then."""
    if os.environ.get("GOLDEN") == "write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(found)
    with open(path, encoding="utf-8") as file:
        assert found == file.read()


SVG = "{http://www.w3.org/2000/svg}"


def pictures(text):
    """Checks an SVG: XML, described, without scripts and without anything from elsewhere, all of it
    within its frame. Returns its texts."""
    root = ElementTree.fromstring(text)
    assert root.tag == SVG + "svg" and root.get("role") == "img"
    ids = {element.get("id"): element for element in root.iter() if element.get("id")}
    for name in root.get("aria-labelledby").split():
        assert ids[name].text.strip()
    assert {element.tag for element in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "desc", "style", "rect", "line", "path", "circle", "g",
                              "text")}
    assert "prefers-color-scheme:dark" in text
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"url\(|@import|href| on\w+=", text)
    _, _, width, height = map(float, root.get("viewBox").split())
    for element in root.iter():
        for x, y in (("x", "y"), ("x1", "y1"), ("x2", "y2"), ("cx", "cy")):
            if element.get(x):
                assert 0 <= float(element.get(x)) <= width, ElementTree.tostring(element)
                assert 0 <= float(element.get(y)) <= height, ElementTree.tostring(element)
    for bar in root.iter(SVG + "rect"):
        assert float(bar.get("x")) + float(bar.get("width")) <= width
    return [element.text for element in root.iter(SVG + "text")]
