# SPDX-License-Identifier: Apache-2.0
"""What the first page and the lists of targets say: asks the questions and hands finished values to the templates. No wording, no HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from teiten import texts
from teiten.detectors.trend import Mark
from teiten.model import CHANNELS, Period
from teiten.publication.measuring import mark_name
from teiten.publication.view import Finding, MarkName
from teiten.questions.interface import Count, CountQuestion
from teiten.questions.observation import DayCount
from teiten.questions.rankings import Ranked
from teiten.site.asking import Asker, Marks
from teiten.site.figures import Day, Figure, figure, sparkline
from teiten.site.live import by_channel
from teiten.site.muting import NOTHING_MUTED, Mute, Mutes, apart
from teiten.site.requests import View

TOP: Final = 5
LIST: Final = 100
REGIONS: Final = 4
URGENT: Final = 5
MUTED_BEYOND: Final = 100  # rows asked for beyond a list's length while something is muted


class TargetRow(msgspec.Struct, frozen=True):
    """`question`: what the number of accesses answers; None where nobody may ask."""

    channel: str
    rank: int
    mark: MarkName
    target: bytes | str  # text is in the lossless form
    accesses: int | None
    sources: int | None
    sensors: int | None
    reach: str
    question: dict[str, Any] | None
    id: str


class TargetTable(msgspec.Struct, frozen=True):
    channel: str
    rows: list[TargetRow]
    muted: list[tuple[TargetRow, Mute]] = []


class DayRow(msgspec.Struct, frozen=True):
    """One day in the table under the figures: all channels, then each."""

    on: date
    total: Day
    channels: list[Day]


class Panel(msgspec.Struct, frozen=True):
    """Both figures of one channel, or of all of them (`channel` None)."""

    channel: str | None
    sources: Figure
    accesses: Figure


def top_page(ask: Asker, view: View, marks: Marks | None, findings: Sequence[Finding] = (), mutes: Mutes = NOTHING_MUTED) -> dict[str, Any]:
    period = view.period
    urgent, muted = apart(mutes, findings)
    total = ask.count(CountQuestion(group=view.group, from_on=period.from_on, to_on=period.to_on))
    series = {channel: ask.series(period, view.group, channel) for channel in (None, *CHANNELS)}
    return {
        "period": period,
        "total": total[0] if total else Count(None, 0, 0, 0),
        "per_day": ask.per_sensor_day(period, view.group),
        "regions": ask.count(CountQuestion(by="region", group=view.group, from_on=period.from_on, to_on=period.to_on, top=REGIONS, order="sources")),
        "in_window": by_channel(ask, view.group, period.from_on, period.to_on),
        "panels": [Panel(channel, figure(days, "sources"), figure(days, "accesses")) for channel, days in series.items()],
        "days": _day_rows(series),
        "tables": [target_table(ask, view, channel, TOP, marks, mutes) for channel in ("packet", "ssh", "web", "mail")],
        "urgent": urgent[:URGENT],
        "urgent_all": len(urgent),
        "urgent_muted": len(muted),
        "marked": marks is not None,
    }


def target_table(ask: Asker, view: View, channel: str, top: int, marks: Marks | None, mutes: Mutes = NOTHING_MUTED) -> TargetTable:
    """Fewer rows than `top` when fewer targets were seen; nothing is padded. Ranks count muted targets too, so that they don't change."""
    period = view.period
    found = ask.ranking(period, channel, view.group, top + MUTED_BEYOND if mutes else top)
    ranked = [row for row in found if not mutes.of_target(channel, _target(row))][:top]
    muted = [row for row in found if row.rank <= top and mutes.of_target(channel, _target(row))] if mutes else []
    rows = [*ranked, *muted]
    marked = marks(period, channel, view.group, [_target(row) for row in rows]) if marks else {}
    question = _question(view, period, channel)
    shown, hidden = apart(mutes, [_row(row, channel, marked.get(_target(row)), question(_target(row))) for row in rows])
    return TargetTable(channel, shown, hidden)


def _row(row: Ranked, channel: str, mark: Mark | None, question: dict[str, Any]) -> TargetRow:
    return TargetRow(channel, row.rank, mark_name(mark), _target(row), row.accesses, row.sources, row.sensors, "", question, "")


def list_page(ask: Asker, view: View, channel: str, marks: Marks | None, mutes: Mutes = NOTHING_MUTED) -> dict[str, Any]:
    period = view.period
    found = ask.count(CountQuestion(group=view.group, channel=channel, from_on=period.from_on, to_on=period.to_on))
    table = target_table(ask, view, channel, LIST, marks, mutes)
    days = ask.by_day(period, channel, view.group, [row.target for row in table.rows if isinstance(row.target, bytes)])
    return {
        "period": period,
        "table": table,
        "sparks": [sparkline([days.get(as_bytes(row.target), {}).get(day) for day in period.dates()]) for row in table.rows],
        "total": found[0] if found else Count(None, 0, 0, 0),
        "limit": LIST,
        "other": None,
        "marked": marks is not None,
    }


def as_bytes(target: bytes | str) -> bytes:
    return target if isinstance(target, bytes) else texts.parse(target)


def _question(view: View, period: Period, channel: str) -> Callable[[bytes], dict[str, Any]]:
    fixed = {"by": "day", "channel": channel, "group": view.group, "from_on": period.from_on, "to_on": period.to_on}
    return lambda target: {**fixed, "target": target}


def _target(row: Ranked) -> bytes:
    if not isinstance(row.key, bytes):
        raise TypeError("a ranking of targets has bytes as keys")
    return row.key


def _day_rows(series: dict[str | None, list[DayCount]]) -> list[DayRow]:
    columns: Sequence[list[DayCount]] = list(series.values())
    return [DayRow(row[0].day, row[0], [*row[1:]]) for row in zip(*columns, strict=True)]
