# SPDX-License-Identifier: Apache-2.0
"""Changes of rank, sensor by sensor (順位変動, A-12). Ranks can be compared between sensors of unlike size, counts can't."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from statistics import median
from typing import Final, TypeVar

import msgspec

T = TypeVar("T")

LEAST_SENSORS: Final = 3  # one sensor's list moves by chance
LEAST_SHARE: Final = 0.5  # of the sensors that have the target in either list must agree
LEAST_STEPS: Final = 5  # places; neighbours in a list change places every day
DEPTH: Final = 100  # ranks below this are one or two accesses, in no order


class RankChange(msgspec.Struct, frozen=True):
    """Medians over the sensors; `DEPTH + 1` stands for every rank below the list."""

    before: float
    now: float
    rising: int  # sensors at which it rose by enough places
    falling: int
    sensors: int  # that have it in either list


def rank_changes(before: Mapping[str, Mapping[T, int]], now: Mapping[str, Mapping[T, int]]) -> dict[T, RankChange]:
    """Targets that moved alike at most of their sensors, from counts of sources by sensor and target in two periods."""
    old = {sensor: _ranks(counts) for sensor, counts in before.items()}
    new = {sensor: _ranks(counts) for sensor, counts in now.items()}
    moves: dict[T, list[tuple[int, int]]] = {}
    for sensor in sorted(old.keys() & new.keys()):
        for target in dict.fromkeys([*new[sensor], *old[sensor]]):
            moves.setdefault(target, []).append((old[sensor].get(target, DEPTH + 1), new[sensor].get(target, DEPTH + 1)))
    changes = {target: _change(pairs) for target, pairs in moves.items()}
    return {target: change for target, change in changes.items() if _agreed(change)}


def _ranks(counts: Mapping[T, int]) -> dict[T, int]:
    """Competition ranks of the first `DEPTH`."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    ranks: dict[T, int] = {}
    last, rank = None, 0
    for place, (target, count) in enumerate(ordered, 1):
        rank = rank if count == last else place
        last = count
        if rank > DEPTH:
            break
        ranks[target] = rank
    return ranks


def _change(pairs: list[tuple[int, int]]) -> RankChange:
    rising = sum(old - new >= LEAST_STEPS for old, new in pairs)
    falling = sum(new - old >= LEAST_STEPS for old, new in pairs)
    return RankChange(median(old for old, _ in pairs), median(new for _, new in pairs), rising, falling, len(pairs))


def _agreed(change: RankChange) -> bool:
    return max(change.rising, change.falling) >= max(LEAST_SENSORS, ceil(LEAST_SHARE * change.sensors))
