# SPDX-License-Identifier: Apache-2.0
"""What a digest of a week or a day tells, of all channels of a group, as the policy lets it be printed. Asked from the store, no words yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from teiten.errors import UsageError
from teiten.model import Period
from teiten.questions.breadth import breadth
from teiten.questions.observation import DayCount, PerSensorDay, per_sensor_day, series
from teiten.questions.presence import presences
from teiten.questions.rankings import first_seen
from teiten.questions.windows import window
from teiten.report.facts import Attention, PortalRow
from teiten.report.gather import CHANNELS_SHOWN, top_rows
from teiten.report.periods import Span, span_before
from teiten.report.showing import EXACT, Showing
from teiten.store.interface import Store

TOP: Final = 10
FRESH: Final = 5
FRESH_CANDIDATES: Final = 60
REGIONS: Final = 8


class Seen(msgspec.Struct, frozen=True):
    """Accesses and distinct sources (networks where the policy blurs). None: too few to be told."""

    accesses: int | None
    sources: int | None


class Fresh(msgspec.Struct, frozen=True):
    target: bytes
    accesses: int
    first_on: date


class ChannelDigest(msgspec.Struct, frozen=True):
    """`fresh`: targets first seen in the period; `fresh_count` all of them, the ones without a name too (None: not told)."""

    channel: str
    now: Seen
    before: Seen
    rows: tuple[PortalRow, ...]
    fresh: tuple[Fresh, ...]
    fresh_count: int | None


class RegionRow(msgspec.Struct, frozen=True):
    key: bytes
    accesses: int
    sources: int


class DigestFacts(msgspec.Struct, frozen=True):
    span: Span
    cut: Period  # as far as it is over
    zone: str
    group: str | None
    sensors: int
    per_day: PerSensorDay
    before: PerSensorDay
    level: float | None  # accesses per sensor and day against the period before: 1.0 is the same; None: nothing to compare with
    channels: tuple[ChannelDigest, ...]
    regions: tuple[RegionRow, ...]  # the first ones; unknown is one of them
    days: tuple[DayCount, ...]
    marks_on: Period
    attention: tuple[Attention, ...] | None = None  # None: no detector has run
    demo: bool = False
    coarse: bool = False
    tells_sensors: bool = True

    @property
    def preliminary(self) -> bool:
        return self.cut != self.span.period


def gather_digest(store: Store, span: Span, zone: ZoneInfo, group: str | None, today: date, showing: Showing = EXACT) -> DigestFacts:
    """Raises UsageError when none of its days is over."""
    if today <= span.period.from_on:
        raise UsageError(f"{span.name}: no day of it is over yet.", "Name an earlier one.")
    cut = Period(span.period.from_on, min(span.period.to_on, today))
    earlier = span_before(span).period
    exact = [per_sensor_day(store, period, group=group) for period in (cut, earlier)]
    present = presences(store, cut, group=group)
    told = _whole(store, [cut, earlier], group, showing)
    now, before = (_per_day(one, seen, showing) for one, seen in zip(exact, told, strict=True))
    a, b = exact[0].accesses_per_sensor_day, exact[1].accesses_per_sensor_day
    names = {one.sensor for one in present}
    return DigestFacts(
        span,
        cut,
        zone.key,
        group,
        len(present),
        now,
        before,
        round(a / b, 2 if showing.coarse else 4) if a and b else None,
        _channels(store, cut, earlier, zone, group, showing),
        _regions(store, cut, group, showing),
        _days(store, cut, group, showing) if span.kind == "week" else (),
        window(cut.to_on),
        demo=any(entry.demo for entry in store.sensors() if entry.name in names),
        coarse=showing.coarse,
        tells_sensors=showing.tells_sensors,
    )


def _whole(store: Store, periods: Sequence[Period], group: str | None, showing: Showing) -> list[int]:
    """Accesses of all channels together, as they may be told."""
    found = [breadth(store, period, "whole", group=group) for period in periods]
    return [showing.count(rows[0].capped if showing.coarse else rows[0].accesses, "accesses", "", "total", "") or 0 if rows else 0 for rows in found]


def _per_day(exact: PerSensorDay, accesses: int, showing: Showing) -> PerSensorDay:
    return PerSensorDay(accesses, showing.count(exact.source_days, "sources", "", "channel") or 0, exact.sensor_days)


def _channels(store: Store, cut: Period, earlier: Period, zone: ZoneInfo, group: str | None, showing: Showing) -> tuple[ChannelDigest, ...]:
    now, before = (_seen(store, period, group, showing) for period in (cut, earlier))
    found = []
    for channel in CHANNELS_SHOWN:
        if channel in now or channel in before:
            rows = top_rows(store, cut, zone, channel, group, showing, TOP, window(cut.to_on)) if channel in now else ()
            fresh, count = _fresh(store, cut, channel, group, showing)
            nothing = Seen(0, 0)
            found.append(ChannelDigest(channel, now.get(channel, nothing), before.get(channel, nothing), rows, fresh, count))
    return tuple(found)


def _seen(store: Store, period: Period, group: str | None, showing: Showing) -> dict[str, Seen]:
    found = {}
    for row in breadth(store, period, "channel", group=group):
        channel, coarse = str(row.keys[0]), showing.coarse
        accesses = showing.count(row.capped if coarse else row.accesses, "accesses", "channel", channel)
        found[channel] = Seen(accesses, showing.count(row.networks if coarse else row.sources, "sources", "channel", channel))
    return found


def _fresh(store: Store, period: Period, channel: str, group: str | None, showing: Showing) -> tuple[tuple[Fresh, ...], int | None]:
    found = sorted(first_seen(store, period, channel=channel, group=group), key=lambda one: (-one.accesses, one.target))
    named = showing.namable(store, period, channel, group, [one.target for one in found[:FRESH_CANDIDATES]])
    told = []
    for one in found[:FRESH_CANDIDATES]:
        accesses = showing.count(one.accesses, "accesses", channel, one.target)
        if one.target in named and accesses is not None:
            told.append(Fresh(one.target, accesses, one.first_on))
    return tuple(told[:FRESH]), None if showing.coarse else len(found)


def _regions(store: Store, period: Period, group: str | None, showing: Showing) -> tuple[RegionRow, ...]:
    told = []
    for row in breadth(store, period, "region", group=group):
        key, coarse = str(row.keys[0]), showing.coarse
        accesses = showing.count(row.capped if coarse else row.accesses, "accesses", "region", key)
        sources = showing.count(row.networks if coarse else row.sources, "sources", "region", key)
        if accesses is not None and sources is not None:
            told.append(RegionRow(key.encode(), accesses, sources))
    return tuple(sorted(told, key=lambda row: (-row.sources, -row.accesses, row.key))[:REGIONS])


def _days(store: Store, period: Period, group: str | None, showing: Showing) -> tuple[DayCount, ...]:
    found = series(store, period, group=group)
    if not showing.coarse:
        return tuple(found)
    seen = {row.keys[0]: row for row in breadth(store, period, "day", group=group)}
    told = []
    for one in found:
        row = seen.get(one.day)
        accesses = showing.count(row.capped if row else 0, "accesses", "day", "", one.day) or 0
        told.append(DayCount(one.day, accesses, 0, 0, showing.count(one.source_days, "sources", "day", "", one.day) or 0, one.observed))
    return tuple(told)
