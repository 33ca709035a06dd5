# SPDX-License-Identifier: Apache-2.0
"""The page on `/`: what it answers, and what a real browser makes of it."""

import base64
import hashlib
import json
import os
import re
import tempfile
import threading

import pytest

from browser import Browser, Relay
from lastcall import PRINT, PYTHON, Lastcall, until

# The browser is started once, in one worker, and sees one shutdown, which most tests are about.
pytestmark = [pytest.mark.plain, pytest.mark.xdist_group("browser")]

# A process that is given no name has its program's, which may be anything but a slash.
NAME = "<img src=x onerror=alert(1)>"

# /slow answers after 4.5 s. At SIGTERM it takes a second to end. Each phase so lasts longer than the
# page waits between two questions: a second, and a quarter of one in a shutdown.
SERVER = f"#!{PYTHON} -IS\n{PRINT}" + """
import http.server, signal, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(4.5)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
def stop(*_):
    time.sleep(1)
    os._exit(0)
server = http.server.ThreadingHTTPServer(("", 8000), Handler)
signal.signal(signal.SIGTERM, stop)
print("up")
server.serve_forever()
"""

CONFIG = {
    "http": {"listen": ["unix:health"]},
    "shutdown": {"gracePeriod": "20s", "margin": "1s", "propagation": "2s"},
    "drain": {"waitForIdle": True, "timeout": "5s", "idle": "100ms"},
    "processes": [{"command": [f"./{NAME}"], "ports": [8000],
                   "preStop": [{"exec": {"command": ["sleep", "0.4"]}},
                               {"exec": {"command": ["false"]}}]}],
}

# Seconds that a loaded machine may put between an answer and its picture.
LAG = 1

# Notes each picture that the page shows, and what its policy refuses.
WATCH = """
window.seen = [];
window.refused = [];
addEventListener("securitypolicyviolation", event => refused.push(event.violatedDirective));
const text = id => document.getElementById(id).textContent;
new MutationObserver(() => seen.push({at: performance.now() / 1000, phase: text("phase"), said: text("said"),
    clock: text("clock"), link: text("link")}))
    .observe(document.body, {subtree: true, childList: true, characterData: true});
"""


class Story:
    """A shutdown from the first picture to the last, as the browser saw it."""

    def __init__(self, browser, place):
        self.browser, self.place = browser, place
        self.relay = Relay(f"{place}/health")
        self.app = None

    def tell(self):
        browser = self.browser
        self.start()
        browser.get(self.relay.url)
        browser.execute_script(WATCH)
        assert until(lambda: browser.texts("#phase") == ["running"])
        self.running = self.look()
        threading.Thread(target=self.request, daemon=True).start()
        assert until(lambda: browser.texts("#connections dd")[0] == "1", timeout=5)
        self.app.signal("SIGTERM")
        assert until(lambda: browser.texts("#phase") == ["draining"])
        self.draining = self.look()
        assert self.app.exit_code() == 0
        self.console = [entry for entry in browser.console() if "/status - Failed" not in entry]
        assert until(lambda: browser.texts("#phase") == ["gone"], timeout=10)
        self.gone = self.look()
        self.seen = browser.execute_script("return seen")

    def start(self):
        with open(f"{self.place}/{NAME}", "w", encoding="ascii") as file:
            file.write(SERVER)
        os.chmod(file.name, 0o755)
        self.app = Lastcall(self.place, [], config=json.dumps(CONFIG), cwd=self.place)
        self.app.ready().wait_output("up")

    def request(self):
        self.app.network.http("/slow", address=("127.0.0.1", 8000))

    def look(self):
        """What somebody who cannot see the page has of it, and what is in it."""
        return {"accessible": self.browser.accessible(), "title": self.browser.title,
                "body": self.browser.texts("body")[0],
                "lanes": dict(zip(self.browser.texts("#lanes tbody th"),
                                  self.browser.texts("#lanes tbody td"), strict=True))}

    def close(self):
        if self.app:
            self.app.close()
        self.relay.close()


@pytest.fixture(scope="module")
def browser():
    with tempfile.TemporaryDirectory(prefix="lc-page-", ignore_cleanup_errors=True) as place:
        driver = Browser(place)
        yield driver
        driver.quit()


@pytest.fixture(scope="module")
def story(browser):
    with tempfile.TemporaryDirectory(prefix="lc-page-") as place:
        told = Story(browser, place)
        try:
            told.tell()
            yield told
        finally:
            told.close()


def count(tree, role, name=None):
    return sum(1 for node in tree if node[0] == role and name in (None, node[1]))


# --- what it answers ---

@pytest.fixture
def app(lastcall):
    return lastcall("--", "sleep", "100").ready()


def test_it_is_one_small_page_with_all_that_it_needs_inside(app):
    answer = app.http("/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Content-Length"]) < 10_000
    assert "innerHTML" not in answer.body
    found = re.findall(r"(?:src|href)=\"([^\"]*)\"", answer.body)
    assert found and all(re.match(r"[a-z]+(\?verbose)?$|data:", one) for one in found), found


def test_head_is_get_without_a_body_and_another_method_is_405(app):
    get, head = app.http("/"), app.http("/", method="HEAD")
    assert (head.status, head.body) == (200, "")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert app.http("/", method="POST").status == 405
    assert app.http("/index.html").status == 404


def test_its_policy_allows_its_own_script_and_style_and_nothing_else(app):
    answer = app.http("/")
    policy = dict(one.split(" ", 1) for one in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for directive, tag in (("script-src", "script"), ("style-src", "style")):
        inside, = re.findall(f"<{tag}>(.*?)</{tag}>", answer.body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"


# --- what the browser saw of a shutdown ---

def test_it_shows_the_phases_of_a_real_shutdown_as_they_come(story):
    phases = [one["phase"] for one in story.seen]
    order = [phase for i, phase in enumerate(phases) if i == 0 or phases[i - 1] != phase]
    assert [phase for phase in order if phase != "exited"] == [
        "running", "propagating", "draining", "stopping", "gone"]
    said = {one["phase"]: one["said"] for one in story.seen}
    assert said["running"].startswith("Readiness is on.")
    assert said["propagating"].startswith("Readiness is off.")
    assert story.draining["title"] == "draining \u00b7 lastcall"


def test_the_countdown_to_the_deadline_falls(story):
    left = [(one["at"], float(one["clock"].split()[0])) for one in story.seen
            if one["phase"] in ("propagating", "draining", "stopping")]
    assert 15 < left[0][1] <= 19
    assert all(later <= earlier + LAG for (_, earlier), (_, later) in zip(left, left[1:]))
    assert left[0][1] - left[-1][1] == pytest.approx(left[-1][0] - left[0][0], abs=LAG)


def test_hooks_and_connections_have_lanes_of_their_own(story):
    hooks, = (text for lane, text in story.gone["lanes"].items() if lane.startswith("preStop"))
    assert "[0]" in hooks and "[1] failed" in hooks
    flow, = (text for lane, text in story.draining["lanes"].items() if lane.startswith("in flight"))
    assert "most 1" in flow


def test_neither_the_policy_nor_the_console_has_anything_to_complain_of(story):
    assert story.browser.execute_script("return refused") == []
    assert story.console == []


def test_a_process_whose_name_is_markup_stays_text(story):
    assert NAME in story.running["lanes"]
    assert story.browser.texts("#processes tbody th") == [NAME]
    assert story.browser.execute_script("return document.images.length") == 0


def test_when_lastcall_is_gone_it_says_so_and_keeps_the_last_picture(story):
    assert "lastcall is gone" in story.gone["body"] and "after SIGTERM" in story.gone["body"]
    assert story.gone["title"] == "gone \u00b7 lastcall"
    assert story.seen[-1]["link"] == "gone"
    for bar in ("running", "propagating", "draining", "stopping"):
        assert bar in story.gone["lanes"]["phase"], story.gone["lanes"]
    assert "stopping" in story.gone["lanes"][NAME]


# --- for everybody ---

def test_a_screen_reader_hears_of_the_phase_and_finds_its_way(story):
    tree = story.draining["accessible"]
    assert count(tree, "heading", "draining") == 1 and count(tree, "status") == 1
    assert count(tree, "table", "Timeline") == 1 and count(tree, "table", "Processes") == 1
    assert count(tree, "list", "Phases") == 1 and count(tree, "main") == 1
    assert count(tree, "navigation", "Plain answers") == 1 and count(tree, "button", "Pause") == 1
    assert count(tree, "rowheader", NAME) == 2
    assert any(role == "timer" and "to the deadline" in name for role, name in tree)
    live = story.browser.execute_script("return document.querySelector('[role=status]').innerText")
    assert re.search("gone", live)


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_light_and_dark_differ_and_both_can_be_read(story, browser):
    pages = []
    for scheme in ("light", "dark"):
        browser.emulate(prefers_color_scheme=scheme)
        page = browser.style("body", "backgroundColor")
        pages.append(page)
        for words in ("#phase", "#said", "#clock-label", "caption", "thead th", "a", "#link"):
            assert contrast(browser.style(words, "color"), page) >= 4.5, (scheme, words)
        for bar in ("serving", "window", "drain", "stopping", "failed"):
            assert contrast(browser.style(f"#lanes .{bar}", "backgroundColor"),
                            browser.style("body", "color")) >= 4.5, (scheme, bar)
    assert luminance(pages[0]) > 0.9 and luminance(pages[1]) < 0.1
    browser.emulate()


def test_nothing_moves_for_those_who_do_not_want_it(story, browser):
    assert browser.style(".bar", "transitionDuration").startswith("0.25s")
    browser.emulate(prefers_reduced_motion="reduce")
    assert browser.style(".bar", "transitionDuration") == "0s"
    browser.emulate()


def test_it_fits_a_narrow_phone(story, browser):
    browser.resize(320, 800)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
    browser.resize(1000, 900)


# --- afterwards: these change what the tests above look at, in this order ---

def test_it_asks_less_and_less_often_when_nobody_answers(story):
    refused = story.relay.refused
    assert until(lambda: len(refused) >= 4, timeout=10)
    gaps = [later - earlier for earlier, later in zip(refused, refused[1:])]
    assert all(later > earlier * 1.5 for earlier, later in zip(gaps, gaps[1:])), gaps


def press(browser, key, code, text=None):
    for kind in ("keyDown", "keyUp"):
        event = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
        if text and kind == "keyDown":
            event["text"] = text
        browser.execute_cdp_cmd("Input.dispatchKeyEvent", event)


def test_the_keyboard_reaches_all_that_can_be_used_and_shows_where_it_is(story, browser):
    browser.execute_script("document.activeElement.blur()")
    reached = []
    for _ in range(browser.execute_script(
            "return document.querySelectorAll('button, a, [tabindex]').length")):
        press(browser, "Tab", 9)
        reached.append(browser.execute_script("return document.activeElement.textContent"))
        assert browser.style(":focus", "outlineStyle") == "solid"
    assert reached == ["Pause", "/status", "/metrics", "/readyz"]
    browser.execute_script("document.getElementById('pause').focus()")
    for pressed in ("true", "false"):
        press(browser, " ", 32, " ")
        assert browser.execute_script(
            "return document.getElementById('pause').getAttribute('aria-pressed')") == pressed


def test_when_another_container_answers_it_shows_that_one(story, browser):
    story.app.close()
    story.start()
    press(browser, " ", 32, " ")  # paused, and …
    press(browser, " ", 32, " ")  # … on: it asks at once
    assert until(lambda: browser.texts("#phase") == ["running"], timeout=10)
    assert browser.texts("#link") == ["live"]
    assert "propagating" not in browser.texts("#lanes tbody td")[1]
    assert os.path.exists(f"{story.place}/health")


def test_where_no_shutdown_was_under_way_it_only_says_that_nobody_answers(story, browser):
    story.app.signal("SIGKILL")
    assert until(lambda: browser.texts("#phase") == ["no answer"], timeout=10)
    assert "Nobody has answered since" in browser.texts("#said")[0]
    assert browser.texts("#link") == ["no answer"]
    assert "runs" in browser.texts("#lanes tbody td")[2]
