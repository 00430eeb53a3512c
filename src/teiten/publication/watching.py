# SPDX-License-Identifier: Apache-2.0
"""Asks the store what the marker watch (P8) judges: up to this moment, since what is published comes later. Nothing of it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from teiten.clock import day_of
from teiten.model import CHANNELS, Period
from teiten.publication.markers import AIMED_NETWORKS, WIDE, Marker, aimed, even, heavy, watch
from teiten.questions.breadth import Breadth, breadth
from teiten.questions.counts import count
from teiten.questions.interface import CountQuestion
from teiten.questions.observation import observed_sensors
from teiten.questions.singular import single_sources
from teiten.questions.windows import window
from teiten.store.interface import Store

WATCHED: Final = 10  # targets of a channel whose volume is compared between sensors
_FORGEABLE: Final = "packet"  # a source can be forged where nothing is answered


class MarkerWatch:
    def __init__(self, store: Store, zone: ZoneInfo, group: str | None) -> None:
        self._store, self._zone, self._group = store, zone, group

    def markers(self, now: int) -> list[Marker]:
        """`now`: microseconds UTC."""
        today = day_of(now, self._zone)
        period = window(today + timedelta(days=1))
        before = Period(period.from_on - timedelta(days=period.days), period.from_on)
        return [marker for channel in CHANNELS for marker in self._of(channel, period, before, today)]

    def _of(self, channel: str, period: Period, before: Period, today: date) -> list[Marker]:
        live, seen = self._live(channel, period), self._seen(channel, period)
        found = watch(channel, seen, self._seen(channel, before), live)
        wide = [key for row in seen if row.sensors >= WIDE and row.networks >= AIMED_NETWORKS and isinstance(key := row.keys[0], bytes)]
        found += aimed(channel, self._days(channel, period, wide), self._days(channel, before, wide), live)
        if channel == _FORGEABLE:
            found += even(channel, single_sources(self._store, period, channel=channel, group=self._group), live)
        for row in seen[:WATCHED]:
            for day in (today, today - timedelta(days=1)):
                by_sensor, earlier = (self._by_sensor(channel, row.keys[0], one) for one in (day, day - timedelta(days=1)))
                found += filter(None, [heavy(channel, bytes(row.keys[0]), by_sensor, earlier, live)])  # type: ignore[arg-type]
        return found

    def _live(self, channel: str, period: Period) -> int:
        return max(observed_sensors(self._store, period, group=self._group, channel=channel).values(), default=0)

    def _seen(self, channel: str, period: Period) -> list[Breadth]:
        rows = breadth(self._store, period, "target", channel=channel, group=self._group)
        return sorted(rows, key=lambda row: (-row.capped, str(row.keys[0])))

    def _days(self, channel: str, period: Period, targets: list[bytes]) -> list[Breadth]:
        return breadth(self._store, period, "target_day", channel=channel, group=self._group, targets=targets)

    def _by_sensor(self, channel: str, target: object, day: date) -> Mapping[str, int]:
        question = CountQuestion(
            by="sensor", channel=channel, group=self._group, target=target, from_on=day, to_on=day + timedelta(days=1)  # type: ignore[arg-type]
        )  # fmt: skip
        return {str(row.key): row.accesses for row in count(self._store, question, self._zone)}
