"""A headless Chromium driven through ChromeDriver (WebDriver over HTTP), with the standard library.

    with Browser(width=1280, height=900) as browser:
        browser.open(Path("report.html").resolve().as_uri())
        browser.click(browser.find("button"))
"""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's name for an element's reference


class BrowserError(Exception):
    pass


def available():
    """Whether both programs are installed."""
    return shutil.which("chromium") is not None and shutil.which("chromedriver") is not None


class Browser:
    def __init__(self, width=1280, height=900, dark=False, phone=False):
        self.profile = tempfile.mkdtemp(prefix="browser-")
        said = os.path.join(self.profile, "driver.log")
        with open(said, "w", encoding="utf-8") as log:
            self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=log, stderr=log)
        try:
            self.base = f"http://127.0.0.1:{self._port(said)}"
            arguments = [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--hide-scrollbars",
                "--autoplay-policy=no-user-gesture-required",
                f"--user-data-dir={self.profile}/profile", f"--window-size={width},{height}"]
            if dark:
                arguments.append("--blink-settings=preferredColorScheme=0")
            options = {"args": arguments}
            if phone:
                options["mobileEmulation"] = {
                    "deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0,
                                      "touch": True}}
            made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"}}}})
            self.session = f"/session/{made['sessionId']}"
            self.width, self.height, self.phone = width, height, phone
            if not phone:  # the window's frame does not count
                self.command("Emulation.setDeviceMetricsOverride",
                             {"width": width, "height": height, "deviceScaleFactor": 1,
                              "mobile": False})
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if getattr(self, "session", None):
            try:
                self._call("DELETE", self.session)
            except (BrowserError, OSError):
                pass
            self.session = None
        self.driver.terminate()
        try:
            self.driver.wait(10)
        except subprocess.TimeoutExpired:
            self.driver.kill()
            self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _port(self, log):
        deadline, said = time.monotonic() + 30, ""
        while time.monotonic() < deadline and self.driver.poll() is None:
            with open(log, encoding="utf-8") as text:
                said = text.read()
            found = re.search(r"started successfully on port (\d+)", said)
            if found:
                return int(found.group(1))
            time.sleep(0.05)
        raise BrowserError(f"chromedriver did not start: {said}")

    def _call(self, method, path, body=None):
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            said = json.load(error)["value"]
            raise BrowserError(f"{said['error']}: {said['message']}") from None

    def call(self, method, path, body=None):
        return self._call(method, self.session + path, body)

    def command(self, name, parameters):
        """A command of Chrome's DevTools protocol."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def open(self, address):
        self.call("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """The value that a function body returns in the page; a promise is waited for."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments, seconds=20):
        """Waits for a function body to return something true, which is the result."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > deadline:
                raise BrowserError(f"this did not come true within {seconds} s: {script}")
            time.sleep(0.05)

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})

    def find_all(self, selector):
        return self.call("POST", "/elements", {"using": "css selector", "value": selector})

    def text(self, element):
        return self.call("GET", f"/element/{element[ELEMENT]}/text")

    def click(self, element):
        self.call("POST", f"/element/{element[ELEMENT]}/click")

    def box(self, element):
        """x, y, width, height in the window, px."""
        return self.run("const b = arguments[0].getBoundingClientRect();"
                        "return [b.x, b.y, b.width, b.height];", element)

    def pointer(self, *steps, kind="mouse"):
        """Moves and presses: ("move", x, y), ("down",), ("up",), ("pause", ms)."""
        actions = []
        for step in steps:
            if step[0] == "move":
                actions.append({"type": "pointerMove", "duration": 30, "origin": "viewport",
                                "x": round(step[1]), "y": round(step[2])})
            elif step[0] == "pause":
                actions.append({"type": "pause", "duration": step[1]})
            else:
                actions.append({"type": "pointerDown" if step[0] == "down" else "pointerUp",
                                "button": 0})
        self.call("POST", "/actions", {"actions": [{
            "type": "pointer", "id": kind, "parameters": {"pointerType": kind},
            "actions": actions}]})

    def wheel(self, x, y, down, control=False):
        # ChromeDriver's own wheel actions take it down.
        self.command("Input.dispatchMouseEvent", {
            "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": down,
            "modifiers": 2 if control else 0})

    def keys(self, *values):
        actions = []
        for value in values:
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.call("POST", "/actions", {"actions": [
            {"type": "key", "id": "keys", "actions": actions}]})

    def log(self):
        """What the page complained about since the last call."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, path, whole=False):
        if whole:
            picture = self.command("Page.captureScreenshot", {"captureBeyondViewport": True})
            data = picture["data"]
        else:
            data = self.call("GET", "/screenshot")
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
