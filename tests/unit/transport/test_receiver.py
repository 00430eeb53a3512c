# SPDX-License-Identifier: Apache-2.0
"""The collector's door: B7 and B10 on the app itself, then over real HTTPS and a real Unix socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from teiten.errors import ConfigurationError, StoreBusy
from teiten.model import Receipt
from teiten.transport import listening, segments, wire
from teiten.transport.batches import Batch
from teiten.transport.courier import Courier, Refused, Undelivered
from teiten.transport.listening import ListeningSettings, make_server
from teiten.transport.receiver import Receiver, ReceiverSettings
from teiten.transport.sender import Sender, SenderSettings
from teiten.transport.tokens import TokenRegistry
from teiten.transport.wire import MEDIA_TYPE, TooLarge, Unpacker, WireError, pack, zstd
from tests.unit.transport.authority import Authority
from tests.unit.transport.sample import access, batch_of, clock, fill


class Taker:
    def __init__(self, answer: Receipt | Exception | None = None) -> None:
        self.answer = answer or Receipt("stored", 1)
        self.batches: list[Batch] = []

    def __call__(self, batch: Batch) -> Receipt:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.batches.append(batch)
        return self.answer


@pytest.fixture
def tokens(tmp_path: Path) -> TokenRegistry:
    return TokenRegistry(tmp_path / "tokens.json")


async def post(receiver: Receiver, parts: Iterable[bytes], token: str = "", **changed: Any) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
    headers = [(b"content-type", MEDIA_TYPE.encode())] + ([(b"authorization", b"Bearer " + token.encode())] if token else [])
    scope = {"type": "http", "method": "POST", "path": "/v1/batches", "headers": headers} | changed
    waiting, sent = list(parts), []

    async def receive() -> dict[str, Any]:
        if not waiting:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    await receiver(scope, receive, send)
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"]), dict(sent[0]["headers"])


def status_of(receiver: Receiver, parts: Iterable[bytes], token: str = "", **changed: Any) -> int:
    return asyncio.run(post(receiver, parts, token, **changed))[0]


GOOD = batch_of([access(1), access(2)])


def test_stored_then_answered(tokens: TokenRegistry) -> None:
    taker = Taker(Receipt("stored", 2))
    packed = pack(GOOD)
    answer = asyncio.run(post(Receiver(taker, tokens), [packed[:10], packed[10:]], tokens.issue("s1")))
    assert answer[:2] == (200, {"status": "stored", "rows": 2})
    assert taker.batches == [GOOD]


def test_who_may_not(tokens: TokenRegistry) -> None:
    """Forged, revoked, another sensor's: refused, and nothing is stored."""
    taker = Taker()
    receiver = Receiver(taker, tokens)
    packed, mine, others = pack(GOOD), tokens.issue("s1"), tokens.issue("s2")
    assert status_of(receiver, [packed]) == 401
    assert status_of(receiver, [packed], mine[:-1] + "A") == 401
    assert status_of(receiver, [packed], others) == 403
    peer = {"extensions": {"teiten.peer": "s2"}}
    assert status_of(receiver, [packed], mine, **peer) == 403
    assert status_of(receiver, [packed], "wrong", **peer) == 401
    assert status_of(receiver, [packed], **peer) == 403
    tokens.revoke("s1")
    assert status_of(receiver, [packed], mine) == 401
    assert taker.batches == []
    assert status_of(receiver, [packed], extensions={"teiten.peer": "s1"}) == 200


def test_what_is_no_batch(tokens: TokenRegistry) -> None:
    taker, token = Taker(), tokens.issue("s1")
    receiver = Receiver(taker, tokens)
    packed = pack(GOOD)
    tampered = Batch(GOOD.key, GOOD.channel, [*GOOD.payloads, b"more"], GOOD.sent_hash)
    for body in (b"", b"\0" * 100, packed[:-3], packed + b"x", packed + packed, zstd.compress(b"\xc1"), pack(tampered)):
        assert status_of(receiver, [body], token) == 400, body[:20]
        assert status_of(receiver, [bytes([byte]) for byte in body] or [b""], token) == 400
    assert status_of(receiver, [packed], token, path="/") == 404
    assert status_of(receiver, [packed], token, method="GET") == 405
    assert status_of(receiver, [packed], token, headers=[(b"authorization", b"Bearer " + token.encode())]) == 415
    assert taker.batches == []


def test_any_flipped_bit_on_the_way_is_refused_or_harmless(tokens: TokenRegistry) -> None:
    packed = pack(GOOD)
    for bit in range(len(packed) * 8):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        unpacker = Unpacker()
        try:
            unpacker.feed(bytes(flipped))
            batch = unpacker.batch()
        except WireError:
            continue
        assert batch == GOOD


def test_bombs_and_oversize(tokens: TokenRegistry) -> None:
    """B7."""
    bomb = zstd.compress(bytes(200 << 20))
    assert len(bomb) < 100_000
    taker, token = Taker(), tokens.issue("s1")
    receiver = Receiver(taker, tokens)
    assert status_of(receiver, [bomb], token) == 413
    assert status_of(receiver, [bomb[n : n + 100] for n in range(0, len(bomb), 100)], token) == 413
    length = [(b"authorization", b"Bearer " + token.encode()), (b"content-type", MEDIA_TYPE.encode())]
    for stated in (b"16777217", b"-1", b"9" * 30, b"x"):
        assert status_of(receiver, [b""], headers=[*length, (b"content-length", stated)]) == 413
    unpacker = Unpacker()
    noise = zstd.compress(bytes(1))
    with pytest.raises((TooLarge, WireError)):
        unpacker.feed(noise + bytes(wire.MAX_WIRE_BYTES))
    wide = zstd.compress(b"x" * (40 << 20), options={zstd.CompressionParameter.window_log: 27})
    with pytest.raises(WireError):
        Unpacker().feed(wide)
    assert taker.batches == []


def test_equal_probes_may_compress_well(tokens: TokenRegistry) -> None:
    many = batch_of([access(7)] * 5000)
    assert len(pack(many)) * 20 < 5000 * len(many.payloads[0])
    assert status_of(Receiver(Taker(), tokens), [pack(many)], tokens.issue("s1")) == 200


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Receipt("duplicate", 0), 200),
        (Receipt("conflict", 2), 409),
        (StoreBusy("held"), 503),
        (OSError(28, "full"), 503),
        (RuntimeError("engine"), 503),
        (ValueError("key"), 422),
    ],
)
def test_what_the_store_says(tokens: TokenRegistry, answer: Receipt | Exception, status: int) -> None:
    got, body, headers = asyncio.run(post(Receiver(Taker(answer), tokens), [pack(GOOD)], tokens.issue("s1")))
    assert got == status
    assert (b"retry-after" in headers) == (status == 503)
    assert "held" not in str(body) and "engine" not in str(body), "no inner detail for a stranger"


def test_a_slow_body_ends_at_its_deadline(tokens: TokenRegistry) -> None:
    async def never(*_: Any) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"authorization", b"Bearer " + tokens.issue("s1").encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/batches", "headers": headers}
    asyncio.run(Receiver(Taker(), tokens, ReceiverSettings(body_seconds=0.01))(scope, never, send))
    assert sent[0]["status"] == 408


def test_one_sensor_can_not_take_everything(tokens: TokenRegistry) -> None:
    """F15: its own limit is reached while others are served."""
    now = [0.0]
    settings = ReceiverSettings(sensor_burst_bytes=1000, sensor_bytes_per_second=100)
    receiver = Receiver(Taker(), tokens, settings, monotonic=lambda: now[0])
    noisy, quiet = tokens.issue("s1"), tokens.issue("s2")
    answers = [status_of(receiver, [pack(GOOD)], noisy) for _ in range(20)]
    assert answers.index(429) > 1
    assert set(answers[answers.index(429) :]) == {429}
    assert status_of(receiver, [pack(batch_of([access(1)], sensor="s2"))], quiet) == 200
    now[0] += 60
    assert status_of(receiver, [pack(GOOD)], noisy) == 200


def test_how_many_at_once(tokens: TokenRegistry) -> None:
    token = tokens.issue("s1")

    async def go(settings: ReceiverSettings) -> list[int]:
        going = asyncio.Event()
        receiver = Receiver(Taker(), tokens, settings)
        sent: list[int] = []

        async def receive() -> dict[str, Any]:
            await going.wait()
            return {"type": "http.request", "body": pack(GOOD)}

        async def send(message: Any) -> None:
            if "status" in message:
                sent.append(message["status"])

        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"authorization", b"Bearer " + token.encode())]
        scope = {"type": "http", "method": "POST", "path": "/v1/batches", "headers": headers}
        running = [asyncio.create_task(receiver(dict(scope), receive, send)) for _ in range(3)]
        while not sent:
            await asyncio.sleep(0)
        going.set()
        await asyncio.gather(*running)
        return sorted(sent)

    assert asyncio.run(go(ReceiverSettings(requests_per_sensor=2))) == [200, 200, 429]
    assert asyncio.run(go(ReceiverSettings(requests_at_once=1))) == [200, 503, 503]


@asynccontextmanager
async def serving(receiver: Receiver, settings: ListeningSettings) -> AsyncIterator[int]:
    server = make_server(receiver, settings)
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:
            assert not running.done(), running
            await asyncio.sleep(0.001)
    try:
        address = server.servers[0].sockets[0].getsockname()
        yield address[1] if isinstance(address, tuple) else 0
    finally:
        server.should_exit = True
        await running


async def said(action: Callable[[], Awaitable[Receipt]]) -> str:
    try:
        return (await action()).status
    except (Undelivered, Refused) as error:
        return f"{type(error).__name__} {error}"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def over_tls(authority: Authority, **more: Any) -> ListeningSettings:
    certificate, key = authority.issue("collector")
    return ListeningSettings(host="127.0.0.1", port=0, certificate_file=certificate, key_file=key, **more)


def test_a_spool_over_https_with_a_token(tmp_path: Path, tokens: TokenRegistry, authority: Authority) -> None:
    """The remote way whole: spool, courier, TLS with a pinned authority, token, receipt."""
    fill(tmp_path / "spool", [access(n) for n in range(5)])
    (tmp_path / "token").write_text(tokens.issue("s1") + "\n")
    taker = Taker()

    async def go() -> None:
        async with serving(Receiver(taker, tokens), over_tls(authority)) as port:
            settings = SenderSettings(url=f"https://127.0.0.1:{port}", ca_file=str(authority.file), token_file=str(tmp_path / "token"))
            sender = Sender(settings)
            assert await Courier(tmp_path / "spool", sender, clock).sweep() == 1
            tokens.revoke("s1")
            assert await said(lambda: sender(GOOD)) == "Undelivered answer 401: no valid credential", "revoked on an open connection"
            await sender.close()

    asyncio.run(go())
    assert [len(batch.payloads) for batch in taker.batches] == [7]
    assert segments.sealed(tmp_path / "spool") == []


def test_client_certificates(tmp_path: Path, tokens: TokenRegistry, authority: Authority) -> None:
    """M-TLS: the certified common name is the sensor; another authority's certificate is refused."""
    taker = Taker()
    certificate, key = authority.issue("s1")
    forged, forged_key = Authority(_folder(tmp_path, "evil")).issue("s1")

    async def go() -> list[str]:
        listening_settings = over_tls(authority, client_ca_file=str(authority.file))
        answers = []
        async with serving(Receiver(taker, tokens), listening_settings) as port:
            for files in ((certificate, key), (forged, forged_key), ("", "")):
                settings = SenderSettings(url=f"https://127.0.0.1:{port}", ca_file=str(authority.file), certificate_file=files[0], key_file=files[1])
                sender = Sender(settings)
                answers += [await said(lambda s=sender: s(GOOD)), await said(lambda s=sender: s(batch_of([], sensor="s2")))]  # type: ignore[misc]
                await sender.close()
        return answers

    answers = asyncio.run(go())
    assert answers[:2] == ["stored", "Undelivered answer 403: not this sensor's credential"]
    assert all(answer.startswith("Undelivered") and "answer" not in answer for answer in answers[2:4]), answers
    assert answers[4:] == ["Undelivered answer 401: no valid credential"] * 2
    assert len(taker.batches) == 1


def _folder(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def test_a_collector_of_another_authority_gets_nothing(tmp_path: Path, tokens: TokenRegistry, authority: Authority) -> None:
    taker = Taker()
    other = Authority(_folder(tmp_path, "other"), "other")

    async def go() -> str:
        async with serving(Receiver(taker, tokens), over_tls(authority)) as port:
            sender = Sender(SenderSettings(url=f"https://127.0.0.1:{port}", ca_file=str(other.file)))
            answer = await said(lambda: sender(GOOD))
            await sender.close()
            return answer

    assert "CERTIFICATE_VERIFY_FAILED" in asyncio.run(go())
    assert taker.batches == []


def test_a_unix_socket_needs_no_token(tmp_path: Path) -> None:
    taker, path = Taker(), str(tmp_path / "s")

    async def go() -> str:
        async with serving(Receiver(taker, None, trusted=True), ListeningSettings(unix_socket=path)):
            sender = Sender(SenderSettings(unix_socket=path))
            answer = await said(lambda: sender(GOOD))
            await sender.close()
            return answer

    assert asyncio.run(go()) == "stored"
    assert taker.batches == [GOOD]


def test_a_request_head_has_a_deadline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """B2: uvicorn alone would wait for ever."""
    monkeypatch.setattr(listening, "_HEAD_SECONDS", 0.05)
    path = str(tmp_path / "s")

    async def go() -> None:
        async with serving(Receiver(Taker(), None, trusted=True), ListeningSettings(unix_socket=path)):
            for beginning in (b"", b"POST /v1/batches HTTP/1.1\r\nhost"):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(beginning)
                async with asyncio.timeout(20):
                    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                        await reader.readexactly(1)
                writer.close()

    asyncio.run(go())


def test_never_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        Sender(SenderSettings(url="http://collector.example"))
    with pytest.raises(ConfigurationError):
        Sender(SenderSettings())
    with pytest.raises(ConfigurationError):
        Sender(SenderSettings(url="https://x", token_file=str(tmp_path / "none")))
    with pytest.raises(ConfigurationError):
        make_server(Receiver(Taker(), None), ListeningSettings())


def test_a_collector_that_is_not_there(tmp_path: Path) -> None:
    async def go() -> str:
        sender = Sender(SenderSettings(unix_socket=str(tmp_path / "none")))
        answer = await said(lambda: sender(GOOD))
        await sender.close()
        return answer

    assert asyncio.run(go()).startswith("Undelivered ConnectError")
