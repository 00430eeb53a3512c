# SPDX-License-Identifier: Apache-2.0
"""The same judgement on a real background: logs of real hosts played over and over by several sensors, with outbreaks set in.

A sensor plays one log from a day of its own, round and round; each round its networks get other numbers, so that who came back within the log
comes back, and nobody else. Hours, bursts, crowds, dictionaries and returning sources are thus as they were; that sensors are alike is not.
Hours that a log doesn't cover are not observed. Every thing that is raised and isn't an outbreak of ours counts as false, whatever it was.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bench.detection_counts import Counted, count_world
from bench.detection_world import HOURS, WARMUP_DAYS, Meetings, Shape, World, arrive, come_back, plan
from teiten.columnar import Columns, length
from teiten.gathering import at_once
from teiten.importers.intake import run_import
from teiten.importers.interface import ReadOptions
from teiten.model import BatchKey, Receipt

DATA = Path(os.environ.get("TEITEN_DATA", Path(__file__).parents[2] / "shared" / "data"))
# channel -> (log, sensors that play it); logs of days or weeks, from hosts of unlike kind
PLAYED = {
    "ssh": (("ssh/auth-password-host-2017.log", 7), ("ssh/auth-publickey-host-2014.log", 3)),
    "web": (("web/apache-combined-semicomplete-2015.log", 5), ("web/apache-combined-hackers-2015.log", 5)),
}
OUTBREAKS = 16  # in a world: each kind of target with each shape; sizes go by the seed
NEVER_MET = 40  # targets for outbreaks of something new
_HOUR_US = 3_600_000_000
_NEWEST_US = 1_800_000_000_000_000
_BROAD = {"web": 50, "ssh": 1 << 30}


class Log(NamedTuple):
    """`hour` counts from the first midnight (UTC); `networks` are numbered."""

    target: NDArray[Any]
    hour: NDArray[Any]
    network: NDArray[Any]
    days: int
    covered: NDArray[np.bool_]  # [days * 24]


def replays(seeds: list[int], days: int) -> list[tuple[World, Counted]]:
    """Worlds of each channel and seed. Raises FileNotFoundError where the logs aren't."""
    found = []
    for channel, played in PLAYED.items():
        names: dict[bytes, int] = {}
        logs = [(read_log(DATA / path, channel, names), sensors) for path, sensors in played]
        for seed in seeds:
            world = replay(seed, logs, len(names), days)
            found.append((world, count_world(world, broad=_BROAD[channel])))
    return found


def read_log(path: Path, channel: str, names: dict[bytes, int]) -> Log:
    """Through this project's importers; `names` numbers targets over all logs."""
    if not path.is_file():
        raise FileNotFoundError(path)
    parts: list[Columns] = []

    def deliver(batches: Sequence[tuple[BatchKey, Columns]]) -> list[Receipt]:
        parts.extend(columns for _, columns in batches)
        return [Receipt("stored", length(columns)) for _, columns in batches]

    run_import([path], sensor="replay", options=ReadOptions(ZoneInfo("UTC"), _NEWEST_US), prepare=at_once(deliver), known=lambda sensor, epoch: [])
    rows = [
        (at, target, source)
        for part in parts
        if part
        for at, kind, category, target, source in zip(
            *(part[name].tolist() for name in ("observed_at", "channel", "category", "target", "source")), strict=True
        )
        if kind == channel and category == "access"
    ]
    networks: dict[bytes, int] = {}
    hour = np.array([at // _HOUR_US for at, _, _ in rows])
    hour -= hour.min() // HOURS * HOURS
    days = int(hour.max()) // HOURS + 1
    target = np.array([names.setdefault(target, len(names)) for _, target, _ in rows])
    network = np.array([networks.setdefault(source[: 3 if len(source) == 4 else 6], len(networks)) for _, _, source in rows])
    covered = np.zeros(days * HOURS, bool)
    covered[hour.min() : hour.max() + 1] = True
    return Log(target, hour, network, days, covered)


def replay(seed: int, logs: list[tuple[Log, int]], names: int, judged_days: int) -> World:
    dice = np.random.default_rng(seed)
    days, targets = WARMUP_DAYS + judged_days, names + NEVER_MET
    players = [log for log, sensors in logs for _ in range(sensors)]
    live = np.zeros((len(players), days * HOURS))
    met = [_play(dice, log, sensor, live, days) for sensor, log in enumerate(players)]
    background = met[0].joined(*met[1:])
    daily = count_world(World(targets, days, live, background, [], [], np.zeros(targets))).series.new
    rates, deviations = daily.mean(1), daily.std(1)
    outbreaks = plan(dice, rates, Shape(targets=targets, days=judged_days, outbreaks_per_day=OUTBREAKS / judged_days), days, first=seed * OUTBREAKS)
    reach = np.cumsum(dice.gamma(5, 0.2, len(players)))
    broken = [arrive(dice, one, one.size * max(float(deviations[one.target]), 1.0), reach / reach[-1], days) for one in outbreaks]
    more = come_back(dice, broken[0].joined(*broken[1:]), np.tile(reach / reach[-1], (targets, 1)))
    seen = background.joined(more)
    seen = seen.take(seen.hour < days * HOURS)
    return World(targets, days, live, seen.take(live[seen.sensor, seen.hour] > 0), outbreaks, [], rates)


def _play(dice: np.random.Generator, log: Log, sensor: int, live: NDArray[Any], days: int) -> Meetings:
    start, parts = -int(dice.integers(0, log.days)), []
    while start < days:
        salt = int(dice.integers(1, 1 << 23))
        network = (log.network * 40_503 + salt) % (1 << 24)  # odd factor: numbers stay different
        parts.append(Meetings(log.target, log.hour + start * HOURS, np.full(len(log.hour), sensor), network))
        first, last = max(start, 0) * HOURS, min(start + log.days, days) * HOURS
        live[sensor, first:last] = log.covered[first - start * HOURS : last - start * HOURS]
        start += log.days
    whole = parts[0].joined(*parts[1:])
    return whole.take((whole.hour >= 0) & (whole.hour < days * HOURS))
