# SPDX-License-Identifier: Apache-2.0
"""What a report is about, without a word of any language: totals, shares, days, surges. Made by gather.py, judged by rules.py."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

import msgspec

from teiten.detectors.surge import Surge
from teiten.model import Period
from teiten.questions.observation import DayCount, PerSensorDay

Measure = Literal["accesses", "sources"]
MEASURES: Final[tuple[Measure, ...]] = ("accesses", "sources")
UNKNOWN: Final = b"unknown"
WITHHELD: Final = b"\x00withheld"  # all that the policy does not let be told one by one; a stranger who sends it withholds himself


class Share(msgspec.Struct, frozen=True):
    """One target or region of a period. `sources` are cumulative (distinct source, day, sensor, target), so that they add up."""

    key: bytes
    accesses: int
    sources: int


class Breakdown(msgspec.Struct, frozen=True):
    """All keys of a period, most accesses first, ties by key."""

    shares: tuple[Share, ...]
    accesses: int
    sources: int

    def total(self, measure: Measure) -> int:
        return self.accesses if measure == "accesses" else self.sources

    def of(self, key: bytes) -> Share:
        return next((share for share in self.shares if share.key == key), Share(key, 0, 0))

    @property
    def named(self) -> list[Share]:
        """What a sentence may speak of as one thing: not the unknown, and not the many that may not be named."""
        return [share for share in self.shares if share.key not in (UNKNOWN, WITHHELD)]

    def top(self, measure: Measure, n: int) -> list[Share]:
        known = [share for share in self.named if getattr(share, measure)]
        return sorted(known, key=lambda share: (-getattr(share, measure), share.key))[:n]


class MonthFacts(msgspec.Struct, frozen=True):
    """`levels`: what trends and changes are judged by, means or anything proportional to them; None: not observed."""

    period: Period
    per_day: PerSensorDay
    sensors: dict[str, int]  # name -> observed days
    targets: Breakdown
    regions: Breakdown
    levels: dict[Measure, float] | None = None

    @property
    def observed(self) -> bool:
        return self.per_day.sensor_days > 0

    def mean(self, measure: Measure) -> float | None:
        return self.per_day.accesses_per_sensor_day if measure == "accesses" else self.per_day.sources_per_sensor_day

    def level(self, measure: Measure) -> float | None:
        return self.levels[measure] if self.levels else self.mean(measure)


class DayShares(msgspec.Struct, frozen=True):
    """A day by key: key -> (accesses, cumulative sources)."""

    on: date
    shares: dict[bytes, tuple[int, int]]


class SurgeFacts(msgspec.Struct, frozen=True):
    target: bytes
    surge: Surge
    by_region: tuple[DayShares, ...]  # every day of the month

    @property
    def peak_accesses(self) -> int:
        """Of the day with most sources, as may be told."""
        return sum(shares[0] for day in self.by_region if day.on == self.surge.peak_on for shares in day.shares.values())


class PortalRow(msgspec.Struct, frozen=True):
    rank: int
    mark: str
    accesses: int
    target: bytes
    sources: int = 0


class PortalFacts(msgspec.Struct, frozen=True):
    group: str | None
    window: Period
    since: date  # observed from then on
    tables: dict[str, tuple[PortalRow, ...]]  # by channel


class Attention(msgspec.Struct, frozen=True):
    """An item that a detector pointed at: `level` attention or risk."""

    target: bytes
    channel: str
    level: str
    first_on: date


class Facts(msgspec.Struct, frozen=True):
    group: str | None
    channel: str
    zone: str
    month: Period  # the whole calendar month
    cut: Period  # as far as it is over: the same, or shorter when preliminary
    months: tuple[MonthFacts, ...]  # six, oldest first; the last one is `cut`
    days: tuple[DayCount, ...]  # of `cut`
    regions_by_day: tuple[DayShares, ...]
    leading: tuple[DayShares, ...]  # the first target by region and month: one entry for this month, one for the one before
    surges: tuple[SurgeFacts, ...]
    portal: PortalFacts | None
    attention: tuple[Attention, ...] = ()
    demo: bool = False
    coarse: bool = False  # numbers are blurred by the policy; what is computed of them is no more exact than they are
    tells_sensors: bool = True  # how many sensors observed on which day

    @property
    def now(self) -> MonthFacts:
        return self.months[-1]

    @property
    def before(self) -> MonthFacts:
        return self.months[-2]

    @property
    def preliminary(self) -> bool:
        return self.cut != self.month

    @property
    def observed_before(self) -> int:
        """Months before this one that were observed."""
        return sum(month.observed for month in self.months[:-1])
