# SPDX-License-Identifier: Apache-2.0
"""How many hours until something is found when the detector runs every hour: worms that double, and steps, set into a simulated world."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detection_counts import count_world, sightings
from bench.detection_ours import levels
from bench.detection_world import HOURS, WARMUP_DAYS, Meetings, Shape, World, make_world
from teiten.detectors.rise import measure_rise
from teiten.detectors.rules import LEVEL

DOUBLING_HOURS = (2, 4, 8, 24)
STEPS_PER_DAY = (8, 16, 40, 100)
EACH = 16  # of every kind
WATCHED_HOURS = 48
START = (WARMUP_DAYS + 1) * HOURS + 5


def early(seed: int, targets: int) -> None:
    world = make_world(seed, Shape(targets=targets, days=4, outbreaks_per_day=0.0))
    names = [f"doubling every {hours} h" for hours in DOUBLING_HOURS] + [f"step of {step} a day" for step in STEPS_PER_DAY]
    chosen = np.random.default_rng(seed).permutation(targets)[: EACH * len(names)].reshape(len(names), EACH)
    world = world._replace(meetings=world.meetings.joined(*_spreading(seed, chosen, len(world.live))))
    found, false = _watch(world, chosen.ravel())
    print(f"\nhours until risk or attention, run hourly (median of {EACH}; – never within {WATCHED_HOURS}):")
    for name, hours in zip(names, found.reshape(len(names), EACH), strict=True):
        median = float(np.median(hours))
        print(f"  {name:22} {'–' if np.isinf(median) else f'{median:.0f} h'}, found {np.isfinite(hours).sum()} of {EACH}")
    print(f"  false findings in these {WATCHED_HOURS} hours: {false} ({false / 2 * 20_000 / targets:.2f} a day for 20,000 targets)")


def _spreading(seed: int, chosen: NDArray[Any], sensors: int) -> list[Meetings]:
    dice = np.random.default_rng(seed + 1)
    hours = np.arange(WATCHED_HOURS)
    rates = [np.minimum(2 ** ((hours + 1) / doubling) - 2 ** (hours / doubling), 200) for doubling in DOUBLING_HOURS]
    rates += [np.full(WATCHED_HOURS, step / 24) for step in STEPS_PER_DAY]
    met = []
    for rate, targets in zip(rates, chosen, strict=True):
        for target in targets:
            counts = dice.poisson(rate)
            hour = START + np.repeat(hours, counts)
            met.append(Meetings(np.full(len(hour), target), hour, dice.integers(0, sensors, len(hour)), dice.integers(0, 1 << 24, len(hour))))
    return met


def _watch(world: World, chosen: NDArray[Any]) -> tuple[NDArray[Any], int]:
    counted = count_world(world)
    first = np.full(world.targets, np.inf)
    before = np.zeros(world.targets, bool)
    for hours in range(WATCHED_HOURS + 1):
        rise = measure_rise(sightings(world, counted, START + hours), hourly=True)
        raised = rise.target[levels(rise) > 0]
        if hours == 0:
            before[rise.target[rise.score >= LEVEL.risk_score - 1]] = True  # already there: not of these hours
        first[raised] = np.minimum(first[raised], hours)
    others = np.isfinite(first) & ~before
    others[chosen] = False
    return first[chosen], int(others.sum())
