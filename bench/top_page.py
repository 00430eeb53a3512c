# SPDX-License-Identifier: Apache-2.0
"""The first page and a list over HTTP from a whole node (`teiten up`) that holds N accesses of 180 days: after a late row, made again, and kept.

    ./run bench top_page [--full] [--rows 1000000,10000000] [--folder DIR]

`late`: the first request right after a late row of the window came in and was sealed, so that what depends on its day is asked again (the
node's own asking ahead runs at the same time). `ahead`: the first one once the node has asked ahead. `live`: right after a batch of today came in,
so that answers about today are asked again. `again`: nothing changed, but the page is made anew. `kept`: within the second a page lives.
Files are in the system's page cache, as on a machine that serves.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from bench.centre import Running, centre
from bench.machine import cpu_seconds, resident_mib
from bench.tables import SEED, heading, quantile, table
from teiten.centre.beside import Beside
from teiten.clock import system_clock
from teiten.collector import Collector
from teiten.columnar import Columns
from teiten.enrichers.region import with_regions
from teiten.gathering import Gathering
from teiten.home import Home
from teiten.model import BatchKey
from teiten.store.node import NodeStore
from teiten.worlds.rows import objects
from teiten.worlds.synthetic import Synthetic

TOKYO = ZoneInfo("Asia/Tokyo")
DAYS, SENSORS = 180, 10
PAGES = ("/ja/", "/ja/ports")
_COLD, _AGAIN, _KEPT = 10, 100, 500
_HOWS = ("late", "ahead", "live", "again", "kept")
_QUIET_SECONDS = 0.5
_IDLE_SECONDS = 2.0


def load(folder: Path, rows: int, days: int, today: date) -> float:
    """Fill the home's store and seal it; returns seconds."""
    began = time.perf_counter()
    home = Home(folder)
    home.prepare()
    store = NodeStore.open(home.store, TOKYO)
    whole = folder / "loaded"
    if not whole.exists():
        world = Synthetic(seed=SEED, rows=rows, days=days, sensors=SENSORS)
        for entry in world.sensors():
            store.register(entry)
        collector = Collector(store, with_regions, system_clock)
        yesterday = today - timedelta(days=1)
        gathering = Gathering(collector.prepare)
        for batch in world.batches(yesterday):
            gathering.add(batch.key, batch.columns, lambda _: None)
            if batch.key.seq % 20 == 19 and batch.key.sensor == world.names[-1]:
                gathering.flush()
                store.seal(world.period(yesterday).from_on + timedelta(days=batch.key.seq + 1))
        gathering.flush()
        for covered in world.coverage(yesterday):
            store.cover(*covered)
        store.seal(today)
        whole.touch()
    store.close()
    return time.perf_counter() - began


class Visitor:
    """One reader on a connection that stays open."""

    def __init__(self, node: Running) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", node.site, timeout=600)
        self._used_at = time.monotonic()

    def milliseconds(self, page: str) -> float:
        if time.monotonic() - self._used_at > _IDLE_SECONDS:
            self._connection.close()  # the node does so after five
        began = time.perf_counter()
        self._connection.request("GET", page)
        answer = self._connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        self._used_at = time.monotonic()
        if answer.status != 200 or b"</html>" not in body:
            raise RuntimeError(f"{page}: {answer.status}")
        return took


class Changes:
    """Makes the store change the way it does by itself: late rows that are sealed, and batches of today."""

    def __init__(self, node: Running, today: date) -> None:
        self._beside = Beside(node.home.socket, node.home.incoming)
        self._today = today
        self._epoch = f"bench-{system_clock()}"
        self._seq = 0

    def seal_late_row(self) -> None:
        self._take(self._at(self._today - timedelta(days=5)))
        self._beside.seal(self._today)

    def take_today(self) -> None:
        self._take(system_clock())

    def _at(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, 12, tzinfo=TOKYO).timestamp()) * 1_000_000

    def _take(self, observed_at: int) -> None:
        self._seq += 1
        columns: Columns = {
            "observed_at": np.full(1, observed_at, np.int64),
            **{name: objects([value]) for name, value in _ROW.items()},
        }
        key = BatchKey("synthetic-001", self._epoch, self._seq, hashlib.blake2b(str(self._seq).encode(), digest_size=16).digest())
        self._beside.prepare([(key, columns)])()


_ROW = {"channel": "packet", "kind": "syn", "source": bytes([192, 0, 2, 1]), "target": b"445/tcp", "category": "access"}


def measure(folder: Path, rows: int, days: int, today: date) -> list[list[str]]:
    seconds = load(folder, rows, days, today)
    print(f"{rows:,} accesses loaded and sealed in {seconds:.0f} s", flush=True)
    times: dict[tuple[str, str], list[float]] = {}
    with centre(folder, cache_seconds=0) as node:
        visitor, changes = Visitor(node), Changes(node, today)
        idle = resident_mib(node.process.pid)
        for page in PAGES:
            times[page, "late"] = _each(visitor, page, _COLD, changes.seal_late_row)
            times[page, "ahead"] = _each(visitor, page, _COLD, lambda: (changes.seal_late_row(), until_quiet(node)))
            times[page, "live"] = _each(visitor, page, _COLD, changes.take_today)
            times[page, "again"] = _each(visitor, page, _AGAIN, lambda: None)
        loaded = resident_mib(node.process.pid)
    with centre(folder, cache_seconds=60) as node:
        visitor = Visitor(node)
        for page in PAGES:
            visitor.milliseconds(page)
            times[page, "kept"] = _each(visitor, page, _KEPT, lambda: None)
    return [_row(rows, page, times, idle, loaded) for page in PAGES]


def until_quiet(node: Running) -> None:
    """The node has done what it does by itself: its processor time stands still."""
    before = -1.0
    while cpu_seconds(node.process.pid) - before > _QUIET_SECONDS / 20:
        before = cpu_seconds(node.process.pid)
        time.sleep(_QUIET_SECONDS)


def _each(visitor: Visitor, page: str, count: int, before: Callable[[], object]) -> list[float]:
    found = []
    for _ in range(count):
        before()
        found.append(visitor.milliseconds(page))
    return found


def _row(rows: int, page: str, times: dict[tuple[str, str], list[float]], idle: float, loaded: float) -> list[str]:
    cells = [f"{quantile(times[page, how], share):,.1f}" for how in _HOWS for share in (0.5, 0.99)]
    return [f"{rows // 1_000_000} M {page}", *cells, f"{idle:.0f}", f"{loaded:.0f}"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench top_page", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="100 M accesses too (about ten minutes more, 4 GB of disk)")
    parser.add_argument("--rows", default="1000000,10000000")
    parser.add_argument("--days", type=int, default=DAYS, help="fewer, for the density of a large store without its past")
    parser.add_argument("--folder", type=Path, help="keep the stores there, and use what is there already")
    chosen = parser.parse_args(arguments)
    heading("First page and list of ports, over HTTP", "duckdb", "starlette", "jinja2")
    today = datetime.now(TOKYO).date()
    sizes = [int(size) for size in chosen.rows.split(",")] + ([100_000_000] if chosen.full else [])
    found = []
    for rows in sizes:
        folder = (chosen.folder or Path(tempfile.mkdtemp(prefix="teiten-bench-"))) / f"{rows}-{chosen.days}"
        try:
            found += measure(folder, rows, chosen.days, today)
        finally:
            if chosen.folder is None:
                shutil.rmtree(folder.parent, ignore_errors=True)
    print(f"\ngoal: p99 <= 50 ms at 100 M. Samples: late, ahead and live {_COLD} (so p99 is the slowest), again {_AGAIN}, kept {_KEPT}. All in ms.\n")
    columns = ["accesses, page", *(f"{how} {p}" for how in _HOWS for p in ("p50", "p99")), "MiB idle", "MiB after"]
    table(columns, found)
    print(f"\nthis process, peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB (it loads the store)", flush=True)
    return 0
