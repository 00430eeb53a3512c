# SPDX-License-Identifier: Apache-2.0
"""From a simulated world's meetings to what detectors are given: daily sources, daily clean networks, and new networks by sensor and hour."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.detection_world import HOURS, Meetings, World
from teiten.detectors.sightings import HISTORY_DAYS, Sightings

BROAD = 20
MEMORY_HOURS = 168


class Series(NamedTuple):
    """[targets, days] each."""

    sources: NDArray[Any]  # distinct sources of the day, whoever they are
    clean: NDArray[Any]  # without broad ones
    clean_elsewhere: NDArray[Any]  # without the busiest sensor of the day
    new: NDArray[Any]
    new_elsewhere: NDArray[Any]
    sensors: NDArray[Any]  # with a new network in the last three days
    all_sensors: NDArray[Any]  # that met the target, by any source
    live: NDArray[Any]  # [days] sensor-days


class Counted(NamedTuple):
    series: Series
    new: Meetings  # first meetings of new networks, in order of the hour
    starts: NDArray[Any]  # where each day begins in `new`


def count_world(world: World, broad: int = BROAD) -> Counted:
    met = world.meetings
    day = met.hour // HOURS
    clean = met.take(~_broad(met, day, broad))
    new = _first(clean)
    new = new.take(np.argsort(new.hour, kind="stable"))
    shape = (world.targets, world.days)
    daily_new, elsewhere_new, _ = _daily(shape, len(world.live), new)
    daily, elsewhere, _ = _daily(shape, len(world.live), _once_a_day(clean, by_sensor=False), _once_a_day(clean, by_sensor=True))
    everyone, _, sensors = _daily(shape, len(world.live), _once_a_day(met, by_sensor=False), _once_a_day(met, by_sensor=True))
    spread = _recent_sensors(shape, len(world.live), new)
    live = world.live.reshape(len(world.live), -1, HOURS).sum((0, 2)) / HOURS
    series = Series(everyone, daily, elsewhere, daily_new, elsewhere_new, spread, sensors, live)
    return Counted(series, new, np.searchsorted(new.hour, np.arange(world.days + 1) * HOURS))


def sightings(world: World, counted: Counted, tick_hour: int) -> Sightings:
    """What is known at that hour, by hours; the daily run is at a multiple of 24."""
    low, high = np.searchsorted(counted.new.hour, (tick_hour - HISTORY_DAYS * HOURS, tick_hour))
    part = counted.new.take(np.s_[low:high])  # type: ignore[arg-type]
    live = world.live[:, max(tick_hour - HISTORY_DAYS * HOURS, 0) : tick_hour][:, ::-1]
    return Sightings(world.targets, part.target, part.sensor, tick_hour - 1 - part.hour, np.ones(len(part.target), np.int64), live)


def _broad(met: Meetings, day: NDArray[Any], least: int) -> NDArray[Any]:
    who = day.astype(np.int64) << 24 | met.network
    names, counts = np.unique(_unique_pairs(who, met.target), return_counts=True)
    return np.isin(who, names[counts >= least])


def _unique_pairs(who: NDArray[Any], target: NDArray[Any]) -> NDArray[Any]:
    order = np.lexsort((target, who))
    who, target = who[order], target[order]
    first = np.r_[True, (who[1:] != who[:-1]) | (target[1:] != target[:-1])]
    return who[first]


def _first(clean: Meetings) -> Meetings:
    """Meetings of a network that didn't meet the target in the 168 hours before."""
    pair = clean.target.astype(np.int64) << 24 | clean.network
    order = np.lexsort((clean.hour, pair))
    pair, hour = pair[order], clean.hour[order]
    new = np.r_[True, (pair[1:] != pair[:-1]) | (np.diff(hour) > MEMORY_HOURS)]
    return clean.take(order[new])


def _once_a_day(met: Meetings, *, by_sensor: bool) -> Meetings:
    day = met.hour // HOURS
    pair = met.target.astype(np.int64) << 24 | met.network
    second = day * 4096 + met.sensor if by_sensor else day
    order = np.lexsort((second, pair))
    pair, second = pair[order], second[order]
    return met.take(order[np.r_[True, (pair[1:] != pair[:-1]) | (second[1:] != second[:-1])]])


def _daily(shape: tuple[int, int], sensors: int, once: Meetings, at_sensors: Meetings | None = None) -> tuple[Any, Any, Any]:
    """Counts of each target and day, the same without the busiest sensor, and the number of sensors."""
    cell = once.target.astype(np.int64) * shape[1] + once.hour // HOURS
    total = np.bincount(cell, minlength=shape[0] * shape[1])
    at = at_sensors or once
    cells, counts = np.unique((at.target.astype(np.int64) * shape[1] + at.hour // HOURS) * sensors + at.sensor, return_counts=True)
    most = np.zeros(len(total), np.int64)
    np.maximum.at(most, cells // sensors, counts)
    many = np.bincount(cells // sensors, minlength=len(total))
    return total.reshape(shape), np.maximum(total - most, 0).reshape(shape), many.reshape(shape)


def _recent_sensors(shape: tuple[int, int], sensors: int, new: Meetings) -> NDArray[Any]:
    cells = np.concatenate([(new.target.astype(np.int64) * (shape[1] + 2) + new.hour // HOURS + later) * sensors + new.sensor for later in range(3)])
    many = np.bincount(np.unique(cells) // sensors, minlength=shape[0] * (shape[1] + 2))
    return many.reshape(shape[0], shape[1] + 2)[:, : shape[1]]
