# SPDX-License-Identifier: Apache-2.0
"""A surge: a target whose sources rise far above their usual number and fall again. Pure: days in, at most one surge out.

What a report names as "temporarily many" (R-11, R-12): when it began, when it was highest, and whether it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import sqrt
from statistics import median
from typing import Final

import msgspec

from teiten.config import Settings


class SurgeRule(Settings, frozen=True):
    """`SURGE_REASONS` says why each value is what it is."""

    version: str = "surge-1"
    factor: float = 4.0
    deviations: float = 6.0
    least_sources: int = 20
    tail: float = 0.05
    least_calm_days: int = 7
    most_days: int = 21
    gap_days: int = 1


SURGE: Final = SurgeRule()

SURGE_REASONS: Final[dict[str, str]] = {
    "version": "names this set of values in stored conclusions",
    "factor": "four times the usual number is more than the rhythm of weeks and holidays does on real sensors",
    "deviations": "for rare targets four times is chance; six deviations of a Poisson count is not, among thousands of targets and a month of days",
    "least_sources": "a handful of sources is no event for readers of a monthly report, however rare the target is",
    "tail": "the days at the edges belong to the surge while they have a twentieth of its peak; below it readers see a flat line in the figure",
    "least_calm_days": "without a week of calm before it, nothing is known of what is usual",
    "most_days": "what stays for more than three weeks is a new level, not a surge",
    "gap_days": "one calm day inside, or a day that nobody observed, does not end it",
}


class Day(msgspec.Struct, frozen=True):
    on: date
    sources: int
    accesses: int
    sensors: int  # observing; a day with none is left out


class Surge(msgspec.Struct, frozen=True):
    """Both ends included. `quiet_on`: the first calm day after it, None while it lasts. `usual`: sources on an ordinary day."""

    first_on: date
    peak_on: date
    last_on: date
    quiet_on: date | None
    accesses: int
    peak_accesses: int
    usual: float
    version: str


def surge(days: Sequence[Day], rule: SurgeRule = SURGE) -> Surge | None:
    """The highest surge in consecutive days; numbers of sources are compared per observing sensor."""
    live = [day for day in days if day.sensors]
    if len(live) <= rule.least_calm_days:
        return None
    typical = median(day.sensors for day in live)
    level = [day.sources * typical / day.sensors for day in live]
    usual = float(median(level))
    peak = max(range(len(live)), key=level.__getitem__)
    if level[peak] < max(rule.least_sources, usual * rule.factor, usual + rule.deviations * sqrt(usual + 1)):
        return None
    floor = max(level[peak] * rule.tail, usual * 2, usual + 3)
    first, last = _edge(level, peak, -1, floor, rule), _edge(level, peak, 1, floor, rule)
    if first < rule.least_calm_days or last - first >= rule.most_days:
        return None
    held = live[first : last + 1]
    highest = max(held, key=lambda day: day.accesses)
    quiet = live[last + 1].on if last + 1 < len(live) else None
    return Surge(held[0].on, highest.on, held[-1].on, quiet, sum(day.accesses for day in held), highest.accesses, usual, rule.version)


def _edge(level: Sequence[float], peak: int, step: int, floor: float, rule: SurgeRule) -> int:
    """The last day in the direction of `step` that still belongs to the surge."""
    edge, at, calm = peak, peak + step, 0
    while 0 <= at < len(level) and calm <= rule.gap_days:
        if level[at] >= floor:
            edge, calm = at, 0
        else:
            calm += 1
        at += step
    return edge
