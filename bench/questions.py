# SPDX-License-Identifier: Apache-2.0
"""Times the store: bulk load, sealing, the questions behind the top page and the lists, over a skewed world of N rows and 180 days; ticks.

    ./run bench questions [--rows 1000000] [--full] [--folder DIR] [--keep]

Same rows for the same N. `cold`: no kept answers; `warm`: asked again while nothing has changed, as visitors of a page do.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bench.tables import heading
from bench.ticks import ticks
from teiten.model import BatchKey, Period
from teiten.questions.counts import count
from teiten.questions.interface import CountQuestion
from teiten.questions.live import latest
from teiten.questions.observation import per_sensor_day, series
from teiten.questions.rankings import cross, cumulative_sources, first_seen, ranking, totals
from teiten.questions.windows import month, window
from teiten.store.answers import Answers
from teiten.store.node import NodeStore

TOKYO = ZoneInfo("Asia/Tokyo")
FIRST_ON = date(2026, 1, 1)
FIRST_AT = 1_767_193_200_000_000  # 2026-01-01 00:00 in Tokyo
DAY_US = 86_400_000_000
DAYS = 180
BATCH = 50_000
AT_ONCE = 40  # batches of a transaction, about 200,000 rows
CHANNELS = np.array(["packet", "web", "ssh", "mail"], dtype=object)
REGIONS = np.array(["CN", "US", "JP", "KR", "RU", "TW", "DE", "BR", "IN", ""], dtype=object)


class World:
    """Pools of sources and targets; skewed picks from them are cheap arrays of the same objects."""

    def __init__(self, rows: int) -> None:
        self.dice = np.random.default_rng(20260101)
        many = max(20_000, rows // 40)
        addresses = self.dice.integers(1 << 24, 224 << 24, many).astype(">u4").tobytes()
        self.sources = np.array([addresses[n * 4 : n * 4 + 4] for n in range(many)], dtype=object)
        ports = [b"%d/tcp" % port for port in self.dice.permutation(65_536)[:20_000]]
        urls = [b"GET /path/%d.php" % n for n in range(5_000)]
        accounts = [b"user%d" % n for n in range(5_000)]
        subjects = [b"subject %d" % n for n in range(2_000)]
        self.targets = [np.array(pool, dtype=object) for pool in (ports, urls, accounts, subjects)]

    def batch(self, day: int, rows: int) -> dict[str, Any]:
        channel = np.minimum(self.dice.geometric(0.6, rows) - 1, 3)
        picks = self.skewed(rows, 2.0)
        target = np.empty(rows, dtype=object)
        for n, pool in enumerate(self.targets):
            of_channel = channel == n
            target[of_channel] = pool[(picks[of_channel] * len(pool)).astype(np.int64)]
        # A day's sources are a part of the pool that moves on, as the net's population does.
        place = (self.skewed(rows, 0.7) * len(self.sources) * 0.3).astype(np.int64) + day * len(self.sources) // DAYS
        source = place % len(self.sources)
        return {
            "observed_at": np.sort(FIRST_AT + day * DAY_US + self.dice.integers(0, DAY_US, rows)),
            "channel": CHANNELS[channel],
            "kind": np.array(["syn", "request", "password", "mail"], dtype=object)[channel],
            "source": self.sources[source],
            "target": target,
            "region": REGIONS[source % 10],
        }

    def skewed(self, rows: int, power: float) -> Any:
        """Numbers in [0, 1) of which small ones are many."""
        return self.dice.random(rows) ** (2 + 2 * power) * 0.999_999


def batches(world: World, rows: int) -> Iterator[tuple[int, dict[str, Any]]]:
    per_day = rows // DAYS
    for day in range(DAYS):
        for start in range(0, per_day, BATCH):
            yield day, world.batch(day, min(BATCH, per_day - start))


def load(store: NodeStore, rows: int) -> None:
    """The world's days, as one import would bring them: the batches of a day's sensors in a few transactions."""
    world = World(rows)
    loading = sealing = 0.0
    taken, last_day = 0, 0
    waiting: list[tuple[BatchKey, dict[str, Any]]] = []
    for seq, (day, columns) in enumerate(batches(world, rows)):
        started = time.perf_counter()
        if day != last_day and (day % 10 == 0 or len(waiting) >= AT_ONCE):
            store.prepare(waiting)(FIRST_AT)
            waiting = []
        loading += time.perf_counter() - started
        if day != last_day and day % 10 == 0:
            started = time.perf_counter()
            store.seal(FIRST_ON + timedelta(days=day))
            sealing += time.perf_counter() - started
        last_day = day
        size = len(columns["source"])
        for n, share in enumerate(np.array_split(np.arange(size), 10)):
            own = {name: array[share] for name, array in columns.items()}
            waiting.append((BatchKey(f"sensor-{n}", "world-bench", seq, bytes(16)), own))
        taken += size
    started = time.perf_counter()
    store.prepare(waiting)(FIRST_AT)
    loading += time.perf_counter() - started
    started = time.perf_counter()
    store.seal(FIRST_ON + timedelta(days=DAYS))
    sealing += time.perf_counter() - started
    for n in range(10):
        store.cover(f"sensor-{n}", "packet", FIRST_ON, FIRST_ON + timedelta(days=DAYS - 1))
    print(f"load {taken:,} rows in batches of up to {BATCH // 10:,}: {taken / loading:,.0f} rows/s; sealing: {sealing / DAYS * 1000:.0f} ms a day")


def asked(store: NodeStore) -> dict[str, Callable[[], object]]:
    period = window(FIRST_ON + timedelta(days=DAYS))
    may = month(2026, 5)
    half = Period(FIRST_ON, FIRST_ON + timedelta(days=DAYS))
    found: dict[str, Callable[[], object]] = {}
    for channel in CHANNELS:
        found[f"top 5 {channel}, accesses"] = lambda channel=channel: ranking(store, period, zone=TOKYO, channel=channel, top=5)
        found[f"top 5 {channel}, sources"] = lambda channel=channel: ranking(store, period, zone=TOKYO, channel=channel, top=5, order="sources")
    found["window, per day, one channel"] = lambda: series(store, period, channel="packet")
    found["window, totals by channel"] = lambda: totals(store, period, zone=TOKYO)
    found["window, top 100 targets"] = lambda: ranking(store, period, zone=TOKYO, top=100)
    found["window, networks, top 20"] = lambda: ranking(store, period, zone=TOKYO, by="network", top=20)
    found["one target, window, per day"] = lambda: series(store, period, channel="packet", target=b"1/tcp")
    found["one target, 180 days, per day"] = lambda: series(store, half, channel="packet", target=b"1/tcp")
    found["one target, window, by hour"] = lambda: count(store, CountQuestion(by="hour", target=b"1/tcp", from_on=period.from_on), TOKYO)
    found["latest 20"] = lambda: latest(store, 20)
    found["targets first seen in the window"] = lambda: first_seen(store, period, channel="packet")
    found["month, per sensor and day"] = lambda: per_sensor_day(store, may)
    found["month, day x region"] = lambda: cross(store, may, "day", "region")
    found["month, cumulative sources by target"] = lambda: cumulative_sources(store, may, "target", channel="packet")
    found["180 days, all sources"] = lambda: count(store, CountQuestion(), TOKYO)
    return found


def measure(store: NodeStore, cold: int, warm: int) -> None:
    every: tuple[list[float], list[float]] = ([], [])
    for name, question in asked(store).items():
        colds = [timed_cold(store, question) for _ in range(cold)]
        warms = [timed(question) for _ in range(warm)]
        every[0].extend(colds)
        every[1].extend(warms)
        tell(name, colds, warms)
    tell("all questions", *every)


def tell(name: str, colds: list[float], warms: list[float]) -> None:
    cold, warm = ((float(np.quantile(times, 0.5)), float(np.quantile(times, 0.99))) for times in (colds, warms))
    print(f"{name:40} cold p50 {cold[0]:8.1f} p99 {cold[1]:8.1f} ms   warm p50 {warm[0]:6.2f} p99 {warm[1]:6.2f} ms", flush=True)


def timed_cold(store: NodeStore, question: Callable[[], object]) -> float:
    store._answers = Answers()
    return timed(question)


def timed(question: Callable[[], object]) -> float:
    started = time.perf_counter()
    question()
    return (time.perf_counter() - started) * 1000


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./run bench questions", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--full", action="store_true", help="100 million rows")
    parser.add_argument("--folder", type=Path, help="keep the store there, and use what is there already")
    asked_for = parser.parse_args(arguments)
    heading("The questions behind the pages, asked of the store directly", "duckdb", seed=20260101)
    rows = 100_000_000 if asked_for.full else asked_for.rows
    folder = asked_for.folder or Path(tempfile.mkdtemp(prefix="teiten-bench-"))
    store = NodeStore.open(folder, TOKYO)
    try:
        if not store.days():
            load(store, rows)
        told = store.status()
        for kind, held in told["parts"].items():
            print(f"{kind}: {held['rows']:,} rows, {held['bytes'] / max(1, held['rows']):.1f} bytes each, {held['files']} files")
        print("database MB:", told["disk"]["database_bytes"] // 1_000_000)
        measure(store, cold=5, warm=20)
        print("memory, peak MB:", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)
    finally:
        store.close()
        if asked_for.folder is None:
            shutil.rmtree(folder)
    ticks()
    return 0


if __name__ == "__main__":
    sys.exit(main())
