# SPDX-License-Identifier: Apache-2.0
"""Accesses and exact distinct sources of every target of a capture, without minutes and flows: the fastest answer to "what was hit".

Memory stays below a bound at any length (pairs.py); without numba it grows with the distinct (target, source) pairs.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from teiten.packets.captures import Capture
from teiten.packets.headers import ICMP, ICMP6, TCP, UDP, target_of
from teiten.packets.layout import TARGETS, Array, Decoded, Doubt, Outcome, Records
from teiten.packets.wide_pairs import WidePairs


class TargetCount(NamedTuple):
    target: bytes
    accesses: int
    sources: int


class Pairs(Protocol):
    """Collects the pairs of accesses; `finish` gives accesses and distinct sources by target number."""

    def add(self, records: Records, decoded: Decoded, n: int) -> None: ...

    def finish(self) -> tuple[Array, Array]: ...


class Tally(NamedTuple):
    """By the number of the target: TCP ports, UDP ports, ping, ping of ICMPv6."""

    accesses: Array
    sources: Array

    def most(self, top: int | None = None) -> list[TargetCount]:
        """The `top` targets (or all) with an access, most accesses first, ties by target; only what is shown is named."""
        numbers = np.flatnonzero(self.accesses)
        if top is not None and len(numbers) > top > 0:
            least = np.partition(self.accesses[numbers], -top)[-top]
            numbers = numbers[self.accesses[numbers] >= least]
        rows = zip(numbers.tolist(), self.accesses[numbers].tolist(), self.sources[numbers].tolist(), strict=True)
        found = sorted((TargetCount(_name(number), *counts) for number, *counts in rows), key=lambda count: (-count.accesses, count.target))
        return found[:top]


def tally_targets(capture: Capture) -> Tally:
    """Reads to the end; packets without a time are left out, as in flows."""
    pairs = _pairs(capture.compiled)
    for _, records, decoded, n in capture.steps():
        if n:
            pairs.add(records, decoded, n)
    return Tally(*pairs.finish())


def _pairs(compiled: bool) -> Pairs:
    if not compiled:
        return PlainPairs()
    from teiten.packets.pairs import CompiledPairs

    return CompiledPairs()


def count_targets(capture: Capture) -> list[TargetCount]:
    """Every target with an access, as `Tally.most` orders them."""
    return tally_targets(capture).most()


def _name(number: int) -> bytes:
    protocol = (TCP, UDP, ICMP, ICMP6)[number >> 16]
    return target_of(protocol, {ICMP: 8 << 8, ICMP6: 128 << 8}.get(protocol, number & 0xFFFF))


class PlainPairs:
    """With numpy alone."""

    def __init__(self) -> None:
        self._accesses = np.zeros(TARGETS, np.int64)
        self._pairs: list[Array] = [np.empty(0, np.int64)]
        self._wide = WidePairs()

    def add(self, records: Records, decoded: Decoded, n: int) -> None:
        outcome, key = decoded.outcome[:n], decoded.key[:n]
        targets = np.where((outcome >= Outcome.IPV4) & (records.at_ns[:n] >= 0), _access_targets(key), -1)
        self._accesses += np.bincount(targets[targets >= 0], minlength=TARGETS)
        four, six = ((targets >= 0) & (outcome == version) for version in (Outcome.IPV4, Outcome.IPV6))
        self._pairs.append(targets[four] << 32 | (decoded.addresses[:n][four] >> 32 & 0xFFFFFFFF))
        self._wide.add(np.column_stack([targets[six], decoded.wide[:n][six, :2]]))
        if len(self._pairs) > 100:
            self._pairs = [np.unique(np.concatenate(self._pairs))]

    def finish(self) -> tuple[Array, Array]:
        pairs = np.unique(np.concatenate(self._pairs))
        return self._accesses, np.bincount(pairs >> 32, minlength=TARGETS) + self._wide.finish()


def _access_targets(key: Array) -> Array:
    """Target numbers of keys that are an access's, -1 for the others."""
    protocol, port, known = key >> 8 & 0xFF, key >> 16 & 0xFFFF, key >> 32 & Doubt.PORT_UNKNOWN == 0
    kinds = [
        ((protocol == TCP) & (key >> 32 == 0) & (key & 0x12 == 2), port),
        ((protocol == UDP) & known, port + (1 << 16)),
        ((protocol == ICMP) & known & (port >> 8 == 8), np.full_like(port, 2 << 16)),
        ((protocol == ICMP6) & known & (port >> 8 == 128), np.full_like(port, 3 << 16)),
    ]
    chosen: Array = np.select([condition for condition, _ in kinds], [number for _, number in kinds], -1)
    return chosen
