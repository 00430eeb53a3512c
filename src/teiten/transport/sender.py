# SPDX-License-Identifier: Apache-2.0
"""The shipper's line to a collector elsewhere: HTTPS with a pinned authority, a token or a client certificate; or a Unix socket.

Says of every answer whether it means *stored*, *not now* or *never this batch*. Never follows a redirect and never uses a proxy from
the environment.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx2
import msgspec

from teiten import texts
from teiten.config import Seconds, Settings
from teiten.errors import ConfigurationError
from teiten.model import Receipt
from teiten.transport.batches import Batch
from teiten.transport.courier import Refused, Undelivered
from teiten.transport.wire import MEDIA_TYPE, pack

# Answers that are about this batch. All others (no right, busy, too new a format …) may change without the batch changing.
_NEVER = frozenset({400, 413, 422})
_MAX_ANSWER_BYTES = 65_536


class SenderSettings(Settings, frozen=True):
    url: str = ""  # https://collector.example:8443 ; the path is added
    token_file: str = ""
    ca_file: str = ""  # authority that signed the collector's certificate; empty: the system's
    certificate_file: str = ""  # client certificate with its key, for mutual TLS
    key_file: str = ""
    unix_socket: str = ""  # instead of url, on the same machine
    timeout_seconds: Seconds = 60.0


class Sender:
    """Callable as a courier's `deliver`. Keeps its connection open between batches."""

    def __init__(self, settings: SenderSettings) -> None:
        if settings.url.startswith("http://") or not (settings.url or settings.unix_socket):
            why = "`teiten ship --help` shows the table [ship]. Batches hold what people typed; they never go in the clear."
            raise ConfigurationError("ship.url: needs an https:// address.", why)
        self._timeout_seconds = settings.timeout_seconds
        self._address = "http://collector/v1/batches" if settings.unix_socket else settings.url.rstrip("/") + "/v1/batches"
        self._headers = {"content-type": MEDIA_TYPE} | _authorization(settings.token_file)
        transport = httpx2.AsyncHTTPTransport(
            verify=_context(settings), trust_env=False, uds=settings.unix_socket or None, limits=httpx2.Limits(max_connections=1)
        )
        self._client = httpx2.AsyncClient(transport=transport, timeout=settings.timeout_seconds, follow_redirects=False, trust_env=False)

    async def __call__(self, batch: Batch) -> Receipt:
        body = await asyncio.to_thread(pack, batch)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status, answer, retry_after = await self._post(body)
        except (httpx2.HTTPError, TimeoutError, OSError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}") from error
        if status in (200, 409):
            return _receipt(answer)
        if status in _NEVER:
            raise Refused(_told(status, answer))
        raise Undelivered(_told(status, answer), retry_after)

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, body: bytes) -> tuple[int, bytes, float]:
        async with self._client.stream("POST", self._address, content=body, headers=self._headers) as response:
            answer = b""
            async for part in response.aiter_raw():
                answer += part
                if len(answer) > _MAX_ANSWER_BYTES:
                    raise Undelivered("too long an answer")
            return response.status_code, answer, _seconds(response.headers.get("retry-after", ""))


def _receipt(answer: bytes) -> Receipt:
    try:
        return msgspec.json.decode(answer, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Undelivered("an answer without a receipt") from error


def _told(status: int, answer: bytes) -> str:
    """The status and, for whoever reads the log, the centre's own words."""
    try:
        return f"answer {status}: {texts.visible(msgspec.json.decode(answer, type=dict[str, str]).get('error', ''))}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"answer {status}"


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _authorization(token_file: str) -> dict[str, str]:
    if not token_file:
        return {}
    try:
        return {"authorization": f"Bearer {Path(token_file).read_text(encoding='ascii').strip()}"}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"ship.token_file: {token_file} can't be read.", "Put the token from `teiten token issue` there.") from error


def _context(settings: SenderSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.certificate_file:
            context.load_cert_chain(settings.certificate_file, settings.key_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"ship: certificate files: {error}", "Check ship.ca_file, ship.certificate_file and ship.key_file.") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
