# SPDX-License-Identifier: Apache-2.0
"""Every number in a report's JSON is what its question says, answered by plain SQL over the sealed rows (N-01 … N-13, R-03 … R-30, T-rows): no
figure, no row of a figure and no number in a sentence goes uncounted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import duckdb
import pytest

from teiten.report.model import Report
from teiten.report.naming import region_name, target_name
from teiten.report.tabular import to_json
from teiten.report.wording import Wording
from teiten.store.node import NodeStore

KEYS: Final = {
    "target": "cast(target as varchar)", "region": "region", "day": "cast(day as varchar)", "month": "strftime(day, '%Y-%m')", "channel": "channel",
}  # fmt: skip
COUNTED: Final = {
    "accesses": "sum(times)",
    "cumulative_sources": "count(distinct (source, day, sensor, channel, target))",
    "source_days": "count(distinct (sensor, day, source))",
    "sensor_days": "count(distinct (sensor, day))",
}
FIGURES: Final = (
    *("1.1", "2.1.1", "2.1.2", "2.2.1", "2.3.1", "2.3.2", "2.4.1", "2.4.2", "2.5.1", "2.5.2", "2.5.3", "2.5.4"),
    *("2.6.1", "2.6.2", "2.6.3", "2.6.4", "3.1.1", "3.1.2", "3.2.1", "3.2.2"),
)
Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]


@pytest.fixture(scope="module")
def told(reports: dict[str, Report]) -> dict[str, dict[str, Any]]:
    return {language: json.loads(to_json(report)) for language, report in reports.items()}


@pytest.fixture(scope="module")
def ask(store: NodeStore) -> Ask:
    """Rows of a question: what is counted by which keys of it, with further conditions."""
    plain = duckdb.connect(config={"threads": 1})
    files = store.folder / "lake" / "day=*" / "rows-*.parquet"
    plain.execute(f"create table t as select * from read_parquet('{files}', hive_partitioning = false) where category = 'access'")

    def asked(question: dict[str, Any], by: tuple[str, ...], counted: str, *further: str) -> Rows:
        channel = [f"channel = '{question['channel']}'"] if "channel" in question else []
        days = [f"day >= date '{question['from_on']}'", f"day < date '{question['to_on']}'"]
        where = " and ".join([f"sensor like '{question['group']}-%'", *days, *channel, *further])
        keys = ", ".join(KEYS[key] for key in by)
        return plain.execute(f"select {keys + ', ' if keys else ''}{counted} from t where {where} group by all").fetchall()

    return asked


def figure(told: dict[str, Any], number: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in told["figures"] if one["number"] == number)
    return found


def shown(language: str, key: str, value: str) -> str:
    """As a reader of the report sees it."""
    wording = Wording("ja" if language == "ja" else "en")
    if key == "region":
        return region_name(wording, value.encode() or b"unknown")
    return target_name(wording, "packet", value.encode()) if key == "target" else value


def of_target(question: dict[str, Any]) -> list[str]:
    return [f"cast(target as varchar) = '{question['key']}'"] if question.get("key") else []


def test_every_figure_is_counted_again(told: dict[str, dict[str, Any]]) -> None:
    assert all(tuple(one["number"] for one in report["figures"]) == FIGURES for report in told.values())


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("number", FIGURES)
def test_rows_of_a_figure(told: dict[str, dict[str, Any]], ask: Ask, number: str, language: str) -> None:
    """N-01 … N-13 and R-07, R-13, R-16 … R-22, R-28 … R-30, in both languages."""
    drawn = figure(told[language], number)
    question, rows = drawn["question"], drawn["rows"]
    if number == "2.2.1":
        found = {(channel, shown(language, "target", target)): n for channel, target, n in ask(question, ("channel", "target"), "sum(times)")}
        assert len(rows) == 19 and {(row[0], row[4]): row[3] for row in rows}.items() <= found.items()
        for channel in {row[0] for row in rows}:
            told_rows = [row for row in rows if row[0] == channel]
            most = sorted((n for key, n in found.items() if key[0] == channel), reverse=True)[: len(told_rows)]
            assert [row[3] for row in told_rows] == most and [row[1] for row in told_rows] == [1 + most.index(n) for n in most]
        return
    fields = [COUNTED[field] for field in question["field"].split(", ")]
    by = tuple(question["by"])
    answer = ask(question, by, ", ".join(fields), *of_target(question))
    counted = {tuple(shown(language, key, value) for key, value in zip(by, row, strict=False)): row[len(by) :] for row in answer}
    {"1.1": _months, "2.3": _days, "2.6": _compared}.get(number[:3], _shares)(rows, by, counted, ask, question)


def _months(rows: Rows, by: tuple[str, ...], counted: dict[tuple[str, ...], Any], ask: Ask, question: dict[str, Any]) -> None:
    expected = [[*key, *n, round(n[0] / n[2], 2), round(n[1] / n[2], 2)] for key, n in sorted(counted.items())]
    assert rows == expected and len(rows) == 6


def _days(rows: Rows, by: tuple[str, ...], counted: dict[tuple[str, ...], Any], ask: Ask, question: dict[str, Any]) -> None:
    sensors = {(row[0],): row[1] for row in ask(question, ("day",), COUNTED["sensor_days"])}
    assert rows == [[*key, n, sensors[key], round(n / sensors[key], 2)] for key, (n,) in sorted(counted.items())] and len(rows) == 31


def _compared(rows: Rows, by: tuple[str, ...], counted: dict[tuple[str, ...], Any], ask: Ask, question: dict[str, Any]) -> None:
    """R-30, figures 2.6.1 to 2.6.4: this month, the month before, and both per point and day."""
    days = dict(ask(question, ("month",), COUNTED["sensor_days"]))
    assert sorted(days) == ["2007-07", "2007-08"]
    numbers = {name: [counted.get((month, name), (0,))[0] for month in ("2007-08", "2007-07")] for _, name in counted}
    assert rows == [[name, *numbers[name], *(round(n / days[month], 2) for n, month in zip(numbers[name], ("2007-08", "2007-07"), strict=True))]
                    for name in (row[0] for row in rows)]  # fmt: skip
    named = sorted((now for name, (now, _) in numbers.items() if name not in ("unknown", "不明")), reverse=True)
    assert [row[1] for row in rows] == named[: len(rows)] and len(rows) >= 8


def _shares(rows: Rows, by: tuple[str, ...], counted: dict[tuple[str, ...], Any], ask: Ask, question: dict[str, Any]) -> None:
    """Shares of a month, of six, and of days; one row may be the rest of them. By day every region is a row."""
    assert rows
    width = len(by)
    left = {key: n for key, (n,) in counted.items()}
    totals: dict[tuple[str, ...], int] = {}
    for key, n in left.items():
        totals[key[: width - 1]] = totals.get(key[: width - 1], 0) + n
    for row in rows:
        key, n = tuple(row[:width]), row[width]
        if key in left:
            assert left.pop(key) == n, key
        else:
            assert width == 1 and n == sum(left.values()), key
            left.clear()
        if by != ("day", "region"):
            assert row[-1] == round(n / totals[key[: width - 1]], 4)
    assert by[0] == "month" or not left  # six months show the first ones only


def test_numbers_of_sentences(told: dict[str, dict[str, Any]], ask: Ask) -> None:
    """N-03 … N-06, R-03 … R-12, T-01 … T-08: whatever number a sentence is filled by, and by which it was chosen."""
    seen = 0
    for one in told["en"]["sentences"]:
        for name, number in one["inputs"].items():
            assert number["value"] == pytest.approx(_number(number["question"], one["rule"], name, ask)), (one["rule"], name)
            seen += 1
    assert seen == 22
    assert [one["inputs"] for one in told["ja"]["sentences"]] == [one["inputs"] for one in told["en"]["sentences"]]


def _number(question: dict[str, Any], rule: str, name: str, ask: Ask) -> float:
    """What the question says, in words of this test."""
    by, field, key = tuple(question.get("by", ())), question["field"], question.get("key", "")
    if question["ask"] == "per_sensor_day":
        if field.endswith("slope over months"):
            return _slope(question, field.split("_")[0], ask)
        ((accesses, sources, days),) = ask(question, (), f"sum(times), {COUNTED['source_days']}, {COUNTED['sensor_days']}")
        quotients = {
            "accesses_per_sensor_day": accesses / days,
            "sources_per_sensor_day": sources / days,
            "accesses / source_days": accesses / sources,
        }
        return float({**quotients, "accesses": accesses}[field])
    if question["ask"] == "series":
        daily = [n / sensors for _, n, sensors in ask(question, by, f"sum(times), {COUNTED['sensor_days']}")]
        return max(daily) if name == "most" else min(daily)
    further = [] if by == ("target",) or key in ("CN", "unknown") else of_target(question)
    counted = {row[0]: row[1] for row in ask(question, by, COUNTED[field.removesuffix(" / total")], *further)}
    if by == ("day",) or further:  # the most of one target: its peak, its first region
        return max(counted.values()) / (1 if by == ("day",) else sum(counted.values()))
    chosen = sorted(counted.values())[-10:] if key == "top" else [counted[one] for one in re.split(r" \+ ", key)]
    return sum(chosen) / sum(counted.values())


def _slope(question: dict[str, Any], measure: str, ask: Ask) -> float:
    """Least squares over March to August, relative to their mean."""
    field = COUNTED["source_days" if measure == "sources" else "accesses"]
    rows = ask({**question, "from_on": "2007-03-01"}, ("month",), f"{field}, {COUNTED['sensor_days']}")
    means = [n / days for _, n, days in sorted(rows)]
    level = sum(means) / 6
    return sum((place - 2.5) * (mean - level) for place, mean in enumerate(means)) / 17.5 / level
