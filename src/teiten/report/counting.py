# SPDX-License-Identifier: Apache-2.0
"""The counts of one group and channel as a policy lets them be printed: exact, or capped, blurred and with the small ones lumped together.

What comes out of here is safe to print; nothing later in the report goes back to the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import msgspec

from teiten.model import Period
from teiten.questions.interface import By
from teiten.questions.observation import DayCount, PerSensorDay, per_sensor_day, series
from teiten.questions.presence import presences
from teiten.questions.tallies import Breakdowns, Tally, breakdowns, capped_tallies, tallies
from teiten.report.facts import WITHHELD, Breakdown, DayShares, Measure, MonthFacts, Share
from teiten.report.showing import Showing
from teiten.store.interface import Store

CANDIDATES: Final = 40  # of each measure: the most frequent ones, of which those that may be named are told one by one
Both = tuple[int, int]  # accesses, cumulative sources


class Counting:
    def __init__(self, store: Store, group: str | None, channel: str, showing: Showing) -> None:
        self._store, self._group, self._channel, self.showing = store, group, channel, showing
        self._daily: dict[Period, Breakdowns] = {}

    def month(self, period: Period, daily: bool = False) -> MonthFacts:
        """`daily`: its days are going to be asked for as well, and are counted in the same reading."""
        store, group, channel = self._store, self._group, self._channel
        exact = per_sensor_day(store, period, group=group, channel=channel)
        sensors = {one.sensor: one.days for one in presences(store, period, group=group, channel=channel)}
        counted = self._breakdowns_by_day(period) if daily else self._breakdowns(period, daily=False)
        targets, regions = counted.targets, self._breakdown("region", counted.regions, None)
        named = self._namable(period, targets) if self.showing.policy.redacted or self.showing.policy.closed else None
        found = MonthFacts(period, exact, sensors, self._breakdown("target", targets, named), regions)
        if not self.showing.coarse or not exact.sensor_days:
            return found
        accesses = sum(tally.accesses for tally in targets)
        levels: dict[Measure, float] = {"accesses": accesses / exact.sensor_days, "sources": exact.source_days / exact.sensor_days}
        return msgspec.structs.replace(found, per_day=self._coarse(accesses, exact), levels=levels)

    def days(self, period: Period) -> tuple[DayCount, ...]:
        found = series(self._store, period, group=self._group, channel=self._channel)
        if not self.showing.coarse:
            return tuple(found)
        capped: dict[object, int] = {}
        for tally in self._breakdowns_by_day(period).days:
            capped[tally.key] = capped.get(tally.key, 0) + tally.accesses
        return tuple(self._coarse_day(one, capped.get(one.day, 0)) for one in found)

    def days_by_region(self, period: Period, target: bytes | None = None) -> tuple[DayShares, ...]:
        held: dict[date, dict[bytes, Both]] = {day: {} for day in period.dates()}
        for tally in self._breakdowns_by_day(period).days if target is None else self._tallies(period, "day", "region", target):
            held[_date(tally.key)][key_bytes(tally.other)] = (tally.accesses, tally.cumulative_sources)
        about = () if target is None else (target,)
        return tuple(DayShares(day, self._coarse_shares(shares, *about, "day", day)) for day, shares in held.items())

    def regions_of(self, target: bytes, period: Period) -> DayShares:
        found = self._tallies(period, "region", "target", target)
        shares = {key_bytes(tally.key): (tally.accesses, tally.cumulative_sources) for tally in found}
        return DayShares(period.from_on, self._coarse_shares(shares, target, "region"))

    def daily(self, period: Period, targets: Sequence[bytes]) -> dict[bytes, dict[date, Both]]:
        """Exact: for judging, not for printing."""
        found: dict[bytes, dict[date, Both]] = {}
        asked = tallies(self._store, period, "target", "day", group=self._group, channel=self._channel, targets=targets)
        for tally in asked:
            found.setdefault(key_bytes(tally.key), {})[_date(tally.other)] = (tally.accesses, tally.cumulative_sources)
        return found

    def _breakdowns(self, period: Period, daily: bool) -> Breakdowns:
        return breakdowns(self._store, period, channel=self._channel, group=self._group, daily=daily, capped=self.showing.coarse)

    def _breakdowns_by_day(self, period: Period) -> Breakdowns:
        if period not in self._daily:
            self._daily[period] = self._breakdowns(period, daily=True)
        return self._daily[period]

    def _tallies(self, period: Period, by: By, other: By, target: bytes) -> list[Tally]:
        asked = capped_tallies if self.showing.coarse else tallies
        return asked(self._store, period, by, other, group=self._group, channel=self._channel, targets=[target])

    def _namable(self, period: Period, found: Sequence[Tally]) -> frozenset[bytes]:
        first = sorted(found, key=lambda tally: (-tally.accesses, key_bytes(tally.key)))[:CANDIDATES]
        widest = sorted(found, key=lambda tally: (-tally.cumulative_sources, key_bytes(tally.key)))[:CANDIDATES]
        wanted = [key_bytes(tally.key) for tally in [*first, *widest]]
        return self.showing.namable(self._store, period, self._channel, self._group, wanted)

    def _breakdown(self, kind: str, found: Iterable[Tally], named: frozenset[bytes] | None) -> Breakdown:
        """`named` None: every key may be told. What may not, or is too small, becomes one share."""
        shares: list[Share] = []
        rest_accesses = rest_sources = 0
        for tally in found:
            key = key_bytes(tally.key)
            told = self._told((tally.accesses, tally.cumulative_sources), kind, key) if named is None or key in named else None
            if told is not None:
                shares.append(Share(key, *told))
            else:
                rest_accesses += tally.accesses
                rest_sources += tally.cumulative_sources
        lump = self._told((rest_accesses, rest_sources), kind, "other")
        if lump is not None and any(lump):
            shares.append(Share(WITHHELD, *lump))
        shares.sort(key=lambda share: (-share.accesses, share.key))
        return Breakdown(tuple(shares), sum(share.accesses for share in shares), sum(share.sources for share in shares))

    def _coarse_shares(self, exact: dict[bytes, Both], *about: object) -> dict[bytes, Both]:
        """Shares of one day or target; what is too small one by one is one share, if it is not too small together."""
        if not self.showing.coarse:
            return exact
        found = {key: told for key, both in exact.items() if (told := self._told(both, "region", key, *about)) is not None}
        rest = [both for key, both in exact.items() if key not in found]
        lump = self._told((sum(one[0] for one in rest), sum(one[1] for one in rest)), "region", "other", *about)
        return {**found, WITHHELD: lump} if lump else found

    def _told(self, both: Both, *about: object) -> Both | None:
        accesses = self.showing.count(both[0], "accesses", self._channel, *about)
        sources = self.showing.count(both[1], "sources", self._channel, *about)
        return None if accesses is None or sources is None else (accesses, sources)

    def _coarse(self, accesses: int, exact: PerSensorDay) -> PerSensorDay:
        told = self._told((accesses, exact.source_days), "channel")
        return PerSensorDay(*(told or (0, 0)), exact.sensor_days)

    def _coarse_day(self, exact: DayCount, capped: int) -> DayCount:
        accesses, source_days = self._told((capped, exact.source_days), "day", exact.day) or (0, 0)
        return DayCount(exact.day, accesses, 0, 0, source_days, exact.observed)


def key_bytes(key: object) -> bytes:
    return key if isinstance(key, bytes) else str(key).encode()


def _date(key: object) -> date:
    if not isinstance(key, date):
        raise TypeError("a day was asked for")
    return key
