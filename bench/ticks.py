# SPDX-License-Identifier: Apache-2.0
"""One tick of the watch over a store of many targets and sensors: how its time and memory grow with targets, sensors and days.

Targets are heavy-tailed and each sensor meets some 330 networks a day, as the real ones of 2007 did; a quarter of the networks come back, a few
sources survey everything, and every day some targets break out. Part of `./run bench questions`.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bench.tables import table
from teiten.findings.watching import watch
from teiten.marks import StoreMarks
from teiten.model import CHANNELS, BatchKey, SensorEntry
from teiten.store.days import start_of
from teiten.store.node import NodeStore

TOKYO = ZoneInfo("Asia/Tokyo")
FIRST_ON = date(2026, 1, 1)
SHARES = np.array([0.7, 0.15, 0.1, 0.05])  # of the targets: packet, web, ssh, mail
PER_SENSOR = 330.0  # new networks a day
_NETWORKS = 1 << 24
_DAY_US = 86_400_000_000


class Size(NamedTuple):
    targets: int
    sensors: int
    days: int


# Each but the first has more of one thing than one before it; the last is the goal's: 5 s of one core, 1 GiB.
GROWTH: Final = (Size(25_000, 25, 54), Size(25_000, 25, 108), Size(100_000, 25, 54), Size(100_000, 100, 54))


class _Field(NamedTuple):
    """[targets] each."""

    name: NDArray[Any]
    channel: NDArray[Any]
    rate: NDArray[Any]  # new networks a day, all sensors together


def ticks(sizes: Sequence[Size] = GROWTH) -> None:
    """A row for each size: CPU for the first tick of a day and for one five hours later, with windows of hours, by a store that has one thread."""
    rows = []
    for size in sizes:
        place = Path(tempfile.mkdtemp(prefix="teiten-ticks-"))
        store = NodeStore.open(place, TOKYO, threads=1)
        try:
            accesses = fill(store, size)
            at = start_of(FIRST_ON + timedelta(days=size.days - 1), TOKYO)
            daily, findings = timed(store, at, hourly=False)
            hourly, _ = timed(store, at + 5 * 3_600_000_000, hourly=True)
            rows.append([f"{size.targets:,} × {size.sensors} × {size.days}", f"{accesses:,}", f"{daily:.2f} s", f"{hourly:.2f} s"])
            rows[-1] += [f"{_peak() >> 20} MiB", f"{findings}"]
        finally:
            store.close()
            shutil.rmtree(place)
    print()
    table(["tick: targets × sensors × days", "accesses", "daily", "hourly", "memory, peak so far", "on the lists"], rows)


def timed(store: NodeStore, at: int, *, hourly: bool) -> tuple[float, int]:
    """Seconds of CPU: with one thread of the store that is what one core needs."""
    started = time.process_time()
    found = watch(store, at, TOKYO, (), StoreMarks(store), hourly=hourly)
    return time.process_time() - started, len(found.findings)


def fill(store: NodeStore, size: Size) -> int:
    """All days sealed but the last; the number of accesses."""
    dice = np.random.default_rng(size.targets + size.sensors)
    field = _field(dice, size)
    names = [f"sensor-{n}" for n in range(size.sensors)]
    for name in names:
        store.register(SensorEntry(name, "field"))
    accesses = 0
    for day, columns in enumerate(_days(dice, field, size)):
        order = np.argsort(columns["sensor"], kind="stable")
        bounds = np.searchsorted(columns["sensor"][order], np.arange(size.sensors + 1))
        parts = [order[low:high] for low, high in pairwise(bounds)]
        batches = [
            (BatchKey(name, "ticks", day, bytes(16)), {key: column[part] for key, column in columns.items() if key != "sensor"})
            for name, part in zip(names, parts, strict=True)
        ]
        store.prepare([batch for batch in batches if len(batch[1]["source"])])(start_of(FIRST_ON, TOKYO))
        accesses += len(order)
        if day % 10 == 9 or day == size.days - 1:
            store.seal(FIRST_ON + timedelta(days=day))
    for name in names:
        for channel in CHANNELS:
            store.cover(name, channel, FIRST_ON, FIRST_ON + timedelta(days=size.days - 1))
    return accesses


def _field(dice: np.random.Generator, size: Size) -> _Field:
    rate = 10 ** dice.normal(-1.4, 0.9, size.targets)
    rate *= PER_SENSOR * size.sensors / rate.sum()
    channel = dice.choice(4, size.targets, p=SHARES)
    pattern = np.array(["%d/tcp", "GET /path/%d.php", "user%d", "subject %d"], dtype=object)[channel]
    names = np.array([(text % n).encode() for n, text in enumerate(pattern)], dtype=object)
    return _Field(names, channel, rate)


def _days(dice: np.random.Generator, field: _Field, size: Size) -> Iterator[dict[str, Any]]:
    """Rows of each day in columns, with the sensor's number."""
    target, network = np.zeros(0, np.int64), np.zeros(0, np.int64)
    broken: list[tuple[int, NDArray[Any]]] = []
    for day in range(size.days):
        broken = [(end, targets) for end, targets in broken if end > day]
        broken.append((day + 7, dice.integers(0, size.targets, max(size.targets // 5_000, 1))))
        risen = np.concatenate([targets for _, targets in broken])
        fresh = np.concatenate([np.repeat(np.arange(size.targets), dice.poisson(field.rate)), np.repeat(risen, dice.poisson(6, len(risen)))])
        came, who = np.concatenate([fresh, target]), np.concatenate([dice.integers(0, _NETWORKS, len(fresh)), network])
        again = dice.random(len(came)) < 0.28
        target, network = came[again], who[again]
        swept = np.arange(0, size.targets, 50)  # by a survey
        came, who = np.concatenate([came, swept]), np.concatenate([who, np.full(len(swept), day)])
        at = start_of(FIRST_ON + timedelta(days=day), TOKYO) + dice.integers(0, _DAY_US, len(came))
        yield {
            "observed_at": at,
            "channel": np.array(CHANNELS, dtype=object)[field.channel[came]],
            "kind": np.array(["syn", "request", "password", "mail"], dtype=object)[field.channel[came]],
            "source": _addresses(who),
            "target": field.name[came],
            "region": np.full(len(came), "JP", dtype=object),
            "sensor": dice.integers(0, size.sensors, len(came)),
        }


def _addresses(networks: NDArray[Any]) -> NDArray[Any]:
    """One host in each IPv4 /24."""
    packed = (networks.astype(np.uint32) << 8 | 7).astype(">u4").tobytes()
    found = np.empty(len(networks), dtype=object)
    found[:] = [packed[n * 4 : n * 4 + 4] for n in range(len(networks))]
    return found


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
