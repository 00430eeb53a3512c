# SPDX-License-Identifier: Apache-2.0
"""Bulk load in a process of its own: a synthetic world's columns through Collector.prepare into a fresh store, timed without their making.

They go the way of an import: gathered to transactions, one of which is stored while the next is gathered.

python -m bench.bulk FOLDER ROWS ROWS_PER_BATCH [unsealed]     prints {"rows": …, "take_seconds": …, "seal_seconds": …, …}
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from teiten.clock import system_clock
from teiten.collector import Collector
from teiten.columnar import length
from teiten.enrichers.region import with_regions
from teiten.gathering import Gathering
from teiten.model import Receipt
from teiten.store.node import NodeStore
from teiten.worlds.interface import WorldBatch
from teiten.worlds.synthetic import Synthetic

_SENSORS = 2
_TOLD_ROWS = 5_000_000
_ROWS_AT_ONCE = 1_900_000  # made before the clock runs


def main(folder: Path, rows: int, per_batch: int, sealed: bool = True) -> dict[str, Any]:
    days = max(1, rows // (per_batch * _SENSORS))
    world = Synthetic(rows=rows, days=days, sensors=_SENSORS, first_on=date(2026, 1, 1))
    store = NodeStore.open(folder, ZoneInfo("Asia/Tokyo"))
    collector = Collector(store, with_regions, system_clock)
    taking, computing, making, early, stored, batches = 0.0, 0.0, 0.0, 0.0, 0, 0
    receipts: list[Receipt] = []
    world_batches = world.batches()
    while True:
        began = time.perf_counter()
        made = list(_some(world_batches))
        making += time.perf_counter() - began
        if not made:
            break
        started, used = time.perf_counter(), time.process_time()
        gathering = Gathering(collector.prepare)
        for batch in made:
            gathering.add(batch.key, batch.columns, receipts.append)
        gathering.flush()
        taking += time.perf_counter() - started
        computing += time.process_time() - used
        stored += sum(receipt.rows for receipt in receipts)
        batches += len(receipts)
        receipts.clear()
        if stored // _TOLD_ROWS > (stored - sum(length(batch.columns) for batch in made)) // _TOLD_ROWS:
            print(f"{stored:,} rows: {taking:.0f} s, {computing:.0f} s of CPU, {peak_mib():.0f} MiB", file=sys.stderr, flush=True)
        early = early or (peak_mib() if stored * 10 >= rows else 0.0)
    started = time.perf_counter()
    if sealed:
        store.seal(world.period().to_on + timedelta(days=1))
    sealing = time.perf_counter() - started
    store.close()
    told = {"rows": stored, "batches": batches, "make_seconds": making, "take_seconds": taking}
    return {**told, "take_cpu": computing, "seal_seconds": sealing, "peak_mib_at_a_tenth": early, "peak_mib": peak_mib()}


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _some(world: Iterator[WorldBatch]) -> Iterator[WorldBatch]:
    """About as many rows as ten transactions take."""
    rows = 0
    while rows < _ROWS_AT_ONCE and (batch := next(world, None)) is not None:
        rows += length(batch.columns)
        yield batch


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), "unsealed" not in sys.argv)))
