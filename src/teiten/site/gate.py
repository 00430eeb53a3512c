# SPDX-License-Identifier: Apache-2.0
"""What every request passes first and every response last: caller's name for us, token, one deadline, security headers, no leaking errors.

It never looks into a page. Without a token only calls under an address, `localhost` or a configured name are answered, so that a
stranger's web page can't read ours through a name that was made to point here (DNS rebinding). Where `own_forms` holds, nothing is taken
from a form of another site either (CSRF): what changes anything is asked for by our own pages, or by a program that sends no origin.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from teiten import metrics
from teiten.errors import TeitenError
from teiten.site.languages import LANGUAGES

log = logging.getLogger(__name__)

COOKIE: Final = "teiten"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# A report carries its own style and fonts; nothing in it may run, load or be sent.
REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "x-frame-options": "DENY",
}

_READING: Final = ("GET", "HEAD", "OPTIONS")

Refusal = Callable[[Scope, int], Response]
"""(request, status) -> a page that says so in the reader's language and nothing else."""


class Gate:
    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        hosts: tuple[str, ...],
        seconds: float,
        refusal: Refusal,
        own_forms: bool = True,
        policy: str = POLICY,
    ) -> None:
        """`policy`: the pages' content security policy."""
        self._app = app
        self._headers = {**HEADERS, "content-security-policy": policy}
        self._own_forms = own_forms
        self._token = token.encode()
        self._hosts = frozenset(host.lower() for host in hosts) | {"localhost"}
        self._seconds = seconds
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outgoing = _Outgoing(send, self._headers)
        try:
            async with asyncio.timeout(self._seconds):
                await (self._answer_at_gate(scope) or self._app)(scope, receive, outgoing)
        except TimeoutError:
            metrics.problems.labels("site", "deadline").inc()
            await self._give_up(scope, receive, outgoing, 503)
        except TeitenError as error:
            metrics.problems.labels("site", type(error).__name__).inc()
            log.warning("a page could not be answered: %s", error.problem)
            await self._give_up(scope, receive, outgoing, 503)
        except Exception:  # the last place that can keep a traceback from the reader
            metrics.problems.labels("site", "error").inc()
            log.exception("a page failed")
            await self._give_up(scope, receive, outgoing, 500)

    def _answer_at_gate(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if self._own_forms and scope["method"] not in _READING and _from_elsewhere(headers):
            return self._refusal(scope, 403)
        if not self._token:
            return None if self._known_host(headers.get("host", "")) else self._refusal(scope, 421)
        if self._cookie_holds(headers) or self._bearer_holds(headers):
            return None
        offered = parse_qs(scope["query_string"].decode("latin-1")[:4096], max_num_fields=50).get("token", [""])[0]
        if not self._equal(offered.encode()):
            return self._refusal(scope, 401)
        return self._welcome(scope["path"])

    def _welcome(self, path: str) -> Response:
        """Sets the cookie and leads on without the token in the address bar; only to places of ours, whatever the path was."""
        place = next((f"/{language}/" for language in LANGUAGES if path.startswith(f"/{language}/")), "/")
        response = RedirectResponse(place, 303, {"cache-control": "no-store"})
        response.set_cookie(COOKIE, self._cookie(), max_age=30 * 86_400, httponly=True, samesite="strict", path="/")
        return response

    def _cookie(self) -> str:
        return hashlib.blake2b(b"cookie of the operator's pages", key=hashlib.sha256(self._token).digest(), digest_size=32).hexdigest()

    def _cookie_holds(self, headers: Headers) -> bool:
        pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "")[:8192].split(";"))
        return any(name == COOKIE and hmac.compare_digest(value.encode(), self._cookie().encode()) for name, _, value in pairs)

    def _bearer_holds(self, headers: Headers) -> bool:
        scheme, _, offered = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._equal(offered.strip().encode())

    def _equal(self, offered: bytes) -> bool:
        return hmac.compare_digest(hashlib.sha256(offered).digest(), hashlib.sha256(self._token).digest())

    def _known_host(self, host: str) -> bool:
        if "*" in self._hosts:
            return True
        name = _without_port(host)
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return name.lower() in self._hosts
        return True

    async def _give_up(self, scope: Scope, receive: Receive, outgoing: _Outgoing, status: int) -> None:
        """A page if nothing was sent yet; otherwise the response stays cut off and the server closes the connection."""
        if not outgoing.begun:
            await asyncio.wait_for(self._refusal(scope, status)(scope, receive, outgoing), self._seconds)


class _Outgoing:
    """A `send` that adds our headers and remembers whether a response has begun."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await self._send(message)


def _from_elsewhere(headers: Headers) -> bool:
    """Every browser says where a form stood: Sec-Fetch-Site, or the Origin, which must be the host that was called (W3C Fetch Metadata, RFC 6454)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
