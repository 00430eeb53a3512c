# SPDX-License-Identifier: Apache-2.0
"""`./run docs`: makes the pictures in docs/images anew, from a running Teiten with its demo world at its own dates. Needs Debian's Chromium."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.clients.running_node import running_node
from tools import report_pages

CHROMIUM = Path("/usr/bin/chromium")
IMAGES = Path(__file__).parents[1] / "docs" / "images"
# name -> path, width, height of the window, colour scheme
PICTURES = {
    "top-ja": ("/ja/?group=mustan&as_of=2007-08-27", 1280, 1500, "light"),
    "top-en": ("/en/?group=mustan&as_of=2007-08-27", 1280, 1500, "light"),
    "top-en-dark": ("/en/?group=mustan&as_of=2007-08-27", 1920, 1200, "dark"),
    "top-ja-narrow": ("/ja/?group=mustan&as_of=2007-08-27", 360, 1600, "light"),
}


def take(browser: Browser, site: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, (path, width, height, scheme) in PICTURES.items():
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(site + path)
        page.screenshot(path=IMAGES / f"{name}.png")
        page.close()
        print(f"docs/images/{name}.png")


def main() -> int:
    if not CHROMIUM.exists():
        print("Pictures need Debian's Chromium: apt-get install -y chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        subprocess.run([sys.executable, "-m", "teiten", "--home", str(home), "demo", "--dates", "original"], check=True)
        with running_node(home, zone="Asia/Tokyo") as node, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
            take(browser, f"http://127.0.0.1:{node.ports['site']}")
            browser.close()
    return report_pages.main()


if __name__ == "__main__":
    sys.exit(main())
