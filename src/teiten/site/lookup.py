# SPDX-License-Identifier: Apache-2.0
"""What the pages about single targets ask. The operator's answers come from the store at any date, the public's from the view alone.

Both give the same values, so that both sides have the same pages; `viewed.py` is the public's.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from teiten.questions.observation import observed_sensors
from teiten.questions.rankings import FirstSeen, first_seen
from teiten.questions.search import matching
from teiten.site.asking import Marks
from teiten.site.requests import View
from teiten.store.interface import Store

FRESH: Final = 100
FOUND: Final = 100
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
        described = self._described(channel, [target], view)
        if not described:
            return None
        findings = [finding for finding in self.findings(view) if finding.target_id == described[0].listed.id]
        return msgspec.structs.replace(described[0], findings=tuple(findings))

    def findings(self, view: View) -> list[Finding]:
        claims = self._claims(view.as_of) if self._claims else ()
        return [finding for claim in claims if (finding := self._finding(claim, view))]

    def fresh(self, channel: str, view: View) -> Fresh:
        """A few questions, however many targets are new."""
        period = view.period
        found = sorted(first_seen(self._store, period, channel=channel, group=view.group), key=lambda row: -row.accesses)
        first = {row.target: row.first_on for row in found[: FRESH * 5]}
        seen = breadth(self._store, period, "target", channel=channel, group=view.group, targets=[*first])
        widest = sorted(seen, key=lambda row: (-row.networks, -row.accesses, str(row.keys[0])))[:FRESH]
        named = [Named(target_id(channel, target), channel, target, row, row.sensors) for row in widest if isinstance(target := row.keys[0], bytes)]
        marks = self._marks(period, channel, view.group, [one.target for one in named]) if self._marks and named else {}
        live = max(observed_sensors(self._store, period, group=view.group, channel=channel).values(), default=0) if named else 0
        rows = [listed(one, self._measure, live, first[one.target], mark_name(marks.get(one.target))) for one in named]
        return Fresh(rows, len(found) - len(rows))

    def search(self, text: bytes, view: View) -> list[Known]:
        found = matching(self._store, text, Period(_BEGINNING, view.as_of), channel=view.channel, group=view.group, top=FOUND)
        return [_known(row, None) for row in found]

    def known(self, channel: str, targets: Sequence[bytes], view: View) -> dict[bytes, Known]:
        met = {texts.parse(target.listed.target): target.listed for target in self._described(channel, targets, view)}
        past = (
            row
            for target in targets
            for row in first_seen(self._store, Period(_BEGINNING, view.as_of), channel=channel, group=view.group, target=target)
        )
        return {row.target: _known(row, met.get(row.target)) for row in past}

    def regions(self, view: View) -> tuple[Counted, ...]:
        return self._measure.regions(breadth(self._store, view.period, "region", channel=view.channel, group=view.group), 300)

    def _described(self, channel: str, targets: Sequence[bytes], view: View) -> list[Target]:
        period = view.period
        describer = Describer(self._store, self._zone, OPERATOR, self._measure, view.group)
        named: list[Named] = [one for target in dict.fromkeys(targets) if (one := describer.seen(channel, target, period))]
        marks = self._marks(period, channel, view.group, [one.target for one in named]) if self._marks and named else {}
        return describer.describe(channel, period, named, {target: mark_name(mark) for target, mark in marks.items()})

    def _finding(self, claim: Claim, view: View) -> Finding | None:
        described = self._described(claim.channel, [claim.target], view)
        if not described:
            return None
        return found_of(claim, described[0], self._measure)

    def _observed(self, view: View) -> dict[str, date]:
        period = Period(_BEGINNING, view.as_of)
        since = {channel: min(observed_sensors(self._store, period, group=view.group, channel=channel), default=None) for channel in CHANNELS}
        return {channel: on for channel, on in since.items() if on is not None}


def _known(row: FirstSeen, listed: Listed | None) -> Known:
    return Known(row.channel, texts.lossless(row.target), row.first_on, row.last_on, row.accesses, listed)
