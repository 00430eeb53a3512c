# SPDX-License-Identifier: Apache-2.0
"""`./run docs`: makes the pictures of the pages anew and docs/gallery.md with them, over the demo world at its own dates. Needs Debian's Chromium.

`./run docs --home HOME` takes a home that holds that world already.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from teiten.home import Home
from teiten.store.node import NodeStore
from tools import gallery, report_pages

CHROMIUM = Path("/usr/bin/chromium")
DOCS = Path(__file__).parents[1] / "docs"


def first_picture(browser: Browser, store: NodeStore, folder: Path) -> None:
    """The one on README."""
    with gallery.sides(store, folder) as (inside, _):
        page = browser.new_page(viewport={"width": 1280, "height": 1500})
        page.goto(f"{inside}/en/?group=mustan")
        page.screenshot(path=DOCS / "images" / "top-en.png")
        page.close()


def main(arguments: list[str]) -> int:
    if not CHROMIUM.exists():
        print("Pictures need Debian's Chromium: apt-get install -y chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        home = Home(Path(arguments[1]) if arguments[:1] == ["--home"] else folder / "home")
        if not home.store.exists():
            subprocess.run([sys.executable, "-m", "teiten", "--home", str(home.root), "demo", "--dates", "original"], check=True)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        store = NodeStore.open(home.store, gallery.TOKYO)
        for part in ("first", "all"):
            (folder / part).mkdir()
        first_picture(browser, store, folder / "first")
        shots = gallery.take(browser, store, folder / "all", DOCS / "images" / "gallery")
        (DOCS / "gallery.md").write_text(gallery.page_of(shots), encoding="utf-8")
        store.close()
        browser.close()
    print(f"docs/gallery.md with {4 * len(shots)} pictures")
    return report_pages.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
