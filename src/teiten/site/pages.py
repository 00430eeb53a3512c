# SPDX-License-Identifier: Apache-2.0
"""Composes the operator's site: routes, languages, cache, gate. It asks through an Asker, renders, and decides nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
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

import teiten
from teiten.clock import Clock, day_of, system_clock
from teiten.model import CHANNELS
from teiten.questions.plain import plain
from teiten.site.asking import Asker, Marks
from teiten.site.caching import Page, PageCache, page_of
from teiten.site.gate import Gate
from teiten.site.languages import LANGUAGES, Wording, preferred
from teiten.site.live import live, region_name
from teiten.site.rendering import environment
from teiten.site.requests import MOST_ROWS, BadRequest, View, count_question, view
from teiten.site.settings import Language, SiteConfig
from teiten.site.top import list_page, sensors_page, top_page

STATIC: Final = Path(__file__).resolve().parent / "static"
HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"
MEDIA: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Entry(NamedTuple):
    """A page of the menu, in the menu's order: its place, its texts' key, and the channel a list is about."""

    place: str
    key: str
    channel: str | None = None


MENU: Final = (
    Entry("", "top"),
    Entry("ports", "list.packet", "packet"),
    Entry("urls", "list.web", "web"),
    Entry("accounts", "list.ssh", "ssh"),
    Entry("mail", "list.mail", "mail"),
    Entry("sensors", "sensors"),
)


def create_site(
    ask: Asker, settings: SiteConfig | None = None, zone: ZoneInfo | None = None, clock: Clock = system_clock, marks: Marks | None = None
) -> Starlette:
    """The ASGI app of the operator's pages. `ask` is called on worker threads and may block; `marks` adds trend marks to the tables."""
    settings = settings or SiteConfig()
    site = Site(ask, settings, zone or ZoneInfo("Asia/Tokyo"), clock, marks)
    gate = Middleware(Gate, token=settings.token, hosts=settings.hosts, seconds=settings.request_seconds, refusal=site.refusal)
    app = Starlette(routes=site.routes(), middleware=[gate], exception_handlers={HTTPException: site.on_status, BadRequest: site.on_bad_request})
    app.router.redirect_slashes = False  # it would build its target from the caller's Host header
    return app


class Site:
    """The pages themselves. Everything here is safe to use from several threads."""

    def __init__(self, ask: Asker, settings: SiteConfig, zone: ZoneInfo, clock: Clock, marks: Marks | None) -> None:
        self._ask = ask
        self._settings = settings
        self._zone = zone
        self._clock = clock
        self._marks = marks
        self._cache = PageCache(settings.cache_seconds)
        self._templates = environment()
        self._wording: dict[str, Wording] = {language: Wording(language, zone) for language in LANGUAGES}
        self._static = {path.name: page_of(path.read_bytes(), MEDIA[path.suffix]) for path in sorted(STATIC.iterdir()) if path.suffix in MEDIA}

    def routes(self) -> list[Route]:
        found = [Route("/", self._home), Route("/static/{name}", self._asset), Route("/api/count", self._count)]
        for language in LANGUAGES:
            found.append(Route(f"/{language}", partial(self._lead_to, f"/{language}/")))
            found.append(Route(f"/{language}/live", partial(self._live, language)))
            found += [Route(f"/{language}/{entry.place}", partial(self._page, language, entry)) for entry in MENU]
        return found

    # -- pages

    async def _home(self, request: Request) -> Response:
        language = preferred(request.headers.get("accept-language", ""), self._settings.language)
        return RedirectResponse(f"/{language}/", 302, {"vary": "accept-language", "cache-control": "no-store"})

    async def _lead_to(self, place: str, request: Request) -> Response:
        return RedirectResponse(place, 308)

    async def _page(self, language: Language, entry: Entry, request: Request) -> Response:
        return await self._cached(request, partial(self._make_page, request, language, entry))

    async def _live(self, language: Language, request: Request) -> Response:
        return await self._cached(request, partial(self._make_live, request, language))

    async def _asset(self, request: Request) -> Response:
        page = self._static.get(request.path_params["name"])
        if page is None:
            raise HTTPException(404)
        return _response(request, page)

    async def _count(self, request: Request) -> Response:
        return _response(request, await run_in_threadpool(self._make_count, request))

    async def _cached(self, request: Request, make: Callable[[], Page]) -> Response:
        key = (request.url.path, request.query_params.get("group", "")[:200], request.query_params.get("as_of", "")[:10])
        young = self._cache.fresh(key)
        return _response(request, young if young else await run_in_threadpool(self._cache.get, key, make))

    # -- making them, on worker threads

    def _make_page(self, request: Request, language: Language, entry: Entry) -> Page:
        sensors = self._ask.sensors()
        seen = view(request.query_params, self._today(), sensors)
        shown = [sensor for sensor in sensors if seen.group in (None, sensor.group)]
        context = {
            "entry": entry,
            "view": seen,
            "groups": sorted({sensor.group for sensor in sensors}),
            "demo": _demo([sensor.demo for sensor in shown]),
            "sensor_count": len(shown),
            "region_data_on": self._ask.region_data_on(),
            **self._content(seen, language, entry),
        }
        return self._render(language, _template(entry), context, entry.place)

    def _content(self, seen: View, language: Language, entry: Entry) -> dict[str, Any]:
        if entry.channel:
            return list_page(self._ask, seen, entry.channel, self._marks)
        if entry.key == "sensors":
            return sensors_page(self._ask, seen, self._clock())
        now = live(self._ask, self._wording[language], seen.group, self._today(), self._settings.live_rows)
        return top_page(self._ask, seen, self._marks) | {"live": now, "made_at": self._wording[language].time_of(self._clock())}

    def _make_live(self, request: Request, language: Language) -> Page:
        seen = view(request.query_params, self._today(), self._ask.sensors())
        found = live(self._ask, self._wording[language], seen.group, self._today(), self._settings.live_rows)
        return page_of(msgspec.json.encode(found), JSON)

    def _make_count(self, request: Request) -> Page:
        question = count_question(request.query_params)
        counts = self._ask.count(question)
        if len(counts) > MOST_ROWS:
            raise BadRequest(f"more than {MOST_ROWS} rows: narrow the question, or take the first rows with top")
        return page_of(msgspec.json.encode(plain(counts, question.by)), JSON)

    def _today(self) -> date:
        return day_of(self._clock(), self._zone)

    def _render(self, language: Language, template: str, context: dict[str, Any], place: str, status: int = 200) -> Page:
        wording = self._wording[language]
        html = self._templates.get_template(template).render(
            lang=language,
            t=wording.text,
            n=wording.number,
            w=wording,
            region_name=partial(region_name, wording=wording),
            menu=MENU,
            place=place,
            channels=CHANNELS,
            settings=self._settings,
            version=teiten.__version__,
            zone=self._zone.key,
            today=self._today(),
            query=lambda **changed: _query(context.get("view"), changed),
            one_day=timedelta(days=1),
            **context,
        )
        return page_of(html.encode(), HTML, status)

    # -- refusals

    def refusal(self, scope: Scope, status: int) -> Response:
        """A page (or a JSON object under /api/) that tells the reader what to do and nothing about us or the request."""
        request = Request(scope)
        if scope["path"].startswith("/api/") or scope["path"].endswith("/live"):
            error = {"error": self._wording["en"].plain(f"error.{_known(status)}.title")}
            return _response(request, page_of(msgspec.json.encode(error), JSON, status))
        language = self._language_of(request)
        context = {"key": f"error.{_known(status)}", "menu_shown": status not in (401, 421)}
        return _response(request, self._render(language, "refusal.html", context, "", status))

    async def on_status(self, request: Request, error: Exception) -> Response:
        return self.refusal(request.scope, error.status_code if isinstance(error, HTTPException) else 500)

    async def on_bad_request(self, request: Request, error: Exception) -> Response:
        if request.url.path.startswith("/api/"):
            return _response(request, page_of(msgspec.json.encode({"error": str(error)}), JSON, 400))
        return self.refusal(request.scope, 400)

    def _language_of(self, request: Request) -> Language:
        for language in LANGUAGES:
            if request.url.path.startswith(f"/{language}/"):
                return language
        return preferred(request.headers.get("accept-language", ""), self._settings.language)


def _known(status: int) -> int:
    return status if status in (400, 401, 404, 405, 421, 503) else 500


def _template(entry: Entry) -> str:
    return "list.html" if entry.channel else f"{entry.key}.html"


def _demo(flags: list[bool]) -> str:
    return "all" if flags and all(flags) else "some" if any(flags) else ""


def _query(seen: View | None, changed: dict[str, str | None]) -> str:
    """The address bar's state with changes; None removes. Starts with `?` or is empty."""
    fields = {**(seen.query if seen else {}), **changed}
    kept = {name: value for name, value in fields.items() if value}
    return "?" + urlencode(kept) if kept else ""


def _response(request: Request, page: Page) -> Response:
    headers = {"cache-control": "private, no-cache" if page.status == 200 else "no-store", "etag": page.etag}
    if page.status == 200 and page.etag in request.headers.get("if-none-match", "")[:1000]:
        return Response(status_code=304, headers=headers)
    return Response(page.body, page.status, headers, page.media_type)
