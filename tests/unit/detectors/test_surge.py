# SPDX-License-Identifier: Apache-2.0
"""A surge rises far above the usual and falls again: found with its days, not invented from rhythm, chance, levels or lost sensors (R-11)."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from teiten.detectors.surge import SURGE, SURGE_REASONS, Day, SurgeRule, surge

FIRST = date(2007, 7, 1)


def days(*sources: int, sensors: int = 10) -> list[Day]:
    return [Day(FIRST + timedelta(days=n), count, 2 * count, sensors) for n, count in enumerate(sources)]


CALM = (2, 1, 0, 3, 2, 1, 2, 0, 1, 2)


def test_r11_r12_start_peak_end_and_quiet() -> None:
    found = surge(days(*CALM, 60, 150, 200, 120, 40, 3, 1, 2))
    assert found is not None
    assert (found.first_on.day, found.peak_on.day, found.last_on.day) == (11, 13, 15)
    assert found.quiet_on == date(2007, 7, 16) and found.accesses == 2 * 570 and found.peak_accesses == 400


def test_one_that_goes_on_has_no_quiet_day() -> None:
    found = surge(days(*CALM, 60, 150, 200))
    assert found is not None and found.quiet_on is None


def test_one_calm_day_inside_does_not_end_it() -> None:
    found = surge(days(*CALM, 60, 150, 3, 120, 40, 1, 2, 1))
    assert found is not None and found.last_on == date(2007, 7, 15)


@pytest.mark.parametrize("sources", [
    (),
    (5,) * 40,
    tuple(20 + (n % 7) * 3 for n in range(40)),  # the rhythm of weeks
    (*CALM, 9, 12, 8, 1, 2),  # few sources, however unusual
    (*CALM, *(100,) * 25),  # a new level
    (60, 150, 200, 120, 40, *CALM, *CALM),  # nothing is known of what came before
])  # fmt: skip
def test_what_is_no_surge(sources: tuple[int, ...]) -> None:
    assert surge(days(*sources)) is None


def test_more_sensors_are_no_surge_and_days_without_any_are_left_out() -> None:
    steady = [*days(*(30,) * 20, sensors=2), *[Day(FIRST + timedelta(days=20 + n), 150, 300, 10) for n in range(5)]]
    assert surge(steady) is None
    gone = [msgspec.structs.replace(day, sensors=0) if day.on.day == 13 else day for day in days(*CALM, 60, 150, 0, 120, 40, 1, 2, 1)]
    found = surge(gone)
    assert found is not None and found.last_on == date(2007, 7, 15)


def test_every_value_has_its_reason() -> None:
    assert set(SURGE_REASONS) == {field.name for field in msgspec.structs.fields(SurgeRule)} and SURGE.version == "surge-1"
