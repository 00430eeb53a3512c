# SPDX-License-Identifier: Apache-2.0
"""What was observed at all, and the numbers per observed sensor and day.

A sensor-day without a sign of the sensor is not observed; it never counts as a day with zero accesses.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any, Final

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
    rows = _sensor_days(store, period, channel=channel, category=category, sensor=sensor, group=group, target=target)
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
    found = _days(store, period, **asked)
    observed = observed_sensors(store, period, group=group, channel=channel, sensor=sensor)
    return [DayCount(day, *found.get(day, (0, 0, 0, 0)), observed.get(day, 0)) for day in period.dates()]


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


def _days(store: Store, period: Period, **asked: Any) -> dict[date, tuple[int, int, int, int]]:
    """Accesses, sources, sensors and source-days of each day."""
    if not _summarised(asked, "channel"):
        return {row[0]: row[1:] for row in _from_pairs(store, period, asked)}
    chosen, parameters = period_filters(period)
    slots = {"filters": chosen, "channels": _channels(asked)}
    source_days = {row[0]: row[2] for row in _sensor_days(store, period, **asked)}
    rows = store.ask("daily", {**parameters, "channel": asked["channel"]}, slots)
    return {day: (accesses, sources, sensors, source_days.get(day, 0)) for day, accesses, sources, sensors in rows if sensors}


def _sensor_days(store: Store, period: Period, **asked: Any) -> list[tuple[date, int, int]]:
    """Day, accesses, sum over sensors of distinct sources; sensors and groups are in the summaries as well."""
    if not _summarised(asked, "channel", "sensor", "group"):
        return [(day, accesses, source_days) for day, accesses, _, _, source_days in _from_pairs(store, period, asked)]
    chosen, parameters = period_filters(period, sensor=asked["sensor"], group=asked["group"])
    slots = {"filters": chosen, "channels": _channels(asked)}
    return [(row[0], row[1], row[2]) for row in store.ask("daily_sensors", {**parameters, "channel": asked["channel"]}, slots)]


def _summarised(asked: dict[str, Any], *fields: str) -> bool:
    """Whether the small summaries answer: then the cost is the same at any number of rows."""
    return asked["category"] == ACCESS and all(value is None for name, value in asked.items() if name not in ("category", *fields))


def _from_pairs(store: Store, period: Period, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    chosen, parameters = period_filters(period, **asked)
    return store.ask("days", parameters, {"filters": chosen})


def _channels(asked: dict[str, Any]) -> str:
    return "every" if asked["channel"] is None else "one"
