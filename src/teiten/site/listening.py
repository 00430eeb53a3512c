# SPDX-License-Identifier: Apache-2.0
"""What the server itself answers, before any page is asked: to what is no HTTP, and when too many call at once. With the headers of all pages."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from teiten.site.gate import HEADERS

MOST_AT_ONCE: Final = 500  # connections, or requests
_HEADERS: Final = {**HEADERS, "cache-control": "no-store", "connection": "close"}


class PagesProtocol(HttpToolsProtocol):
    """In place of uvicorn's own answers, which carry no security headers; its `limit_concurrency` stays unset."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        inner = self.app

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            crowded = len(self.connections) > MOST_AT_ONCE or len(self.tasks) > MOST_AT_ONCE
            await (_unavailable if crowded else inner)(scope, receive, send)

        self.app = limited

    def send_400_response(self, msg: str) -> None:
        body = b"This is no request that can be understood.\n"
        headers = {**_HEADERS, "content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
        lines = [b"HTTP/1.1 400 Bad Request", *(f"{name}: {value}".encode("ascii") for name, value in headers.items())]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.transport.close()


_unavailable: Final = PlainTextResponse("Too many readers at once; please try again in a few seconds.\n", 503, {**_HEADERS, "retry-after": "5"})
