# SPDX-License-Identifier: Apache-2.0
"""In which order the sensors met something: how fast a thing spreads is the time from its first sensor to its k-th."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Arrival(msgspec.Struct, frozen=True):
    sensor: str
    first_at: int  # microseconds UTC
    place: int  # 1 for the first; sensors of one instant share a place
    after_us: int  # since the first sensor


def order_of_arrival(first_at: Mapping[str, int]) -> list[Arrival]:
    """By time, then by name."""
    ordered = sorted(first_at.items(), key=lambda item: (item[1], item[0]))
    return [Arrival(sensor, at, 1 + sum(other < at for _, other in ordered), at - ordered[0][1]) for sensor, at in ordered]


def time_to_sensor(first_at: Mapping[str, int], k: int) -> int | None:
    """Microseconds from the first sensor to the k-th; None while fewer have met it."""
    instants = sorted(first_at.values())
    return instants[k - 1] - instants[0] if 0 < k <= len(instants) else None
