# SPDX-License-Identifier: Apache-2.0
"""Bulk load in a process of its own: a synthetic world's columns through Collector.take_columns into a fresh store, timed without their making.

python -m bench.bulk FOLDER ROWS ROWS_PER_BATCH     prints {"rows": …, "take_seconds": …, "seal_seconds": …, …}
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from teiten.clock import system_clock
from teiten.collector import Collector
from teiten.enrichers.region import with_regions
from teiten.store.node import NodeStore
from teiten.worlds.synthetic import Synthetic

_SENSORS = 2


def main(folder: Path, rows: int, per_batch: int) -> dict[str, Any]:
    days = max(1, rows // (per_batch * _SENSORS))
    world = Synthetic(rows=rows, days=days, sensors=_SENSORS, first_on=date(2026, 1, 1))
    store = NodeStore.open(folder, ZoneInfo("Asia/Tokyo"))
    collector = Collector(store, with_regions, system_clock)
    taking, stored, batches = 0.0, 0, 0
    began = time.perf_counter()
    for batch in world.batches():
        started = time.perf_counter()
        stored += collector.take_columns(batch.key, batch.columns).rows
        taking += time.perf_counter() - started
        batches += 1
    making = time.perf_counter() - began - taking
    started = time.perf_counter()
    store.seal(world.period().to_on + timedelta(days=1))
    sealing = time.perf_counter() - started
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": stored, "batches": batches, "make_seconds": making, "take_seconds": taking, "seal_seconds": sealing, "peak_mib": peak}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
