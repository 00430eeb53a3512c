# SPDX-License-Identifier: Apache-2.0
"""Small stores of odd shapes for the report: one sensor, a lost one, silence, nothing, IPv6, many targets, hostile texts."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.enrichers.region import with_regions
from teiten.model import Access, BatchKey
from teiten.store.node import NodeStore

TOKYO = ZoneInfo("Asia/Tokyo")
JUNE = date(2026, 6, 1)
DAYS = [date(2026, 5, 1) + timedelta(days=n) for n in range(61)]  # May and June

HOSTILE = (
    b'=HYPERLINK("http://x.example")',
    b"<script>alert(1)</script>",
    "\u202egnp.exe".encode(),
    b'#image("/etc/hostname") #eval("1") $x$ *b* _c_ @ref <label>',
    b"\x1b[31m\x00\x07",
    b"A" * 65_536,
    b"GET /'\"><img src=x onerror=alert(1)>",
    b"{{7*7}} ${7*7}",
    b"@SUM(A1)",
    "\u200b\ufeff hidden".encode(),
    b"\xff\xfe\x80",
    b"]]></svg><script>alert(2)</script>",
    b"</style><b>",
)


def access(day: date, target: bytes, dice: random.Random, channel: str = "packet", source: bytes | None = None) -> Access:
    midnight = to_microseconds(datetime(day.year, day.month, day.day, tzinfo=TOKYO))
    address = source or bytes([dice.choice([1, 61, 133, 202, 8]), dice.randrange(256), dice.randrange(256), dice.randrange(256)])
    return Access(observed_at=midnight + dice.randrange(86_400) * 1_000_000, channel=channel, kind="syn", source=address, target=target)


def put(store: NodeStore, sensor: str, accesses: Iterable[Access], channel: str = "packet", days: list[date] | None = None) -> None:
    columns = with_regions(from_accesses(list(accesses)))
    store.take(BatchKey(sensor, f"file-{sensor}", 0, bytes(16)), columns, 0)
    if days:
        store.cover(sensor, channel, days[0], days[-1])


def opened(folder: Path) -> Iterator[NodeStore]:
    store = NodeStore.open(folder, TOKYO)
    yield store
    store.close()
