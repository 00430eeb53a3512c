# SPDX-License-Identifier: Apache-2.0
"""Asks all questions of a monthly report. What it returns is plain, may be printed as it is, and is ready to be judged and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from teiten.detectors.surge import Day, Surge, surge
from teiten.errors import UsageError
from teiten.marks import StoreMarks
from teiten.model import Period
from teiten.questions.breadth import breadth
from teiten.questions.observation import observed_sensors
from teiten.questions.rankings import ranking
from teiten.questions.tallies import tallies
from teiten.questions.windows import months_before, window
from teiten.report.counting import Counting, key_bytes
from teiten.report.facts import Facts, MonthFacts, PortalFacts, PortalRow, SurgeFacts
from teiten.report.showing import EXACT, Showing
from teiten.store.interface import Store

MONTHS: Final = 6
PORTAL_TOP: Final = 5
CHANNELS_SHOWN: Final = ("packet", "ssh", "web", "mail")
# A surge is looked for among the targets with at least this share of the month: smaller ones are no topic of a monthly report.
SURGE_SHARE: Final = 0.003
SURGE_CANDIDATES: Final = 100
SURGES: Final = 3
_BEGINNING: Final = date(1990, 1, 1)


class Scope(msgspec.Struct, frozen=True):
    """What is reported: a month of a group's channel. `today`: days from it on are not over yet."""

    month: Period
    zone: ZoneInfo
    group: str | None = None
    channel: str = ""
    portal: str = ""
    portal_on: date | None = None
    show_portal: bool = True
    today: date = date.max


def gather(store: Store, scope: Scope, showing: Showing = EXACT) -> Facts:
    """All facts of the month as `showing` lets them be printed. Raises UsageError for a month that hasn't begun."""
    if scope.today <= scope.month.from_on:
        raise UsageError(f"{scope.month.from_on:%Y-%m}: this month has no complete day yet.", "Name an earlier month.")
    cut = Period(scope.month.from_on, min(scope.month.to_on, scope.today))
    periods = [*months_before(scope.month, MONTHS)[:-1], cut]
    channel = scope.channel or _channel(store, Period(periods[0].from_on, cut.to_on), scope.group)
    counting = Counting(store, scope.group, channel, showing)
    months = _levelled([counting.month(period, daily=period == cut) for period in periods])
    leading = next((share.key for share in months[-1].targets.named), None)
    return Facts(
        scope.group,
        channel,
        scope.zone.key,
        scope.month,
        cut,
        months,
        counting.days(cut),
        counting.days_by_region(cut),
        tuple(counting.regions_of(leading, period) for period in periods[-2:]) if leading else (),
        _surges(store, counting, scope, channel, months, cut),
        _portal(store, scope, cut, showing) if scope.show_portal else None,
        demo=any(entry.demo for entry in store.sensors() if entry.name in months[-1].sensors),
        coarse=showing.coarse,
        tells_sensors=showing.tells_sensors,
    )


def _levelled(months: Sequence[MonthFacts]) -> tuple[MonthFacts, ...]:
    """Levels of blurred months as whole percent of the last observed one: enough to say whether it rose, and no more."""
    last = next((month.levels for month in reversed(months) if month.levels), None)
    return tuple(
        msgspec.structs.replace(month, levels={name: round(value / (last[name] or 1), 2) for name, value in month.levels.items()})
        if month.levels and last
        else month
        for month in months
    )


def _surges(store: Store, counting: Counting, scope: Scope, channel: str, months: Sequence[MonthFacts], cut: Period) -> tuple[SurgeFacts, ...]:
    """Surges that reach into the month and are highest in it, most accesses first."""
    now = months[-1].targets
    candidates = [share.key for share in now.named[:SURGE_CANDIDATES] if share.accesses >= now.accesses * SURGE_SHARE]
    span = Period(months[-2].period.from_on, cut.to_on)
    observed = observed_sensors(store, span, group=scope.group, channel=channel)
    daily = counting.daily(span, candidates)
    seen = [(key, _surge(daily.get(key, {}), span, observed)) for key in candidates]
    inside = [(key, one) for key, one in seen if one is not None and one.peak_on >= cut.from_on]
    inside.sort(key=lambda found: (-found[1].accesses, found[0]))
    return tuple(SurgeFacts(key, one, counting.days_by_region(cut, key)) for key, one in inside[:SURGES])


def _surge(daily: Mapping[date, tuple[int, int]], span: Period, observed: Mapping[date, int]) -> Surge | None:
    found = ((day, *daily.get(day, (0, 0))) for day in span.dates())
    return surge([Day(day, sources, accesses, observed.get(day, 0)) for day, accesses, sources in found])


def _channel(store: Store, period: Period, group: str | None) -> str:
    """packet where packets were observed; else the busiest channel."""
    found = tallies(store, period, "channel", "channel", group=group)
    channels = sorted(found, key=lambda tally: (tally.key != "packet", -tally.accesses))
    return str(channels[0].key) if channels else "packet"


def _portal(store: Store, scope: Scope, cut: Period, showing: Showing) -> PortalFacts | None:
    """The top lists as the site shows them on the day after the group's last observed day of the month."""
    group = scope.portal or scope.group
    last_on = scope.portal_on or max(observed_sensors(store, cut, group=group), default=None)
    if last_on is None:
        return None
    period = window(last_on + timedelta(days=1))
    tables = {channel: rows for channel in CHANNELS_SHOWN if (rows := top_rows(store, period, scope.zone, channel, group, showing, PORTAL_TOP))}
    since = min(observed_sensors(store, Period(_BEGINNING, period.to_on), group=group), default=period.from_on)
    return PortalFacts(group, period, since, tables) if tables else None


def top_rows(
    store: Store, period: Period, zone: ZoneInfo, channel: str, group: str | None, showing: Showing, top: int, marked: Period | None = None
) -> tuple[PortalRow, ...]:
    """The first `top` targets that may be named, ranked by the numbers that may be told (M-11); ties in the order of their targets.

    Marks are those after the last day of `marked`, or of the period itself."""
    counts = _blurred(store, period, channel, group, showing) if showing.coarse else _exact(store, period, zone, channel, group, top)
    named = showing.namable(store, period, channel, group, [row[0] for row in counts[: top * 8]])
    rows = [row for row in counts if row[0] in named]
    kept = [row for row in rows[:top] if row[1]]
    marks = StoreMarks(store)(marked or period, channel, group, [row[0] for row in kept])
    rank = {accesses: 1 + sum(other[1] > accesses for other in kept) for _, accesses, _ in kept}
    return tuple(PortalRow(rank[accesses], marks[target].arrow, accesses, target, sources) for target, accesses, sources in kept)


def _exact(store: Store, period: Period, zone: ZoneInfo, channel: str, group: str | None, top: int) -> list[tuple[bytes, int, int]]:
    found = ranking(store, period, zone=zone, channel=channel, group=group, top=top)
    return [(key_bytes(row.key), row.accesses, row.sources) for row in found]


def _blurred(store: Store, period: Period, channel: str, group: str | None, showing: Showing) -> list[tuple[bytes, int, int]]:
    """The same numbers for the same things as on the public site."""
    told = []
    for row in breadth(store, period, "target", channel=channel, group=group):
        key = key_bytes(row.keys[0])
        accesses = showing.count(row.capped, "accesses", channel, key)
        sources = showing.count(row.networks, "sources", channel, key)
        if accesses is not None:
            told.append((key, accesses, sources or 0))
    return sorted(told, key=lambda one: (-one[1], one[0]))
