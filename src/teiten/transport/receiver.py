# SPDX-License-Identifier: Apache-2.0
"""The collector's door for sensors elsewhere: `POST /v1/batches`, a raw ASGI app. Says 200 only after the batch is stored.

A token or client certificate is good for one sensor; a batch that names another is refused. Everything about a request is bounded: its
bytes, what they unpack to, its time, how many run at once, and how much one sensor may send.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Annotated, Any

import msgspec

from teiten.config import Settings
from teiten.errors import TeitenError
from teiten.metrics import problems
from teiten.model import Receipt
from teiten.transport.batches import Batch
from teiten.transport.tokens import TokenRegistry
from teiten.transport.wire import MAX_WIRE_BYTES, MEDIA_TYPE, TooLarge, Unpacker, WireError

log = logging.getLogger("teiten.receiver")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ReceiverSettings(Settings, frozen=True):
    body_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30.0  # absolute, for the whole body
    requests_at_once: Annotated[int, msgspec.Meta(ge=1)] = 16
    requests_per_sensor: Annotated[int, msgspec.Meta(ge=1)] = 2
    sensor_bytes_per_second: Annotated[int, msgspec.Meta(ge=1)] = 4 << 20  # on the wire, sustained
    sensor_burst_bytes: Annotated[int, msgspec.Meta(ge=1)] = 64 << 20


class _Answer(Exception):
    def __init__(self, status: int, what: str, retry_after: int = 0) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.retry_after = retry_after


class _Allowance:
    """A token bucket in bytes, and how many requests run."""

    def __init__(self, burst: int, now: float) -> None:
        self.left = float(burst)
        self.at = now
        self.running = 0

    def refill(self, now: float, rate: int, burst: int) -> None:
        self.left = min(burst, self.left + (now - self.at) * rate)
        self.at = now


class Receiver:
    """`take` runs in a thread and returns when the batch is durable. `trusted`: a Unix socket whose file rights are the credential."""

    def __init__(
        self,
        take: Callable[[Batch], Receipt],
        tokens: TokenRegistry | None,
        settings: ReceiverSettings | None = None,
        *,
        trusted: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._take = take
        self._tokens = tokens
        self._settings = settings or ReceiverSettings()
        self._trusted = trusted
        self._monotonic = monotonic
        self._running = 0
        self._allowances: dict[str, _Allowance] = {}  # only of sensors that proved themselves, so bounded by the registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            receipt = await self._handle(scope, receive)
        except _Answer as refusal:
            problems.labels("receiver", refusal.what).inc()
            await _answer(send, refusal.status, {"error": refusal.what}, refusal.retry_after)
            return
        await _answer(send, 409 if receipt.status == "conflict" else 200, receipt)

    async def _handle(self, scope: Scope, receive: Receive) -> Receipt:
        if scope["path"] != "/v1/batches":
            raise _Answer(404, "no such address")
        if scope["method"] != "POST":
            raise _Answer(405, "only POST")
        headers = dict(scope["headers"])
        sensor = self._identify(scope, headers)
        if headers.get(b"content-type", b"").decode("latin-1") != MEDIA_TYPE:
            raise _Answer(415, "unknown format")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 12 or int(length) > MAX_WIRE_BYTES:
            raise _Answer(413, "too large")
        if self._running >= self._settings.requests_at_once:
            raise _Answer(503, "busy", 1)
        allowance = self._admit(sensor or "")
        self._running += 1
        allowance.running += 1
        try:
            return await self._store(sensor, allowance, receive)
        finally:
            self._running -= 1
            allowance.running -= 1

    def _identify(self, scope: Scope, headers: dict[bytes, bytes]) -> str | None:
        """The sensor the sender may speak for; None where every sensor is allowed."""
        if self._trusted:
            return None
        named = {name for name in (self._by_token(headers), scope.get("extensions", {}).get("teiten.peer")) if name}
        if len(named) > 1:
            raise _Answer(403, "token and certificate name different sensors")
        if not named:
            raise _Answer(401, "no valid credential")
        return str(named.pop())

    def _by_token(self, headers: dict[bytes, bytes]) -> str | None:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if not token or scheme.lower() != b"bearer" or self._tokens is None:
            return None
        sensor = self._tokens.verify(token.strip().decode("latin-1"))
        if sensor is None:  # a certificate does not make up for a wrong token
            raise _Answer(401, "no valid credential")
        return sensor

    def _admit(self, sensor: str) -> _Allowance:
        settings, now = self._settings, self._monotonic()
        allowance = self._allowances.setdefault(sensor, _Allowance(settings.sensor_burst_bytes, now))
        allowance.refill(now, settings.sensor_bytes_per_second, settings.sensor_burst_bytes)
        if self._trusted:
            return allowance
        if allowance.running >= settings.requests_per_sensor:
            raise _Answer(429, "too many at once", 1)
        if allowance.left <= 0:
            raise _Answer(429, "too much", int(-allowance.left / settings.sensor_bytes_per_second) + 1)
        return allowance

    async def _store(self, sensor: str | None, allowance: _Allowance, receive: Receive) -> Receipt:
        unpacker = Unpacker()
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                await _read_body(receive, unpacker, allowance)
            batch = await asyncio.to_thread(unpacker.batch)
        except TimeoutError:
            raise _Answer(408, "too slow") from None
        except TooLarge:
            raise _Answer(413, "too large") from None
        except WireError as error:
            raise _Answer(400, f"not a batch: {error}") from None
        if sensor is not None and batch.key.sensor != sensor:
            raise _Answer(403, "not this sensor's credential")
        try:
            return await asyncio.to_thread(self._take, batch)
        except ValueError as error:
            raise _Answer(422, f"impossible batch: {error}") from error
        except (TeitenError, OSError) as error:
            log.warning("not stored: %s", error)
            raise _Answer(503, "not stored", 5) from error
        except Exception as error:  # whatever an engine fails with: the batch is not durable, and the sender must hear so
            log.exception("not stored")
            raise _Answer(503, "not stored", 5) from error


async def _read_body(receive: Receive, unpacker: Unpacker, allowance: _Allowance) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise WireError("connection lost")
        part = message.get("body", b"")
        allowance.left -= len(part)
        unpacker.feed(part)
        if not message.get("more_body", False):
            return


async def _answer(send: Send, status: int, body: Any, retry_after: int = 0) -> None:
    content = msgspec.json.encode(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    if status >= 400 and status != 409:  # the rest of a refused body is not read
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
