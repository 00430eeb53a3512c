# SPDX-License-Identifier: Apache-2.0
"""What people come for, in a real browser, with and without scripts, on the operator's side, the public server and a static server.

Every page: no accessibility violation that axe-core finds (WCAG 2.2 AA), light and dark; nothing wider than the window; silent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from teiten.cli.publish import write_static
from teiten.feeds import all_feeds
from teiten.home import Home
from teiten.importers.interface import Rejected
from teiten.importers.records import Record, write_record
from teiten.importers.report import FileReport, ImportReport
from teiten.publication.building import Builder, Sources
from teiten.publication.echoes import redactor
from teiten.publication.findings import Claim
from teiten.publication.folder import write_view
from teiten.publication.policies import PUBLIC
from teiten.publication.settings import PublicationConfig
from teiten.site.asking import StoreAnswers
from teiten.site.desk import Desk
from teiten.site.finished import FinishedReports
from teiten.site.lookup import StoreLookup
from teiten.site.menu import entries
from teiten.site.muting import Mute, new_mute
from teiten.site.outside import create_public_site
from teiten.site.pages import create_site
from teiten.site.public import PublicPages
from teiten.site.settings import SiteConfig
from teiten.site.sources import StoreSources
from tests.browser.served import app_served, folder_served
from tests.unit.publication.observed import NOW, TOKYO, Met, store_of
from tests.unit.site.test_lookup import claim

AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MET = [
    Met(target=b"GET /", sources=60),
    Met(target=b"GET /wp-login.php", sources=40),
    Met(target=b"root", channel="ssh", sources=30),
    Met(target=b"22/tcp", channel="packet", sources=80),
    Met(target=b"445/tcp", channel="packet", sources=50),
]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("sides")
    store = store_of(folder, MET)
    told = [msgspec.structs.replace(claim(target, level), networks=44) for target, level in ((b"GET /", "attention"), (b"GET /wp-login.php", "risk"))]

    def claims(as_of: date) -> list[Claim]:
        return told

    made = Builder(Sources(store, TOKYO, claims=claims), PUBLIC, PublicationConfig(), b"k" * 32, redactor(store.sensors()))
    view = made.view(NOW)
    write_view(folder / "public", view)
    put_report(folder / "public" / "reports")
    write_static(folder / "static", PublicPages(view, SiteConfig(), all_feeds(), FinishedReports(folder / "public" / "reports")))
    settings = SiteConfig(cache_seconds=0)
    lookup = StoreLookup(store, TOKYO, claims=claims)
    sources, desk = StoreSources(store, TOKYO), Desk(filled_home(folder / "home"))
    inside = create_site(StoreAnswers(store, TOKYO), settings, TOKYO, lambda: NOW, None, lookup, all_feeds(), sources, desk)
    with (
        app_served(inside) as one,
        app_served(create_public_site(folder / "public", settings, all_feeds())) as two,
        folder_served(folder / "static") as three,
    ):
        yield {"operator": one, "public": two, "static": three}
    store.close()


def filled_home(folder: Path) -> Home:
    """An import, a report and a mute rule, so that every page has something to show."""
    home = Home(folder)
    file = FileReport("auth.log", "openssh", read=3, taken=2, rejected={"no time in it": 1}, samples=[Rejected(2, "no time in it", b"x")])
    report = ImportReport()
    report.add(file)
    write_record(home.imports, Record("20260822T010203-abcdef", NOW, NOW, "point-1", ["/var/log/auth.log"], report))
    put_report(home.reports)
    rule = new_mute("source", "", "192.0.2.0/24", "our own scan", date(2026, 9, 1), date(2026, 8, 22))
    assert isinstance(rule, Mute)
    Desk(home).mutes.add(rule)
    return home


def put_report(folder: Path) -> None:
    month = folder / "2026-07" / "en"
    month.mkdir(parents=True)
    (month / "report-2026-07-en.html").write_text("<!doctype html><title>July</title>")
    (month / "figure-2026-07-2.1-en.csv").write_text("a")


def places(side: str, page: Page, address: str, language: str) -> list[str]:
    end = "" if side == "operator" else "/"
    found = [f"/{language}/{entry.place}{end}" if entry.place else f"/{language}/" for entry in entries(side == "operator")]
    page.goto(f"{address}/{language}/attention{end}")
    detail = page.get_by_role("link", name="詳細" if language == "ja" else "Details").first.get_attribute("href")
    if side == "public":
        return [*found, str(detail)]
    page.goto(f"{address}/{language}/sources")
    source = page.locator(".ranking a").first.get_attribute("href")
    return [*found, str(detail), str(source), f"/{language}/imports?name=20260822T010203-abcdef"]


@pytest.mark.parametrize(("side", "language"), [("operator", "ja"), ("public", "en")])
def test_axe_finds_nothing_on_any_page_and_nothing_is_too_wide(browser: Browser, sides: dict[str, str], side: str, language: str) -> None:
    """Each page is opened once: all rules in the light, those about colours again in the dark, and both widths."""
    context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    page = context.new_page()
    found: list[Any] = []
    for place in places(side, page, sides[side], language):
        page.emulate_media(color_scheme="light")
        page.goto(sides[side] + place)
        page.evaluate(AXE)
        found += violations(page, place, {"type": "tag", "values": RULES})
        page.emulate_media(color_scheme="dark")
        found += violations(page, place, {"type": "rule", "values": ["color-contrast", "link-in-text-block"]})
        for width in (360, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, place
    context.close()
    assert found == []


def violations(page: Page, place: str, rules: dict[str, Any]) -> list[Any]:
    result = page.evaluate("(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules)
    return [(place, one["id"], one["nodes"][0]["html"][:150]) for one in result["violations"]]


@pytest.mark.parametrize(("side", "language"), [("operator", "en"), ("public", "ja")])
def test_every_page_is_silent_in_the_other_language_too(page: Page, sides: dict[str, str], side: str, language: str) -> None:
    """No console line, no error, no CSP report, no request to elsewhere: the fixture looks."""
    for place in places(side, page, sides[side], language):
        answer = page.goto(sides[side] + place)
        assert answer is not None
        assert answer.status == 200, place


@contextmanager
def visit(browser: Browser, script: bool) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=script)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("side", ["operator", "public"])
def test_is_my_port_attacked(browser: Browser, sides: dict[str, str], side: str, script: bool) -> None:
    """M-19, M-21: from the first page, found and not found."""
    with visit(browser, script) as page:
        page.goto(sides[side] + "/ja/")
        page.get_by_role("link", name="自己点検").click()
        page.get_by_role("textbox").fill("22\n31337")
        page.get_by_role("button", name="確かめる").click()
        answers = page.locator(".answers")
        expect(answers).to_contain_text("観測されています")
        expect(answers).to_contain_text("公開している一覧にはありません" if side == "public" else "観測されていません")
        answers.get_by_role("link", name="22/tcp").click()
        expect(page.locator("h1")).to_contain_text("22/tcp")
        expect(page.locator("main")).to_contain_text("自サイトで確かめること")


def test_the_self_check_of_a_static_server_asks_nobody(page: Page, sides: dict[str, str]) -> None:
    """What is pasted never leaves the browser."""
    asked: list[str] = []
    page.goto(sides["static"] + "/en/check/")
    page.on("request", lambda request: asked.append(f"{request.method} {request.url.removeprefix(sides['static'])}"))
    page.get_by_role("textbox").fill("root\nsecretname\n<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".answers .hit")).to_have_count(1)
    expect(page.locator(".answers .miss")).to_have_count(2)
    assert [one for one in asked if "/static/" not in one] == ["GET /api/index.json"]


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("side", ["operator", "public", "static"])
def test_is_my_account_attacked(browser: Browser, sides: dict[str, str], side: str, script: bool) -> None:
    """M-18, M-19: by search, found and not found; by the field beside the new accounts. A static server needs the script for both."""
    if side == "static" and not script:
        return
    with visit(browser, script) as page:
        end = "" if side == "operator" else "/"
        for asked, found in (("oo", ["root"]), ("sasaki", [])):
            page.goto(f"{sides[side]}/en/search{end}")
            page.get_by_role("searchbox").fill(asked)
            if side == "static":
                page.goto(f"{sides[side]}/en/search/?q={asked}")  # a static server can't take the form's path without its slash
            else:
                page.get_by_role("button", name="Search").click()
            expect(page.locator("#answer")).to_contain_text("root" if found else "Nothing was found.")
            expect(page.locator("#answer a")).to_have_text(found)
        if side == "static":
            return  # its field leads to the self-check of a server
        for asked, told in (("root", "30 accesses" if side == "operator" else "It is being asked for"), ("sasaki", "Not ")):
            page.goto(f"{sides[side]}/en/new{end}")
            page.locator("#own-ssh").fill(asked)
            page.locator("#own-ssh").press("Enter")
            expect(page.locator(".answers")).to_contain_text(told)


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("side", ["operator", "public", "static"])
def test_what_is_spreading_and_why_and_where(browser: Browser, sides: dict[str, str], side: str, script: bool) -> None:
    """M-14, M-15, M-16: first page, list, reason, map; then the map of all, of one channel, and its numbers."""
    with visit(browser, script) as page:
        page.goto(sides[side] + "/en/")
        expect(page.locator(".urgent")).to_contain_text("GET /")
        page.get_by_role("link", name="Attention", exact=True).click()
        page.get_by_role("link", name="Web", exact=True).click()
        expect(page.locator(".finding")).to_contain_text("New source networks" if side == "operator" else "about 4 times")
        page.get_by_role("link", name="Map GET /").click()
        assert page.url.endswith("#map")
        expect(page.locator("svg.map circle")).to_have_count(1)
        expect(page.locator("main")).to_contain_text("Why it is on a list")
        page.get_by_role("link", name="Map", exact=True).click()
        page.get_by_role("link", name="SSH", exact=True).click()
        expect(page.locator("svg.map circle")).to_have_count(1)
        expect(page.locator("table.regions")).to_contain_text("Japan")
        if side == "operator":
            page.get_by_role("link", name="a network").click()
            expect(page.locator("svg.map circle")).to_have_count(30)
        answer = page.request.get(sides[side] + str(page.get_by_role("link", name="CSV", exact=True).get_attribute("href")))
        assert answer.ok and answer.text().startswith('"')


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("side", ["operator", "public", "static"])
def test_get_the_xml(browser: Browser, sides: dict[str, str], side: str, script: bool) -> None:
    """M-20."""
    with visit(browser, script) as page:
        page.goto(sides[side] + "/ja/")
        page.get_by_role("link", name="配信", exact=True).click()
        href = page.get_by_role("link", name="XML", exact=True).get_attribute("href")
        answer = page.request.get(f"{sides[side]}{href}")
        assert answer.status == 200
        assert b'<attention xmlns="urn:teiten:attention:1"' in answer.body()


@pytest.mark.parametrize("side", ["operator", "public"])
def test_a_figure_tells_its_values_to_pointer_finger_and_keys(page: Page, sides: dict[str, str], side: str) -> None:
    """U-28: in the line above it; what was there comes back."""
    page.goto(sides[side] + "/en/")
    figure, line = page.locator(".measure svg").first, page.locator(".measure .last").first
    usual = line.inner_text()
    figure.locator("g").nth(3).hover()
    expect(line).to_contain_text("2026-08-1")
    told = line.inner_text()
    page.mouse.move(1, 1)
    expect(line).to_have_text(usual)
    figure.focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    expect(line).to_have_text(told)
    page.keyboard.press("Escape")
    expect(line).to_have_text(usual)
    page.goto(f"{sides[side]}/en/map" + ("" if side == "operator" else "/"))
    page.locator("svg.map").dispatch_event("pointerdown")
    page.locator("svg.map circle").first.dispatch_event("pointerdown", {"bubbles": True, "pointerType": "touch"})
    expect(page.locator(".readout")).to_contain_text("Japan: ")


@pytest.mark.parametrize("script", [True, False])
def test_mute_what_is_known_and_lift_it_again(browser: Browser, sides: dict[str, str], script: bool) -> None:
    """From the page of a target; the lists show it apart, no total changes."""
    with visit(browser, script) as page:
        mute_and_lift(page, sides)


def mute_and_lift(page: Page, sides: dict[str, str]) -> None:
    page.goto(sides["operator"] + "/en/ports")
    page.get_by_role("link", name="445/tcp").click()
    page.get_by_role("link", name="Mute this target").click()
    page.get_by_label("Reason").fill("our own scan of the week")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".rules").first).to_contain_text("445/tcp")
    page.goto(sides["operator"] + "/en/ports")
    expect(page.locator(".ranking")).not_to_contain_text("445/tcp")
    expect(page.locator(".muted")).to_contain_text("our own scan of the week")
    page.goto(sides["operator"] + "/en/mutes")
    page.get_by_role("button", name="Lift 445/tcp").click()
    page.goto(sides["operator"] + "/en/ports")
    expect(page.locator(".ranking")).to_contain_text("445/tcp")


@pytest.mark.parametrize("side", ["operator", "public"])
def test_the_first_view_is_light(browser: Browser, sides: dict[str, str], side: str) -> None:
    """What must come before the page is readable fits into 0.3 s of a slow mobile line (400 kbit/s: 15,000 bytes), all of it into 150 kB.

    The public's page carries its style: nothing but itself must come first, so that no second round trip is waited for.
    """
    context = browser.new_context()
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    kinds: dict[str, str] = {}
    weights: dict[str, int] = {}
    wire.on("Network.responseReceived", lambda told: kinds.update({told["requestId"]: told["type"]}))
    wire.on("Network.loadingFinished", lambda told: weights.update({told["requestId"]: int(told["encodedDataLength"])}))
    page.goto(sides[side] + "/ja/", wait_until="networkidle")
    context.close()
    needed = sum(weight for one, weight in weights.items() if kinds[one] in ("Document", "Stylesheet"))
    assert needed <= 15_000
    assert ("Stylesheet" in kinds.values()) is (side == "operator")
    assert sum(weights.values()) <= 150_000
    assert not [kind for kind in kinds.values() if kind in ("Font", "Media")]
