#!/usr/bin/env python3
"""The live page in a real browser: bars, traces, picture, two faces, the neutral's key, the end.

    FRONTALIS_EXECUTABLE=build/release/frontalis FRONTALIS_SAMPLES=.deps/samples tests/live_browser_test.py
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))
import browser as chromium  # noqa: E402

FRONTALIS = os.environ.get("FRONTALIS_EXECUTABLE", "build/release/frontalis")
SAMPLES = Path(os.environ.get("FRONTALIS_SAMPLES", ".deps/samples")).resolve()
TEXT = "return document.getElementById(arguments[0]).textContent"
# Two people side by side.
CAMERA = ("movie={a}:loop=0,setpts=N/30/TB,crop=360:360:140:0[x];"
          "movie={b}:loop=0,setpts=N/30/TB,crop=360:360:140:0[y];"
          "[x][y]hstack,realtime[out0]")


class Live:
    """`frontalis live --serve 0`."""

    def __init__(self):
        self.err = tempfile.TemporaryFile()
        graph = CAMERA.format(a=SAMPLES / "single_face.mp4", b=SAMPLES / "WolfgangLanger_Pexels.mp4")
        self.process = subprocess.Popen(
            [FRONTALIS, "live", "--capture", "lavfi", graph, "--faces", "2", "--serve", "0"],
            stdout=subprocess.DEVNULL, stderr=self.err)
        deadline = time.monotonic() + 60
        self.url = None
        while self.url is None and time.monotonic() < deadline:
            time.sleep(0.05)
            self.err.seek(0)
            said = re.search(rb"http://127\.0\.0\.1:\d+/", self.err.read())
            self.url = said and said.group().decode()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.err.close()


def eventually(test, question, answer=True, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        got = question()
        if got == answer or (answer is True and got):
            return got
        time.sleep(0.05)
    return test.fail(f"not within {seconds} s: {got!r}")


class LivePage(unittest.TestCase):
    def test_everything_moves_and_the_end_is_told(self):
        with Live() as live, chromium.Browser(width=1280, height=900) as page:
            page.open(live.url)
            eventually(self, lambda: page.run("return document.querySelectorAll('.unit').length"), 17)
            eventually(self, lambda: page.run(TEXT, "state"), "Live")
            eventually(self, lambda: page.run(TEXT, "neutral").isdigit()
                       and int(page.run(TEXT, "neutral")) > 5)
            # A picture is drawn, wide as the camera, and not black.
            self.assertTrue(eventually(self, lambda: page.run(
                "const c = document.getElementById('picture');"
                "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
                "let s = 0; for (let i = 0; i < d.length; i += 997) s += d[i];"
                "return c.width >= 640 && s > 10000")))
            # Traces: some pixel of the first is drawn.
            self.assertTrue(page.run(
                "const c = document.querySelector('.unit canvas');"
                "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v)"))
            # Two faces, either of which can be chosen.
            eventually(self, lambda: page.run("return document.querySelectorAll('#faces button').length"), 2)
            eventually(self, lambda: page.run(  # it may be lost and come again in between
                "const second = document.querySelectorAll('#faces button')[1]; second?.click();"
                "return second?.ariaPressed"), "true")
            # The neutral is small again for a moment only: the page itself looks out for it.
            before = int(eventually(self, lambda: re.fullmatch(r"[5-9]|\d\d+", page.run(
                TEXT, "neutral"))).group())
            page.run(
                "const count = document.getElementById('neutral'); window.least = Infinity;"
                "new MutationObserver(() => { least = Math.min(least, Number(count.textContent)); })"
                ".observe(count, {childList: true, characterData: true, subtree: true});"
                "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'r'}))")
            eventually(self, lambda: page.run("return least < arguments[0]", before))
            # Nothing sticks out.
            self.assertTrue(page.run("return document.documentElement.scrollWidth <= innerWidth"))
            if os.environ.get("FRONTALIS_SCREENSHOTS"):
                time.sleep(4)
                page.screenshot(os.environ["FRONTALIS_SCREENSHOTS"])
            # It ends: the page says so and stays.
            self.assertEqual(page.log(), [])
            live.process.send_signal(signal.SIGINT)
            self.assertEqual(live.process.wait(timeout=60), 130)
            eventually(self, lambda: page.run(TEXT, "state"), "Ended")
            self.assertEqual(page.run(TEXT, "message"), "Stopped.")


if __name__ == "__main__":
    if not chromium.available():
        print("skipped: needs chromium and chromedriver (scripts/setup.sh --test)")
        sys.exit(77)
    unittest.main(verbosity=2)
