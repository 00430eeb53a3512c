# SPDX-License-Identifier: Apache-2.0
"""Finished pages to responses, and the files every page needs: the same on both sides."""

from __future__ import annotations

import base64
import gzip
import hashlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from teiten.site.caching import Page, page_of
from teiten.site.languages import Wording

STATIC: Final = Path(__file__).resolve().parent / "static"
JSON: Final = "application/json"
WORTH_PACKING: Final = 1_000  # bytes; less fits into one packet anyway
MEDIA: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def assets() -> dict[str, Page]:
    return {path.name: page_of(path.read_bytes(), MEDIA[path.suffix]) for path in sorted(STATIC.iterdir()) if path.suffix in MEDIA}


@cache
def style() -> str:
    """The style that the public's pages carry with them: on a slow line a file of its own would cost the first view another round trip."""
    return (STATIC / "site.css").read_text(encoding="utf-8")


def style_source() -> str:
    """What allows exactly this style in a content security policy (CSP 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()}'"


def error_page(wording: Wording, known: int, status: int) -> Page:
    """A refusal for programs: what is wrong and what to do, in our own words alone."""
    told = {"error": wording.plain(f"error.{known}.title"), "next_step": wording.plain(f"error.{known}.text")}
    return page_of(msgspec.json.encode(told), JSON, status)


def respond(request: Request, page: Page, keep: str = "private, no-cache") -> Response:
    """`keep`: how long who may keep it, for pages that are answers; refusals are kept by nobody.

    What may be kept travels packed. An answer to a form doesn't: the length of a packed page tells on what stands beside what was sent.
    """
    headers = {"cache-control": keep if page.status == 200 else "no-store", "etag": page.etag, "vary": "accept-encoding"}
    if page.status == 200 and page.etag in request.headers.get("if-none-match", "")[:1000]:
        return Response(status_code=304, headers=headers)
    if page.status == 200 and keep != "no-store" and len(page.body) >= WORTH_PACKING and _takes_gzip(request):
        headers |= {"content-encoding": "gzip", "etag": f"W/{page.etag}"}
        return Response(_packed(page), page.status, headers, page.media_type)
    return Response(page.body, page.status, headers, page.media_type)


def _takes_gzip(request: Request) -> bool:
    """RFC 9110, 12.5.3; a quality of zero refuses it."""
    offered = (item.replace(" ", "").partition(";q=") for item in request.headers.get("accept-encoding", "")[:500].lower().split(","))
    return any(name == "gzip" and (not weighed or quality.strip("0.") != "") for name, weighed, quality in offered)


@lru_cache(maxsize=256)
def _packed(page: Page) -> bytes:
    return gzip.compress(page.body, 6, mtime=0)
