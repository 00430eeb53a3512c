# SPDX-License-Identifier: Apache-2.0
"""The site's window and other periods made from a date."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from teiten.model import Period

WINDOW_DAYS: Final = 11  # the last complete day and the 10 days before it, as the seed's 2007-08-16 → 2007-08-26


def window(as_of: date) -> Period:
    """The window that the site shows on the day `as_of`, which is not complete itself."""
    return Period(as_of - timedelta(days=WINDOW_DAYS), as_of)


def month(year: int, number: int) -> Period:
    """A calendar month."""
    following = date(year + number // 12, number % 12 + 1, 1)
    return Period(date(year, number, 1), following)


def months_before(last: Period, n: int) -> list[Period]:
    """`n` calendar months that end with the month `last`, oldest first."""
    first = last.from_on.year * 12 + last.from_on.month - 1
    return [month(index // 12, index % 12 + 1) for index in range(first - n + 1, first + 1)]
