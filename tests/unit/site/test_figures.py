# SPDX-License-Identifier: Apache-2.0
"""Bars are where their numbers say, and a day without observation never looks like a day without accesses."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as some

from teiten.questions.observation import DayCount
from teiten.site.figures import HEIGHT, figure, round_up, sparkline

FIRST = date(2007, 8, 16)


def days(*sources: int | None) -> list[DayCount]:
    return [
        DayCount(FIRST + timedelta(days=n), 2 * (value or 0), value or 0, 1, value or 0, int(value is not None)) for n, value in enumerate(sources)
    ]


def test_bars_follow_the_numbers() -> None:
    drawn = figure(days(50, 100, 0, None), "sources")
    assert drawn.top == 100
    assert [(bar.height, bar.y, bar.observed) for bar in drawn.bars] == [(50, 50, True), (100, 0, True), (0, 100, True), (HEIGHT, 0, False)]
    assert drawn.least
    assert drawn.most
    assert drawn.last
    assert (drawn.least.sources, drawn.most.sources, drawn.last.day) == (0, 100, date(2007, 8, 18))


def test_nothing_observed_and_nothing_at_all() -> None:
    assert figure(days(None, None), "accesses").most is None
    assert figure([], "accesses").bars == ()


def test_a_single_access_is_visible_beside_millions() -> None:
    assert figure(days(1, 5_000_000), "sources").bars[0].height >= 1


@given(some.integers(0, 10**12))
def test_axis_ends_above_the_greatest_number_and_not_far(value: int) -> None:
    top = round_up(value)
    assert max(value, 1) <= top <= max(2 * value, 2)
    assert top % 2 == 0


def test_a_sparkline_shows_the_largest_day_whole_and_no_day_that_is_empty() -> None:
    assert sparkline([None, 0, 5, 10]) == "M21 24v-12h8V24zM31 24v-24h8V24z"
    assert sparkline([1, 10_000]).startswith("M1 24v-1h8")  # something came: it must be visible
    assert sparkline([0, None]) == sparkline([]) == ""
