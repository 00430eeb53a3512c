# SPDX-License-Identifier: Apache-2.0
"""Sources, for the operator alone: the list of a period, and all that is known of one address. Nothing of it is ever published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from teiten import addresses
from teiten.model import CHANNELS
from teiten.questions.counts import count
from teiten.questions.interface import By, Count, CountQuestion
from teiten.questions.live import Seen, latest
from teiten.questions.observation import DayCount, observed_sensors
from teiten.questions.rankings import Ranked, ranked
from teiten.site.muting import Mute, Mutes
from teiten.site.requests import View
from teiten.store.interface import Store

LISTED: Final = 100
TARGETS: Final = 50
LATEST: Final = 30


class SourceTarget(msgspec.Struct, frozen=True):
    """Of one channel, most accesses first."""

    channel: str
    target: bytes
    accesses: int
    sensors: int


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """`first_on`, `last_on`, `ever` are of all time up to the view's date, the rest is of its period."""

    source: bytes
    network: str  # IPv4 /24, IPv6 /48
    region: str  # "unknown" when it isn't known
    first_on: date
    last_on: date
    days_met: int
    ever: int  # accesses
    accesses: int
    days: list[DayCount]
    channels: list[Count]
    sensors: list[Count]
    targets: list[SourceTarget]
    targets_shown: int
    latest: list[Seen]


class StoreSources:
    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    def most_active(self, view: View, mutes: Mutes) -> tuple[list[Ranked], list[tuple[Ranked, Mute]]]:
        """The most active of the period, and those of them that are muted."""
        question = CountQuestion(
            by="source", channel=view.channel, group=view.group, from_on=view.period.from_on, to_on=view.period.to_on, top=LISTED
        )  # fmt: skip
        shown: list[Ranked] = []
        muted: list[tuple[Ranked, Mute]] = []
        for row in ranked(count(self._store, question, self._zone)):
            rule = mutes.of_source(row.key) if mutes and isinstance(row.key, bytes) else None
            if rule is None:
                shown.append(row)
            else:
                muted.append((row, rule))
        return shown, muted

    def one(self, source: bytes, view: View) -> Source | None:
        """None: it was never met up to the view's date."""
        ever = self._count("day", source, view, all_time=True)
        if not ever:
            return None
        first_on, last_on = ever[0].key, ever[-1].key
        if not isinstance(first_on, date) or not isinstance(last_on, date):
            raise TypeError("a count by day has dates as keys")
        targets = [row for channel in CHANNELS for row in self._targets(source, channel, view)]
        regions = self._count("region", source, view) or self._count("region", source, view, all_time=True)
        return Source(
            source=source,
            network=addresses.network_of(source),
            region=str(regions[0].key) if regions else "unknown",
            first_on=first_on,
            last_on=last_on,
            days_met=len(ever),
            ever=sum(row.accesses for row in ever),
            accesses=sum(row.accesses for row in targets),
            days=self._days(ever, view),
            channels=self._count("channel", source, view),
            sensors=self._count("sensor", source, view),
            targets=sorted(targets, key=lambda row: (-row.accesses, row.channel, row.target))[:TARGETS],
            targets_shown=len(targets),
            latest=latest(self._store, LATEST, group=view.group, source=source, from_on=view.period.from_on, to_on=view.period.to_on),
        )

    def _count(self, by: By, source: bytes, view: View, all_time: bool = False, channel: str | None = None) -> list[Count]:
        from_on = None if all_time else view.period.from_on
        question = CountQuestion(by=by, source=source, channel=channel, group=view.group, from_on=from_on, to_on=view.period.to_on)
        return count(self._store, question, self._zone)

    def _targets(self, source: bytes, channel: str, view: View) -> Sequence[SourceTarget]:
        rows = self._count("target", source, view, channel=channel)
        return [SourceTarget(channel, row.key, row.accesses, row.sensors) for row in rows if isinstance(row.key, bytes)]

    def _days(self, ever: list[Count], view: View) -> list[DayCount]:
        """Each day of the period; a day on which no sensor observed is none."""
        found = {row.key: row for row in ever}
        observed = observed_sensors(self._store, view.period, group=view.group)
        none = Count(None, 0, 0, 0)
        rows = [(day, found.get(day, none)) for day in view.period.dates()]
        return [DayCount(day, row.accesses, row.sources, row.sensors, row.sensors, observed.get(day, 0)) for day, row in rows]
