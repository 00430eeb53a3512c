# SPDX-License-Identifier: Apache-2.0
"""Accesses and exact distinct sources of every target of a capture, without minutes and flows: the fastest answer to "what was hit".

Memory grows with distinct (target, source) pairs, eight bytes each, because exact distinct counts need them; with nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

import numpy as np

from teiten.packets.captures import Capture
from teiten.packets.headers import ICMP, ICMP6, TCP, UDP, target_of
from teiten.packets.layout import RECORDS_PER_STEP, Array, Decoded, Doubt, Outcome, Records

_TARGETS: Final = 4 << 16  # TCP ports, UDP ports, ping, ping of ICMPv6
_SLICE: Final = 1 << 13  # targets that are merged together
_RUN: Final = 1 << 20  # pairs that wait to be made distinct
_DIGITS, _BUCKETS = 5, 1 << 10  # as in compiled_targets.py


class TargetCount(NamedTuple):
    target: bytes
    accesses: int
    sources: int


class Pairs(Protocol):
    """Collects the pairs of accesses; `finish` gives accesses and distinct IPv4 sources by target number, and wide pairs."""

    def add(self, records: Records, decoded: Decoded, n: int) -> None: ...

    def finish(self) -> tuple[Array, Array, Array]: ...


def count_targets(capture: Capture) -> list[TargetCount]:
    """Every target with an access, most accesses first, ties by target. Reads to the end; packets without a time are left out, as in flows."""
    pairs: Pairs = CompiledPairs() if capture.compiled else PlainPairs()
    for _, records, decoded, n in capture.steps():
        if n:
            pairs.add(records, decoded, n)
    accesses, sources, wide = pairs.finish()
    if len(wide):
        sources += np.bincount(_distinct_rows(wide)[:, 0], minlength=_TARGETS)
    found = [TargetCount(_name(number), int(accesses[number]), int(sources[number])) for number in np.flatnonzero(accesses).tolist()]
    return sorted(found, key=lambda count: (-count.accesses, count.target))


def _name(number: int) -> bytes:
    protocol = (TCP, UDP, ICMP, ICMP6)[number >> 16]
    return target_of(protocol, {ICMP: 8 << 8, ICMP6: 128 << 8}.get(protocol, number & 0xFFFF))


def _distinct_rows(rows: Array) -> Array:
    ordered: Array = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    return np.asarray(ordered[np.concatenate([[True], (np.diff(ordered, axis=0) != 0).any(axis=1)])[: len(ordered)]])


class CompiledPairs:
    """Sorted runs of distinct pairs, merged when they have become twice as long as what they were merged to."""

    def __init__(self) -> None:
        from teiten.packets import compiled_targets

        self._kernels = compiled_targets
        self._accesses = np.zeros(_TARGETS, np.int64)
        self._pairs = np.empty(_RUN + RECORDS_PER_STEP, np.int64)
        self._other = np.empty_like(self._pairs)
        self._wide_step = np.empty((RECORDS_PER_STEP, 3), np.int64)
        self._fill = 0
        self._runs: list[Array] = []
        self._most = 8 * _RUN
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
        self._runs.append(self._distinct(self._pairs, self._other, self._fill).copy())
        self._fill = 0
        if sum(map(len, self._runs)) > self._most:
            merged = np.concatenate(list(self._merged()))
            self._runs, self._most = [merged], 2 * len(merged) + 8 * _RUN

    def _distinct(self, pairs: Array, other: Array, n: int) -> Array:
        self._kernels.sort(pairs, other, n, np.zeros((_DIGITS, _BUCKETS + 1), np.int64))
        return pairs[: self._kernels.distinct(pairs, n)]

    def _merged(self) -> Iterator[Array]:
        """The distinct pairs of all runs in order, a range of targets at a time, so that little more memory is needed than for the runs."""
        edges = np.arange(0, _TARGETS + 1, _SLICE, dtype=np.int64) << 32
        cuts = [np.searchsorted(run, edges) for run in self._runs]
        for number in range(len(edges) - 1):
            parts = [run[cut[number] : cut[number + 1]] for run, cut in zip(self._runs, cuts, strict=True)]
            together = np.concatenate(parts)
            if len(together):
                yield self._distinct(together, np.empty_like(together), len(together))

    def finish(self) -> tuple[Array, Array, Array]:
        self._end_run()
        sources = np.zeros(_TARGETS, np.int64)
        for pairs in self._merged():
            sources += np.bincount(pairs >> 32, minlength=_TARGETS)
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
