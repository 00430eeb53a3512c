# SPDX-License-Identifier: Apache-2.0
"""What the detectors of spread are given: the new networks of one channel, told back from one tick, and how long each sensor was live.

A network (IPv4 /24, IPv6 /48) is new when it is clean and hasn't met the target in the 168 hours before; it belongs to the sensor that it
met first. Everything is plain arrays: made from a store, a simulated world or a test alike.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HOURS: Final = 24
HISTORY_DAYS: Final = 45  # the longest window (14 days), the gap (3) and the baseline (28)


class Sightings(NamedTuple):
    """One row for each target, sensor and hour that had any; rows may repeat, they add up. Hour 0 is the last before the tick.

    Sightings by day only have hours 0, 24, 48 …: then windows of whole days are exact and shorter ones have no meaning.
    """

    targets: int  # how many there are; `target` counts from 0
    target: NDArray[Any]
    sensor: NDArray[Any]
    hour: NDArray[Any]
    networks: NDArray[Any]
    live: Floats  # [sensors, hours]: which part of each hour the sensor was observing

    @property
    def sensors(self) -> int:
        return len(self.live)

    def within(self, hours: int, from_hour: int = 0) -> Sightings:
        """Rows of hours [from_hour, from_hour + hours)."""
        return self.take((self.hour >= from_hour) & (self.hour < from_hour + hours))

    def take(self, chosen: NDArray[Any]) -> Sightings:
        return self._replace(**{name: getattr(self, name)[chosen] for name in ("target", "sensor", "hour", "networks")})

    def by_target(self) -> Integers:
        return _sums(self.target, self.networks, self.targets)

    def by_sensor(self) -> Integers:
        """[targets, sensors]"""
        flat = _sums(self.target.astype(np.int64) * self.sensors + self.sensor, self.networks, self.targets * self.sensors)
        return flat.reshape(self.targets, self.sensors)

    def by_day(self, days: int) -> Integers:
        """[targets, days], the last day first; later rows must have been left out before."""
        place = self.target.astype(np.int64) * days + self.hour // HOURS
        return _sums(place, self.networks, self.targets * days).reshape(self.targets, days)

    def sensors_of_target(self) -> Integers:
        """How many sensors each target was met at."""
        met = np.unique(self.target.astype(np.int64) * self.sensors + self.sensor)
        return np.bincount(met // self.sensors, minlength=self.targets)

    def only(self, targets: NDArray[Any]) -> Sightings:
        """The chosen targets, numbered anew in that order."""
        place = np.full(self.targets, -1, np.int64)
        place[targets] = np.arange(len(targets))
        new = place[self.target]
        kept = self.take(new >= 0)
        return kept._replace(targets=len(targets), target=new[new >= 0])


def live_sensors(seen: Sightings, hours: int = HOURS) -> int:
    """Sensors that observed at any time in the last hours."""
    return int(np.sum(seen.live[:, :hours].sum(1) > 0))


def _sums(place: NDArray[Any], networks: NDArray[Any], length: int) -> Integers:
    return np.bincount(place, weights=networks, minlength=length).astype(np.int64)
