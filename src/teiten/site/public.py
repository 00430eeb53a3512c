# SPDX-License-Identifier: Apache-2.0
"""The public's site: every page from the view, for a small server that opens nothing else and for any static server alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from teiten.home import REPORTS
from teiten.model import CHANNELS
from teiten.publication.document import Feed, document_of
from teiten.publication.view import View as PublicView
from teiten.site import contents, published_tables
from teiten.site.caching import Page, page_of
from teiten.site.describing import Overview, openapi
from teiten.site.finished import FinishedReports
from teiten.site.languages import LANGUAGES
from teiten.site.menu import DETAIL, PUBLISHED_BY_CHANNEL, Entry, entries
from teiten.site.rendering import Renderer
from teiten.site.requests import View
from teiten.site.serving import JSON, assets, error_page
from teiten.site.settings import SiteConfig
from teiten.site.tabular import CSV
from teiten.site.viewed import ViewLookup, list_of, top_of

TEXT: Final = "text/plain; charset=utf-8"
LEAST: Final = 10


class PublicPages:
    """All pages of one view. Paths have no leading slash; those of pages end in a slash, or are empty."""

    def __init__(self, view: PublicView, settings: SiteConfig, feeds: Sequence[Feed] = (), reports: FinishedReports | None = None) -> None:
        """`reports`: the published ones; without them the page of reports is empty."""
        self.view = view
        self.reports = reports
        self._settings = settings
        self._feeds = feeds
        self._lookup = ViewLookup(view)
        self._seen = View(None, view.as_of, view.as_of)
        self._renderer = Renderer(settings, ZoneInfo(view.zone), inside=False, policy=view.policy, least=LEAST)
        self._assets = assets()

    def paths(self) -> Iterator[str]:
        yield from ("", "robots.txt", ".well-known/security.txt", "api/openapi.json", "api/about.json", "api/findings.json", "api/index.json")
        yield from ("api/overview.json", "api/new.json")
        yield from (f"api/{place}" for place in published_tables.places(self.view))
        yield from (f"static/{name}" for name in self._assets)
        yield from (feed.place for feed in self._feeds)
        yield from (f"api/lists/{channel}.json" for channel in CHANNELS)
        yield from (f"api/targets/{one}.json" for one in self.view.targets)
        for language in LANGUAGES:
            yield from (f"{language}/{entry.place}/" if entry.place else f"{language}/" for entry in entries(inside=False))
            yield from (
                f"{language}/{entry.place}/{channel}/" for entry in entries(inside=False) if entry.key in PUBLISHED_BY_CHANNEL for channel in CHANNELS
            )
            yield from (f"{language}/detail/{one}/" for one in self.view.targets)
        if self.reports:
            yield from (f"{REPORTS}/{place}" for place in self.reports.files())

    def page(self, path: str) -> Page | None:
        """None: there is no such page; for a target that is withheld and for one that never was, alike."""
        if not path:
            return self._root()
        language, _, rest = path.partition("/")
        if language in LANGUAGES:
            return self._in_language(language, rest.rstrip("/"))
        return self._file(path)

    def check(self, language: str, text: str) -> Page:
        return self._render(language, _entry("check"), contents.check_page(self._lookup, self._seen, text))

    def search(self, language: str, asked: str) -> Page:
        return self._render(language, _entry("search"), contents.search_page(self._lookup, self._seen, asked))

    def refusal(self, language: str, status: int) -> Page:
        return self._renderer.page(language, "refusal.html", {"key": f"error.{status}"}, "", self.view.made_on, status)

    def search_data(self, asked: str) -> Page:
        """The same answer for programs. Nothing found and nothing asked are alike."""
        return _json([row.listed for row in contents.search_page(self._lookup, self._seen, asked)["found"]])

    def refusal_data(self, known: int, status: int) -> Page:
        return error_page(self._renderer.wording["en"], known, status)

    def _in_language(self, language: str, place: str) -> Page | None:
        if place.startswith("detail/"):
            found = self.view.targets.get(place.removeprefix("detail/"))
            if found is None:
                return None
            about = {"channel": found.listed.channel, "target": found.listed.target, **contents.target_parts(found)}
            return self._render(language, DETAIL._replace(place=place + "/"), about)
        whole, _, channel = place.partition("/")
        entry = next((entry for entry in entries(inside=False) if entry.place == whole), None)
        if entry is None or (channel and (entry.key not in PUBLISHED_BY_CHANNEL or channel not in CHANNELS)):
            return None
        seen = msgspec.structs.replace(self._seen, channel=channel or None)
        return self._render(language, entry._replace(place=f"{place}/" if channel else whole), {**self._content(entry, seen), "view": seen})

    def _content(self, entry: Entry, seen: View) -> dict[str, Any]:
        if entry.channel:
            return list_of(self.view, entry.channel)
        if entry.key in ("attention", "risk"):
            return contents.findings_page(self._lookup, seen, entry.key)
        if entry.key == "definitions":
            return contents.definitions_page(inside=False)
        if entry.key == "feeds":
            return contents.feeds_page(self._feeds, self.view.address)
        if entry.key == "reports":
            return contents.reports_page(self.reports) if self.reports else {"reports": (), "older": 0}
        if entry.key == "search":
            return contents.search_page(self._lookup, self._seen, "")
        if entry.key == "check":
            return contents.check_page(self._lookup, self._seen, None)
        if entry.key == "about":
            return contents.about_page(self._lookup.about(self._seen))
        if entry.key == "top":
            return top_of(self.view)
        return contents.fresh_page(self._lookup, seen) if entry.key == "fresh" else contents.map_page(self._lookup, seen)

    def _render(self, language: str, entry: Entry, context: dict[str, Any]) -> Page:
        fixed = {
            "entry": entry,
            "view": self._seen,
            "groups": (),
            "demo": self.view.demo,
            "sensor_count": self.view.sensors,
            "region_data_on": self.view.region_data_on,
            "period": self.view.period,
            "about": self._lookup.about(self._seen),
        }
        return self._renderer.page(language, entry.template, {**fixed, **context}, entry.place, self.view.made_on)

    def _root(self) -> Page:
        """A static server knows no languages: a page that leads on by itself and by links."""
        return self._renderer.page(self._settings.language, "root.html", {}, "", self.view.made_on)

    def _file(self, path: str) -> Page | None:
        if path.startswith("static/"):
            return self._assets.get(path.removeprefix("static/"))
        if self.reports and path.startswith(f"{REPORTS}/"):
            return self.reports.page(path.removeprefix(f"{REPORTS}/"))
        for feed in self._feeds:
            if path == feed.place:
                name = self._settings.name or self._renderer.wording[self._settings.language].plain("site.name")
                return page_of(feed.write(document_of(self.view, name)), feed.media_type)
        if path.startswith("api/"):
            return self._data(path.removeprefix("api/"))
        return {"robots.txt": _robots, ".well-known/security.txt": self._security}.get(path, lambda: None)()

    def _data(self, path: str) -> Page | None:
        view = self.view
        if path == "openapi.json":
            return page_of(openapi(inside=False, feeds=self._feeds), JSON)
        if path == "about.json":
            told = ("policy", "made_on", "as_of", "period", "zone", "region_data_on", "observed_since", "observed", "demo", "sensors")
            return _json({name: getattr(view, name) for name in told})
        if path == "overview.json":
            return _json({name: getattr(view, name) for name in Overview.__struct_fields__})
        if path == "new.json":
            return _json([row for channel in CHANNELS for row in view.fresh.get(channel, ())])
        if path == "findings.json":
            return _json(view.findings)
        if path == "index.json":
            return _json([row for channel in CHANNELS for row in view.lists[channel]])
        if path.endswith(".csv"):
            rows = published_tables.content(view, path)
            return None if rows is None else page_of(rows, CSV)
        kind, _, name = path.removesuffix(".json").partition("/")
        if kind == "lists" and name in CHANNELS and path.endswith(".json"):
            return _json(view.lists[name])
        return _json(view.targets[name]) if kind == "targets" and name in view.targets and path.endswith(".json") else None

    def _security(self) -> Page | None:
        contact = self._settings.security_contact
        return page_of(f"Contact: {contact}\nPreferred-Languages: ja, en\n".encode(), TEXT) if contact else None


def _entry(key: str) -> Entry:
    return next(entry for entry in entries(inside=False) if entry.key == key)


def _robots() -> Page:
    return page_of(b"User-agent: *\nAllow: /\n", TEXT)


def _json(value: Any) -> Page:
    return page_of(msgspec.json.encode(value), JSON)


def file_name(path: str) -> str:
    """Where a static server finds what is at a path; a report is a file of its own, whatever it is written in."""
    return path + "index.html" if not path or path.endswith("/") else path
