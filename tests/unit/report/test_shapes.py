# SPDX-License-Identifier: Apache-2.0
"""Reports of odd data read sensibly: no data, first month, one sensor, sensors added or lost, zero, an unfinished month, IPv6, many targets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from teiten.errors import UsageError
from teiten.questions.windows import month
from teiten.report.compose import compose
from teiten.report.facts import Facts
from teiten.report.gather import Scope, gather
from teiten.report.model import Report, Table, figures_of, sentences_of
from teiten.report.pdf import to_pdf
from teiten.report.settings import ReportSettings
from teiten.report.showing import showing_by
from teiten.store.node import NodeStore
from tests.unit.report.shapes import DAYS, JUNE, TOKYO, access, opened, put

MAY, LATER = DAYS[:31], DAYS[31:]


@pytest.fixture
def dice() -> random.Random:
    return random.Random(6)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NodeStore]:
    yield from opened(tmp_path / "store")


def made(store: NodeStore, today: date = date(2026, 9, 1), group: str | None = None) -> tuple[Facts, Report]:
    facts = gather(store, Scope(month(2026, 6), TOKYO, group, today=today))
    return facts, compose(facts, "en", ReportSettings(), (), "public")


def rules(report: Report) -> set[str]:
    return {one.rule for one in sentences_of(report.sections)}


def text(report: Report, rule: str) -> str:
    return next(one.text for one in sentences_of(report.sections) if one.rule == rule)


def test_an_empty_store_says_that_there_is_no_data(store: NodeStore) -> None:
    _, report = made(store)
    assert {"lay.no_data"} == rules(report) and figures_of(report.sections) == []
    assert to_pdf(report).startswith(b"%PDF")


def test_a_month_without_observation_is_no_month_of_zeros(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice) for day in MAY], days=MAY)
    facts, report = made(store)
    assert "lay.no_data" in rules(report) and "lay.zero" not in rules(report)
    assert facts.now.mean("accesses") is None and "1.1" in [one.number for one in figures_of(report.sections)]


def test_a_month_of_zeros_is_observed(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice) for day in MAY], days=DAYS)
    facts, report = made(store)
    assert facts.now.mean("accesses") == 0 and "30 point-days" in text(report, "lay.zero")
    assert to_pdf(report).startswith(b"%PDF")


def test_first_month_and_one_sensor(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice) for day in LATER for _ in range(3)], days=LATER)
    _, report = made(store)
    assert {"change.first", "trend.short", "points.one", "compare.none", "kinds.top_one"} <= rules(report)
    assert "at 1 observation point." in text(report, "lay.total") and "about once" in text(report, "lay.summary")
    assert "This observation point" in text(report, "lay.environment_one")
    months = next(one for one in figures_of(report.sections) if one.number == "1.1").data
    assert [row[1] for row in months] == [None] * 5 + [90]  # what nobody observed is no zero


def test_a_gap_of_a_month_is_not_the_first_month(store: NodeStore, dice: random.Random) -> None:
    march = [date(2026, 3, day) for day in range(1, 32)]
    put(store, "a", [access(day, b"22/tcp", dice) for day in [*march, *LATER]])
    store.cover("a", "packet", march[0], march[-1])
    store.cover("a", "packet", LATER[0], LATER[-1])
    _, report = made(store)
    assert "change.gap" in rules(report) and "change.first" not in rules(report)


def test_after_a_month_of_zeros(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice) for day in LATER], days=DAYS)
    _, report = made(store)
    assert "change.from_zero" in rules(report)


def test_sensors_added_and_lost_are_counted_never_named(store: NodeStore, dice: random.Random) -> None:
    put(store, "secret-old", [access(day, b"22/tcp", dice) for day in MAY], days=MAY)
    for name in ("secret-1", "secret-2"):
        put(store, name, [access(day, b"22/tcp", dice) for day in LATER], days=LATER)
    _, report = made(store)
    assert "2 observation points" in text(report, "points.added") and "1 observation point" in text(report, "points.lost")
    assert "secret" not in str(report)


def test_a_sensor_lost_in_mid_month_is_corrected_for(store: NodeStore, dice: random.Random) -> None:
    """Ten accesses a day at each of two sensors stay ten per point and day when one stops after ten days."""
    put(store, "a", [access(day, b"22/tcp", dice) for day in DAYS for _ in range(10)], days=DAYS)
    put(store, "b", [access(day, b"22/tcp", dice) for day in DAYS[:41] for _ in range(10)], days=DAYS[:41])
    facts, report = made(store)
    assert facts.now.mean("accesses") == 10 and facts.now.per_day.sensor_days == 40
    assert "20 days" in text(report, "points.partial") and "change.steady" in rules(report) and "daily.uneven" in rules(report)
    drawn = next(one for one in figures_of(report.sections) if one.title.startswith("Accesses by day"))
    assert {row[3] for row in drawn.data} == {10.0} and [row[2] for row in drawn.data] == [2] * 10 + [1] * 20


def test_days_without_any_sensor_are_gaps(store: NodeStore, dice: random.Random) -> None:
    live = [*MAY, *LATER[:5], *LATER[8:]]
    put(store, "a", [access(day, b"22/tcp", dice) for day in live])
    store.cover("a", "packet", DAYS[0], LATER[4])
    store.cover("a", "packet", LATER[8], LATER[-1])
    _, report = made(store)
    assert "3 days" in text(report, "daily.gaps")
    drawn = next(one for one in figures_of(report.sections) if one.title.startswith("Accesses by day"))
    assert [row[3] for row in drawn.data][4:9] == [1.0, None, None, None, 1.0]


def test_a_month_that_is_not_over_is_preliminary(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice) for day in DAYS for _ in range(4)], days=DAYS)
    facts, report = made(store, today=date(2026, 6, 11))
    assert facts.cut.days == 10 and facts.now.per_day.accesses == 40 and "(preliminary)" in report.title
    assert "10 days up to 10 June" in text(report, "lay.preliminary")


def test_a_finished_month_does_not_depend_on_today(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice) for day in DAYS], days=DAYS)
    assert made(store, date(2026, 7, 1))[1] == made(store, date(2031, 1, 1))[1]


def test_a_month_that_has_not_begun_is_an_error(store: NodeStore) -> None:
    with pytest.raises(UsageError):
        made(store, today=JUNE)


def test_ipv6_only(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"443/tcp", dice, source=b"\x20\x01\x02\x00" + dice.randbytes(12)) for day in DAYS for _ in range(3)], days=DAYS)
    facts, report = made(store)
    assert facts.now.per_day.accesses == 90 and facts.now.per_day.source_days == 90 and "regions.figure" not in rules(report)


def test_ten_thousand_targets(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(DAYS[31 + n % 30], b"%d/tcp" % (n + 1), dice) for n in range(10_000)], days=DAYS)
    _, report = made(store)
    drawn = next(one for one in figures_of(report.sections) if one.number == "2.3.1")
    assert {"kinds.top", "kinds.sources", "daily.extremes"}.isdisjoint(rules(report)) and "(the most frequent one has below 0.1%" in text(
        report, "notable.none"
    )
    assert "notable.none" in rules(report) and drawn.data[-1][:2] == ("other (9,990)", 9_990)


def test_another_channel_than_packets(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, name, dice, "ssh") for day in DAYS for name in (b"root", b"root", b"admin")], "ssh", DAYS)
    facts, report = made(store)
    assert facts.channel == "ssh" and "The most frequent account name was root with 66.7%" in text(report, "notable.plain")
    assert "supplement.intro" not in rules(report) and "What received most accesses in" in text(report, "supplement.targets")
    notes = next(block for block in report.sections[-1].blocks if isinstance(block, Table))
    assert [row[0] for row in notes.rows] == ["root", "admin"] and notes.rows[0][1].startswith("The administrator of Unix systems.")


def test_unknown_regions_are_a_row(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice, source=b"\x0a\x00\x00\x01") for day in DAYS], days=DAYS)
    _, report = made(store)
    assert "100.0%" in text(report, "regions.unknown")
    drawn = next(one for one in figures_of(report.sections) if one.title.startswith("Shares of the regions in accesses"))
    assert drawn.data == (("unknown", 30, 1.0),)


def test_withheld_texts_are_not_spoken_of_as_one(store: NodeStore, dice: random.Random) -> None:
    secret = b"GET /q8Zk3vXw9tRr2LmN5bYc"
    put(store, "a", [access(day, name, dice, "web") for day in DAYS for name in (secret, secret, b"GET /")], "web", DAYS)
    facts = gather(store, Scope(month(2026, 6), TOKYO), showing_by("public", store.sensors(), b"key"))
    report = compose(facts, "en", ReportSettings(), (), "public")
    assert "was GET / with 33%" in text(report, "notable.plain") and "q8Zk" not in str(report)
    drawn = next(one for one in figures_of(report.sections) if one.number == "2.3.1")
    assert len(drawn.data) == 2 and drawn.data[-1][0] == "other"
