# SPDX-License-Identifier: Apache-2.0
"""Composes the operator's site: routes, languages, cache, gate. It asks through an Asker and a Lookup, renders, and decides nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from teiten import addresses, texts
from teiten.clock import Clock, day_of, system_clock
from teiten.model import CHANNELS
from teiten.publication.document import Document, Feed
from teiten.questions.plain import plain
from teiten.site import contents, inside
from teiten.site.asking import Asker, Marks
from teiten.site.caching import Page, PageCache, page_of
from teiten.site.describing import openapi
from teiten.site.desk import Desk
from teiten.site.finished import respond_report
from teiten.site.gate import Gate
from teiten.site.inside import mute_of
from teiten.site.languages import LANGUAGES, preferred
from teiten.site.live import live
from teiten.site.lookup import Lookup
from teiten.site.menu import BY_CHANNEL, DETAIL, MENU, SOURCE, Entry, entries
from teiten.site.muting import NOTHING_MUTED, Mutes, Problem
from teiten.site.rendering import Renderer
from teiten.site.requests import MOST_ROWS, BadRequest, View, count_question, pasted, submitted, view
from teiten.site.serving import JSON, assets, error_page, respond
from teiten.site.settings import Language, SiteConfig
from teiten.site.sources import StoreSources
from teiten.site.tabular import CSV, table
from teiten.site.throttling import Throttle
from teiten.site.top import list_page, top_page

__all__ = ["MENU", "create_site"]
# What tells pages apart, and how much of it.
_KEYED: Final = {"group": 200, "as_of": 10, "days": 3, "channel": 10, "target": 3_000, "q": 200, "address": 60, "name": 60, "by": 10}


def create_site(
    ask: Asker,
    settings: SiteConfig | None = None,
    zone: ZoneInfo | None = None,
    clock: Clock = system_clock,
    marks: Marks | None = None,
    lookup: Lookup | None = None,
    feeds: Sequence[Feed] = (),
    sources: StoreSources | None = None,
    desk: Desk | None = None,
) -> Starlette:
    """The ASGI app of the operator's pages. `ask`, `lookup`, `sources` are called on worker threads and may block; `marks` adds trend marks.

    Without `lookup`, `sources` or `desk` the pages that need them aren't there; the app always gives all.
    """
    settings = settings or SiteConfig()
    site = Site(ask, settings, zone or ZoneInfo("Asia/Tokyo"), clock, marks, lookup, feeds, sources, desk)
    gate = Middleware(Gate, token=settings.token, hosts=settings.hosts, seconds=settings.request_seconds, refusal=site.refusal)
    app = Starlette(routes=site.routes(), middleware=[gate], exception_handlers={HTTPException: site.on_status, BadRequest: site.on_bad_request})
    app.router.redirect_slashes = False  # it would build its target from the caller's Host header
    return app


class Site:
    """The pages themselves. Everything here is safe to use from several threads."""

    def __init__(
        self,
        ask: Asker,
        settings: SiteConfig,
        zone: ZoneInfo,
        clock: Clock,
        marks: Marks | None,
        lookup: Lookup | None,
        feeds: Sequence[Feed],
        sources: StoreSources | None,
        desk: Desk | None,
    ) -> None:
        self._ask = ask
        self._settings = settings
        self._zone = zone
        self._clock = clock
        self._marks = marks
        self._lookup = lookup
        self._feeds = feeds
        self._sources = sources
        self._desk = desk
        self._seal = secrets.token_hex(16)  # stands in our forms; a stranger's page can't know it
        self._cache = PageCache(settings.cache_seconds)
        self._renderer = Renderer(settings, zone, inside=True, policy="operator")
        self._wording = self._renderer.wording
        self._throttle = Throttle(settings.questions_per_second, settings.questions_per_second * 5)
        self._static = assets()

    def routes(self) -> list[Route]:
        found = [Route("/", self._home), Route("/static/{name}", self._asset)]
        found += [Route(f"/api/count{ending}", partial(self._count, ending)) for ending in ("", ".csv")]
        found.append(Route("/reports/{place:path}", self._report))
        found += [Route("/api/openapi.json", self._openapi), Route("/robots.txt", self._robots)]
        found += [Route(f"/{feed.place}", partial(self._feed, feed)) for feed in self._feeds]
        for language in LANGUAGES:
            found.append(Route(f"/{language}", partial(self._lead_to, f"/{language}/")))
            found.append(Route(f"/{language}/live", partial(self._live, language)))
            found += [Route(f"/{language}/{entry.place}", partial(self._page, language, entry)) for entry in (*entries(inside=True), DETAIL, SOURCE)]
            found.append(Route(f"/{language}/check", partial(self._check, language), methods=["POST"]))
            found.append(Route(f"/{language}/mutes", partial(self._mute, language), methods=["POST"]))
        return found

    # -- pages

    async def _home(self, request: Request) -> Response:
        language = preferred(request.headers.get("accept-language", ""), self._settings.language)
        return RedirectResponse(f"/{language}/", 302, {"vary": "accept-language", "cache-control": "no-store"})

    async def _lead_to(self, place: str, request: Request) -> Response:
        return RedirectResponse(place, 308)

    async def _page(self, language: Language, entry: Entry, request: Request) -> Response:
        return await self._cached(request, partial(self._make_page, request, language, entry))

    async def _check(self, language: Language, request: Request) -> Response:
        """The only page that takes a body; what it says is kept nowhere."""
        text = await pasted(request)
        entry = next(entry for entry in entries(inside=True) if entry.key == "check")
        page = await run_in_threadpool(self._make_page, request, language, entry, text)
        return respond(request, page, "no-store")

    async def _mute(self, language: Language, request: Request) -> Response:
        """Adds a mute rule, or lifts one; the only thing that these pages can change."""
        if self._desk is None:
            raise HTTPException(404)
        fields = await submitted(request)
        problem = await run_in_threadpool(self._changed, self._desk, fields)
        if problem is None:
            self._cache.clear()
            return RedirectResponse(f"/{language}/mutes", 303, {"cache-control": "no-store"})
        entry = next(entry for entry in entries(inside=True) if entry.key == "mutes")
        page = await run_in_threadpool(self._make_page, request, language, entry, None, (problem, fields))
        return respond(request, page, "no-store")

    def _changed(self, desk: Desk, fields: dict[str, str]) -> Problem | Literal["seal"] | None:
        if not secrets.compare_digest(fields.get("seal", "").encode(), self._seal.encode()):
            return "seal"
        if fields.get("lift"):
            desk.mutes.lift(fields["lift"], self._today())
            return None
        made = mute_of(fields, self._today())
        if isinstance(made, str):
            return made
        desk.mutes.add(made)
        return None

    async def _report(self, request: Request) -> Response:
        found = await run_in_threadpool(self._desk.reports.page, request.path_params["place"]) if self._desk else None
        if found is None:
            raise HTTPException(404)
        return respond_report(request, found)

    async def _live(self, language: Language, request: Request) -> Response:
        return await self._cached(request, partial(self._make_live, request, language))

    async def _asset(self, request: Request) -> Response:
        page = self._static.get(request.path_params["name"])
        if page is None:
            raise HTTPException(404)
        return respond(request, page)

    async def _count(self, ending: str, request: Request) -> Response:
        if not self._throttle.allows(request.client.host if request.client else ""):
            raise HTTPException(429)
        return respond(request, await run_in_threadpool(self._make_count, request, ending))

    async def _openapi(self, request: Request) -> Response:
        return respond(request, page_of(openapi(inside=True, feeds=self._feeds), JSON))

    async def _robots(self, request: Request) -> Response:
        return respond(request, page_of(b"User-agent: *\nDisallow: /\n", "text/plain; charset=utf-8"))

    async def _feed(self, feed: Feed, request: Request) -> Response:
        return await self._cached(request, partial(self._make_feed, request, feed))

    async def _cached(self, request: Request, make: Callable[[], Page]) -> Response:
        if request.url.path.endswith("/mutes"):  # a form that a link fills
            return respond(request, await run_in_threadpool(make), "no-store")
        key = (request.url.path, *(request.query_params.get(name, "")[:length] for name, length in _KEYED.items()))
        young = self._cache.fresh(key)
        return respond(request, young if young else await run_in_threadpool(self._cache.get, key, make))

    # -- making them, on worker threads

    def _make_page(
        self,
        request: Request,
        language: Language,
        entry: Entry,
        text: str | None = None,
        failed: tuple[Problem | Literal["seal"], dict[str, str]] | None = None,
    ) -> Page:
        sensors = self._ask.sensors()
        seen = view(request.query_params, self._today(), sensors, entry.key in BY_CHANNEL)
        shown = [sensor for sensor in sensors if seen.group in (None, sensor.group)]
        context = {
            "entry": entry,
            "view": seen,
            "groups": sorted({sensor.group for sensor in sensors}),
            "demo": _demo([sensor.demo for sensor in shown]),
            "sensor_count": len(shown),
            "region_data_on": self._ask.region_data_on(),
            **(self._mutes_page(request, failed) if entry.key == "mutes" else self._content(request, seen, language, entry, text)),
        }
        return self._renderer.page(language, entry.template, context, entry.place, self._today(), 404 if context.get("found", 0) is None else 200)

    def _content(self, request: Request, seen: View, language: Language, entry: Entry, text: str | None) -> dict[str, Any]:
        if entry.channel:
            return list_page(self._ask, seen, entry.channel, self._marks, self._muted())
        if entry.key == "sensors":
            return inside.sensors_page(self._ask, seen, self._clock(), self._desk)
        if entry.key == "top":
            now = live(self._ask, self._wording[language], seen.group, self._today(), self._settings.live_rows)
            findings = self._lookup.findings(seen) if self._lookup else ()
            alarms = self._desk.alarms() if self._desk else None
            made = {"live": now, "made_at": self._wording[language].time_of(self._clock()), "markers": len(alarms.markers) if alarms else 0}
            return top_page(self._ask, seen, self._marks, findings, self._muted()) | made
        if entry.key == "definitions":
            return contents.definitions_page(inside=True)
        if entry.key == "feeds":
            return contents.feeds_page(self._feeds, "")
        if entry.key in ("sources", "source"):
            return self._about_sources(request, seen, entry)
        if entry.key in ("imports", "reports", "markers"):
            return self._on_desk(request, entry)
        return self._looked_up(request, seen, entry, text)

    def _on_desk(self, request: Request, entry: Entry) -> dict[str, Any]:
        if self._desk is None:
            raise HTTPException(404)
        if entry.key == "reports":
            return contents.reports_page(self._desk.reports)
        if entry.key == "markers":
            return inside.markers_page(self._desk)
        return inside.imports_page(self._desk, request.query_params.get("name", ""))

    def _looked_up(self, request: Request, seen: View, entry: Entry, text: str | None) -> dict[str, Any]:
        if self._lookup is None:
            raise HTTPException(404)
        if entry.key in ("attention", "risk"):
            return contents.findings_page(self._lookup, seen, entry.key, self._muted())
        if entry.key == "search":
            return contents.search_page(self._lookup, seen, request.query_params.get("q", ""))
        if entry.key == "check":
            return contents.check_page(self._lookup, seen, text)
        if entry.key == "detail":
            channel = request.query_params.get("channel", "")
            if channel not in CHANNELS or "target" not in request.query_params:
                raise HTTPException(404)
            target = texts.parse(request.query_params["target"])
            return contents.detail_page(self._lookup, seen, channel, target) | {"rule": self._muted().of_target(channel, target)}
        if entry.key == "about":
            return contents.about_page(self._lookup.about(seen))
        if entry.key == "fresh":
            return contents.fresh_page(self._lookup, seen, self._muted())
        return contents.map_page(self._lookup, seen, "network" if request.query_params.get("by") == "network" else "")

    def _about_sources(self, request: Request, seen: View, entry: Entry) -> dict[str, Any]:
        if self._sources is None:
            raise HTTPException(404)
        if entry.key == "sources":
            return inside.sources_page(self._sources, seen, self._muted())
        try:
            source = addresses.pack(request.query_params.get("address", ""))
        except ValueError:
            raise HTTPException(404) from None
        return inside.source_page(self._sources, seen, source, self._muted())

    def _muted(self) -> Mutes:
        return Mutes(self._desk.mutes.read(), self._today()) if self._desk else NOTHING_MUTED

    def _mutes_page(self, request: Request, failed: tuple[Problem | Literal["seal"], dict[str, str]] | None) -> dict[str, Any]:
        if self._desk is None:
            raise HTTPException(404)
        problem, asked = failed or (None, dict(request.query_params))
        return inside.mutes_page(self._desk, self._today(), self._seal, asked, problem)

    def _make_feed(self, request: Request, feed: Feed) -> Page:
        seen = view(request.query_params, self._today(), self._ask.sensors())
        document = Document(
            name=self._settings.name or self._wording[self._settings.language].plain("site.name"),
            address="",
            policy="operator",
            made_on=self._today(),
            as_of=seen.as_of,
            period=seen.period,
            zone=self._zone.key,
            region_data_on=self._ask.region_data_on(),
            items=tuple(self._lookup.findings(seen)) if self._lookup else (),
        )
        return page_of(feed.write(document), feed.media_type)

    def _make_live(self, request: Request, language: Language) -> Page:
        seen = view(request.query_params, self._today(), self._ask.sensors())
        found = live(self._ask, self._wording[language], seen.group, self._today(), self._settings.live_rows)
        return page_of(msgspec.json.encode(found), JSON)

    def _make_count(self, request: Request, ending: str) -> Page:
        question = count_question(request.query_params)
        counts = self._ask.count(question)
        if len(counts) > MOST_ROWS:
            raise BadRequest(f"more than {MOST_ROWS} rows: narrow the question, or take the first rows with top")
        rows = plain(counts, question.by)
        return page_of(table(rows), CSV) if ending else page_of(msgspec.json.encode(rows), JSON)

    def _today(self) -> date:
        return day_of(self._clock(), self._zone)

    # -- refusals

    def refusal(self, scope: Scope, status: int) -> Response:
        """A page (or a JSON object under /api/) that tells the reader what to do and nothing about us or the request."""
        request = Request(scope)
        if scope["path"].startswith("/api/") or scope["path"].endswith("/live"):
            response = respond(request, error_page(self._wording["en"], _known(status), status))
            response.headers.update(_waiting(status))
            return response
        language = self._language_of(request)
        context = {"key": f"error.{_known(status)}", "menu_shown": status not in (401, 421)}
        response = respond(request, self._renderer.page(language, "refusal.html", context, "", self._today(), status))
        response.headers.update(_waiting(status))
        return response

    async def on_status(self, request: Request, error: Exception) -> Response:
        return self.refusal(request.scope, error.status_code if isinstance(error, HTTPException) else 500)

    async def on_bad_request(self, request: Request, error: Exception) -> Response:
        if request.url.path.startswith("/api/"):
            return respond(
                request, page_of(msgspec.json.encode({"error": str(error), "next_step": self._wording["en"].plain("api.fields")}), JSON, 400)
            )
        return self.refusal(request.scope, 400)

    def _language_of(self, request: Request) -> Language:
        for language in LANGUAGES:
            if request.url.path.startswith(f"/{language}/"):
                return language
        return preferred(request.headers.get("accept-language", ""), self._settings.language)


def _known(status: int) -> int:
    return status if status in (400, 401, 403, 404, 405, 413, 421, 429, 503) else 500


def _waiting(status: int) -> dict[str, str]:
    return {"retry-after": "5"} if status in (429, 503) else {}


def _demo(flags: list[bool]) -> str:
    return "all" if flags and all(flags) else "some" if any(flags) else ""
