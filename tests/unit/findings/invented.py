# SPDX-License-Identifier: Apache-2.0
"""A small store with a known outbreak: six sensors, thirty days of a steady target, then thirty networks in a night on another."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, SensorEntry
from teiten.store.node import NodeStore

TOKYO = ZoneInfo("Asia/Tokyo")
MIDNIGHT = to_microseconds(datetime(2026, 8, 19, 15, tzinfo=UTC))  # 2026-08-20 00:00 in Tokyo
HOUR = 3_600_000_000
DAY = 24 * HOUR
SENSORS = tuple(f"s{n}" for n in range(6))
STEADY, RISEN, CROWDED, SWEPT = b"445/tcp", b"5168/tcp", b"7000/tcp", b"9/tcp"


def access(target: bytes, number: int, at: int) -> Access:
    return Access(observed_at=at, channel="packet", kind="syn", source=(number * 256 + 1 + (10 << 24)).to_bytes(4, "big"), target=target)


def open_store(folder: Path, *, late: bool = False) -> NodeStore:
    """The outbreak is in the 24 hours before MIDNIGHT, with a crowd at one sensor and a sweep beside it. `late`: half of all rows come a month
    after, the oldest last, when the days are sealed already."""
    dice = np.random.default_rng(8)
    store = NodeStore.open(folder, TOKYO)
    rows: dict[str, list[Access]] = {name: [] for name in SENSORS}
    for day in range(30):
        for _ in range(8):
            at = MIDNIGHT - day * DAY - int(dice.integers(1, DAY))
            rows[SENSORS[int(dice.integers(6))]].append(access(STEADY, int(dice.integers(60_000)), at))
    for n in range(30):
        rows[SENSORS[n % 5]].append(access(RISEN, 1000 + n, MIDNIGHT - HOUR - n * 60_000_000))
        rows[SENSORS[2]].append(access(CROWDED, 2000 + n, MIDNIGHT - 2 * HOUR))
    for scan in range(6):
        for port in range(40):
            rows[SENSORS[scan]].append(access(b"%d/tcp" % (9 + port), 40_000 + scan, MIDNIGHT - 3 * HOUR))
    for name, accesses in rows.items():
        store.register(SensorEntry(name, "east"))
        store.take(BatchKey(name, "e", 0, bytes(16)), from_accesses(accesses[::2] if late else accesses), MIDNIGHT)
        store.cover(name, "packet", date(2026, 7, 10), date(2026, 8, 25))
    if late:
        store.seal(date(2026, 9, 20))
        for name, accesses in rows.items():
            rest = sorted(accesses[1::2], key=lambda one: -one.observed_at)
            store.take(BatchKey(name, "e", 1, bytes(16)), from_accesses(rest), MIDNIGHT + 30 * DAY)
    return store
