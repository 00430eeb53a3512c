# SPDX-License-Identifier: Apache-2.0
"""Names of periods, and which reports are due when: on the first of the month from the configured hour on, made up for when missed."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from teiten.errors import UsageError
from teiten.model import Period
from teiten.report.periods import last_complete, span_before, span_of
from teiten.report.schedule import Shelf, due
from teiten.report.settings import ReportSettings


@pytest.mark.parametrize(("name", "from_on", "to_on", "before"), [
    ("2007-08", date(2007, 8, 1), date(2007, 9, 1), "2007-07"), ("2007-01", date(2007, 1, 1), date(2007, 2, 1), "2006-12"),
    ("2007-W34", date(2007, 8, 20), date(2007, 8, 27), "2007-W33"), ("2009-W01", date(2008, 12, 29), date(2009, 1, 5), "2008-W52"),
    ("2008-03-01", date(2008, 3, 1), date(2008, 3, 2), "2008-02-29"),
])  # fmt: skip
def test_periods_have_names(name: str, from_on: date, to_on: date, before: str) -> None:
    span = span_of(name)
    assert (span.name, span.period, span_before(span).name) == (name, Period(from_on, to_on), before)
    assert last_complete(span.kind, to_on) == span and last_complete(span.kind, from_on).name == before


@pytest.mark.parametrize("name", ["2007", "2007-13", "2007-W54", "2007-02-30", "2007-8", "２００７-08", "0001-01", "../2007-08", "2007-08\n", ""])
def test_anything_else_is_an_error(name: str) -> None:
    with pytest.raises(UsageError):
        span_of(name)


def names(at: str, folder: Path, settings: ReportSettings, since: date = date(2000, 1, 1)) -> list[tuple[str, str]]:
    shelves = [Shelf("operator", folder / "reports", 0), Shelf("public", folder / "public", 24)]
    found = due(datetime.fromisoformat(at), settings, shelves, lambda period: period.to_on > since)
    return [(one.span.name, one.policy) for one in found]


def test_the_month_is_due_on_its_first_day_after_and_published_a_day_later(tmp_path: Path) -> None:
    """P4: what is published is at least a day old."""
    settings = ReportSettings(hour=7)
    earlier = [("2007-07", "public")]
    assert names("2007-09-01 06:59", tmp_path, settings) == earlier
    assert names("2007-09-01 07:00", tmp_path, settings) == [("2007-08", "operator"), *earlier]
    assert names("2007-09-02 07:00", tmp_path, settings) == [("2007-08", "operator"), ("2007-08", "public")]
    assert names("2007-09-20 00:01", tmp_path, settings) == [("2007-08", "operator"), ("2007-08", "public")]  # a missed one, made up for
    for name in ("reports", "public"):
        (tmp_path / name / "2007-08").mkdir(parents=True)
    assert names("2007-09-20 00:01", tmp_path, settings) == []


def test_digests_when_wanted_and_nothing_for_times_without_observation(tmp_path: Path) -> None:
    settings = ReportSettings(weekly=True, daily=True)
    operator = [name for name, policy in names("2007-08-27 08:00", tmp_path, settings) if policy == "operator"]
    assert operator == ["2007-07", "2007-W34", "2007-08-26"]
    assert names("2007-08-27 08:00", tmp_path, settings, since=date(2007, 8, 26)) == [("2007-W34", "operator"), ("2007-08-26", "operator")]
    assert names("2007-08-27 08:00", tmp_path, ReportSettings(monthly=False)) == []
