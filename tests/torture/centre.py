# SPDX-License-Identifier: Apache-2.0
"""A centre process: courier, collector and store as a node has them, and a sealer that never rests.

With `repeat` every batch comes again, late and out of order.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from teiten.clock import system_clock
from teiten.collector import Collector
from teiten.columnar import Columns
from teiten.errors import TeitenError
from teiten.model import Receipt
from teiten.store.node import NodeStore
from teiten.transport.batches import Batch
from teiten.transport.courier import Courier, in_thread
from teiten.transport.listening import ListeningSettings, make_server
from teiten.transport.receiver import Receiver
from tests.torture.shipper import SETTINGS

ZONE = ZoneInfo("Asia/Tokyo")
_WINDOW = 64
_FAR = date(2100, 1, 1)


class Repeating:
    """Each batch three times within a shuffled window (F8); the courier gets the answer to the first."""

    def __init__(self, collector: Collector, seed: int) -> None:
        self._collector = collector
        self._random = random.Random(seed)
        self._window: list[Batch] = []

    def __call__(self, batch: Batch) -> Receipt:
        receipt = self._collector.take(batch)
        self._window += [batch, batch]
        self._random.shuffle(self._window)
        while len(self._window) > _WINDOW or (self._window and self._random.random() < 0.5):
            self._collector.take(self._window.pop())
        return receipt


def with_regions(columns: Columns) -> Columns:
    return columns | {"region": np.array(["JP" if source[0] % 2 else "ZZ" for source in columns["source"]], dtype=object)} if columns else columns


async def main(store_folder: Path, spool: Path, repeat: bool, seal: bool, socket: str) -> None:
    """Takes from `spool` itself, or, with `socket`, from a shipper."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    store = NodeStore.open(store_folder, ZONE)
    collector = Collector(store, with_regions, system_clock)
    take = Repeating(collector, 1) if repeat else collector.take
    server = make_server(Receiver(take, None, trusted=True), ListeningSettings(unix_socket=socket)) if socket else None
    work = server.serve() if server else Courier(spool, in_thread(take), system_clock, SETTINGS).run()
    tasks = [asyncio.create_task(work)] + ([asyncio.create_task(sealing(store))] if seal else [])
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in [waiting, *tasks]:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await loop.shutdown_default_executor()  # threads may still be storing or sealing
    store.close()
    if not stop.is_set() and not socket:
        raise SystemExit("the courier ended")


async def sealing(store: NodeStore) -> None:
    while True:
        await asyncio.sleep(0.3)
        with suppress(TeitenError, OSError, duckdb.Error):  # a full disk; the next round tries again
            await asyncio.to_thread(store.seal, _FAR)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "1", sys.argv[4] == "1", sys.argv[5]))
