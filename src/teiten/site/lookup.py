# SPDX-License-Identifier: Apache-2.0
"""What the pages about single targets ask. The operator's answers come from the store at any date, the public's from the view alone.

Both give the same values, so that both sides have the same pages; `viewed.py` is the public's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from teiten import texts
from teiten.model import CHANNELS, Period
from teiten.publication.coarse import Coarsener
from teiten.publication.findings import Claim, Claims
from teiten.publication.measuring import Measure, mark_name
from teiten.publication.policies import OPERATOR
from teiten.publication.targets import Describer, Named, found_of, listed
from teiten.publication.view import Counted, Finding, Listed, Target, target_id
from teiten.questions.breadth import breadth
from teiten.questions.counts import Network, networks
from teiten.questions.observation import observed_sensors
from teiten.questions.rankings import FirstSeen, first_seen
from teiten.questions.search import matching
from teiten.site.asking import Marks
from teiten.site.requests import View
from teiten.store.interface import Store

FRESH: Final = 100
FOUND: Final = 100
NETWORKS: Final = 200
_BEGINNING: Final = date(1990, 1, 1)


class About(msgspec.Struct, frozen=True):
    """`observed`: since when each channel is observed; a channel that never was is absent."""

    period: Period
    as_of: date
    region_data_on: date | None
    observed: dict[str, date]
    sensors: int


class Known(msgspec.Struct, frozen=True):
    """A target that a search found. `listed` None: not met in the window."""

    channel: str
    target: str
    first_on: date
    last_on: date | None  # None where that isn't published
    accesses: int | None
    listed: Listed | None

    @property
    def id(self) -> str:
        return self.listed.id if self.listed else ""


class Fresh(msgspec.Struct, frozen=True):
    """Targets first met in the window; `rest`: how many more there are."""

    rows: Sequence[Listed]
    rest: int


class Lookup(Protocol):
    def about(self, view: View) -> About: ...

    def target(self, channel: str, target: bytes, view: View) -> Target | None:
        """None: not met in the window, or withheld; which of the two is nobody's to know."""
        ...

    def findings(self, view: View) -> Sequence[Finding]: ...

    def fresh(self, channel: str, view: View) -> Fresh:
        """Targets first met in the window, most source networks first."""
        ...

    def search(self, text: bytes, view: View) -> Sequence[Known]:
        """Targets that contain the text."""
        ...

    def known(self, channel: str, targets: Sequence[bytes], view: View) -> dict[bytes, Known]: ...

    def regions(self, view: View) -> Sequence[Counted]: ...

    def networks(self, view: View) -> Sequence[Network]:
        """Those with most sources; the operator's only."""
        ...


class StoreLookup:
    """Exact answers for the operator."""

    def __init__(
        self, store: Store, zone: ZoneInfo, marks: Marks | None = None, claims: Claims | None = None, region_data_on: date | None = None
    ) -> None:
        self._store = store
        self._zone = zone
        self._marks = marks
        self._claims = claims
        self._region_data_on = region_data_on
        self._measure = Measure(OPERATOR, Coarsener(b"unused"))

    def about(self, view: View) -> About:
        sensors = [entry for entry in self._store.sensors() if view.group in (None, entry.group)]
        return About(view.period, view.as_of, self._region_data_on, self._observed(view), len(sensors))

    def target(self, channel: str, target: bytes, view: View) -> Target | None:
        describer, period = self._describer(view), view.period
        named = describer.seen(channel, [target], period)
        if not named:
            return None
        marks = self._marks(period, channel, view.group, [target]) if self._marks else {}
        found = describer.describe(channel, period, named, {one: mark_name(mark) for one, mark in marks.items()})[0]
        seen = Counted("", found.listed.accesses, found.listed.sources)
        claims = (claim for claim in self._held(view) if (claim.channel, claim.target) == (channel, target))
        findings = (found_of(claim, seen, found.regions, self._measure) for claim in claims)
        return msgspec.structs.replace(found, findings=tuple(finding for finding in findings if finding))

    def findings(self, view: View) -> list[Finding]:
        """Two questions for each channel, however many findings there are."""
        claims, describer, period = self._held(view), self._describer(view), view.period
        seen: dict[tuple[str, bytes], Counted] = {}
        regions: dict[tuple[str, bytes], Sequence[Counted]] = {}
        for channel in dict.fromkeys(claim.channel for claim in claims):
            named = describer.seen(channel, [claim.target for claim in claims if claim.channel == channel], period)
            seen |= {(channel, one.target): self._measure.counted("", one.seen) for one in named}
            regions |= {(channel, target): rows for target, rows in describer.regions(channel, period, named).items()}
        met = ((claim, key) for claim in claims if (key := (claim.channel, claim.target)) in seen)
        return [finding for claim, key in met if (finding := found_of(claim, seen[key], regions[key], self._measure))]

    def fresh(self, channel: str, view: View) -> Fresh:
        """A few questions, however many targets are new."""
        period = view.period
        found = sorted(first_seen(self._store, period, channel=channel, group=view.group), key=lambda row: -row.accesses)
        first = {row.target: row.first_on for row in found[: FRESH * 5]}
        seen = breadth(self._store, period, "target", channel=channel, group=view.group, targets=[*first])
        widest = sorted(seen, key=lambda row: (-row.networks, -row.accesses, str(row.keys[0])))[:FRESH]
        named = [Named(target_id(channel, target), channel, target, row, row.sensors) for row in widest if isinstance(target := row.keys[0], bytes)]
        rows = self._listed(channel, named, first, view)
        return Fresh(rows, len(found) - len(rows))

    def search(self, text: bytes, view: View) -> list[Known]:
        found = matching(self._store, text, Period(_BEGINNING, view.as_of), channel=view.channel, group=view.group, top=FOUND)
        return [_known(row, None) for row in found]

    def known(self, channel: str, targets: Sequence[bytes], view: View) -> dict[bytes, Known]:
        """A few questions, however many targets are asked about."""
        past = first_seen(self._store, Period(_BEGINNING, view.as_of), channel=channel, group=view.group, targets=targets)
        first = {row.target: row.first_on for row in past}
        met = {texts.parse(row.target): row for row in self._listed(channel, self._describer(view).seen(channel, targets, view.period), first, view)}
        return {row.target: _known(row, met.get(row.target)) for row in past}

    def regions(self, view: View) -> tuple[Counted, ...]:
        return self._measure.regions(breadth(self._store, view.period, "region", channel=view.channel, group=view.group), 300)

    def networks(self, view: View) -> list[Network]:
        return networks(self._store, view.period, channel=view.channel, group=view.group, top=NETWORKS)

    def _listed(self, channel: str, named: Sequence[Named], first: Mapping[bytes, date], view: View) -> list[Listed]:
        """In the order given."""
        if not named:
            return []
        period = view.period
        marks = self._marks(period, channel, view.group, [one.target for one in named]) if self._marks else {}
        live = max(observed_sensors(self._store, period, group=view.group, channel=channel).values(), default=0)
        return [listed(one, self._measure, live, first[one.target], mark_name(marks.get(one.target))) for one in named]

    def _held(self, view: View) -> Sequence[Claim]:
        return self._claims(view.as_of) if self._claims else ()

    def _describer(self, view: View) -> Describer:
        return Describer(self._store, self._zone, OPERATOR, self._measure, view.group)

    def _observed(self, view: View) -> dict[str, date]:
        period = Period(_BEGINNING, view.as_of)
        since = {channel: min(observed_sensors(self._store, period, group=view.group, channel=channel), default=None) for channel in CHANNELS}
        return {channel: on for channel, on in since.items() if on is not None}


def _known(row: FirstSeen, listed: Listed | None) -> Known:
    return Known(row.channel, texts.lossless(row.target), row.first_on, row.last_on, row.accesses, listed)
