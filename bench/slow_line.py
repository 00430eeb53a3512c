# SPDX-License-Identifier: Apache-2.0
"""First views over a slow mobile line without scripts, in Chromium: when something can be read, and when the page is whole.

    ./run bench slow_line [--rows 200000]

The line is Chromium's own emulation of Slow 3G: 400 kbit/s down and up, 400 ms a round trip, as its developer tools have it; looking up the name and
connecting cost nothing there. Nothing can be seen before the first byte, 400 ms after the request. *usable*: from there to the first contentful
paint; *whole*: from there to the end of the document. Needs Chromium. Run it on a quiet machine: the time to draw is part of it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.centre import centre
from bench.processes import free_port, python, running
from bench.tables import heading, quantile, table
from bench.top_page import TOKYO, load

BYTES_PER_SECOND = 50_000
LATENCY_MS = 400
VIEWS = 5
PLACES = ("/ja/", "/ja/attention", "/ja/ports")
_PATIENCE = 60.0  # seconds
_TOLD = """() => {
  const page = performance.getEntriesByType('navigation')[0];
  const paint = performance.getEntriesByType('paint').find((one) => one.name === 'first-contentful-paint');
  if (!paint) return null;
  const bytes = performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, page.transferSize);
  return [paint.startTime, page.domContentLoadedEventEnd, bytes];
}"""


def rows(places: Sequence[tuple[str, str]]) -> list[list[str]]:
    """(name, address) of each page."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        found = [[name, *_medians([_view(browser, address) for _ in range(VIEWS)])] for name, address in places]
        browser.close()
    return found


def _view(browser: Browser, address: str) -> list[float]:
    """A reader who was never here: milliseconds from the request to the first paint and to the end, and bytes."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 412, "height": 823})
    context.set_default_timeout(_PATIENCE * 1000)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    line = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": BYTES_PER_SECOND, "uploadThroughput": BYTES_PER_SECOND}
    wire.send("Network.emulateNetworkConditions", line)
    page.goto(address, wait_until="load")
    until = time.monotonic() + _PATIENCE
    while not (told := page.evaluate(_TOLD)) and time.monotonic() < until:  # waiting in the page needs its scripts
        time.sleep(0.02)
    context.close()
    return [float(value) for value in told]


def _medians(views: list[list[float]]) -> list[str]:
    usable, whole, weight = (quantile(list(values), 0.5) for values in zip(*views, strict=True))
    return [f"{usable - LATENCY_MS:,.0f}", f"{whole - LATENCY_MS:,.0f}", f"{weight:,.0f}"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench slow_line", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    chosen = parser.parse_args(arguments)
    heading("First views over slow 3G", "playwright")
    if shutil.which("chromium") is None:
        print("skipped: Chromium is not installed (Debian package chromium)", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="teiten-bench-") as name:
        load(Path(name), chosen.rows, 20, datetime.now(TOKYO).date())
        subprocess.run(python("-m", "teiten", "--home", name, "publish"), check=True, stdout=subprocess.DEVNULL)
        port = free_port()
        command = python("-m", "teiten", "--home", name, "publish", "--serve", "--port", port)
        with running(command, Path(name) / "public.txt", [port]), centre(Path(name)) as node:
            sides = (("public", port, "/"), ("operator", node.site, ""))
            found = rows([(f"{side} {place}", f"http://127.0.0.1:{at}{place.rstrip('/')}{end or '/' * (place == '/ja/')}")
                          for side, at, end in sides for place in PLACES])  # fmt: skip
    print(f"\ngoal: usable 300 ms after the first byte, 150 kB in all. ms after the first byte, medians of {VIEWS}\n")
    table(["page", "usable", "whole", "bytes"], found)
    return 0
