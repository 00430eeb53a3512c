# SPDX-License-Identifier: Apache-2.0
"""Exact numbers in, numbers of a policy out. The only place that decides about a single count; it never sees a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from teiten.detectors.trend import Mark
from teiten.model import Period
from teiten.publication.coarse import Coarsener, two_digits
from teiten.publication.policies import Policy
from teiten.publication.view import Counted, Day, MarkName, PerDay, Reach
from teiten.questions.breadth import Breadth
from teiten.questions.observation import DayCount, PerSensorDay

UNKNOWN: Final = "unknown"


class Measure:
    def __init__(self, policy: Policy, coarsener: Coarsener, live: int = 0) -> None:
        """`live`: registered sensors; where there are fewer than the policy asks for, all of them must have met something."""
        self._policy = policy
        self._fewest = min(policy.sensors, live) if policy.coarse else 0
        self._coarsener = coarsener

    @property
    def coarse(self) -> bool:
        return self._policy.coarse

    def accesses(self, seen: Breadth | None, *about: object) -> int | None:
        """With a coarse policy each source counts to a limit, so that no single one can draw a signal into the number; and what fewer than
        three sensors met, be it a day of a target that everybody knows, is no count (P7): probes at half of all addresses would show in it."""
        if seen is None or seen.sensors < self._fewest:
            return self.count(0, "accesses", *about)
        return self.count(seen.capped if self._policy.coarse else seen.accesses, "accesses", *about)

    def sources(self, seen: Breadth | None, *about: object) -> int | None:
        """With a coarse policy source networks: an address is cheap, a network is not."""
        if seen is None or seen.sensors < self._fewest:
            return self.count(0, "sources", *about)
        return self.count(seen.networks if self._policy.coarse else seen.sources, "sources", *about)

    def count(self, value: int, *about: object) -> int | None:
        return self._coarsener.count(value, *about) if self._policy.coarse else value

    def counted(self, key: str, seen: Breadth | None, *about: object) -> Counted:
        return Counted(key, self.accesses(seen, *about, key), self.sources(seen, *about, key))

    def sensors(self, value: int) -> int | None:
        return value if self._policy.exact_sensors else None

    def reach(self, value: int, live: int) -> Reach:
        if value < 3:
            return "few"
        share = value / max(live, value)
        return "most" if share >= 0.9 else "half" if share >= 0.5 else "part"

    def observed(self, sensors: int) -> int:
        return sensors if self._policy.exact_sensors else min(sensors, 1)

    def ratio(self, value: float) -> float | None:
        if not self._policy.coarse:
            return round(value, 2)
        return float(two_digits(value)) if value >= 10 else round(value)

    def per_day(self, found: PerSensorDay) -> PerDay:
        accesses, sources = found.accesses_per_sensor_day, found.sources_per_sensor_day
        if not self._policy.coarse:
            return PerDay(accesses, sources, found.sensor_days)
        return PerDay(_rounded(accesses), _rounded(sources), None)

    def days(self, period: Period, found: Iterable[Breadth], observed: Sequence[DayCount], *about: object) -> tuple[Day, ...]:
        """Every day of the period; `found` has the day as the last part of its keys."""
        seen = {row.keys[-1]: row for row in found}
        live = {day.day: day.observed for day in observed}
        return tuple(
            Day(day, self.accesses(seen.get(day), *about, day), self.sources(seen.get(day), *about, day), self.observed(live.get(day, 0)))
            for day in period.dates()
        )

    def regions(self, found: Iterable[Breadth], top: int, *about: object) -> tuple[Counted, ...]:
        """Largest first; small ones and those past `top` are one row "other". Unknown is a row like any other."""
        rows = sorted(found, key=lambda row: (-row.networks, -row.capped, str(row.keys[-1])))
        shown = [self.counted(str(row.keys[-1]), row, *about) for row in rows[:top]]
        named = [row for row in shown if row.sources is not None]
        rest = [row for row, was in zip(rows[:top], shown, strict=True) if was.sources is None] + rows[top:]
        capped = sum(row.capped if self._policy.coarse else row.accesses for row in rest)
        return (*named, Counted("other", self.count(capped, "accesses", *about, "other"), None)) if rest else tuple(named)


def mark_name(mark: Mark | None) -> MarkName:
    if mark is None:
        return "none"
    if mark.few and mark.arrow == "→":
        return "few"
    return {"↑": "up", "→": "level", "↓": "down"}[mark.arrow]  # type: ignore[return-value]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(two_digits(value)) if value >= 10 else round(value, 1)
