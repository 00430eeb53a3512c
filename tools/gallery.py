# SPDX-License-Identifier: Apache-2.0
"""Pictures of every page of both sides in both languages at 1920 and 360 pixels, and docs/gallery.md with them; part of `./run docs`.

The world ipa2007 at its own dates, seen on 2007-08-27: the same pictures whenever they are made, but for the browser's own drawing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from playwright.sync_api import Browser

from teiten import addresses
from teiten.claims import BookClaims
from teiten.clock import MICROSECONDS, to_microseconds
from teiten.enrichers.region import data_on
from teiten.feeds import all_feeds
from teiten.findings.book import Book
from teiten.findings.following import recompute
from teiten.marks import StoreMarks
from teiten.publication.building import Builder, Sources
from teiten.publication.echoes import redactor
from teiten.publication.folder import write_alarms, write_view
from teiten.publication.markers import Alarms
from teiten.publication.policies import PUBLIC
from teiten.publication.settings import PublicationConfig
from teiten.questions.counts import count
from teiten.questions.interface import CountQuestion
from teiten.site.asking import StoreAnswers
from teiten.site.desk import Desk
from teiten.site.languages import LANGUAGES
from teiten.site.lookup import StoreLookup
from teiten.site.outside import create_public_site
from teiten.site.pages import create_site
from teiten.site.settings import SiteConfig
from teiten.site.sources import StoreSources
from teiten.store.node import NodeStore
from tests.browser.served import app_served
from tests.browser.test_journeys import filled_home

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = to_microseconds(datetime(2007, 8, 27, 9, 30, tzinfo=TOKYO))
DAY_US = 86_400 * MICROSECONDS
QUALITY = 42
SCALES = {1920: 0.55, 360: 0.8}
TALLEST = 2_600  # pixels; longer pages are cut there
PORT = "detail?channel=packet&target=5900%2Ftcp&group=mustan"
ADDRESS = "source?address={source}&group=mustan"


class Shot(NamedTuple):
    """One page of a side, taken in both languages; `scheme` light or dark."""

    name: str
    about: str
    place: str
    scheme: str = "light"


INSIDE = (
    Shot("top", "The first page: how much, from how many, what is spreading, what is addressed most", "?group=mustan"),
    Shot("top-dark", "The same in the dark", "?group=mustan", "dark"),
    Shot("attention", "Attention: each finding with its evidence, rule, and what to check", "attention?group=mustan"),
    Shot("risk", "Risk: rising with less urgency, or new", "risk?group=mustan"),
    Shot("ports", "Targeted ports", "ports?group=mustan"),
    Shot("urls", "Targeted URLs", "urls?group=mustan", "dark"),
    Shot("accounts", "Targeted accounts", "accounts?group=mustan"),
    Shot("mail", "Mail", "mail?group=mustan"),
    Shot("detail", "A target: spread, why it is on a list, dictionary, days, regions, networks", PORT),
    Shot("check", "Check your site", "check"),
    Shot("search", "Search over ports, URLs, accounts and subjects, and for sources", "search?q=admin"),
    Shot("new", "What is new", "new?group=mustan"),
    Shot("map", "Where sources are registered", "map?group=mustan"),
    Shot("map-networks", "The same by network (operator)", "map?group=mustan&by=network"),
    Shot("feeds", "Feeds", "feeds"),
    Shot("definitions", "Words, definitions, data dictionary", "definitions"),
    Shot("about", "About", "about"),
    Shot("sources", "Sources (operator)", "sources?group=mustan"),
    Shot("source", "One source (operator)", ADDRESS),
    Shot("sensors", "Sensors: are my reports received? (operator)", "sensors"),
    Shot("imports", "Imports (operator)", "imports?name=20260822T010203-abcdef"),
    Shot("reports", "Reports (operator)", "reports"),
    Shot("markers", "Signs of somebody marking the sensors (operator)", "markers"),
    Shot("mutes", "Mute rules (operator)", "mutes", "dark"),
)
OUTSIDE = (
    Shot("public-top", "The public's first page: coarse numbers of complete days", ""),
    Shot("public-attention", "The public's attention list", "attention/"),
    Shot("public-ports", "The public's list of ports", "ports/", "dark"),
    Shot("public-map", "The public's map", "map/"),
    Shot("public-check", "The public's self-check, answered in the reader's browser", "check/"),
)


@contextmanager
def sides(store: NodeStore, folder: Path) -> Iterator[tuple[str, str]]:
    """Addresses of the operator's and the public's pages over the world, on 2007-08-27 and the day after."""
    marks = StoreMarks(store)
    book = folder / "findings"
    book.mkdir()
    (book / "findings.json").write_bytes(msgspec.json.encode(recompute(store, NOW, TOKYO, marks)))
    claims = BookClaims(Book(book), TOKYO)
    lookup = StoreLookup(store, TOKYO, marks, claims, data_on())
    home = filled_home(folder / "desk")
    ask, sources, desk = StoreAnswers(store, TOKYO, data_on()), StoreSources(store, TOKYO), Desk(home)
    inside = create_site(ask, SiteConfig(), TOKYO, lambda: NOW, marks, lookup, all_feeds(), sources, desk)
    settings = PublicationConfig(group="mustan")
    builder = Builder(Sources(store, TOKYO, marks, claims, data_on()), PUBLIC, settings, b"k" * 32, redactor(store.sensors()))
    write_view(folder / "public", builder.view(NOW + DAY_US))
    write_alarms(home.findings, Alarms(NOW, tuple(builder.markers(NOW))))
    with app_served(inside) as one, app_served(create_public_site(folder / "public", SiteConfig(), all_feeds())) as two:
        yield one, two


def take(browser: Browser, store: NodeStore, folder: Path, images: Path) -> list[Shot]:
    images.mkdir(parents=True, exist_ok=True)
    for old in images.glob("*.webp"):
        old.unlink()
    source = busiest(store)
    with sides(store, folder) as (inside, outside):
        for address, shots in ((inside, INSIDE), (outside, OUTSIDE)):
            for shot in shots:
                place = shot.place.replace("{source}", source)
                for language, width in product(LANGUAGES, SCALES):
                    picture(browser, f"{address}/{language}/{place}", shot, width, images / f"{shot.name}-{language}-{width}.webp")
    return [*INSIDE, *OUTSIDE]


def busiest(store: NodeStore) -> str:
    question = CountQuestion(by="source", group="mustan", from_on=date(2007, 8, 16), to_on=date(2007, 8, 27), top=1)
    key = count(store, question, TOKYO)[0].key
    return addresses.unpack(key) if isinstance(key, bytes) else ""


def picture(browser: Browser, address: str, shot: Shot, width: int, path: Path) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900 if width > 400 else 780}, color_scheme=shot.scheme)  # type: ignore[arg-type]
    page.goto(address)
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    wire = page.context.new_cdp_session(page)
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": SCALES[width]}
    taken = wire.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(taken["data"]))
    page.close()


def page_of(shots: list[Shot]) -> str:
    lines = [
        "# Gallery",
        "",
        "Every page at 1920 and at 360 pixels, in Japanese and English, some in the dark: the world `ipa2007` at its own dates, as it is seen on",
        "2007-08-27. Made by `./run docs`.",
        "",
        "| page | 日本語, 1920 px | English, 1920 px | 日本語, 360 px | English, 360 px |",
        "|---|---|---|---|---|",
    ]
    for shot in shots:
        images = [_image(shot, language, width, shown) for width, shown in ((1920, 320), (360, 110)) for language in LANGUAGES]
        lines.append(f"| {shot.about} | {' | '.join(images)} |")
    return "\n".join(lines) + "\n"


def _image(shot: Shot, language: str, width: int, shown: int) -> str:
    return f'<img src="images/gallery/{shot.name}-{language}-{width}.webp" alt="{shot.about}, {language}, {width} px" width="{shown}">'
