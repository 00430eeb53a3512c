# SPDX-License-Identifier: Apache-2.0
"""Asks all questions of a report. The only file here that knows the store; what it returns is plain and ready to be judged and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from teiten.detectors.surge import Day, Surge, surge
from teiten.errors import UsageError
from teiten.marks import StoreMarks
from teiten.model import Period
from teiten.questions.observation import observed_sensors, per_sensor_day, series
from teiten.questions.presence import presences
from teiten.questions.rankings import ranking
from teiten.questions.tallies import Tally, tallies
from teiten.questions.windows import months_before, window
from teiten.report.facts import Breakdown, DayShares, Facts, MonthFacts, PortalFacts, PortalRow, Share, SurgeFacts
from teiten.store.interface import Store

MONTHS: Final = 6
PORTAL_TOP: Final = 5
# A surge is looked for among the targets with at least this share of the month: smaller ones are no topic of a monthly report.
SURGE_SHARE: Final = 0.003
SURGE_CANDIDATES: Final = 100
SURGES: Final = 3

Shown = Callable[[str, bytes], bytes]
"""Channel and target -> what may be printed of it (the policy of publication decides)."""


def as_seen(_channel: str, target: bytes) -> bytes:
    return target


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


def gather(store: Store, scope: Scope, shown: Shown = as_seen) -> Facts:
    """All facts of the month. `shown` decides what is printed of a target. Raises UsageError for a month that hasn't begun."""
    if scope.today <= scope.month.from_on:
        raise UsageError(f"{scope.month.from_on:%Y-%m}: this month has no complete day yet.", "Name an earlier month.")
    cut = Period(scope.month.from_on, min(scope.month.to_on, scope.today))
    periods = [*months_before(scope.month, MONTHS)[:-1], cut]
    channel = scope.channel or _channel(store, Period(periods[0].from_on, cut.to_on), scope.group)
    asker = _Asker(store, scope.group, channel, shown)
    months = tuple(asker.month(period) for period in periods)
    leading = next((share.key for share in months[-1].targets.named), None)
    return Facts(
        scope.group,
        channel,
        scope.zone.key,
        scope.month,
        cut,
        months,
        tuple(series(store, cut, group=scope.group, channel=channel)),
        asker.days_by_region(cut),
        tuple(asker.regions_of(leading, period) for period in periods[-2:]) if leading else (),
        asker.surges(months, cut),
        _portal(store, scope, cut, shown) if scope.show_portal else None,
        demo=any(entry.demo for entry in store.sensors() if entry.name in months[-1].sensors),
    )


class _Asker:
    """The questions of one group and channel."""

    def __init__(self, store: Store, group: str | None, channel: str, shown: Shown) -> None:
        self._store, self._group, self._channel, self._may_show = store, group, channel, shown
        self._raw: dict[bytes, bytes] = {}  # shown target -> one that was seen

    def month(self, period: Period) -> MonthFacts:
        store, group, channel = self._store, self._group, self._channel
        return MonthFacts(
            period,
            per_sensor_day(store, period, group=group, channel=channel),
            {one.sensor: one.days for one in presences(store, period, group=group, channel=channel)},
            self._breakdown(tallies(store, period, "target", "channel", group=group, channel=channel), shown=self._shown),
            self._breakdown(tallies(store, period, "region", "channel", group=group, channel=channel)),
        )

    def _shown(self, target: bytes) -> bytes:
        shown = self._may_show(self._channel, target)
        self._raw.setdefault(shown, target)
        return shown

    @staticmethod
    def _breakdown(found: Sequence[Tally], shown: Callable[[bytes], bytes] = bytes) -> Breakdown:
        sums: dict[bytes, tuple[int, int]] = {}
        for tally in found:
            key = shown(_bytes(tally.key))
            accesses, sources = sums.get(key, (0, 0))
            sums[key] = (accesses + tally.accesses, sources + tally.cumulative_sources)
        shares = sorted((Share(key, *both) for key, both in sums.items()), key=lambda share: (-share.accesses, share.key))
        return Breakdown(tuple(shares), sum(share.accesses for share in shares), sum(share.sources for share in shares))

    def days_by_region(self, period: Period, target: bytes | None = None) -> tuple[DayShares, ...]:
        targets = None if target is None else [self._raw[target]]
        found = tallies(self._store, period, "day", "region", group=self._group, channel=self._channel, targets=targets)
        held: dict[date, dict[bytes, tuple[int, int]]] = {day: {} for day in period.dates()}
        for tally in found:
            held[_date(tally.key)][_bytes(tally.other)] = (tally.accesses, tally.cumulative_sources)
        return tuple(DayShares(day, shares) for day, shares in held.items())

    def regions_of(self, target: bytes, period: Period) -> DayShares:
        found = tallies(self._store, period, "region", "target", group=self._group, channel=self._channel, targets=[self._raw.get(target, target)])
        return DayShares(period.from_on, {_bytes(tally.key): (tally.accesses, tally.cumulative_sources) for tally in found})

    def surges(self, months: Sequence[MonthFacts], cut: Period) -> tuple[SurgeFacts, ...]:
        """Surges that reach into the month and are highest in it, most accesses first."""
        now = months[-1].targets
        candidates = [share.key for share in now.named[:SURGE_CANDIDATES] if share.accesses >= now.accesses * SURGE_SHARE]
        span = Period(months[-2].period.from_on, cut.to_on)
        observed = observed_sensors(self._store, span, group=self._group, channel=self._channel)
        raw = [self._raw[key] for key in candidates]
        found = tallies(self._store, span, "target", "day", group=self._group, channel=self._channel, targets=raw)
        daily: dict[bytes, dict[date, tuple[int, int]]] = {}
        for tally in found:
            daily.setdefault(_bytes(tally.key), {})[_date(tally.other)] = (tally.cumulative_sources, tally.accesses)
        seen = [(key, _surge(daily.get(self._raw[key], {}), span, observed)) for key in candidates]
        inside = [(key, one) for key, one in seen if one is not None and one.peak_on >= cut.from_on]
        inside.sort(key=lambda found: (-found[1].accesses, found[0]))
        return tuple(SurgeFacts(key, one, self.days_by_region(cut, key)) for key, one in inside[:SURGES])


def _surge(daily: Mapping[date, tuple[int, int]], span: Period, observed: Mapping[date, int]) -> Surge | None:
    return surge([Day(day, *daily.get(day, (0, 0)), observed.get(day, 0)) for day in span.dates()])


def _channel(store: Store, period: Period, group: str | None) -> str:
    """packet where packets were observed; else the busiest channel."""
    found = tallies(store, period, "channel", "channel", group=group)
    channels = sorted(found, key=lambda tally: (tally.key != "packet", -tally.accesses))
    return str(channels[0].key) if channels else "packet"


def _portal(store: Store, scope: Scope, cut: Period, shown: Shown) -> PortalFacts | None:
    """The top lists as the site shows them on the day after the group's last observed day of the month."""
    group = scope.portal or scope.group
    last_on = scope.portal_on or max(observed_sensors(store, cut, group=group), default=None)
    if last_on is None:
        return None
    period = window(last_on + timedelta(days=1))
    marks = StoreMarks(store)
    tables = {}
    for channel in ("packet", "ssh", "web", "mail"):
        ranked = ranking(store, period, zone=scope.zone, channel=channel, group=group, top=PORTAL_TOP)
        marked = marks(period, channel, group, [_bytes(row.key) for row in ranked])
        rows = tuple(PortalRow(row.rank, marked[_bytes(row.key)].arrow, row.accesses, shown(channel, _bytes(row.key))) for row in ranked)
        if rows:
            tables[channel] = rows
    return PortalFacts(group, period, tables) if tables else None


def _bytes(key: object) -> bytes:
    return key if isinstance(key, bytes) else str(key).encode()


def _date(key: object) -> date:
    if not isinstance(key, date):
        raise TypeError("a day was asked for")
    return key
