# SPDX-License-Identifier: Apache-2.0
"""The report under the public policy: P1, P2, P4, P5 and P7 as on the site, in every number, file and language."""

from __future__ import annotations

import random
import re
from pathlib import Path

import msgspec
import pytest

from teiten.publication.coarse import Coarsener, two_digits
from teiten.publication.measuring import Measure
from teiten.publication.policies import PUBLIC
from teiten.questions.breadth import breadth
from teiten.questions.windows import month
from teiten.report.compose import compose
from teiten.report.counting import Counting
from teiten.report.facts import Facts
from teiten.report.gather import Scope, gather
from teiten.report.model import figures_of, sentences_of
from teiten.report.plain import to_text
from teiten.report.showing import showing_by
from teiten.report.tabular import to_csv, to_json
from teiten.store.node import NodeStore
from tests.unit.report.conftest import SETTINGS
from tests.unit.report.shapes import DAYS, TOKYO, access, opened, put

KEY = b"a key of this test"
COUNTS = ("accesses", "sources", "cumulative sources", "this month", "month before")


@pytest.fixture(scope="module")
def published(store: NodeStore) -> Facts:
    return gather(store, Scope(month(2007, 8), TOKYO, "talot2", portal="mustan"), showing_by("public", store.sensors(), KEY))


def test_p5_no_exact_count_is_anywhere(published: Facts, facts: Facts) -> None:
    exact = {str(value) for share in (*facts.now.targets.shares[:10], *facts.now.regions.shares[:10]) for value in (share.accesses, share.sources)}
    exact = {value for value in exact | {"263940", "100130"} if int(value) > 99 and two_digits(int(value)) != int(value)}
    for language in ("ja", "en"):
        report = compose(published, language, SETTINGS, (), "public")
        told = [to_json(report).decode(), to_text(report), *(to_csv(one) for one in figures_of(report.sections)), str(report)]
        for text in told:
            assert not exact & set(re.findall(r"(?<![\d.])\d+(?![\d.])", re.sub(r"(?<=\d),(?=\d{3})", "", text)))


def test_p5_counts_have_two_digits(published: Facts) -> None:
    report = compose(published, "en", SETTINGS, (), "public")
    for one in figures_of(report.sections):
        if one.number not in ("1.1",) and not one.tables:
            counts = [row[place] for row in one.data for place, name in enumerate(one.columns) if name in COUNTS]
            assert counts and all(value == two_digits(value) for value in counts), one.number
    total = next(one for one in sentences_of(report.sections) if one.rule == "lay.total")
    assert "recorded about 2" in total.text and ",000 unsolicited" in total.text and "at 10 observation points" in total.text


def test_p5_the_top_list_has_the_sites_numbers(published: Facts, store: NodeStore) -> None:
    """The same noise for the same thing: who reads both learns nothing more."""
    assert published.portal is not None
    measure = Measure(PUBLIC, Coarsener(KEY, PUBLIC.least_count))
    seen = {row.keys[0]: row for row in breadth(store, published.portal.window, "target", channel="packet", group="mustan")}
    rows = published.portal.tables["packet"]
    assert len(rows) == 5 and [row.rank for row in rows] == [1, 2, 3, 4, 5]
    for row in rows:
        assert row.accesses == measure.accesses(seen[row.target], "packet", row.target)


def test_what_is_said_of_change_and_trend_is_that_of_the_exact_numbers(published: Facts) -> None:
    """R-08, R-09: two digits would make a month of −0.8 % fall by four."""
    rules = {one.rule: one.text for one in sentences_of(compose(published, "en", SETTINGS, (), "public").sections)}
    assert "trend.fall_gentle" in rules and "−1%" in rules["change.steady"]
    assert "addresses registered in" in rules["topic.region"] and "other" not in rules["topic.region"]
    assert "surge.over" in rules and "a quarter" in rules["notable.group"]


def test_p7_how_many_sensors_observed_on_which_day_is_not_told(published: Facts) -> None:
    report = compose(published, "en", SETTINGS, (), "public")
    for one in figures_of(report.sections):
        for name in ("points observing", "point-days observed"):
            if name in one.columns:
                assert {row[one.columns.index(name)] for row in one.data} == {None}
    assert not any(one.rule.startswith("points.") for one in sentences_of(report.sections))


def test_p2_p5_one_source_draws_no_signal(tmp_path: Path) -> None:
    """A flood from one address, and ten thousand addresses of one IPv6 network, change no published number by more than the cap."""
    june = month(2026, 6)
    for store in opened(tmp_path / "store"):
        dice = random.Random(3)
        for name in ("a", "b", "c"):
            put(store, name, [access(day, b"22/tcp", dice) for day in DAYS for _ in range(20)], days=DAYS)
        showing = showing_by("public", store.sensors(), KEY)
        before = Counting(store, None, "packet", showing).month(june)
        flood = msgspec.structs.replace(access(DAYS[40], b"22/tcp", dice, source=b"\x08\x08\x08\x08"), times=50_000)
        many = [access(DAYS[40], b"22/tcp", dice, source=bytes.fromhex("20010db80001") + dice.randbytes(10)) for _ in range(500)]
        rare = [msgspec.structs.replace(access(DAYS[41], b"40000/tcp", dice, source=b"\x08\x08\x08\x08"), times=90)]
        put(store, "d", [flood, *rare], days=DAYS)
        put(store, "e", many, days=DAYS)
        after = Counting(store, None, "packet", showing).month(june)
        assert after.targets.of(b"40000/tcp").accesses == 0  # seen by one sensor: not named
        was, now = before.targets.of(b"22/tcp"), after.targets.of(b"22/tcp")
        assert now.sources <= two_digits(was.sources * 1.02) and now.accesses <= was.accesses + 800
