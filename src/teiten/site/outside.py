# SPDX-License-Identifier: Apache-2.0
"""Serves the public's pages from the published view and opens nothing else.

When the view is replaced, so are the pages; when nothing new comes, the last view stays and says its date. Searches are limited, so that
many of them never keep a page from being read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from teiten.errors import TeitenError
from teiten.home import REPORTS
from teiten.publication.document import Feed
from teiten.publication.folder import NAME, read_view
from teiten.site.caching import Page, PageCache
from teiten.site.finished import FinishedReports, respond_report
from teiten.site.gate import POLICY, Gate
from teiten.site.languages import LANGUAGES, preferred
from teiten.site.public import PublicPages
from teiten.site.requests import BadRequest, pasted
from teiten.site.serving import respond, style_source
from teiten.site.settings import SiteConfig
from teiten.site.throttling import Throttle

KEEP: Final = "public, max-age=300"
PAGES_KEPT: Final = 4_000
REPORTS_SECONDS: Final = 5.0  # how old the list of reports may be
_STAYS: Final = float("inf")


class Shelf:
    """The pages of the newest view that could be read. Thread-safe."""

    def __init__(self, folder: Path, settings: SiteConfig, feeds: Sequence[Feed]) -> None:
        """Raises TeitenError when nothing has been published yet."""
        self._folder = folder
        self._settings = settings
        self._feeds = feeds
        self._lock = threading.Lock()
        self._stamp = self._stamped()
        self._reports = FinishedReports(folder / REPORTS, REPORTS_SECONDS)
        self._listed = self._reports.files()
        self._pages = PublicPages(read_view(folder), settings, feeds, self._reports)
        self._cache = PageCache(_STAYS, PAGES_KEPT)

    @property
    def changed(self) -> str:
        """When the view was put there, as HTTP dates are written: how old the pages are, whatever became of the centre."""
        return formatdate(self._stamp[0] / 1e9, usegmt=True) if self._stamp else ""

    def pages(self) -> tuple[PublicPages, PageCache]:
        with self._lock:
            listed, stamp = self._reports.files(), self._stamped()
            if listed is not self._listed:
                self._listed, self._cache = listed, PageCache(_STAYS, PAGES_KEPT)
            if stamp is not None and stamp != self._stamp:
                self._renew(stamp)
            return self._pages, self._cache

    def _renew(self, stamp: tuple[int, int]) -> None:
        self._stamp = stamp
        try:
            self._pages = PublicPages(read_view(self._folder), self._settings, self._feeds, self._reports)
        except TeitenError:
            return  # the last good view stays; the next replacement is looked at again
        self._cache = PageCache(_STAYS, PAGES_KEPT)

    def _stamped(self) -> tuple[int, int] | None:
        try:
            found = (self._folder / NAME).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino


def create_public_site(folder: Path, settings: SiteConfig, feeds: Sequence[Feed] = (), throttle: Throttle | None = None) -> Starlette:
    """The ASGI app of the public's pages. Raises TeitenError when `folder` holds no view yet."""
    site = PublicSite(Shelf(folder, settings, feeds), settings, throttle or Throttle())
    policy = POLICY.replace("style-src 'self'", f"style-src {style_source()}")
    # Anybody may call it under any name: it holds nothing that isn't public.
    gate = Middleware(Gate, token="", hosts=("*",), seconds=settings.request_seconds, refusal=site.refusal, own_forms=False, policy=policy)
    app = Starlette(routes=site.routes(), middleware=[gate], exception_handlers={HTTPException: site.on_status, BadRequest: site.on_status})
    app.router.redirect_slashes = False
    return app


class PublicSite:
    def __init__(self, shelf: Shelf, settings: SiteConfig, throttle: Throttle) -> None:
        self._shelf = shelf
        self._settings = settings
        self._throttle = throttle

    def routes(self) -> list[Route]:
        found = [Route("/", self._home)]
        for language in LANGUAGES:
            found.append(Route(f"/{language}/check", partial(self._check, language), methods=["POST"]))
            found += [Route(f"/{language}/search{end}", partial(self._search, language)) for end in ("", "/")]
        found.append(Route(f"/{REPORTS}/{{place:path}}", self._report))
        return [*found, Route("/api/search.json", self._search_data), Route("/{path:path}", self._page)]

    async def _home(self, request: Request) -> Response:
        language = preferred(request.headers.get("accept-language", ""), self._settings.language)
        return RedirectResponse(f"/{language}/", 302, {"vary": "accept-language", "cache-control": "no-store"})

    async def _page(self, request: Request) -> Response:
        path = request.path_params["path"]
        return self._dated(respond(request, await run_in_threadpool(self._kept, path), KEEP))

    async def _report(self, request: Request) -> Response:
        """A file of a published report; they are many and large, so that they are read anew each time."""
        place = f"{REPORTS}/{request.path_params['place']}"
        page = await run_in_threadpool(lambda: self._shelf.pages()[0].page(place))
        if page is None:
            raise HTTPException(404)
        return respond_report(request, page, KEEP)

    def _dated(self, response: Response) -> Response:
        if response.status_code in (200, 304):
            response.headers["last-modified"] = self._shelf.changed
        return response

    async def _search(self, language: str, request: Request) -> Response:
        asked = request.query_params.get("q", "")
        if not asked.strip():
            return respond(request, await run_in_threadpool(self._kept, f"{language}/search/"), KEEP)
        return await self._answer(request, lambda pages: pages.search(language, asked))

    async def _search_data(self, request: Request) -> Response:
        asked = request.query_params.get("q", "")
        return await self._answer(request, lambda pages: pages.search_data(asked))

    async def _check(self, language: str, request: Request) -> Response:
        text = await pasted(request)
        return await self._answer(request, lambda pages: pages.check(language, text))

    async def _answer(self, request: Request, make: Callable[[PublicPages], Page]) -> Response:
        if not self._throttle.allows(request.client.host if request.client else ""):
            raise HTTPException(429)
        return respond(request, await run_in_threadpool(lambda: make(self._shelf.pages()[0])), "no-store")

    def _kept(self, path: str) -> Page:
        """Pages that aren't there are not kept: there is no end of them."""
        pages, cache = self._shelf.pages()
        young = cache.fresh(path)
        if young:
            return young
        made = pages.page(path)
        if made is None:
            raise HTTPException(404)
        return cache.get(path, lambda: made)

    def refusal(self, scope: Scope, status: int) -> Response:
        request = Request(scope)
        pages, _ = self._shelf.pages()
        known = status if status in (400, 404, 405, 413, 429, 503) else 500
        waiting = {"retry-after": "5"} if status in (429, 503) else {}
        if scope["path"].startswith("/api/"):
            response = respond(request, pages.refusal_data(known, status))
            response.headers.update(waiting)
            return response
        first = scope["path"].lstrip("/").partition("/")[0]
        language = first if first in LANGUAGES else preferred(request.headers.get("accept-language", ""), self._settings.language)
        page = pages.refusal(language, known)
        response = respond(request, Page(page.body, page.media_type, page.etag, status))
        response.headers.update(waiting)
        return response

    async def on_status(self, request: Request, error: Exception) -> Response:
        return self.refusal(request.scope, error.status_code if isinstance(error, HTTPException) else 400)
