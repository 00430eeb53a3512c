# SPDX-License-Identifier: Apache-2.0
"""Accesses, spools and a store in memory for the tests of delivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from teiten.columnar import Columns, length
from teiten.model import Access, BatchKey, Gap, Heartbeat, Receipt, Record
from teiten.transport import segments
from teiten.transport.batches import Batch, make_batch
from teiten.transport.spool import SpoolSettings, SpoolWriter

NOW = 1_700_000_000_000_000
SMALL = SpoolSettings(reserve_bytes=4096, heartbeat_seconds=3600.0)
_decode = msgspec.msgpack.Decoder(Record).decode


def clock() -> int:
    return NOW


def access(number: int = 0, **changed: Any) -> Access:
    made: dict[str, Any] = {
        "observed_at": NOW + number,
        "channel": "web",
        "kind": "request",
        "source": bytes([192, 0, 2, number % 250]),
        "target": f"GET /{number}".encode(),
    }
    return Access(**(made | changed))


def fill(folder: Path, accesses: Sequence[Access], settings: SpoolSettings = SMALL) -> SpoolWriter:
    with SpoolWriter(folder, "s1", "web", clock, settings) as writer:
        for one in accesses:
            writer.emit(one)
    return writer


def contents(folder: Path) -> list[segments.Content]:
    read = [segments.read_sealed(segment, segments.read_identity(folder)) for segment in segments.sealed(folder)]
    return [content for content in read if content]


def records(folder: Path) -> list[Record]:
    return [_decode(payload) for content in contents(folder) for payload in content.payloads]


def accesses_in(folder: Path) -> list[Access]:
    return [record for record in records(folder) if isinstance(record, Access)]


def gaps_in(folder: Path) -> list[Gap]:
    return [record for record in records(folder) if isinstance(record, Gap)]


def batch_of(accesses: Sequence[Record], sensor: str = "s1", seq: int = 0, digest: bytes = b"h" * 16) -> Batch:
    return make_batch(BatchKey(sensor, "0123456789abcdef", seq, digest), "web", [msgspec.msgpack.encode(one) for one in accesses], [])


class MemoryStore:
    """Enough of a store to see what the collector hands over."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, str, int], list[bytes]] = {}
        self.columns: list[Columns] = []
        self.heartbeats: list[Heartbeat] = []
        self.gaps: list[Gap] = []

    def take(self, key: BatchKey, columns: Columns, received_at: int, heartbeats: Sequence[Heartbeat] = (), gaps: Sequence[Gap] = ()) -> Receipt:
        hashes = self.taken.setdefault((key.sensor, key.epoch, key.seq), [])
        if key.content_hash in hashes:
            return Receipt("duplicate", 0)
        hashes.append(key.content_hash)
        self.columns.append(columns)
        self.heartbeats += heartbeats
        self.gaps += gaps
        return Receipt("stored" if len(hashes) == 1 else "conflict", length(columns))

    def prepare(self, batches: Sequence[tuple[BatchKey, Columns]]) -> Callable[[int], list[Receipt]]:
        return lambda received_at: [self.take(key, columns, received_at) for key, columns in batches]

    @property
    def targets(self) -> list[bytes]:
        return [target for columns in self.columns if columns for target in columns["target"].tolist()]
