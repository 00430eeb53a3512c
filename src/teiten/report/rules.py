# SPDX-License-Identifier: Apache-2.0
"""Which wording fits which numbers: trend, change, notable kinds. Pure; every threshold is here, with its reason, and in docs/report.md.

A rule never invents: with too little data it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

LEAST_MONTHS: Final = 3  # two points always lie on a line
LEVEL: Final = 0.01  # per month; less than a tenth in half a year is not seen in a figure
GENTLE: Final = 0.05  # per month; a quarter in half a year is what readers call gentle
SHARP: Final = 0.15  # per month; doubles or halves in half a year
STEADY: Final = 0.03  # month over month: below what the length and holidays of months do by themselves
SLIGHT: Final = 0.10
LARGE: Final = 0.30
NOTABLE: Final = 0.10  # share of all accesses from which a kind or group of kinds is worth a sentence
CROWDED: Final = 0.03  # below it even the most frequent kind is one of many and gets no sentence of its own
MOVED: Final = 0.01  # a share that moved by less than a point over six months has not moved
MOVED_BLURRED: Final = 0.03  # where counts have two digits, less is their rounding
UNLIKE: Final = 0.03  # the day with most accesses against the one with least; below this the days are alike


class Trend(msgspec.Struct, frozen=True):
    """`rule` is the wording; `slope` the relative change per month (least squares over the observed months); None: too few months."""

    rule: str
    slope: float | None


def trend(means: Sequence[float | None]) -> Trend:
    points = [(place, value) for place, value in enumerate(means) if value is not None]
    if len(points) < LEAST_MONTHS:
        return Trend("trend.short", None)
    slope = _slope(points)
    size = abs(slope)
    if size < LEVEL:
        return Trend("trend.level", slope)
    direction = "rise" if slope > 0 else "fall"
    degree = "_gentle" if size < GENTLE else "" if size < SHARP else "_sharp"
    return Trend(f"trend.{direction}{degree}", slope)


def change(now: float, before: float) -> str:
    """The wording for a month against the one before; `before` is above zero."""
    size = now / before - 1
    if abs(size) < STEADY:
        return "change.steady"
    direction = "rise" if size > 0 else "fall"
    degree = "_slight" if abs(size) < SLIGHT else "" if abs(size) < LARGE else "_large"
    return f"change.{direction}{degree}"


def _slope(points: Sequence[tuple[int, float]]) -> float:
    """Least squares, relative to the mean level."""
    middle = sum(x for x, _ in points) / len(points)
    level = sum(y for _, y in points) / len(points)
    if not level:
        return 0.0
    spread = sum((x - middle) ** 2 for x, _ in points)
    return sum((x - middle) * (y - level) for x, y in points) / spread / level
