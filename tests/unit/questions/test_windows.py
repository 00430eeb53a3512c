# SPDX-License-Identifier: Apache-2.0
"""Periods made from a date."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from teiten.model import Period
from teiten.questions.windows import month, months_before, window


def test_the_window_of_the_seed() -> None:
    """M-05: on 2007-08-27 the page says 2007-08-16 → 2007-08-26, both included."""
    found = window(date(2007, 8, 27))
    assert found == Period(date(2007, 8, 16), date(2007, 8, 27))
    assert found.days == 11
    assert (found.dates()[0], found.dates()[-1]) == (date(2007, 8, 16), date(2007, 8, 26))


@pytest.mark.parametrize(("year", "number", "days"), [(2026, 2, 28), (2028, 2, 29), (2026, 12, 31), (2026, 4, 30)])
def test_months(year: int, number: int, days: int) -> None:
    assert month(year, number).days == days


def test_six_months() -> None:
    """R-07: x = 6 months, ending with the month of the report."""
    found = months_before(month(2026, 3), 6)
    assert [period.from_on for period in found] == [date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1), *(date(2026, n, 1) for n in (1, 2, 3))]
    assert all(left.to_on == right.from_on for left, right in pairwise(found))
