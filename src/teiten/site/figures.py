# SPDX-License-Identifier: Apache-2.0
"""Geometry of the small bar figures: numbers in, coordinates out. The template draws them; every figure's table shows the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, Protocol

import msgspec

Measure = Literal["sources", "accesses"]

HEIGHT: Final = 100
STEP: Final = 10  # width of one day; the figure is stretched to its place, so these are no pixels
MOST_LABELS: Final = 11
SPARK: Final = 24
_BAR: Final = 7.4


class Day(Protocol):
    """`observed` 0: nothing is known of the day. A count of None was withheld as too small."""

    @property
    def day(self) -> date: ...
    @property
    def accesses(self) -> int | None: ...
    @property
    def sources(self) -> int | None: ...
    @property
    def observed(self) -> int: ...


class Bar(msgspec.Struct, frozen=True):
    on: date
    value: int | None
    observed: bool
    x: float
    y: float
    width: float
    height: float
    labelled: bool = True  # its date stands on the axis


class Figure(msgspec.Struct, frozen=True):
    measure: Measure
    bars: tuple[Bar, ...]
    top: int  # value at the upper edge
    least: Day | None  # among the observed days
    most: Day | None
    last: Day | None

    @property
    def width(self) -> int:
        return STEP * len(self.bars)


def figure(days: Sequence[Day], measure: Measure) -> Figure:
    observed = [day for day in days if day.observed]
    values = [getattr(day, measure) or 0 for day in observed]
    top = round_up(max(values, default=0))
    step = -(-len(days) // MOST_LABELS)
    bars = tuple(_bar(number, day, getattr(day, measure), top, (len(days) - 1 - number) % step == 0) for number, day in enumerate(days))
    least = observed[values.index(min(values))] if observed else None
    most = observed[values.index(max(values))] if observed else None
    return Figure(measure, bars, top, least, most, observed[-1] if observed else None)


def round_up(value: int) -> int:
    """The next number a person would put on an axis: 1, 2, 4, 5, 6, 8 or 10 times a power of ten, and even, so that its half is whole."""
    if value <= 2:
        return 2
    power = 1
    while power * 10 < value:
        power *= 10
    return next(step for factor in (1, 2, 4, 5, 6, 8, 10) if (step := factor * power) >= value and step % 2 == 0)


def _bar(number: int, day: Day, value: int | None, top: int, labelled: bool) -> Bar:
    height = round(HEIGHT * (value or 0) / top, 2) if day.observed else HEIGHT
    if day.observed and value != 0:
        height = max(height, 1.0)  # something came: it must be visible
    return Bar(day.day, value, day.observed > 0, round(number * STEP + (STEP - _BAR) / 2, 2), round(HEIGHT - height, 2), _BAR, height, labelled)


def sparkline(values: Sequence[int | None]) -> str:
    """One day a column, as SVG path data in a box of 10 a day by 24; the largest fills it. "" when there is nothing to draw."""
    most = max((value or 0 for value in values), default=0)
    if not most:
        return ""
    heights = [max(1.0, round(SPARK * (value or 0) / most, 1)) if value else 0.0 for value in values]
    return "".join(f"M{number * STEP + 1} {SPARK}v{-height:g}h8V{SPARK}z" for number, height in enumerate(heights) if height)
