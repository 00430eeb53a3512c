# SPDX-License-Identifier: Apache-2.0
"""From the store to findings with a life (A-04 … A-06, A-11, M-14, M-16) and to sentences (M-21); robust, restartable, recomputable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from teiten.claims import BookClaims, level_at
from teiten.clock import to_microseconds
from teiten.findings.book import Book, Page, turned
from teiten.findings.following import due, follow, recompute
from teiten.findings.model import Outcome
from teiten.findings.seeing import live_hours
from teiten.findings.sentences import as_plain, sentence, why_not
from teiten.findings.watching import watch
from teiten.marks import StoreMarks
from teiten.model import SensorEntry
from teiten.questions.tick import Tick
from teiten.store.days import start_of
from teiten.store.node import NodeStore
from tests.unit.findings.invented import CROWDED, DAY, HOUR, MIDNIGHT, RISEN, STEADY, SWEPT, TOKYO, open_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeStore]:
    opened = open_store(tmp_path_factory.mktemp("store"))
    yield opened
    opened.close()


def watched(store: NodeStore, at: int, page: Page | None = None, *, hourly: bool = False) -> Outcome:
    return watch(store, at, TOKYO, (page or Page()).findings, StoreMarks(store), hourly=hourly)


def test_the_outbreak_and_nothing_else(store: NodeStore) -> None:
    """A crowd at one sensor, a sweep over forty ports and a steady target raise nothing."""
    found = watched(store, MIDNIGHT)
    assert [(one.target, one.level, one.states) for one in found.findings] == [(RISEN, "attention", ("new", "active", "becoming"))]
    evidence = found.findings[0].evidence
    assert (evidence.networks, evidence.sensors, evidence.live, evidence.elsewhere, evidence.confirmed) == (30, 5, 6, 24, True)
    assert MIDNIGHT - 2 * HOUR <= evidence.onset_at < MIDNIGHT - HOUR
    assert watched(store, MIDNIGHT - DAY).findings == ()


def test_the_day_before_and_sealing_change_nothing(store: NodeStore) -> None:
    before = [watched(store, MIDNIGHT - hours * HOUR, hourly=True) for hours in (0, 1, 30)]
    store.seal(date(2026, 8, 30))
    assert [watched(store, MIDNIGHT - hours * HOUR, hourly=True) for hours in (0, 1, 30)] == before


def test_a_month_late_and_out_of_order_is_the_same(store: NodeStore, tmp_path: Path) -> None:
    """A-11: a past moment is judged by what was observed before it, whenever and in whatever order that came in."""
    late = open_store(tmp_path / "store", late=True)
    for hours in (0, 1):
        assert watched(late, MIDNIGHT - hours * HOUR, hourly=True) == watched(store, MIDNIGHT - hours * HOUR, hourly=True)
    late.close()


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Berlin", date(2026, 10, 25)), ("Europe/Berlin", date(2026, 3, 29)), ("Australia/Lord_Howe", date(2026, 4, 5))]
)
def test_days_that_are_longer_or_shorter_are_observed_whole(zone: str, day: date, tmp_path: Path) -> None:
    """25, 23 and 24.5 hours: a covered day is covered at each of its hours, and neither an hour is missing nor one too many."""
    local = ZoneInfo(zone)
    opened = NodeStore.open(tmp_path, local)
    opened.register(SensorEntry("a", "west"))
    opened.cover("a", "packet", day - timedelta(days=2), day)
    at = start_of(day + timedelta(days=2), local)
    begin = start_of(day - timedelta(days=2), local)
    (live,) = live_hours(opened, Tick(at, local, "packet", "west"), 10 * 24).values()
    opened.close()
    assert live[:24].sum() == 0, "the day after was not observed"
    assert live.sum() == pytest.approx((at - 24 * HOUR - begin) / HOUR)
    assert set(live[24 : int((at - begin) // HOUR)].tolist()) == {1.0}


def test_why_not(store: NodeStore) -> None:
    """What is large and on no list says why."""
    noted = {one.target: one for one in watched(store, MIDNIGHT).noted}
    assert noted[CROWDED].annotations == ("one-sensor",)
    assert "1つの観測点だけ" in why_not(noted[CROWDED], "ja")
    assert STEADY not in noted or noted[STEADY].annotations == ()
    assert SWEPT not in noted


def test_it_is_found_within_the_hour(store: NodeStore) -> None:
    """Early warning: at the first full hour after it began."""
    found = watched(store, MIDNIGHT - HOUR, hourly=True)
    assert [one.target for one in found.findings] == [RISEN]
    assert found.findings[0].evidence.hours <= 3


def test_life(store: NodeStore) -> None:
    """Opened once, kept under one id while it lasts, closed when the window has left it behind."""
    page = Page()
    for day in range(18):
        page = turned(page, watched(store, MIDNIGHT + day * DAY, page))
        (one,) = page.findings
        assert one.evidence.onset_at < one.opened_at, "nothing is told before it began"
        if one.closed_at:
            break
    assert one.opened_at == MIDNIGHT
    assert (one.history[0].what, one.history[-1].what) == ("opened", "closed")
    assert one.closed_at is not None
    assert one.closed_at - one.opened_at <= 15 * DAY
    assert one.highest == "attention"
    assert level_at(one, MIDNIGHT - 1) is None
    assert level_at(one, MIDNIGHT) == "attention"
    assert level_at(one, one.closed_at) is None


def test_following_is_recomputing(store: NodeStore, tmp_path: Path) -> None:
    """The book filled step by step holds what one run over the same ticks finds; a second run in the same hour changes nothing."""
    book = Book(tmp_path)
    page = follow(store, book, MIDNIGHT + 90, TOKYO, StoreMarks(store))
    assert page.at == MIDNIGHT
    assert Book(tmp_path).read() == page
    assert follow(store, book, MIDNIGHT + HOUR - 1, TOKYO, StoreMarks(store)) == page
    assert recompute(store, MIDNIGHT, TOKYO, StoreMarks(store)) == page


def test_sentences(store: NodeStore) -> None:
    finding = watched(store, MIDNIGHT).findings[0]
    japanese, english = (sentence(finding, TOKYO, language) for language in ("ja", "en"))
    assert "5168/tcp" in japanese and "30" in japanese and "6観測点のうち5" in japanese and "除いても24" in japanese
    assert "30 new source networks" in english and "5 of 6 sensors" in english and "24 networks remain" in english
    plain = as_plain(Page(at=MIDNIGHT, findings=(finding,)), TOKYO)["findings"][0]
    assert plain["evidence"]["without_busiest_sensor"]["networks"] == 24
    assert plain["rules"] == ["rise-4", "level-1", "state-1"]
    assert plain["check"]["ja"].startswith("この製品をまだ使っているなら")  # what the dictionary says of 5168/tcp
    asked = {"channel": "packet", "group": "east", "target": "5168/tcp", "from": "2026-08-19", "to": "2026-08-20"}
    assert plain["questions"][0] == {**asked, "by": "day", "order": "sources"}


def test_claims(store: NodeStore, tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.enter(watched(store, MIDNIGHT))
    (claim,) = BookClaims(book, TOKYO)(date(2026, 8, 20))
    assert (claim.target, claim.level, claim.networks, claim.days, claim.since_on) == (RISEN, "attention", 30, 1.0, date(2026, 8, 19))
    assert BookClaims(book, TOKYO)(date(2026, 8, 19)) == []
    assert BookClaims(book, TOKYO, early=True)(date(2026, 8, 19)) == []
    early = Book(tmp_path / "early")
    early.enter(watched(store, MIDNIGHT - HOUR, hourly=True))
    assert BookClaims(early, TOKYO)(date(2026, 8, 19)) == [], "the public hears of it when the day is over"
    assert [claim.target for claim in BookClaims(early, TOKYO, early=True)(date(2026, 8, 19))] == [RISEN]
    assert BookClaims(book, TOKYO, "west")(date(2026, 8, 20)) == []


def test_a_damaged_book_is_set_aside(store: NodeStore, tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.enter(watched(store, MIDNIGHT))
    path = next(tmp_path.iterdir())
    path.write_bytes(path.read_bytes()[:-9])
    assert book.read() == Page()
    assert [entry.suffix for entry in tmp_path.iterdir()] == [".damaged"]


BERLIN = ZoneInfo("Europe/Berlin")


def instant(*when: int) -> int:
    return to_microseconds(datetime(*when, tzinfo=UTC))  # type: ignore[misc]


def test_due_ticks() -> None:
    """First the midnights of a month, then midnights that were missed, then full hours; the same hour twice gives nothing."""
    now = instant(2026, 11, 1, 8, 30)
    first = list(due(None, now, BERLIN))
    assert (len(first), first[-1], first[-2]) == (33, (instant(2026, 11, 1, 8), True), (instant(2026, 10, 31, 23), False))
    assert list(due(instant(2026, 11, 1, 8), now, BERLIN)) == []
    assert list(due(instant(2026, 11, 1, 7), now, BERLIN)) == [(instant(2026, 11, 1, 8), True)]
    assert list(due(instant(2026, 11, 1, 9), now, BERLIN)) == [], "the clock went back"
    missed = list(due(instant(2026, 10, 23, 12), instant(2026, 10, 26, 0), BERLIN))
    assert [at for at, hourly in missed if not hourly] == [instant(2026, 10, 23, 22), instant(2026, 10, 24, 22), instant(2026, 10, 25, 23)]


def test_due_ticks_over_a_year() -> None:
    """Month, year and daylight saving edges: each midnight once, none left out."""
    at, ticks = instant(2026, 1, 1, 12), []
    for day in range(1, 400):
        for tick, _ in due(at, instant(2026, 1, 1, 12) + day * DAY, BERLIN):
            ticks.append(tick)
            at = tick
    assert ticks == sorted(set(ticks))
    midnights = [tick for tick in ticks if datetime.fromtimestamp(tick / 1e6, BERLIN).hour == 0]
    assert len(midnights) == 399
