# SPDX-License-Identifier: Apache-2.0
"""What was observed at all, and the numbers per observed sensor and day.

A sensor-day without a sign of the sensor is not observed; it never counts as a day with zero accesses.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Final

import msgspec

from teiten.clock import MICROSECONDS
from teiten.model import Period
from teiten.questions.filters import period_filters
from teiten.store.interface import Store

ACCESS: Final = "access"


class Covered(msgspec.Struct, frozen=True):
    """How long a sensor was observing on a day, by its heartbeats; overlapping ones count once."""

    day: date
    sensor: str
    seconds: float


class PerSensorDay(msgspec.Struct, frozen=True):
    """The three sums of design section 3; the quotients are None when nothing was observed."""

    accesses: int
    source_days: int  # sum over sensor-days of distinct sources
    sensor_days: int  # observed ones

    @property
    def accesses_per_sensor_day(self) -> float | None:
        return self.accesses / self.sensor_days if self.sensor_days else None

    @property
    def sources_per_sensor_day(self) -> float | None:
        return self.source_days / self.sensor_days if self.sensor_days else None


class DayCount(msgspec.Struct, frozen=True):
    """One day of a series. `observed` sensors 0: nothing is known of the day, and it is drawn as a gap, not as zero."""

    day: date
    accesses: int
    sources: int  # distinct over all sensors
    sensors: int  # that saw an access
    source_days: int
    observed: int


def observed_sensors(
    store: Store, period: Period, *, group: str | None = None, channel: str | None = None, sensor: str | None = None
) -> dict[date, int]:
    """Sensors that observed on each day of the period: some heartbeat or import covers it, or a row came. Days with none are absent."""
    chosen, parameters = period_filters(period, group=group, channel=channel, sensor=sensor)
    return dict(store.ask("observed_days", parameters, {"filters": chosen}))


def per_sensor_day(
    store: Store,
    period: Period,
    *,
    group: str | None = None,
    channel: str | None = None,
    sensor: str | None = None,
    target: bytes | None = None,
    category: str | None = ACCESS,
) -> PerSensorDay:
    """Accesses and sources per sensor and observed day (report: 1観測点で1日あたり)."""
    chosen, parameters = period_filters(period, channel=channel, category=category, sensor=sensor, group=group, target=target)
    rows = store.ask("sensor_days", parameters, {"filters": chosen})
    observed = observed_sensors(store, period, group=group, channel=channel, sensor=sensor)
    return PerSensorDay(sum(row[1] for row in rows), sum(row[2] for row in rows), sum(observed.values()))


def series(
    store: Store,
    period: Period,
    *,
    group: str | None = None,
    channel: str | None = None,
    sensor: str | None = None,
    target: bytes | None = None,
    source: bytes | None = None,
    category: str | None = ACCESS,
) -> list[DayCount]:
    """Every day of the period in order, days without accesses and days not observed included."""
    asked = {"channel": channel, "category": category, "sensor": sensor, "group": group, "target": target, "source": source}
    chosen, parameters = period_filters(period, **asked)
    found = {
        day: (accesses, sources, sensors)
        for day, accesses, sources, sensors in store.ask("counts", parameters, {"key": "day", "filters": chosen, "order": "key", "limit": "none"})
    }
    source_days = {day: number for day, _, number in store.ask("sensor_days", parameters, {"filters": chosen})}
    observed = observed_sensors(store, period, group=group, channel=channel, sensor=sensor)
    return [DayCount(day, *found.get(day, (0, 0, 0)), source_days.get(day, 0), observed.get(day, 0)) for day in period.dates()]


def coverage(store: Store, period: Period, *, group: str | None = None, channel: str | None = None, sensor: str | None = None) -> list[Covered]:
    """Covered time of every sensor and day that has any, by day and sensor. Without `channel`: any channel."""
    chosen, parameters = period_filters(period, group=group, channel=channel, sensor=sensor)
    rows = store.ask("intervals", parameters, {"filters": chosen})
    return [
        Covered(day, name, _union((row[2], row[3]) for row in intervals) / MICROSECONDS)
        for (day, name), intervals in groupby(rows, key=lambda row: (row[0], row[1]))
    ]


def _union(intervals: Iterable[tuple[int, int]]) -> int:
    """Length of the union of intervals that come in order of their starts."""
    total, reached = 0, None
    for low, high in intervals:
        start = low if reached is None else max(low, reached)
        total += max(0, high - start)
        reached = high if reached is None else max(reached, high)
    return total
