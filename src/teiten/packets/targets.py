# SPDX-License-Identifier: Apache-2.0
"""Accesses and exact distinct sources of every target of a capture, without minutes and flows: the fastest answer to "what was hit".

Memory grows with distinct (target, source) pairs, eight bytes each, because exact distinct counts need them; with nothing else.
"""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple, Protocol

import numpy as np

from teiten.packets.captures import Capture
from teiten.packets.headers import ICMP, ICMP6, TCP, UDP, target_of
from teiten.packets.layout import RECORDS_PER_STEP, TARGET_PARTS, Array, Decoded, Doubt, Outcome, Records

_TARGETS: Final = 4 << 16  # TCP ports, UDP ports, ping, ping of ICMPv6
_RUN: Final = 1 << 20  # pairs that wait to be made distinct


class TargetCount(NamedTuple):
    target: bytes
    accesses: int
    sources: int


class Pairs(Protocol):
    """Collects the pairs of accesses; `finish` gives accesses and distinct IPv4 sources by target number, and wide pairs."""

    def add(self, records: Records, decoded: Decoded, n: int) -> None: ...

    def finish(self) -> tuple[Array, Array, Array]: ...


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
    pairs: Pairs = CompiledPairs() if capture.compiled else PlainPairs()
    for _, records, decoded, n in capture.steps():
        if n:
            pairs.add(records, decoded, n)
    accesses, sources, wide = pairs.finish()
    if len(wide):
        sources += np.bincount(_distinct_rows(wide)[:, 0], minlength=_TARGETS)
    return Tally(accesses, sources)


def count_targets(capture: Capture) -> list[TargetCount]:
    """Every target with an access, as `Tally.most` orders them."""
    return tally_targets(capture).most()


def _name(number: int) -> bytes:
    protocol = (TCP, UDP, ICMP, ICMP6)[number >> 16]
    return target_of(protocol, {ICMP: 8 << 8, ICMP6: 128 << 8}.get(protocol, number & 0xFFFF))


def _distinct_rows(rows: Array) -> Array:
    ordered: Array = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    return np.asarray(ordered[np.concatenate([[True], (np.diff(ordered, axis=0) != 0).any(axis=1)])[: len(ordered)]])


class CompiledPairs:
    """Runs of distinct pairs, grouped by hash; merged whenever half as much has come after them (or four runs)."""

    def __init__(self) -> None:
        from teiten.packets import compiled_targets

        self._kernels = compiled_targets
        self._odd: Final = int(np.int64(np.uint64(secrets.randbits(64) | 1).view(np.int64)))  # no sender can aim at one group
        self._accesses = np.zeros(_TARGETS, np.int64)
        self._pairs = np.empty(_RUN + RECORDS_PER_STEP, np.int64)
        self._wide_step = np.empty((RECORDS_PER_STEP, 3), np.int64)
        self._fill = 0
        self._runs: list[tuple[Array, Array]] = []  # pairs, and where its groups begin
        self._most = 4 * _RUN
        self._wide: list[Array] = [np.empty((0, 3), np.int64)]

    def add(self, records: Records, decoded: Decoded, n: int) -> None:
        self._fill, wide = self._kernels.collect(records, decoded, n, self._accesses, self._pairs, self._fill, self._wide_step)
        if wide:
            self._wide.append(self._wide_step[:wide].copy())
        if len(self._wide) > 1000:
            self._wide = [_distinct_rows(np.concatenate(self._wide))]
        if self._fill >= _RUN:
            self._end_run()

    def _end_run(self) -> None:
        parted, cuts = np.empty(self._fill, np.int64), np.empty(TARGET_PARTS + 1, np.int64)
        self._kernels.partition(self._pairs, self._fill, self._odd, parted, cuts)
        self._fill = 0
        self._runs.append((self._distinct(parted, cuts).copy(), cuts))
        if sum(len(pairs) for pairs, _ in self._runs) > self._most:
            merged, cuts = self._merged()
            self._runs, self._most = [(merged.copy(), cuts)], len(merged) + max(4 * _RUN, len(merged) // 2)

    def _merged(self) -> tuple[Array, Array]:
        """All runs as one."""
        if len(self._runs) == 1:
            return self._runs[0]
        cuts = np.sum([cuts for _, cuts in self._runs], axis=0)
        groups = (pairs[cut[part] : cut[part + 1]] for part in range(TARGET_PARTS) for pairs, cut in self._runs)
        together = np.empty(int(cuts[-1]), np.int64)
        at = 0
        for group in groups:
            together[at : at + len(group)] = group
            at += len(group)
        return self._distinct(together, cuts), cuts

    def _distinct(self, parted: Array, cuts: Array) -> Array:
        largest = int(np.diff(cuts).max())
        table = np.zeros(max(16, 1 << (2 * largest).bit_length()), np.int64)
        return parted[: self._kernels.distinct(parted, cuts, self._odd, table)]

    def finish(self) -> tuple[Array, Array, Array]:
        self._end_run()
        sources = np.zeros(_TARGETS, np.int64)
        self._kernels.add_sources(self._merged()[0], sources)
        return self._accesses, sources, np.concatenate(self._wide)


class PlainPairs:
    """The same with numpy."""

    def __init__(self) -> None:
        self._accesses = np.zeros(_TARGETS, np.int64)
        self._pairs: list[Array] = [np.empty(0, np.int64)]
        self._wide: list[Array] = [np.empty((0, 3), np.int64)]

    def add(self, records: Records, decoded: Decoded, n: int) -> None:
        outcome, key = decoded.outcome[:n], decoded.key[:n]
        targets = np.where((outcome >= Outcome.IPV4) & (records.at_ns[:n] >= 0), _access_targets(key), -1)
        self._accesses += np.bincount(targets[targets >= 0], minlength=_TARGETS)
        four, six = ((targets >= 0) & (outcome == version) for version in (Outcome.IPV4, Outcome.IPV6))
        self._pairs.append(targets[four] << 32 | (decoded.addresses[:n][four] >> 32 & 0xFFFFFFFF))
        self._wide.append(np.column_stack([targets[six], decoded.wide[:n][six, :2]]))
        if len(self._pairs) > 100:
            self._pairs, self._wide = [np.unique(np.concatenate(self._pairs))], [_distinct_rows(np.concatenate(self._wide))]

    def finish(self) -> tuple[Array, Array, Array]:
        pairs = np.unique(np.concatenate(self._pairs))
        return self._accesses, np.bincount(pairs >> 32, minlength=_TARGETS), np.concatenate(self._wide)


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
