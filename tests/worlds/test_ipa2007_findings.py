# SPDX-License-Identifier: Apache-2.0
"""World ipa2007 watched through August: the surge on 5168/tcp from its first day on, the rising port, the new account (A-01 … A-08, R-11)."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from teiten.detectors.surge import Day, surge
from teiten.findings.book import Page, turned
from teiten.findings.watching import watch
from teiten.marks import StoreMarks
from teiten.model import Period
from teiten.questions.observation import series
from teiten.store.days import start_of
from teiten.store.node import NodeStore
from teiten.worlds.interface import WorldBatch
from teiten.worlds.ipa2007 import Ipa2007

TOKYO = ZoneInfo("Asia/Tokyo")
SURGING = b"5168/tcp"


@pytest.fixture(scope="module")
def watched(world: Ipa2007, batches: list[WorldBatch], tmp_path_factory: pytest.TempPathFactory) -> tuple[NodeStore, dict[date, Page]]:
    """The book after every third midnight of August and, from 08-19 on, after each."""
    store = NodeStore.open(tmp_path_factory.mktemp("store"), TOKYO)
    for entry in world.sensors():
        store.register(entry)
    for batch in batches:
        if int(batch.columns["observed_at"].max()) >= start_of(date(2007, 5, 1), TOKYO):  # nothing before is looked at
            store.take(batch.key, batch.columns, 0)
    for covered in world.coverage():
        store.cover(*covered)
    store.seal(date(2007, 9, 1))
    pages, page, marks = {}, Page(), StoreMarks(store)
    for day in (date(2007, 8, 1) + timedelta(days=n) for n in (*range(1, 18, 3), *range(18, 32))):
        page = turned(page, watch(store, start_of(day, TOKYO), TOKYO, page.findings, marks, hourly=False))
        pages[day] = page
    return store, pages


def levels(page: Page) -> dict[bytes, str]:
    return {one.target: one.held.level for one in page.findings if one.held}


def test_the_surge_is_on_the_attention_list_while_it_lasts(watched: tuple[NodeStore, dict[date, Page]]) -> None:
    """5168/tcp rises on 08-22 and is over on 08-30: found when that first day is over, attention on every day since."""
    _, pages = watched
    assert all(SURGING not in levels(pages[date(2007, 8, day)]) for day in (19, 20, 21, 22))
    assert {day: levels(pages[date(2007, 8, day)]).get(SURGING) for day in range(23, 31)} == dict.fromkeys(range(23, 31), "attention")
    (one,) = [finding for finding in pages[date(2007, 8, 30)].findings if finding.target == SURGING]
    assert one.evidence.sensors == 10
    assert one.evidence.elsewhere > 0.5 * one.evidence.networks


def test_nothing_else_is_there_by_chance(watched: tuple[NodeStore, dict[date, Page]]) -> None:
    """What else is on a list does rise: three web requests that are there from 08-02 to 08-15 only, 5900/tcp (its mark is ↑), tomcat, new at last."""
    _, pages = watched
    fortnight = {b"HEAD /", b"GET /env.cgi", b"GET /asa./"}
    early, late = (
        {target for day, page in pages.items() if (day.day < 19 and day.month == 8) is first for target in levels(page)} for first in (True, False)
    )
    assert early == fortnight
    assert late == {SURGING, b"5900/tcp", b"tomcat"}
    new = {one.target for one in pages[date(2007, 8, 27)].noted if "new" in one.states and one.confirmed}
    assert new == {b"tomcat"}


def test_what_is_told_has_begun(watched: tuple[NodeStore, dict[date, Page]]) -> None:
    """M-14: "since" is never later than the day on which a finding was raised, also where a later look would put the onset later."""
    _, pages = watched
    found = [finding for page in pages.values() for finding in page.findings]
    assert len(found) > 20
    assert all(finding.evidence.onset_at < finding.opened_at for finding in found)


def test_it_is_the_months_surge(watched: tuple[NodeStore, dict[date, Page]]) -> None:
    store, _ = watched
    found = {}
    for target in (SURGING, b"135/tcp", b"445/tcp", b"1026/udp", b"ping/icmp", b"2967/tcp"):
        days = series(store, Period(date(2007, 8, 1), date(2007, 9, 1)), group="talot2", channel="packet", target=target)
        found[target] = surge([Day(day.day, day.sources, day.accesses, day.observed) for day in days])
    one = found.pop(SURGING)
    assert one is not None
    assert (one.first_on, one.peak_on) == (date(2007, 8, 22), date(2007, 8, 24))
    assert date(2007, 8, 28) <= one.last_on <= date(2007, 8, 30)
    assert set(found.values()) == {None}
