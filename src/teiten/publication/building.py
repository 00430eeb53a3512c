# SPDX-License-Identifier: Apache-2.0
"""Builds the view from the store by a policy: the one way from the store to anything that leaves. Nothing is written here.

Under `public` it names a target only if vocabulary and redaction agree, and gives coarse numbers of complete days that ended long enough ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from teiten.clock import MICROSECONDS, day_of
from teiten.detectors.trend import Mark
from teiten.model import CHANNELS, Period
from teiten.publication.coarse import Coarsener
from teiten.publication.echoes import Redactor
from teiten.publication.findings import Claim, Claims
from teiten.publication.markers import Marker
from teiten.publication.measuring import Measure, mark_name
from teiten.publication.policies import Policy
from teiten.publication.settings import PublicationConfig
from teiten.publication.targets import Describer, Named, found_of
from teiten.publication.view import Counted, Day, Finding, Listed, Target, View, target_id
from teiten.publication.vocabulary import Vocabulary, known
from teiten.publication.watching import MarkerWatch
from teiten.questions.breadth import Breadth, breadth
from teiten.questions.observation import observed_sensors, per_sensor_day, series
from teiten.questions.windows import window
from teiten.store.interface import Store

Marks = Callable[[Period, str, str | None, Sequence[bytes]], Mapping[bytes, Mark]]
REGIONS: Final = 40
BEGINNING: Final = date(1990, 1, 1)


class Sources(msgspec.Struct, frozen=True):
    """Where numbers, marks and claims come from."""

    store: Store
    zone: ZoneInfo
    marks: Marks | None = None
    claims: Claims | None = None
    region_data_on: date | None = None


class Builder:
    def __init__(self, sources: Sources, policy: Policy, settings: PublicationConfig, key: bytes, redactor: Redactor) -> None:
        self._sources = sources
        self._policy = policy
        self._settings = settings
        self._redactor = redactor
        self._vocabulary = Vocabulary(policy, settings.approved)
        self._measure = Measure(policy, Coarsener(key, policy.least_count, settings.partner), self._live())
        self._describer = Describer(sources.store, sources.zone, policy, self._measure, settings.group)

    def _live(self) -> int:
        return len([entry for entry in self._sources.store.sensors() if self._settings.group in (None, entry.group)])

    def as_of(self, now: int) -> date:
        """The day whose window may be published at `now` (microseconds UTC): its last day ended at least the policy's delay ago."""
        return day_of(now - self._policy.delay_hours * 3600 * MICROSECONDS, self._sources.zone)

    def view(self, now: int) -> View:
        as_of = self.as_of(now)
        period = window(as_of)
        named = {channel: self._named(channel, period) for channel in CHANNELS}
        everyone = {one.id: one for rows, _ in named.values() for one in rows}
        claims = [claim for claim in self._claims(as_of) if target_id(claim.channel, claim.target) in everyone]
        targets = self._targets(period, everyone.values(), claims)
        findings = tuple(finding for claim in claims if (finding := self._finding(claim, targets, period)))
        lists = {channel: self._ranked([targets[one.id].listed for one in rows]) for channel, (rows, _) in named.items()}
        fresh = {channel: tuple(row for row in rows if row.first_on >= period.from_on) for channel, rows in lists.items()}
        ranks = {row.id: row for rows in lists.values() for row in rows}
        by_target: dict[str, tuple[Finding, ...]] = {one: tuple(f for f in findings if f.target_id == one) for one in targets}
        whole = {one: msgspec.structs.replace(target, listed=ranks[one], findings=by_target[one]) for one, target in targets.items()}
        return self._about(now, period, {channel: rest for channel, (_, rest) in named.items()}, lists, fresh, findings, whole)

    def markers(self, now: int) -> list[Marker]:
        """Signs of somebody marking sensors, for the operator alone."""
        return MarkerWatch(self._sources.store, self._sources.zone, self._settings.group).markers(now)

    def _claims(self, as_of: date) -> Sequence[Claim]:
        return self._sources.claims(as_of) if self._sources.claims else ()

    def _seen(self, channel: str, period: Period) -> list[tuple[Breadth, int]]:
        rows = breadth(self._sources.store, period, "target", channel=channel, group=self._settings.group)
        return sorted(((row, row.sensors) for row in rows), key=lambda pair: (-pair[0].capped, str(pair[0].keys[0])))

    def _named(self, channel: str, period: Period) -> tuple[list[Named], Counted]:
        """Targets that may be named, most accesses first, and one count for all others."""
        named: list[Named] = []
        rest = 0
        for seen, sensors in self._seen(channel, period):
            target = seen.keys[0]
            if len(named) < self._settings.list_rows and isinstance(target, bytes) and self._may_name(channel, target, seen, sensors):
                named.append(Named(target_id(channel, target), channel, target, seen, sensors))
            else:
                rest += seen.capped if self._policy.coarse else seen.accesses
        return named, Counted("other", self._measure.count(rest, "accesses", channel, "other"), None)

    def _may_name(self, channel: str, target: bytes, seen: Breadth, sensors: int) -> bool:
        """An echo of a sensor is not named at all: its masked form would still say that there is one to find."""
        if self._measure.accesses(seen, channel, target) is None or not self._vocabulary.names(channel, target, seen, sensors):
            return False
        if not self._policy.redacted:
            return True
        return not (self._redactor.spells(target) if (channel, target) in known() else self._redactor.mask(target) != target)

    def _targets(self, period: Period, named: Iterable[Named], claims: Sequence[Claim]) -> dict[str, Target]:
        found: dict[str, Target] = {}
        everyone = list(named)
        for channel in CHANNELS:
            ours = [one for one in everyone if one.channel == channel]
            targets = [one.target for one in ours]
            marks = self._sources.marks(period, channel, self._settings.group, targets) if self._sources.marks and ours else {}
            names = {target: mark_name(mark) for target, mark in marks.items()}
            found |= {target.listed.id: target for target in self._describer.describe(channel, period, ours, names)}
        return found

    def _finding(self, claim: Claim, targets: dict[str, Target], period: Period) -> Finding | None:
        target = targets.get(target_id(claim.channel, claim.target))
        if target is None:
            return None
        seen = Counted("", target.listed.accesses, target.listed.sources)
        return found_of(claim, seen, target.regions, self._measure, last_on=period.to_on - timedelta(days=1))

    def _ranked(self, rows: list[Listed]) -> tuple[Listed, ...]:
        """Competition ranks by the published numbers, so that ranks tell no more than they do (M-11)."""
        ordered = sorted(rows, key=lambda row: (-(row.accesses or 0), row.target))
        return tuple(msgspec.structs.replace(row, rank=1 + sum((other.accesses or 0) > (row.accesses or 0) for other in ordered)) for row in ordered)

    def _about(
        self,
        now: int,
        period: Period,
        others: dict[str, Counted],
        lists: dict[str, tuple[Listed, ...]],
        fresh: dict[str, tuple[Listed, ...]],
        findings: tuple[Finding, ...],
        targets: dict[str, Target],
    ) -> View:
        store, group, measure = self._sources.store, self._settings.group, self._measure
        sensors = [entry for entry in store.sensors() if group in (None, entry.group)]
        whole = breadth(store, period, "whole", group=group)
        channels = {str(row.keys[0]): row for row in breadth(store, period, "channel", group=group)}
        observed = {channel: on for channel in CHANNELS if (on := self._observed_since(period, channel))}
        return View(
            policy=self._policy.name,
            partner=self._settings.partner,
            address=self._settings.address.rstrip("/"),
            made_on=day_of(now, self._sources.zone),
            as_of=period.to_on,
            period=period,
            zone=self._sources.zone.key,
            region_data_on=self._sources.region_data_on,
            observed_since=min(observed.values(), default=None),
            observed=observed,
            demo=_demo([entry.demo for entry in sensors]),
            sensors=len(sensors),
            total=measure.counted("", whole[0] if whole else None, "total"),
            per_day=measure.per_day(per_sensor_day(store, period, group=group)),
            channels={channel: measure.counted(channel, channels.get(channel), "channel") for channel in CHANNELS},
            series=self._series(period),
            regions=measure.regions(breadth(store, period, "region", group=group), REGIONS, "region"),
            lists=lists,
            others=others,
            fresh=fresh,
            findings=findings,
            targets=targets,
            channel_regions=self._channel_regions(period),
        )

    def _channel_regions(self, period: Period) -> dict[str, tuple[Counted, ...]]:
        rows = breadth(self._sources.store, period, "channel_region", group=self._settings.group)
        each = {channel: [row for row in rows if row.keys[0] == channel] for channel in CHANNELS}
        return {channel: self._measure.regions(ours, REGIONS, "region", channel) for channel, ours in each.items()}

    def _series(self, period: Period) -> dict[str, tuple[Day, ...]]:
        store, group, measure = self._sources.store, self._settings.group, self._measure
        by_channel = breadth(store, period, "channel_day", group=group)
        whole = measure.days(period, breadth(store, period, "day", group=group), series(store, period, group=group), "day", "")
        each = {
            channel: measure.days(
                period, [row for row in by_channel if row.keys[0] == channel], series(store, period, group=group, channel=channel), "day", channel
            )
            for channel in CHANNELS
        }
        return {"": whole, **each}

    def _observed_since(self, period: Period, channel: str) -> date | None:
        days = observed_sensors(self._sources.store, Period(BEGINNING, period.to_on), group=self._settings.group, channel=channel)
        return min(days, default=None)


def _demo(flags: list[bool]) -> str:
    return "all" if flags and all(flags) else "some" if any(flags) else ""
