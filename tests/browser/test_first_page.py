# SPDX-License-Identifier: Apache-2.0
"""The first page in a real browser: readable at every width, silent, alive, and unimpressed by hostile strings (M-01 to M-13)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from teiten.model import CHANNELS
from teiten.site.pages import create_site
from teiten.site.settings import SiteConfig
from tests.browser.served import app_served
from tests.unit.site.invented import NOW, TARGETS, TOKYO, Invented
from tests.unit.site.polyglots import POLYGLOTS


@pytest.fixture
def ask() -> Invented:
    return Invented()


@pytest.fixture
def address(ask: Invented) -> Iterator[str]:
    """A served site; the server is listening when the fixture returns."""
    with app_served(create_site(ask, SiteConfig(cache_seconds=0), TOKYO, lambda: NOW)) as served:
        yield served


@pytest.fixture
def page(address: str, page: Page) -> Page:
    """Closed before the site is: the live list would rightly complain."""
    return page


@pytest.mark.parametrize("language", ["ja", "en"])
def test_nothing_is_wider_than_the_window(page: Page, address: str, language: str) -> None:
    """M-01: from a phone to a wall, in both languages."""
    for place in ("", "urls", "sensors"):
        page.goto(f"{address}/{language}/{place}")
        assert page.evaluate("document.documentElement.lang") == language
        for width in (360, 768, 1280, 1920, 3840):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (place, width)


def test_first_tab_stop_skips_to_the_content(page: Page, address: str) -> None:
    page.goto(f"{address}/en/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_focus_is_visible_on_every_stop(page: Page, address: str) -> None:
    page.goto(f"{address}/en/")
    for _ in range(20):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_page_is_complete_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/ja/")
    assert page.locator("#live tbody tr").count() == 30
    assert page.locator(".ranking").count() == 4
    assert page.locator("#pulse").inner_text() == "09:30:00 時点"
    context.close()


def test_live_list_follows_and_can_be_paused(page: Page, address: str, ask: Invented, troubles: list[str]) -> None:
    page.clock.install()
    page.goto(f"{address}/en/")
    first = page.locator("#live tbody tr").first.locator(".target")
    assert first.inner_text() == "135/tcp"
    ask.targets = {channel: [(b"<b>new</b>", 1)] for channel in CHANNELS}
    with page.expect_response("**/en/live"):
        page.clock.run_for(2_100)
    expect(first).to_have_text("<b>new</b>")
    page.get_by_role("button", name="Pause").click()
    assert "paused" in page.locator("#pulse").inner_text()
    ask.calls.clear()
    page.clock.run_for(20_000)
    assert ask.calls == []
    ask.targets = TARGETS
    page.get_by_role("button", name="Resume").click()
    with page.expect_response("**/en/live"):
        page.clock.run_for(2_100)
    expect(first).to_have_text("135/tcp")
    assert troubles == []


def test_live_list_rests_while_nobody_looks(page: Page, address: str, ask: Invented) -> None:
    page.clock.install()
    page.goto(f"{address}/en/")
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true}); document.dispatchEvent(new Event('visibilitychange'))")
    ask.calls.clear()
    page.clock.run_for(20_000)
    assert ask.calls == []


@pytest.mark.parametrize("part", range(5))
def test_hostile_strings_do_nothing(page: Page, address: str, ask: Invented, troubles: list[str], part: int) -> None:
    """Fifty polyglots as targets, on the page and through the live script."""
    ten = POLYGLOTS[part * 10 : part * 10 + 10]
    page.clock.install()
    ask.targets = {channel: [(target, 10 - number) for number, target in enumerate(ten)] for channel in CHANNELS}
    page.goto(f"{address}/ja/")
    title = page.title()
    shown = "[...document.querySelectorAll('#live td.target bdi')].map((e) => e.textContent)"
    before = page.evaluate(shown)
    with page.expect_response("**/ja/live"):
        page.clock.run_for(2_100)
    expect(page.locator("#pulse")).to_contain_text("更新中")
    assert page.evaluate(shown) == before
    for place in ("urls", "mail"):
        page.goto(f"{address}/ja/{place}")
        assert page.locator(".ranking tbody tr").count() == 10
    page.goto(f"{address}/ja/")
    assert page.title() == title
    scripts = "[...document.querySelectorAll('script')].map((e) => e.getAttribute('src').split('?')[0])"
    assert sorted(page.evaluate(scripts)) == ["/static/figures.js", "/static/live.js"]
    assert page.evaluate("document.querySelectorAll('img,iframe,form:not(.range form),base,style,object,embed,template').length") == 0
    assert page.locator("table").count() == 8
    assert troubles == []


def test_printing_opens_the_tables_and_hides_the_controls(page: Page, address: str) -> None:
    page.goto(f"{address}/ja/")
    page.emulate_media(media="print")
    assert not page.locator(".menu").is_visible()
    assert page.locator("table.days caption").bounding_box()["height"] > 0  # type: ignore[index]
