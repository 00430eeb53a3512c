# SPDX-License-Identifier: Apache-2.0
"""Runs the receiver under uvicorn: TLS, client certificates, a deadline for request heads, or a Unix socket.

uvicorn itself neither shows the peer's certificate to the app nor ends a connection whose request head never comes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from teiten.config import Port, Settings
from teiten.errors import ConfigurationError
from teiten.transport.receiver import Receiver

_HEAD_SECONDS = 10.0


class ListeningSettings(Settings, frozen=True):
    host: str = "0.0.0.0"
    port: Port = 8443
    certificate_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""  # sensors may show a certificate of this authority; its common name is the sensor's name
    client_certificate_required: bool = False
    unix_socket: str = ""  # instead of host and port


class Server(uvicorn.Server):
    """`serve` until cancelled. uvicorn would take the signals for itself, several servers one after the other."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        finally:
            if self.started and not self.should_exit:  # cancelled: what runs may end, what listens is closed
                self.should_exit = True
                await self.shutdown(sockets)


class PeerProtocol(HttpToolsProtocol):
    """Tells the app the peer's certified name, and gives each request head an absolute time."""

    _head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        certificate = transport.get_extra_info("peercert")
        inner, name = self.app, _common_name(certificate)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})["teiten.peer"] = name
            await inner(scope, receive, send)

        self.app = app
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        if self._head_deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._watch_head()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._end_watch()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_watch()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        self._head_deadline = self.loop.call_later(_HEAD_SECONDS, self.transport.abort)

    def _end_watch(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None


def make_server(receiver: Receiver, settings: ListeningSettings) -> Server:
    """`await server.serve()` listens until `server.should_exit` is set. Over TCP there must be a certificate."""
    context = None if settings.unix_socket else server_context(settings)
    config = uvicorn.Config(
        receiver,
        host=settings.host,
        port=settings.port,
        uds=settings.unix_socket or None,
        http=PeerProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        limit_concurrency=1000,
        backlog=1024,
        ssl_context_factory=(lambda _config, _default: context) if context else None,
    )
    return Server(config)


def server_context(settings: ListeningSettings) -> ssl.SSLContext:
    """Raises ConfigurationError naming the setting whose file is not there or not right."""
    if not settings.certificate_file:
        raise ConfigurationError("receiver.certificate_file is not set.", "Batches never travel in the clear: name a certificate and its key.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    key = "certificate_file and key_file"
    try:
        context.load_cert_chain(settings.certificate_file, settings.key_file or None)
        if settings.client_ca_file:
            key = "client_ca_file"
            context.load_verify_locations(settings.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED if settings.client_certificate_required else ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"receiver.{key}: {error}", "Name PEM files that this user may read. Nothing was started or changed.") from error
    return context


def _common_name(certificate: Any) -> str | None:
    """Common name of a *verified* client certificate: Python gives a filled dict only then."""
    names = [value for part in (certificate or {}).get("subject", ()) for key, value in part if key == "commonName"]
    return names[0] if len(names) == 1 else None
