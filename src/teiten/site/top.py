# SPDX-License-Identifier: Apache-2.0
"""What the first page and the lists of targets say: asks the questions and hands finished values to the templates. No wording, no HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, Literal

import msgspec

from teiten.clock import MICROSECONDS
from teiten.detectors.trend import Mark
from teiten.model import CHANNELS, Period
from teiten.publication.measuring import mark_name
from teiten.publication.view import Finding, MarkName
from teiten.questions.interface import Count, CountQuestion
from teiten.questions.observation import DayCount
from teiten.questions.rankings import Ranked
from teiten.questions.windows import window
from teiten.site.asking import Asker, Marks, SensorState
from teiten.site.figures import Day, Figure, figure
from teiten.site.live import by_channel
from teiten.site.requests import View

TOP: Final = 5
LIST: Final = 100
REGIONS: Final = 4
URGENT: Final = 5
SILENT_SECONDS: Final = 300  # five heartbeats of the default interval

Condition = Literal["observing", "silent", "none"]


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


def top_page(ask: Asker, view: View, marks: Marks | None, findings: Sequence[Finding] = ()) -> dict[str, Any]:
    period = window(view.as_of)
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
        "tables": [target_table(ask, view, channel, TOP, marks) for channel in ("packet", "ssh", "web", "mail")],
        "urgent": list(findings[:URGENT]),
        "marked": marks is not None,
    }


def target_table(ask: Asker, view: View, channel: str, top: int, marks: Marks | None) -> TargetTable:
    """Fewer rows than `top` when fewer targets were seen; nothing is padded."""
    period = window(view.as_of)
    ranked = ask.ranking(period, channel, view.group, top)
    marked = marks(period, channel, view.group, [_target(row) for row in ranked]) if marks else {}
    question = _question(view, period, channel)
    return TargetTable(channel, [_row(row, channel, marked.get(_target(row)), question(_target(row))) for row in ranked])


def _row(row: Ranked, channel: str, mark: Mark | None, question: dict[str, Any]) -> TargetRow:
    return TargetRow(channel, row.rank, mark_name(mark), _target(row), row.accesses, row.sources, row.sensors, "", question, "")


def list_page(ask: Asker, view: View, channel: str, marks: Marks | None) -> dict[str, Any]:
    period = window(view.as_of)
    found = ask.count(CountQuestion(group=view.group, channel=channel, from_on=period.from_on, to_on=period.to_on))
    return {
        "period": period,
        "table": target_table(ask, view, channel, LIST, marks),
        "total": found[0] if found else Count(None, 0, 0, 0),
        "limit": LIST,
        "other": None,
        "marked": marks is not None,
    }


def sensors_page(ask: Asker, view: View, now: int) -> dict[str, Any]:
    states = [state for state in ask.sensor_states() if view.group in (None, state.group)]
    return {"states": [(state, condition(state, now)) for state in states], "silent_minutes": SILENT_SECONDS // 60}


def condition(state: SensorState, now: int) -> Condition:
    """`none`: no heartbeat was ever received, as with imported logs and sample data."""
    if state.heartbeat_at is None:
        return "none"
    return "silent" if now - state.heartbeat_at > SILENT_SECONDS * MICROSECONDS else "observing"


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
