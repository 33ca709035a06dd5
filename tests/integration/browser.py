# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, and the way from it to a lastcall that lives in namespaces of its own."""

import base64
import socket
import threading
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
           "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--window-size=1000,900"]


class Relay:
    """A port on our loopback; what connects to it reaches the unix socket at `path`, whoever listens
    there at the time. `refused`: when there was nobody (time.monotonic())."""

    def __init__(self, path):
        self.path, self.refused = path, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            try:
                if server.connect_ex(self.path):
                    self.refused.append(time.monotonic())
                    return
                server.sendall(client.recv(65536))  # one request a connection, in one piece
                while data := server.recv(65536):
                    client.sendall(data)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Browser(webdriver.Chrome):
    """Closed by quit(). What it writes goes into `place`."""

    def __init__(self, place):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for option in [*OPTIONS, f"--user-data-dir={place}/chromium"]:
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        super().__init__(options=options, service=Service("/usr/bin/chromedriver"))

    def emulate(self, **features):
        """emulate(prefers_color_scheme="dark")"""
        self.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()]})

    def resize(self, width, height, scale=1):
        self.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": False})

    def picture(self, path):
        """All of the page, as a PNG."""
        shot = self.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def console(self):
        """What it has complained of since we last asked."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.get_log("browser")]

    def texts(self, selector):
        return self.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)

    def style(self, selector, name):
        return self.execute_script(
            "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]",
            selector, name)

    def accessible(self):
        """The tree that a screen reader gets: (role, name) of each node that is not ignored."""
        nodes = self.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", ""))
                for node in nodes if not node.get("ignored")]
