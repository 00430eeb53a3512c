# SPDX-License-Identifier: Apache-2.0
"""Waves: targets whose sources are the same people. One botnet would otherwise fill a list, so they are shown as one item."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final, TypeVar

T = TypeVar("T")

SHARED: Final = 0.5  # of the smaller set: below it, two campaigns merely use the same rented networks


def waves(networks: Mapping[T, Set[bytes]], shared: float = SHARED) -> list[tuple[T, ...]]:
    """The targets in groups, each group and the whole in the order given; a target that shares with nobody is a group of its own."""
    leader: dict[T, T] = {name: name for name in networks}
    names = list(networks)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            if _share(networks[one], networks[other]) >= shared:
                _join(leader, one, other)
    groups: dict[T, list[T]] = {}
    for name in names:
        groups.setdefault(_first(leader, name), []).append(name)
    return [tuple(group) for group in groups.values()]


def _share(one: Set[bytes], other: Set[bytes]) -> float:
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller else 0.0


def _first(leader: dict[T, T], name: T) -> T:
    while leader[name] != name:
        name = leader[name]
    return name


def _join(leader: dict[T, T], one: T, other: T) -> None:
    """Under whichever comes first, so that a wave keeps the name of its most urgent target."""
    first, second = _first(leader, one), _first(leader, other)
    if first != second:
        order = list(leader)
        low, high = sorted((first, second), key=order.index)
        leader[high] = low
