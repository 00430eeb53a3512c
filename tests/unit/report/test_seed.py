# SPDX-License-Identifier: Apache-2.0
"""Every printed number and figure slot of the report of August 2007 (N- and R-rows), counted again from the sealed rows by plain DuckDB."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import duckdb
import pytest

from teiten.report.facts import MEASURES, Facts, Measure
from teiten.report.model import Figure, Paragraph, Report, Section, Table, figures_of, sentences_of
from teiten.report.tabular import to_csv
from teiten.store.node import NodeStore
from tests.unit.report.conftest import Recount

AUGUST = "day >= date '2007-08-01' and day < date '2007-09-01'"
CUMULATIVE = "count(distinct (source, day, sensor, target))"
TOP_TEN = ("135/tcp", "1026/udp", "1027/udp", "445/tcp", "Ping(ICMP)", "139/tcp", "1028/udp", "1433/tcp", "8080/tcp", "2967/tcp")


def text_of(report: Report, rule: str) -> str:
    found = [sentence.text for sentence in sentences_of(report.sections) if sentence.rule == rule]
    assert len(found) == 1, (rule, found)
    return found[0]


def figure(report: Report, number: str) -> Figure:
    return next(one for one in figures_of(report.sections) if one.number == number)


def section(sections: tuple[Section, ...], number: str) -> Section:
    every = [inner for one in sections for inner in (one, *one.sections)]
    return next(one for one in every if one.number == number)


def column(report: Report, number: str, place: int) -> list[object]:
    return [row[place] for row in figure(report, number).data]


def test_n01_n02_n03_total_points_and_mean(reports: dict[str, Report], recount: Recount) -> None:
    """N-01, N-02, N-03, R-03, R-04."""
    ((accesses, sensors, days),) = recount(f"select sum(times), count(distinct sensor), count(distinct day) from rows where {AUGUST}")
    assert (accesses, sensors, days) == (263_940, 10, 31)
    for report in reports.values():
        assert f"{accesses:,}" in text_of(report, "lay.total") and "10" in text_of(report, "lay.total")
        assert f"{(2 * accesses + 310) // 620}" in text_of(report, "lay.per_day")  # half up
    assert "851" in text_of(reports["ja"], "lay.per_day")


def test_n04_sources_per_point_and_day(reports: dict[str, Report], recount: Recount) -> None:
    ((pairs,),) = recount(f"select count(*) from (select distinct day, sensor, source from rows where {AUGUST})")
    assert pairs == 100_130
    for report in reports.values():
        assert f"{(2 * pairs + 310) // 620}" == "323" and "323" in text_of(report, "lay.per_day")


def test_n05_r06_the_bold_sentence_rounds_the_ratio(reports: dict[str, Report]) -> None:
    """263,940 / 100,130 = 2.636 is shown as 3."""
    for language, ratio in (("ja", "3件ずつ"), ("en", "about 3 times")):
        bold = [one for one in sentences_of(reports[language].sections) if one.strong]
        assert [one.rule for one in bold] == ["lay.summary"]
        assert "323" in bold[0].text and ratio in bold[0].text
        assert bold[0].inputs["ratio"].value == pytest.approx(2.636, abs=0.001)


def test_n06_r10_a_quarter_for_the_messenger_ports(reports: dict[str, Report], recount: Recount) -> None:
    ((messenger, total),) = recount(
        f"select sum(times) filter (where cast(target as varchar) in ('1026/udp', '1027/udp', '1028/udp')), sum(times) from rows where {AUGUST}"
    )
    assert messenger == 65_985 and abs(messenger / total - 0.25) < 0.0005
    ja, en = text_of(reports["ja"], "notable.group"), text_of(reports["en"], "notable.group")
    assert "1026/udp、1027/udp、1028/udp" in ja and "4分の1(25.0%)" in ja
    assert "1026/udp, 1027/udp and 1028/udp" in en and "a quarter of the accesses (25.0%)" in en


def test_n07_n08_n09_n10_n11_r16_the_portal_as_printed(reports: dict[str, Report], facts: Facts) -> None:
    assert facts.portal is not None
    assert (facts.portal.window.from_on, facts.portal.window.to_on) == (date(2007, 8, 16), date(2007, 8, 27))
    rows = figure(reports["ja"], "2.2.1").data
    packet = [(row[1], row[2], row[3], row[4]) for row in rows if row[0] == "packet"]
    assert packet == [
        (1, "→", 1659, "135/tcp"),
        (2, "→", 469, "445/tcp"),
        (3, "→", 379, "139/tcp"),
        (4, "→", 271, "1433/tcp"),
        (5, "↑", 263, "5900/tcp"),
    ]
    assert [(row[3], row[4]) for row in rows if row[0] == "ssh"] == [(157, "test"), (143, "admin"), (135, "guest"), (127, "user"), (112, "oracle")]
    assert [(row[1], row[2], row[3]) for row in rows if row[0] == "web"] == [(1, "→", 308), (2, "→", 2), (3, "↓", 1), (3, "↓", 1), (3, "↓", 1)]
    assert len([row for row in rows if row[0] == "mail"]) == 4
    assert "2007-08-16" in text_of(reports["en"], "portal.figure") and "2007-08-26" in text_of(reports["en"], "portal.figure")


def test_n13_r07_six_months(reports: dict[str, Report], recount: Recount) -> None:
    found = recount(
        """select month, sum(accesses), sum(sources), count(*) from (
             select strftime(day, '%Y-%m') as month, sum(times) as accesses, count(distinct source) as sources from rows group by month, day, sensor
           ) group by month order by month"""
    )
    expected = [
        (month, accesses, sources, points, round(accesses / points, 2), round(sources / points, 2)) for month, accesses, sources, points in found
    ]
    assert [row[0] for row in expected] == [f"2007-{number:02}" for number in range(3, 9)]
    for report in reports.values():
        assert list(figure(report, "1.1").data) == expected


def test_r01_title_names_the_system_and_the_month(reports: dict[str, Report]) -> None:
    assert "TALOT2" in reports["ja"].title and reports["ja"].subtitle == "2007年8月"
    assert "TALOT2" in reports["en"].title and reports["en"].subtitle == "August 2007"


def test_r02_r05_lay_readers_come_first_and_the_environment_can_be_left_out(reports: dict[str, Report]) -> None:
    assert reports["ja"].sections[0].title == "インターネットを利用するすべての方へ"
    assert text_of(reports["en"], "lay.environment")


def test_r08_gentle_decline(reports: dict[str, Report]) -> None:
    assert "緩やかに減る" in text_of(reports["ja"], "trend.fall_gentle")
    assert "gentle decrease" in text_of(reports["en"], "trend.fall_gentle")


def test_r09_as_in_july(reports: dict[str, Report]) -> None:
    assert "−0.8%" in text_of(reports["ja"], "change.steady") and "2007年7月" in text_of(reports["ja"], "change.steady")


def test_r11_r12_the_surge_begins_peaks_and_is_over(reports: dict[str, Report], recount: Recount) -> None:
    daily = dict(recount(f"select day, sum(times) from rows where {AUGUST} and cast(target as varchar) = '5168/tcp' group by day"))
    peak = max(daily, key=lambda day: daily[day])
    assert peak == date(2007, 8, 24)
    for language, days in (("ja", ("8月22日", "8月24日", "8月30日")), ("en", ("22 August", "24 August", "30 August"))):
        named = text_of(reports[language], "surge.over")
        assert all(day in named for day in days) and f"{daily[peak]}" in named and "2.1" in named
        assert days[2] in text_of(reports[language], "topic.over")
        assert "ServerProtect" in section(reports[language].sections, "2.1").title


def test_r13_one_port_by_region(reports: dict[str, Report], recount: Recount) -> None:
    found = recount(
        f"select cast(day as varchar), region, sum(times), {CUMULATIVE} from rows "
        f"where {AUGUST} and cast(target as varchar) = '5168/tcp' group by all"
    )
    for number, place in (("2.1.1", 2), ("2.1.2", 3)):
        drawn = figure(reports["en"], number).data
        assert sorted((row[0], row[2]) for row in drawn) == sorted((row[0], row[place]) for row in found)


def test_r14_r15_references_and_advice(reports: dict[str, Report]) -> None:
    topic = section(reports["ja"].sections, "2.1")
    entries = [entry for block in topic.blocks if hasattr(block, "entries") for entry in block.entries]
    assert [entry.text for entry in entries] == ["JVNTA07-235A", "JPCERT-AT-2007-0019"] and all(entry.url for entry in entries)
    assert "システム管理者" in text_of(reports["ja"], "topic.advice")


@pytest.mark.parametrize(("number", "counted"), [("2.3.1", "sum(times)"), ("2.3.2", "count(distinct (sensor, source))")])
def test_r17_days(reports: dict[str, Report], recount: Recount, number: str, counted: str) -> None:
    found = recount(f"select cast(day as varchar), {counted}, count(distinct sensor) from rows where {AUGUST} group by day order by day")
    assert [row[:3] for row in figure(reports["ja"], number).data] == found and len(found) == 31


@pytest.mark.parametrize(("number", "by", "counted"), [
    ("2.4.1", "cast(target as varchar)", "sum(times)"), ("2.4.2", "cast(target as varchar)", CUMULATIVE),
    ("2.5.2", "region", "sum(times)"), ("2.5.4", "region", CUMULATIVE),
])  # fmt: skip
def test_r18_r19_r20_r29_shares_and_the_rest(reports: dict[str, Report], recount: Recount, number: str, by: str, counted: str) -> None:
    found = recount(f"select {by} as name, {counted} as n from rows where {AUGUST} group by name order by n desc, name")
    total = sum(row[1] for row in found)
    known = [row for row in found if row[0] != ""]
    drawn = figure(reports["en"], number).data
    assert [row[1] for row in drawn[:10]] == [row[1] for row in known[:10]]
    assert sum(row[1] for row in drawn) == total  # nothing is dropped: the rest and unknown are rows
    assert [row[2] for row in drawn] == [round(row[1] / total, 4) for row in drawn]


@pytest.mark.parametrize(("number", "counted"), [("2.5.1", "sum(times)"), ("2.5.3", CUMULATIVE)])
def test_r19_r20_regions_by_day(reports: dict[str, Report], recount: Recount, number: str, counted: str) -> None:
    found = recount(f"select cast(day as varchar), {counted} as n from rows where {AUGUST} group by day, region")
    assert sorted((row[0], row[2]) for row in figure(reports["ja"], number).data) == sorted(found)


@pytest.mark.parametrize(("number", "by", "counted"), [
    ("3.1.1", "cast(target as varchar)", "sum(times)"), ("3.1.2", "cast(target as varchar)", CUMULATIVE),
    ("3.2.1", "region", "sum(times)"), ("3.2.2", "region", CUMULATIVE),
])  # fmt: skip
def test_r21_r22_six_months_of_shares(reports: dict[str, Report], recount: Recount, number: str, by: str, counted: str) -> None:
    found = recount(f"select strftime(day, '%Y-%m') as month, {by} as name, {counted} as n from rows group by month, name")
    totals: dict[str, int] = {}
    for month, _, n in found:
        totals[month] = totals.get(month, 0) + n
    values = {(month, n) for month, _, n in found}
    drawn = figure(reports["en"], number).data
    assert {row[0] for row in drawn} == {f"2007-{number:02}" for number in range(3, 9)}
    assert all((row[0], row[2]) in values and row[3] == round(row[2] / totals[row[0]], 4) for row in drawn)


def test_r30_beside_the_month_before(reports: dict[str, Report], recount: Recount) -> None:
    found = {
        name: (now, before)
        for name, now, before in recount(
            f"""select cast(target as varchar), sum(times) filter (where {AUGUST}), sum(times) filter (where day >= date '2007-07-01'
            and day < date '2007-08-01') from rows group by target"""
        )
    }
    drawn = figure(reports["en"], "2.6.1").data
    assert len(drawn) == 10
    for name, now, before, *_ in drawn:
        assert found["ping/icmp" if name == "Ping (ICMP)" else name] == (now, before)
    assert figure(reports["en"], "2.6.3").data and figure(reports["en"], "2.6.4").data


def test_r23_r24_r25_the_dictionary_in_the_order_of_the_month(reports: dict[str, Report]) -> None:
    table = next(block for block in section(reports["ja"].sections, "4").blocks if isinstance(block, Table))
    assert [row[0] for row in table.rows] == [
        *("135/tcp", "1026/udp / 1027/udp", "445/tcp", "Ping(ICMP)", "139/tcp", "1028/udp", "1433/tcp", "8080/tcp", "2967/tcp"),
    ]
    assert "1026/udp、1027/udpと同じ" in table.rows[5][1]
    for place, words in ((0, ("MS03-026", "W32/MSBlaster")), (2, ("W32/Sasser",)), (3, ("W32/Welchia",)), (6, ("SQL Server",))):
        assert all(word in table.rows[place][1] for word in words)
    assert sum("SMBv1" in row[1] for row in table.rows) == 1  # what to check is said once, though three ports of Windows are there
    assert "WannaCry" not in str(table.rows)  # seen in 2017: a report of 2007 doesn't know it


def test_r27_every_figure_is_numbered_by_its_section_and_referred_to(reports: dict[str, Report]) -> None:
    """R-27: the 15 slots of the seed exist under their numbers."""
    slots = ("1.1", "2.1.1", "2.2.1", "2.3.1", "2.3.2", "2.4.1", "2.4.2", "2.5.1", "2.5.2", "2.5.3", "2.5.4", "3.1.1", "3.1.2", "3.2.1", "3.2.2")
    for language, word in (("ja", "図"), ("en", "igures? ")):
        report = reports[language]
        numbers = [one.number for one in figures_of(report.sections)]
        assert set(slots) <= set(numbers) and len(set(numbers)) == len(numbers)
        _check_places(report.sections)
        said = " ".join(one.text for one in sentences_of(report.sections))
        for number in numbers:
            assert re.search(rf"(?:{word}|and ){re.escape(number)}(?![\d.]\d)", said), (language, number)


def _check_places(sections: tuple[Section, ...]) -> None:
    for one in sections:
        own = [block.number for block in one.blocks if isinstance(block, Figure)]
        assert own == [f"{one.number}.{place}" for place in range(1, len(own) + 1)]
        _check_places(one.sections)


def test_r28_everything_exists_for_accesses_and_for_sources(facts: Facts, reports: dict[str, Report]) -> None:
    measures: tuple[Measure, ...] = MEASURES
    assert measures == ("accesses", "sources")
    titles = [one.title for one in figures_of(reports["ja"].sections) if one.number not in ("1.1", "2.2.1")]
    of_accesses = {title.replace("アクセス数", "発信元数") for title in titles if "アクセス数" in title}
    assert of_accesses == {title for title in titles if "発信元数" in title} and len(of_accesses) == len(titles) // 2


def test_csv_of_a_figure_is_its_data(reports: dict[str, Report]) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(figure(reports["en"], "2.4.1")))))
    assert rows[0] == ["port kind", "accesses", "share"] and rows[1][:2] == ["135/tcp", "57838"] and len(rows) == 12


def test_no_sentence_is_copied_from_the_published_report(reports: dict[str, Report]) -> None:
    """T-rows: the facts in their order, our own words. Stock phrases of the published text that must not appear."""
    said = " ".join(one.text for one in sentences_of(reports["ja"].sections))
    assert not any(phrase in said for phrase in ("件ありました", "ということになります。", "定常化していると言えます", "収まった感じに見受け"))
    assert all(isinstance(block, Paragraph | Figure) for block in reports["ja"].sections[0].blocks)


def test_n12_the_portal_says_since_when_it_observes(reports: dict[str, Report], facts: Facts, store: NodeStore) -> None:
    files = store.folder / "lake" / "day=*" / "rows-*.parquet"
    with duckdb.connect() as plain:
        query = f"select min(day) from read_parquet('{files}', hive_partitioning = false) where sensor like 'mustan-%'"
        ((first,),) = plain.execute(query).fetchall()
    assert facts.portal is not None and facts.portal.since <= first
    assert f"{facts.portal.since.year}年{facts.portal.since.month}月{facts.portal.since.day}日から" in text_of(reports["ja"], "portal.intro")


# Which facts a sentence states, in which order (T-01 … T-10), in our own words.
TOLD = {
    "T-01": ("lay.total", ("TALOT2", "2007年8月", "10か所", "263,940件")),
    "T-02": ("lay.per_day", ("1か所", "1日", "323", "851件")),
    "T-03": ("lay.summary", ("毎日", "平均して", "323人", "1人あたり", "3件")),
    "T-04": ("lay.figure", ("1.1", "2007年3月", "2007年8月", "平均アクセス数", "平均発信元数")),
    "T-05": ("trend.fall_gentle", ("この図", "アクセス数", "緩やかに減る")),
    "T-06": ("change.steady", ("2007年8月", "2007年7月", "変わらず", "落ち着いた")),
    "T-07": ("notable.group", ("1026/udp", "1027/udp", "1028/udp", "合わせた数", "4分の1")),
    "T-08": ("surge.over", ("5168/tcp", "一時的に多く", "収まりました")),
    "T-09": ("kinds.figure", ("アクセス数", "2.4.1", "発信元数", "2.4.2")),
    "T-10": ("supplement.intro", ("2007年8月", "アクセスの多かった", "説明")),
}


@pytest.mark.parametrize("row", TOLD)
def test_t_rows_facts_in_their_order(reports: dict[str, Report], row: str) -> None:
    rule, facts = TOLD[row]
    said, place = text_of(reports["ja"], rule), 0
    for fact in facts:
        place = said.index(fact, place) + len(fact)
    assert text_of(reports["en"], rule)
