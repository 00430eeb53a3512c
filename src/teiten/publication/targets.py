# SPDX-License-Identifier: Apache-2.0
"""Everything about single targets in a window, in the numbers of a policy. The caller has decided that they may be named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from teiten import texts
from teiten.clock import day_of
from teiten.model import Period
from teiten.publication.findings import Claim
from teiten.publication.measuring import Measure
from teiten.publication.policies import Policy
from teiten.publication.view import Counted, Finding, Listed, MarkName, Target, target_id
from teiten.questions.breadth import Breadth, breadth
from teiten.questions.counts import count
from teiten.questions.interface import CountQuestion
from teiten.questions.observation import series
from teiten.questions.rankings import first_seen
from teiten.store.interface import Store

REGIONS: Final = 30
NETWORKS: Final = 20
_BEGINNING: Final = date(1990, 1, 1)


class Named(msgspec.Struct, frozen=True):
    id: str
    channel: str
    target: bytes
    seen: Breadth
    sensors: int


class Describer:
    def __init__(self, store: Store, zone: ZoneInfo, policy: Policy, measure: Measure, group: str | None) -> None:
        self._store = store
        self._zone = zone
        self._policy = policy
        self._measure = measure
        self._group = group

    def describe(self, channel: str, period: Period, named: Sequence[Named], marks: Mapping[bytes, MarkName]) -> list[Target]:
        """In the order given; ranks are 0 and findings empty, the caller knows them."""
        if not named:
            return []
        targets = [one.target for one in named]
        days = _by_target(breadth(self._store, period, "target_day", channel=channel, group=self._group, targets=targets))
        regions = self.regions(channel, period, named)
        first = self._first_days(channel, period, targets)
        return [self._target(one, period, days[one.target], regions[one.target], first, marks.get(one.target, "none")) for one in named]

    def seen(self, channel: str, targets: Sequence[bytes], period: Period) -> list[Named]:
        """Those of the targets that were met in the period: one question, however many they are."""
        rows = breadth(self._store, period, "target", channel=channel, group=self._group, targets=targets)
        return [Named(target_id(channel, target), channel, target, row, row.sensors) for row in rows if isinstance(target := row.keys[0], bytes)]

    def regions(self, channel: str, period: Period, named: Sequence[Named]) -> dict[bytes, tuple[Counted, ...]]:
        """Of each target, largest first."""
        rows = _by_target(breadth(self._store, period, "target_region", channel=channel, group=self._group, targets=[one.target for one in named]))
        return {one.target: self._measure.regions(rows.get(one.target, ()), REGIONS, channel, one.target) for one in named}

    def _target(
        self, one: Named, period: Period, days: list[Breadth], regions: tuple[Counted, ...], first: dict[bytes, date], mark: MarkName
    ) -> Target:
        measure, about = self._measure, (one.channel, one.target)
        # Asking per target is dear and tells on how many sensors each day: only where that is published.
        target = one.target if self._policy.exact_sensors else None
        observed = series(self._store, period, group=self._group, channel=one.channel, target=target)
        live = max((day.observed for day in observed), default=0)
        first_on = first.get(one.target, day_of(one.seen.first_at, self._zone))
        return Target(
            listed=listed(one, measure, live, first_on, mark),
            live=live,
            days=measure.days(period, days, observed, *about),
            reaches=tuple(measure.sensors(day.sensors) for day in observed),
            regions=regions,
            networks=self._networks(one, period),
            last_on=day_of(one.seen.last_at, self._zone),
            findings=(),
        )

    def _networks(self, one: Named, period: Period) -> tuple[Counted, ...]:
        if not self._policy.sources:
            return ()
        question = CountQuestion(
            by="network",
            channel=one.channel,
            group=self._group,
            target=one.target,
            from_on=period.from_on,
            to_on=period.to_on,
            top=NETWORKS,
            order="sources",
        )  # fmt: skip
        return tuple(Counted(str(row.key), row.accesses, row.sources) for row in count(self._store, question, self._zone))

    def _first_days(self, channel: str, period: Period, targets: Sequence[bytes]) -> dict[bytes, date]:
        found = first_seen(self._store, Period(_BEGINNING, period.to_on), channel=channel, group=self._group, targets=targets)
        return {row.target: row.first_on for row in found}


def listed(one: Named, measure: Measure, live: int, first_on: date, mark: MarkName) -> Listed:
    """The target's row in a list; its rank is 0, the caller knows it. `live`: most sensors that observed the channel on a day."""
    about = (one.channel, one.target)
    return Listed(
        id=one.id,
        channel=one.channel,
        target=texts.lossless(one.target),
        rank=0,
        mark=mark,
        accesses=measure.accesses(one.seen, *about),
        sources=measure.sources(one.seen, *about),
        sensors=measure.sensors(one.sensors),
        reach=measure.reach(one.sensors, live),
        first_on=first_on,
    )


def found_of(claim: Claim, seen: Counted, regions: Sequence[Counted], measure: Measure, last_on: date | None = None) -> Finding | None:
    """The finding as the policy lets it out; None for a warning whose sources are too few to be published.

    `seen` and `regions`: of its target in the window. `last_on`: the last day that is published; no date after it is told (P4).
    """
    limit = last_on or date.max
    networks = measure.count(claim.networks, "claim", claim.id)
    if networks is None and claim.level == "attention":
        return None
    return Finding(
        id=claim.id,
        target_id=target_id(claim.channel, claim.target),
        channel=claim.channel,
        target=texts.lossless(claim.target),
        level=claim.level,
        states=claim.states,
        since_on=min(claim.since_on, limit),
        raised_on=min(claim.raised_on, limit),
        last_on=min(claim.last_on, limit),
        days=claim.days,
        networks=networks,
        usual=None if measure.coarse else claim.usual,
        ratio=measure.ratio(claim.ratio),
        sensors=measure.sensors(claim.sensors),
        live=measure.sensors(claim.live),
        reach=measure.reach(claim.sensors, claim.live),
        rule=claim.rule,
        accesses=seen.accesses,
        sources=seen.sources,
        regions=tuple(regions[:5]),
        sentence={} if measure.coarse else claim.sentence,
    )


def _by_target(rows: list[Breadth]) -> dict[bytes, list[Breadth]]:
    found: dict[bytes, list[Breadth]] = {}
    for row in rows:
        if isinstance(row.keys[0], bytes):
            found.setdefault(row.keys[0], []).append(row)
    return found
