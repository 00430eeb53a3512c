# SPDX-License-Identifier: Apache-2.0
"""The web sensor: hears whatever comes to one port, HTTP or HTTPS or neither, and answers like a plain server with one page.

Every request is stated before it is answered. Nothing is fetched, forwarded, executed or decompressed: CONNECT and absolute URIs are
only written down.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Iterable
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Annotated, cast

import msgspec

from teiten import metrics
from teiten.clock import Clock, to_datetime
from teiten.config import Port, Seconds, Settings
from teiten.model import Access
from teiten.protocols import http
from teiten.protocols.tls import TlsConversation
from teiten.sensors.certificates import tls_context
from teiten.sensors.interface import Emit
from teiten.sensors.listener import Arrival, Gate, Limits, Line, Listener, addresses_of, bind


class WebConfig(Settings, frozen=True):
    host: str = "0.0.0.0"
    ipv6: bool = True  # with host 0.0.0.0, listen on [::] too
    port: Port = 8080
    server: str = "nginx"  # the Server header
    body_bytes: Annotated[int, msgspec.Meta(ge=0, le=65_536)] = 4096  # kept of a body; length and SHA-256 are of the whole
    headers_seconds: Seconds = 10  # absolute, from the first moment of a request to the end of its headers
    connection_seconds: Seconds = 30  # absolute, for everything
    quiet_seconds: Seconds = 0.3  # silence that ends input without an end of its own (not HTTP, broken requests)
    limits: Limits = Limits()


Config = WebConfig


class WebSensor:
    """Observes requests until cancelled."""

    def __init__(self, config: WebConfig, emit: Emit, clock: Clock, keys: Path) -> None:
        self.config, self.emit, self.clock = config, emit, clock
        self._keys = keys
        self._sockets = bind(config.host, config.port, "sensors.web.port", ipv6=config.ipv6)
        self.gate = Gate(config.limits, "web", emit, clock, self._sockets[0].getsockname()[1])
        self.tls: ssl.SSLContext | None = None

    async def run(self) -> None:
        self.tls = await asyncio.to_thread(tls_context, self._keys, self.clock)
        await Listener(self._sockets, self.gate, self._start).serve()

    def listening(self) -> list[str]:
        return addresses_of(self._sockets)

    def close(self) -> None:
        """Free the port of a sensor that was never run; `run` does it by itself."""
        for sock in self._sockets:
            sock.close()

    def dropped(self) -> int:
        return self.gate.refused

    async def _start(self, arrival: Arrival, line: Line) -> None:
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(partial(_Connection, loop, self, arrival, line), arrival.sock)


class _Connection(asyncio.Protocol):
    """One client, from its first byte to its closing record."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sensor: WebSensor, arrival: Arrival, line: Line) -> None:
        self._loop, self._sensor, self._arrival, self._line = loop, sensor, arrival, line
        self._began_at = sensor.clock()
        self._session = secrets.token_hex(8)
        self._http = http.HttpConversation(sensor.config.body_bytes)
        self._tls: TlsConversation | None = None
        self._transport: asyncio.Transport | None = None
        self._started = False  # a first byte came
        self._outcome = ""
        self._stated_hello = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._quiet_timer: asyncio.TimerHandle | None = None
        self._all_timer = loop.call_later(sensor.config.connection_seconds, self._timeout, "deadline of the connection")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._line.cut = self._evict
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if not self._started:
            self._started = True
            if data[0] == 0x16 and self._sensor.tls is not None:
                self._tls = TlsConversation(self._sensor.tls)
        if self._tls is None:
            self._advance(self._http.feed(data))
        else:
            self._decrypt(self._tls, data)

    def eof_received(self) -> bool:
        self._outcome = self._outcome or "closed by peer"
        self._end(self._http.eof())
        return True  # closed by us, after the last answer

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrival.ticket.release()
        for timer in (self._all_timer, self._head_timer, self._quiet_timer):
            if timer is not None:
                timer.cancel()
        self._outcome = self._outcome or ("connection lost" if exc else "closed")
        self._transport = None
        self._end(self._http.eof())
        self._state_end()

    def _decrypt(self, tls: TlsConversation, data: bytes) -> None:
        heard = tls.feed(data)
        if heard.failed and not tls.established:
            self._state_hello(tls, f"tls handshake failed: {heard.failed}")
        self._write(heard.reply)
        if heard.plain:
            self._advance(self._http.feed(heard.plain))
        if heard.failed or heard.ended:
            self._outcome = self._outcome or (f"tls: {heard.failed}" if heard.failed else "closed by peer")
            self._end(self._http.eof())

    def _advance(self, events: Iterable[http.Event]) -> None:
        """State and answer; then wait for what has to come next."""
        if self._answer(events):
            self._await_head()
        if self._http.state == "closed":
            self._outcome = self._outcome or "answered"
            self._close()
        elif self._http.state == "irregular":
            self._rearm_quiet()
        elif self._http.state == "body" and self._head_timer is not None:
            self._head_timer.cancel()

    def _answer(self, events: Iterable[http.Event]) -> bool:
        """Whether anything was answered."""
        answered = False
        for event in events:
            if isinstance(event, http.Request):
                self._state(event)
            else:
                date = format_datetime(to_datetime(self._sensor.clock()), usegmt=True)
                self._send(http.render(event, date, self._sensor.config.server))
                answered = True
        return answered

    def _end(self, events: Iterable[http.Event]) -> None:
        self._answer(events)
        if self._tls is not None and not self._tls.established:
            self._state_hello(self._tls, "tls handshake ended early")
        self._close()

    def _timeout(self, outcome: str) -> None:
        self._outcome = outcome
        self._end(self._http.deadline())
        if outcome.startswith("deadline of the connection") and self._transport is not None:
            self._transport.abort()  # even if it doesn't read its answer

    def _quiet(self) -> None:
        self._advance(self._http.quiet())

    def _await_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._head_timer = self._loop.call_later(self._sensor.config.headers_seconds, self._timeout, "deadline of the headers")

    def _rearm_quiet(self) -> None:
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        self._quiet_timer = self._loop.call_later(self._sensor.config.quiet_seconds, self._quiet)

    def _evict(self) -> None:
        self._outcome = self._outcome or self._sensor.gate.cut_reason
        if self._transport is not None:
            self._transport.abort()

    def _send(self, data: bytes) -> None:
        self._write(data if self._tls is None else self._tls.seal(data))

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if self._tls is not None and self._tls.established:
                self._write(self._tls.close())
            self._transport.close()

    def _state_hello(self, tls: TlsConversation, outcome: str) -> None:
        """A TLS handshake that came to nothing is an arrival like any other that isn't HTTP; stated once."""
        if not self._stated_hello:
            self._stated_hello, self._outcome = True, outcome
            kept = tls.hello[: http.LINE_BYTES]
            target = http.shown_bytes(kept)
            self._state(http.Request(kind="not-http", target=target, line=b"", body=kept, size=len(tls.hello), remark="tls handshake failed"))

    def _state(self, request: http.Request) -> None:
        tls, arrival = self._tls, self._arrival
        if request.remark:
            metrics.problems.labels("web request", "irregular").inc()
        self._sensor.emit(
            Access(
                observed_at=self._sensor.clock(), channel="web", kind=request.kind, source=arrival.source, source_port=arrival.source_port,
                destination_port=arrival.destination_port, handshake=True, target=request.target, request=request.line,
                headers=request.headers or None, body=request.body or None, size=request.size, digest=request.digest, client=request.client,
                server_name=tls.server_name if tls else None, encrypted=tls is not None and tls.established, session=self._session,
                outcome=request.remark, truncated=request.truncated,
            )
        )  # fmt: skip

    def _state_end(self) -> None:
        tls, arrival, now = self._tls, self._arrival, self._sensor.clock()
        self._sensor.emit(
            Access(
                observed_at=now, channel="web", kind="connection", category="other", source=arrival.source, source_port=arrival.source_port,
                destination_port=arrival.destination_port, handshake=True, target=b"", server_name=tls.server_name if tls else None,
                encrypted=tls is not None and tls.established, session=self._session, outcome=self._outcome,
                duration_us=max(0, now - self._began_at),
            )
        )  # fmt: skip
