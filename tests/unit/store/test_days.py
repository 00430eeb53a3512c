# SPDX-License-Identifier: Apache-2.0
"""Days of a zone for whole arrays equal Python's own arithmetic for each instant, in zones with every kind of trouble."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from teiten.clock import day_of, to_microseconds
from teiten.store.days import DAY_US, EPOCH, day_expression, days_of, split_by_day, start_of, stretches

ZONES = ("Asia/Tokyo", "UTC", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Casablanca")
FIRST = to_microseconds(datetime(1950, 1, 1, tzinfo=UTC))
LAST = to_microseconds(datetime(2037, 1, 1, tzinfo=UTC))
instants = st.lists(st.integers(FIRST, LAST), min_size=1, max_size=5)


@pytest.mark.parametrize("name", ZONES)
@settings(max_examples=10, deadline=None, derandomize=True)
@given(drawn=instants)
def test_days_of_an_array(name: str, drawn: list[int]) -> None:
    zone = ZoneInfo(name)
    around = [change.from_at + step for change in stretches(min(drawn), min(drawn) + 400 * DAY_US, zone) for step in (-1, 0, 1, -DAY_US)]
    asked = np.array([*drawn, *around], np.int64)
    found = [EPOCH + timedelta(days=int(day)) for day in days_of(asked, zone)]
    assert found == [day_of(int(instant), zone) for instant in asked]


def test_the_same_in_sql() -> None:
    zone = ZoneInfo("America/New_York")
    around = to_microseconds(datetime(2026, 11, 1, 6, tzinfo=UTC))
    asked = np.arange(around - 3 * DAY_US, around + 3 * DAY_US, 1_799_999_983)
    text = day_expression("instant", int(asked.min()), int(asked.max()), zone)
    connection = duckdb.connect()
    connection.register("asked", {"instant": asked})
    found = connection.execute(f"select {text} from asked").fetchall()
    connection.close()
    assert [day for (day,) in found] == [day_of(int(instant), zone) for instant in asked]


@pytest.mark.parametrize("name", ZONES)
def test_a_day_starts_where_the_day_before_ends(name: str) -> None:
    zone = ZoneInfo(name)
    for day in [date(2011, 12, 28) + timedelta(days=n) for n in range(400)]:
        start, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
        if start == end:
            assert (name, day) == ("Pacific/Apia", date(2011, 12, 30))
            continue
        assert day_of(start, zone) == day
        assert day_of(start - 1, zone) < day
        assert split_by_day(start - 1, end + 1, zone)[1] == (day, start, end)


def test_broken_clocks_stop_nothing() -> None:
    found = days_of(np.array([-(2**62), 0, 2**62], np.int64), ZoneInfo("Asia/Tokyo"))
    assert EPOCH + timedelta(days=int(found[0])) == date(1900, 1, 1)
    assert EPOCH + timedelta(days=int(found[2])) == date(2200, 1, 1)
