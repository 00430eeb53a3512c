# SPDX-License-Identifier: Apache-2.0
"""What a report can be about: a calendar month (2007-08), an ISO week from Monday (2007-W34) or a day (2007-08-24), by its name."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

from teiten.errors import UsageError
from teiten.model import Period
from teiten.questions.windows import month

Kind = Literal["month", "week", "day"]
KINDS: Final[tuple[Kind, ...]] = ("month", "week", "day")


class Span(msgspec.Struct, frozen=True):
    """`name` sorts by time among those of its kind, and is the name of the report's folder."""

    name: str
    kind: Kind
    period: Period


def span_of(text: str) -> Span:
    """Raises UsageError for anything that is no month, week or day between 1971 and 9000."""
    for pattern, make in ((r"(\d{4})-(\d\d)", _month), (r"(\d{4})-W(\d\d)", _week), (r"(\d{4})-(\d\d)-(\d\d)", _day)):
        found = re.fullmatch(pattern, text, re.ASCII)
        if found:
            parts = [int(part) for part in found.groups()]
            try:
                if 1971 <= parts[0] <= 9000:
                    return make(*parts)
            except ValueError:
                break
    raise UsageError(f"{text}: not a month, week or day.", "Write it as 2007-08, 2007-W34 or 2007-08-24.")


def span_before(span: Span) -> Span:
    return span_holding(span.kind, span.period.from_on - timedelta(days=1))


def last_complete(kind: Kind, today: date) -> Span:
    """The newest one that was over when `today` began."""
    return span_before(span_holding(kind, today))


def span_holding(kind: Kind, day: date) -> Span:
    if kind == "month":
        return _month(day.year, day.month)
    year, week, _ = day.isocalendar()
    return _week(year, week) if kind == "week" else _day(day.year, day.month, day.day)


def _month(year: int, number: int) -> Span:
    if not 1 <= number <= 12:
        raise ValueError("month")
    return Span(f"{year:04}-{number:02}", "month", month(year, number))


def _week(year: int, number: int) -> Span:
    monday = date.fromisocalendar(year, number, 1)
    return Span(f"{year:04}-W{number:02}", "week", Period(monday, monday + timedelta(days=7)))


def _day(year: int, number: int, day: int) -> Span:
    on = date(year, number, day)
    return Span(on.isoformat(), "day", Period(on, on + timedelta(days=1)))
