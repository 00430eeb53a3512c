# SPDX-License-Identifier: Apache-2.0
"""Bulk load in a process of its own: a synthetic world's columns through Collector.take_many into a fresh store, timed without their making.

They go the way of an import: gathered to transactions, one of which is stored while the next is gathered.

python -m bench.bulk FOLDER ROWS ROWS_PER_BATCH     prints {"rows": …, "take_seconds": …, "seal_seconds": …, …}
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
_ROWS_AT_ONCE = 600_000  # made before the clock runs


def main(folder: Path, rows: int, per_batch: int) -> dict[str, Any]:
    days = max(1, rows // (per_batch * _SENSORS))
    world = Synthetic(rows=rows, days=days, sensors=_SENSORS, first_on=date(2026, 1, 1))
    store = NodeStore.open(folder, ZoneInfo("Asia/Tokyo"))
    collector = Collector(store, with_regions, system_clock)
    taking, computing, making, stored, batches = 0.0, 0.0, 0.0, 0, 0
    receipts: list[Receipt] = []
    world_batches = world.batches()
    while True:
        began = time.perf_counter()
        made = list(_some(world_batches))
        making += time.perf_counter() - began
        if not made:
            break
        started, used = time.perf_counter(), time.process_time()
        gathering = Gathering(collector.take_many)
        for batch in made:
            gathering.add(batch.key, batch.columns, receipts.append)
        gathering.flush()
        taking += time.perf_counter() - started
        computing += time.process_time() - used
        stored += sum(receipt.rows for receipt in receipts)
        batches += len(receipts)
        receipts.clear()
    started = time.perf_counter()
    store.seal(world.period().to_on + timedelta(days=1))
    sealing = time.perf_counter() - started
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"rows": stored, "batches": batches, "make_seconds": making, "take_seconds": taking}
    return {**told, "take_cpu": computing, "seal_seconds": sealing, "peak_mib": peak}


def _some(world: Iterator[WorldBatch]) -> Iterator[WorldBatch]:
    """About as many rows as four transactions take."""
    rows = 0
    while rows < _ROWS_AT_ONCE and (batch := next(world, None)) is not None:
        rows += length(batch.columns)
        yield batch


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
