# SPDX-License-Identifier: Apache-2.0
"""The web sensor over loopback: one access per arrival, stated before it is answered, and deadlines that hold. M-09, M-13."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from teiten.errors import PortTaken
from teiten.model import Access, Record
from teiten.protocols.http import HttpConversation
from teiten.sensors.listener import Limits
from teiten.sensors.web import WebConfig, WebSensor

NOW = 1_700_000_000_000_000
Talk = Callable[[int, list[Record]], Awaitable[None]]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


def observe(config: WebConfig, keys: Path, talk: Talk) -> list[Access]:
    """What a sensor emits while `talk` talks to it; every connection has closed when this returns."""
    records: list[Record] = []

    async def main() -> None:
        sensor = WebSensor(config, records.append, lambda: NOW, keys)
        running = asyncio.create_task(sensor.run())
        await talk(int(sensor.listening()[0].rpartition(":")[2].removesuffix("/tcp")), records)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())
    return [record for record in records if isinstance(record, Access)]


def sends(data: bytes, answer: list[bytes], context: ssl.SSLContext | None = None) -> Talk:
    async def talk(port: int, _records: list[Record]) -> None:
        name = "shop.example" if context else None
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        writer.write(data)
        answer.append(await reader.read())
        writer.close()

    return talk


LOOPBACK = WebConfig(host="127.0.0.1", port=0, quiet_seconds=0.02)


def test_a_request_and_its_closing_record(keys: Path) -> None:
    """M-09: target is METHOD and target as sent."""
    answer: list[bytes] = []
    data = b"POST /%E6?a=%20 HTTP/1.0\r\nUser-Agent: probe/1 \xff\r\nContent-Length: 3\r\n\r\nx=1"
    request, closing = observe(LOOPBACK, keys, sends(data, answer))
    assert (request.kind, request.category, request.target, request.request) == ("request", "access", b"POST /%E6?a=%20", data.split(b"\r\n")[0])
    assert request.headers == b"User-Agent: probe/1 \xff\r\nContent-Length: 3"
    assert (request.body, request.size, request.client, request.handshake) == (b"x=1", 3, b"probe/1 \xff", True)
    assert (request.channel, request.source, request.encrypted, request.outcome) == ("web", bytes([127, 0, 0, 1]), False, None)
    assert (closing.kind, closing.category, closing.target, closing.outcome) == ("connection", "other", b"", "answered")
    assert closing.session == request.session and closing.duration_us == 0 and request.observed_at == NOW
    assert answer[0].startswith(b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n")


def test_nothing_is_answered_before_it_is_stated(keys: Path) -> None:
    def refuse_to_store(_record: Record) -> None:
        raise OSError("disk full")

    async def main() -> bytes:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        sensor = WebSensor(LOOPBACK, refuse_to_store, lambda: NOW, keys)
        running = asyncio.create_task(sensor.run())
        port = int(sensor.listening()[0].rpartition(":")[2].removesuffix("/tcp"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        heard = await reader.read()
        writer.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return heard

    assert asyncio.run(main()) == b""


def test_https_on_the_same_port_with_the_name_asked_for(keys: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    answer: list[bytes] = []
    request, closing = observe(LOOPBACK, keys, sends(b"GET / HTTP/1.0\r\n\r\n", answer, context))
    assert (request.target, request.encrypted, request.server_name) == (b"GET /", True, b"shop.example")
    assert (closing.encrypted, closing.server_name) == (True, b"shop.example")
    assert answer[0].startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("data", "target", "answered"),
    [
        (b"SSH-2.0-Go\r\n", b"SSH-2.0-Go", b"HTTP/1.1 400 "),
        (b"\x03\x00\x00\x13", b"\x03\x00\x00\x13", b"HTTP/1.1 400 "),
        (b"\x16\x03\x01\x00\x04abcd", b"\x16\x03\x01", b"\x15\x03"),
    ],
)
def test_what_is_not_http_is_one_access_too(keys: Path, data: bytes, target: bytes, answered: bytes) -> None:
    answer: list[bytes] = []
    (request, _) = observe(LOOPBACK, keys, sends(data, answer))
    assert (request.kind, request.target, request.body, request.encrypted) == ("not-http", target, data, False)
    assert answer[0].startswith(answered)


def test_a_client_that_says_nothing_leaves_its_closing_record(keys: Path) -> None:
    answer: list[bytes] = []
    (closing,) = observe(WebConfig(host="127.0.0.1", port=0, headers_seconds=0.05), keys, sends(b"", answer))
    assert (closing.kind, closing.outcome, answer) == ("connection", "deadline of the headers", [b""])


@pytest.mark.parametrize("config", [{"headers_seconds": 0.05}, {"connection_seconds": 0.05}])
def test_a_client_that_never_ends_is_cut_and_what_it_sent_is_kept(keys: Path, config: dict[str, float]) -> None:
    answer: list[bytes] = []
    request, closing = observe(WebConfig(host="127.0.0.1", port=0, **config), keys, sends(b"GET /slow HTTP/1.1\r\nX: ", answer))  # type: ignore[arg-type]
    assert (request.target, request.headers, request.outcome) == (b"GET /slow", b"X: ", "deadline")
    assert str(closing.outcome).startswith("deadline")


def test_a_hello_that_stops_half_way_is_kept(keys: Path) -> None:
    answer: list[bytes] = []
    config = WebConfig(host="127.0.0.1", port=0, headers_seconds=0.05)
    request, closing = observe(config, keys, sends(b"\x16\x03\x01\x02\x00\x01", answer))
    assert (request.kind, request.body) == ("not-http", b"\x16\x03\x01\x02\x00\x01")
    assert closing.outcome == "tls handshake ended early"


def test_keep_alive_gives_one_access_each_and_one_closing_record(keys: Path) -> None:
    answer: list[bytes] = []
    data = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    accesses = observe(LOOPBACK, keys, sends(data, answer))
    assert [one.target for one in accesses] == [b"GET /1", b"GET /2", b""]
    assert len({one.session for one in accesses}) == 1 and answer[0].count(b"HTTP/1.1 404") == 2


def test_a_source_over_its_limit_is_refused_and_told(keys: Path) -> None:
    answer: list[bytes] = []
    config = WebConfig(host="127.0.0.1", port=0, limits=Limits(open_per_source=0))
    (summary,) = observe(config, keys, sends(b"", answer))
    assert (summary.kind, summary.outcome, summary.times, answer) == ("connection", "refused: per-source limit", 1, [b""])


def test_a_taken_port_is_said_before_anything_runs(keys: Path) -> None:
    first = WebSensor(LOOPBACK, lambda _: None, lambda: NOW, keys)
    port = int(first.listening()[0].rpartition(":")[2].removesuffix("/tcp"))
    with pytest.raises(PortTaken):
        WebSensor(WebConfig(host="127.0.0.1", port=port), lambda _: None, lambda: NOW, keys)
    first.close()


def test_the_parser_keeps_what_the_setting_says() -> None:
    conversation = HttpConversation(WebConfig().body_bytes)
    (request, _) = conversation.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
    assert len(request.body) == 4096  # type: ignore[union-attr]
