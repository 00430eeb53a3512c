# SPDX-License-Identifier: Apache-2.0
"""Geometry of the small bar figures: numbers in, coordinates out. The template draws them; every figure's table shows the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

import msgspec

from teiten.questions.observation import DayCount

Measure = Literal["sources", "accesses"]

HEIGHT: Final = 100
STEP: Final = 10  # width of one day; the figure is stretched to its place, so these are no pixels
_BAR: Final = 7.4


class Bar(msgspec.Struct, frozen=True):
    on: date
    value: int
    observed: bool
    x: float
    y: float
    width: float
    height: float


class Figure(msgspec.Struct, frozen=True):
    measure: Measure
    bars: tuple[Bar, ...]
    top: int  # value at the upper edge
    least: DayCount | None  # among the observed days
    most: DayCount | None
    last: DayCount | None

    @property
    def width(self) -> int:
        return STEP * len(self.bars)


def figure(days: Sequence[DayCount], measure: Measure) -> Figure:
    observed = [day for day in days if day.observed]
    values = [getattr(day, measure) for day in observed]
    top = round_up(max(values, default=0))
    bars = tuple(_bar(number, day, getattr(day, measure), top) for number, day in enumerate(days))
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


def _bar(number: int, day: DayCount, value: int, top: int) -> Bar:
    height = round(HEIGHT * value / top, 2) if day.observed else HEIGHT
    if day.observed and value:
        height = max(height, 1.0)  # something came: it must be visible
    return Bar(day.day, value, day.observed > 0, number * STEP + (STEP - _BAR) / 2, round(HEIGHT - height, 2), _BAR, height)
