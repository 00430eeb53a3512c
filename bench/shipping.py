# SPDX-License-Identifier: Apache-2.0
"""The sending half of the ingest bench, in a process of its own: some sensors' accesses through SpoolWriter, their sealed segments by courier.

    python -m bench.shipping ORDER.json     prints what was emitted, how long it took, and how long receipts took

Without an address in the order nothing is sent: a node's own couriers take the spools, and this waits until they are empty.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench.tables import quantile
from teiten.clock import system_clock
from teiten.model import Access, Receipt, Record
from teiten.transport import segments
from teiten.transport.batches import Batch
from teiten.transport.courier import Courier, CourierSettings
from teiten.transport.sender import Sender, SenderSettings
from teiten.transport.spool import SpoolWriter

_POOL = 20_000
_TICK_SECONDS = 0.01
_MOST_WAITING = 40_000  # records emitted and not acknowledged, when as much as possible is sent
_SAMPLE = 50
_PATIENCE_SECONDS = 120.0
_decoder = msgspec.msgpack.Decoder(Record)


class Order(msgspec.Struct, frozen=True):
    spools: dict[str, str]  # sensor -> spool folder
    seconds: float
    rate: int  # accesses per second, of all sensors; 0: as many as are acknowledged
    seed: int = 1
    url: str = ""
    ca_file: str = ""
    tokens: dict[str, str] = {}  # sensor -> token file
    channel: str = "packet"


class Line:
    """A courier's `deliver`, timed. `age` is from a record's own time to its receipt, of one record in fifty."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.acknowledged = 0
        self.batches: list[float] = []
        self.ages: list[float] = []

    async def __call__(self, batch: Batch) -> Receipt:
        began = time.perf_counter()
        receipt = await self._sender(batch)
        self.batches.append(time.perf_counter() - began)
        now = system_clock()
        self.ages += [(now - record.observed_at) / 1e6 for record in map(_decoder.decode, batch.payloads[::_SAMPLE]) if isinstance(record, Access)]
        self.acknowledged += receipt.rows
        return receipt


def pool(seed: int) -> list[dict[str, Any]]:
    """What a sensor address sees: mostly packets, then logins, requests, mails. Only the instant is missing."""
    dice = random.Random(seed)
    sources = [dice.randbytes(4) for _ in range(3000)]
    return [_KINDS[dice.choices(range(4), (70, 15, 10, 5))[0]](dice, dice.choice(sources)) for _ in range(_POOL)]


def _packet(dice: random.Random, source: bytes) -> dict[str, Any]:
    port = dice.choice((23, 22, 445, 80, 8080, 3389, dice.randrange(65_536)))
    return {
        "channel": "packet", "kind": "syn", "source": source, "source_port": dice.randrange(1024, 65_536), "destination_port": port,
        "target": b"%d/tcp" % port, "tcp_flags": 2,
    }  # fmt: skip


def _login(dice: random.Random, source: bytes) -> dict[str, Any]:
    account = dice.choice((b"root", b"admin", b"user%d" % dice.randrange(500)))
    return {
        "channel": "ssh", "kind": "password", "source": source, "source_port": dice.randrange(1024, 65_536), "destination_port": 22,
        "target": account, "account": account, "credential": b"password%d" % dice.randrange(5000), "client": b"SSH-2.0-libssh2_1.4.3",
        "handshake": True,
        "fingerprint": "92674389fa1e47a27ddd8d9b63ecd42b", "session": dice.randbytes(8).hex(),
    }  # fmt: skip


def _request(dice: random.Random, source: bytes) -> dict[str, Any]:
    target = b"GET /path/%d.php?x=%d" % (dice.randrange(300), dice.randrange(10_000))
    headers = b"Host: 192.0.2.1\r\nUser-Agent: Mozilla/5.0 zgrab/0.x\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"
    return {
        "channel": "web", "kind": "request", "source": source, "source_port": dice.randrange(1024, 65_536), "destination_port": 80, "target": target,
        "request": target + b" HTTP/1.1", "headers": headers, "client": b"Mozilla/5.0 zgrab/0.x", "size": 0, "handshake": True,
        "session": dice.randbytes(8).hex(),
    }  # fmt: skip


def _mail(dice: random.Random, source: bytes) -> dict[str, Any]:
    subject = b"subject %d" % dice.randrange(200)
    return {
        "channel": "mail", "kind": "mail", "source": source, "source_port": dice.randrange(1024, 65_536), "destination_port": 25,
        "target": subject, "request": subject, "sender": b"a%d@example.net" % dice.randrange(99), "recipients": b"b@example.org",
        "body": dice.randbytes(300), "size": 900,
        "digest": dice.randbytes(32), "handshake": True, "session": dice.randbytes(8).hex(),
    }  # fmt: skip


_KINDS = (_packet, _login, _request, _mail)


class Emitter(threading.Thread):
    """Emits for `order.seconds`, a little to each sensor in turn."""

    def __init__(self, order: Order, writers: list[SpoolWriter], waiting: Callable[[int], int]) -> None:
        super().__init__(name="emitter")
        self._order, self._writers, self._waiting = order, writers, waiting
        self.emitted = 0
        self.seconds = 0.0

    def run(self) -> None:
        templates = pool(self._order.seed)
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < self._order.seconds:
            self._some(templates, self._due(now))
            time.sleep(_TICK_SECONDS / 5 if self._order.rate == 0 else _TICK_SECONDS)
        self.seconds = time.perf_counter() - began

    def _due(self, now: float) -> int:
        if self._order.rate:
            return int(now * self._order.rate) - self.emitted
        return max(0, min(500, _MOST_WAITING - self._waiting(self.emitted)))

    def _some(self, templates: list[dict[str, Any]], count: int) -> None:
        for n in range(self.emitted, self.emitted + count):
            # The channel of a spool is its own; what counts here is the size and shape of the rows.
            self._writers[n // 100 % len(self._writers)].emit(Access(observed_at=system_clock(), **templates[n % _POOL]))
        self.emitted += count


async def ship(order: Order, writers: list[SpoolWriter]) -> dict[str, Any]:
    """Emit and send until all is acknowledged."""
    settings = {name: SenderSettings(url=order.url, ca_file=order.ca_file, token_file=order.tokens[name]) for name in order.spools}
    lines = [Line(Sender(settings[name])) for name in order.spools]
    couriers = [
        asyncio.create_task(Courier(Path(folder), line, system_clock, CourierSettings()).run())
        for folder, line in zip(order.spools.values(), lines, strict=True)
    ]
    emitter = Emitter(order, writers, lambda emitted: emitted - sum(line.acknowledged for line in lines))
    began = time.perf_counter()
    emitter.start()
    await asyncio.to_thread(emitter.join)
    await asyncio.to_thread(_close, writers)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while sum(line.acknowledged for line in lines) < emitter.emitted:
            await asyncio.sleep(0.01)
    seconds = time.perf_counter() - began
    for courier in couriers:
        courier.cancel()
    batches, ages = [b for line in lines for b in line.batches], [a for line in lines for a in line.ages]
    dropped = sum(writer.dropped for writer in writers)
    return {
        "emitted": emitter.emitted, "emit_seconds": emitter.seconds, "seconds": seconds, "dropped": dropped, "batches": len(batches),
        **{f"ack_p{share}": quantile(batches, share / 100) for share in (50, 99)},
        **{f"age_p{share}": quantile(ages, share / 100) for share in (50, 99)},
    }  # fmt: skip


def fill(order: Order, writers: list[SpoolWriter]) -> dict[str, Any]:
    """Emit only; whoever holds the spools takes them."""
    folders = [Path(folder) for folder in order.spools.values()]
    per_segment = writers[0]._settings.segment_records
    waiting = Waiting(folders, per_segment)
    emitter = Emitter(order, writers, waiting)
    began = time.perf_counter()
    emitter.start()
    emitter.join()
    _close(writers)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while any(segments.sealed(folder) for folder in folders):
        if time.monotonic() > deadline:
            raise RuntimeError("the node does not take the spools")
        time.sleep(0.02)
    dropped = sum(writer.dropped for writer in writers)
    return {"emitted": emitter.emitted, "emit_seconds": emitter.seconds, "seconds": time.perf_counter() - began, "dropped": dropped}


class Waiting:
    """About how many records wait in sealed segments; looked at twenty times a second, since each look lists folders."""

    def __init__(self, folders: list[Path], per_segment: int) -> None:
        self._folders, self._per_segment = folders, per_segment
        self._looked_at, self._seen = 0.0, 0

    def __call__(self, _: int) -> int:
        now = time.monotonic()
        if now - self._looked_at > 0.05:
            self._looked_at = now
            self._seen = sum(len(segments.sealed(folder)) for folder in self._folders) * self._per_segment
        return self._seen


def _close(writers: list[SpoolWriter]) -> None:
    for writer in writers:
        writer.close()


def main(order: Order) -> dict[str, Any]:
    writers = [SpoolWriter(Path(folder), sensor, order.channel, system_clock) for sensor, folder in order.spools.items()]
    return asyncio.run(ship(order, writers)) if order.url else fill(order, writers)


if __name__ == "__main__":
    print(json.dumps(main(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Order))))
