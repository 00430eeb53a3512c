# SPDX-License-Identifier: Apache-2.0
"""What the pages ask. They know this protocol only, never a store; `StoreAnswers` fulfils it with the question layer.

Calls may block; the site makes them on worker threads. They only read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from teiten.detectors.trend import Mark
from teiten.model import Period, SensorEntry
from teiten.questions.counts import count
from teiten.questions.interface import Count, CountQuestion
from teiten.questions.live import Seen, clock_errors, latest, status
from teiten.questions.observation import DayCount, PerSensorDay, per_sensor_day, series
from teiten.questions.rankings import Ranked, ranking
from teiten.questions.tallies import tallies
from teiten.store.interface import Store

Marks = Callable[[Period, str, str | None, Sequence[bytes]], Mapping[bytes, Mark]]
"""(period, channel, group, targets) -> the trend mark of each target that has one: about the spread of sources, never about volume."""


class SensorState(msgspec.Struct, frozen=True):
    """What one sensor told about one channel; a sensor that told nothing has one with channel ""."""

    name: str
    group: str
    demo: bool
    channel: str
    heartbeat_at: int | None  # end of the last heartbeat, microseconds UTC; None: none was ever received
    received_at: int | None  # last batch of the sensor, any channel
    backlog_bytes: int
    dropped: int
    gaps: int
    gap_records: int
    clock_us: int | None = None  # shortest time from an observation of the newest day to its receipt; below zero: its clock is ahead


class Asker(Protocol):
    """All that the pages may ask. `group` None means every group, `channel` None every channel."""

    def count(self, question: CountQuestion) -> list[Count]: ...

    def per_sensor_day(self, period: Period, group: str | None) -> PerSensorDay: ...

    def series(self, period: Period, group: str | None, channel: str | None) -> list[DayCount]: ...

    def ranking(self, period: Period, channel: str, group: str | None, top: int) -> list[Ranked]: ...

    def by_day(self, period: Period, channel: str, group: str | None, targets: Sequence[bytes]) -> Mapping[bytes, Mapping[date, int]]:
        """Cumulative sources of each target and day; days and targets without an access are absent."""
        ...

    def latest(self, n: int, group: str | None) -> list[Seen]:
        """Newest first."""
        ...

    def sensors(self) -> list[SensorEntry]: ...

    def sensor_states(self) -> list[SensorState]: ...

    def region_data_on(self) -> date | None:
        """Date of the data that names regions; None if regions aren't looked up."""
        ...


class StoreAnswers:
    """An Asker over a store in this process."""

    def __init__(self, store: Store, zone: ZoneInfo, region_data_on: date | None = None) -> None:
        self._store = store
        self._zone = zone
        self._region_data_on = region_data_on

    def count(self, question: CountQuestion) -> list[Count]:
        return count(self._store, question, self._zone)

    def per_sensor_day(self, period: Period, group: str | None) -> PerSensorDay:
        return per_sensor_day(self._store, period, group=group)

    def series(self, period: Period, group: str | None, channel: str | None) -> list[DayCount]:
        return series(self._store, period, group=group, channel=channel)

    def ranking(self, period: Period, channel: str, group: str | None, top: int) -> list[Ranked]:
        return ranking(self._store, period, zone=self._zone, channel=channel, group=group, top=top)

    def by_day(self, period: Period, channel: str, group: str | None, targets: Sequence[bytes]) -> Mapping[bytes, Mapping[date, int]]:
        found: dict[bytes, dict[date, int]] = {}
        for cell in tallies(self._store, period, "target", "day", channel=channel, group=group, targets=targets):
            if isinstance(cell.key, bytes) and isinstance(cell.other, date):
                found.setdefault(cell.key, {})[cell.other] = cell.cumulative_sources
        return found

    def latest(self, n: int, group: str | None) -> list[Seen]:
        return latest(self._store, n, group=group)

    def sensors(self) -> list[SensorEntry]:
        return self._store.sensors()

    def sensor_states(self) -> list[SensorState]:
        told = status(self._store)
        clocks = clock_errors(self._store)
        return [state for sensor in told["sensors"] for state in _states(sensor, told["gaps"], clocks.get(sensor["name"]))]

    def region_data_on(self) -> date | None:
        return self._region_data_on


def _states(sensor: dict[str, Any], gaps: list[dict[str, Any]], clock_us: int | None) -> list[SensorState]:
    missing = [gap for gap in gaps if gap["sensor"] == sensor["name"]]
    channels = sorted(set(sensor["channels"]) | {gap["channel"] for gap in missing}) or [""]
    return [_state(sensor, channel, [gap for gap in missing if gap["channel"] == channel], clock_us) for channel in channels]


def _state(sensor: dict[str, Any], channel: str, gaps: list[dict[str, Any]], clock_us: int | None) -> SensorState:
    beat = sensor["channels"].get(channel, {})
    return SensorState(
        name=sensor["name"],
        group=sensor["group"],
        demo=sensor["demo"],
        channel=channel,
        heartbeat_at=beat.get("last_heartbeat_at"),
        received_at=sensor["last_batch_at"],
        backlog_bytes=beat.get("backlog_bytes") or 0,
        dropped=beat.get("dropped") or 0,
        gaps=sum(gap["gaps"] for gap in gaps),
        gap_records=sum(gap["records"] for gap in gaps),
        clock_us=clock_us if beat else None,  # an imported log is received long after; that says nothing about its clock
    )
