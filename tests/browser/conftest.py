# SPDX-License-Identifier: Apache-2.0
"""One browser for all tests of a file: its loop ends with it, others run their own. A page for each test, which must stay silent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.served import CHROMIUM, watch


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian package chromium)")
    driver = subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True, text=True)
    if driver.returncode:
        pytest.skip(f"Playwright's driver doesn't run here: {driver.stderr.strip()}")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def troubles() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, troubles: list[str]) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(30_000)
    opened = context.new_page()
    watch(opened, troubles)
    yield opened
    context.close()
    assert troubles == []
