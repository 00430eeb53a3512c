# SPDX-License-Identifier: Apache-2.0
"""Digests of a week and a day: numbers recounted from the sealed rows, both languages, plain text that fits a mail, and odd times."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from teiten.report.digest import compose_digest
from teiten.report.digest_facts import DigestFacts, gather_digest
from teiten.report.facts import Attention
from teiten.report.model import Report, Table, figures_of, sentences_of
from teiten.report.page import to_page
from teiten.report.pdf import to_pdf
from teiten.report.periods import span_of
from teiten.report.plain import WIDTH, to_text, width
from teiten.report.settings import LANGUAGES, Language, ReportSettings
from teiten.report.showing import showing_by
from teiten.store.node import NodeStore
from tests.unit.report.conftest import SETTINGS, TOKYO, Recount
from tests.unit.report.shapes import access, opened, put

WEEK = "day >= date '2007-08-20' and day < date '2007-08-27'"


@pytest.fixture(scope="module")
def week(store: NodeStore) -> DigestFacts:
    return gather_digest(store, span_of("2007-W34"), TOKYO, "talot2", date(2008, 1, 1))


def text_of(report: Report, rule: str) -> str:
    return next(one.text for one in sentences_of(report.sections) if one.rule == rule)


def tables(report: Report) -> list[Table]:
    return [block for section in report.sections for block in section.blocks if isinstance(block, Table)]


def made(store: NodeStore, name: str, language: Language = "en", today: date = date(2027, 1, 1)) -> Report:
    return compose_digest(gather_digest(store, span_of(name), TOKYO, None, today), language, ReportSettings(), "operator")


def test_a_week_recounted(week: DigestFacts, recount: Recount) -> None:
    ((accesses, sources),) = recount(f"select sum(times), count(distinct source) from rows where {WEEK}")
    ((before,),) = recount("select sum(times) from rows where day >= date '2007-08-13' and day < date '2007-08-20'")
    top = recount(
        f"select cast(target as varchar), sum(times) as n, count(distinct source) from rows where {WEEK} group by target order by n desc limit 10"
    )
    report = compose_digest(week, "ja", SETTINGS, "operator")
    assert f"10か所の観測点で合わせて{accesses:,}件" in text_of(report, "digest.total") and "8月20日から8月26日まで" in text_of(
        report, "digest.total"
    )
    assert f"{100 * (accesses / before - 1):.1f}%増えました" in text_of(report, "digest.rise")
    channels, packet, *_ = tables(report)
    assert channels.rows == (("ポート", f"{accesses:,}", f"{before:,}", f"{sources:,}", channels.rows[0][4]),)
    shown = [(row[4].replace("Ping(ICMP)", "ping/icmp"), row[2], row[3]) for row in packet.rows]
    assert shown == [(name, f"{n:,}", f"{met:,}") for name, n, met in top]
    daily = recount(f"select cast(day as varchar), sum(times), count(distinct sensor) from rows where {WEEK} group by day order by day")
    assert [row[:3] for row in figures_of(report.sections)[0].data] == daily
    assert next(row[:2] for row in packet.rows if row[4] == "5168/tcp") == ("8", "↑")


def test_a_day_in_every_channel_of_the_portal(store: NodeStore) -> None:
    facts = gather_digest(store, span_of("2007-08-24"), TOKYO, "mustan", date(2008, 1, 1))
    report = compose_digest(facts, "en", SETTINGS, "operator")
    assert [row[0] for row in tables(report)[0].rows] == ["Ports", "SSH accounts", "Web", "Mail"]
    assert (
        report.subtitle == "24 August 2007" and "daily digest" in report.title and text_of(report, "digest.total").startswith("On 24 August 2007, ")
    )
    assert not figures_of(report.sections)


@pytest.mark.parametrize("language", LANGUAGES)
def test_plain_text_fits_a_mail_and_html_and_pdf_are_made_of_the_same(week: DigestFacts, language: Language) -> None:
    """U-48, U-52: text and HTML, from the same blocks."""
    report = compose_digest(week, language, SETTINGS, "operator")
    text = to_text(report)
    assert max(map(width, text.splitlines())) <= WIDTH + 4 and "61,929" in text and "135/tcp" in text
    assert "61,929" in to_page(report) and to_pdf(report).startswith(b"%PDF")


def test_the_monthly_report_as_plain_text(reports: dict[str, Report]) -> None:
    for report in reports.values():
        text = to_text(report)
        assert "263,940" in text and "2.5.4" in text and max(map(width, text.splitlines())) <= 110


def test_odd_times(tmp_path: Path) -> None:
    """Not observed, nothing came, the first week, one sensor, a week that isn't over, days without observation, levels by name."""
    for store in opened(tmp_path / "store"):
        dice = random.Random(4)
        days = [date(2026, 6, 1) + timedelta(days=n) for n in range(10)]
        put(store, "a", [access(day, b"22/tcp", dice) for day in days for _ in range(20)], days=days)
        store.cover("a", "packet", date(2026, 6, 22), date(2026, 6, 28))
        assert "nothing was observed" in text_of(made(store, "2026-W20"), "digest.no_data")
        assert "延べ7日の観測" in text_of(made(store, "2026-W26", "ja"), "digest.zero")
        first = made(store, "2026-W23")
        assert {"digest.change_none", "points.one"} <= {one.rule for one in sentences_of(first.sections)} and "first time" not in str(first)
        early = made(store, "2026-W24", today=date(2026, 6, 10))
        assert "2 days up to 9 June" in text_of(early, "digest.preliminary") and early.title.endswith("(preliminary)")
        assert [row[3] for row in figures_of(made(store, "2026-W24").sections)[0].data] == [20.0] * 3 + [None] * 4
        facts = gather_digest(store, span_of("2026-06-02"), TOKYO, None, date(2027, 1, 1))
        rated = Attention(b"22/tcp", "packet", "attention", date(2026, 6, 2))
        for found, rule in (((), "digest.attention_none"), ((rated,), "digest.attention")):
            given = DigestFacts(**{name: getattr(facts, name) for name in facts.__struct_fields__} | {"attention": found})
            assert text_of(compose_digest(given, "ja", ReportSettings(), "operator"), rule)
        public = gather_digest(store, span_of("2026-W23"), TOKYO, None, date(2027, 1, 1), showing_by("public", store.sensors(), b"key"))
        assert text_of(compose_digest(public, "en", ReportSettings(), "public"), "digest.total").endswith("1 observation point.")
