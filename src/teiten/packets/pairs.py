# SPDX-License-Identifier: Apache-2.0
"""Distinct (target, source) pairs of a capture of any length in bounded memory: runs made distinct in memory, then spilled to a file.

Runs are grouped by hash, so that at the end each group is made distinct over all runs by itself. Exact: nothing is estimated.
"""

from __future__ import annotations

import secrets
from typing import Final

import numpy as np

from teiten.packets import compiled_targets
from teiten.packets.layout import RECORDS_PER_STEP, TARGET_PARTS, TARGETS, Array, Decoded, Records
from teiten.packets.spilled_runs import SpilledRuns
from teiten.packets.wide_pairs import WidePairs

_RUN: Final = 1 << 19  # pairs that wait to be made distinct
_MOST: Final = 1 << 20  # pairs in memory; when more than half of them are distinct they go to the file


class CompiledPairs:
    """Feed it with `add`, ask once with `finish`."""

    def __init__(self) -> None:
        self._odd: Final = int(np.int64(np.uint64(secrets.randbits(64) | 1).view(np.int64)))  # no sender can aim at one group
        self._accesses = np.zeros(TARGETS, np.int64)
        self._sources = np.zeros(TARGETS, np.int64)
        self._pairs = np.empty(_RUN + RECORDS_PER_STEP, np.int64)
        self._fill = 0
        self._runs: list[tuple[Array, Array]] = []  # pairs, and where their groups begin
        self._spilled: SpilledRuns | None = None
        self._wide = WidePairs()
        self._wide_step = np.empty((RECORDS_PER_STEP, 3), np.int64)

    def add(self, records: Records, decoded: Decoded, n: int) -> None:
        self._fill, wide = compiled_targets.collect(records, decoded, n, self._accesses, self._pairs, self._fill, self._wide_step)
        if wide:
            self._wide.add(self._wide_step[:wide])
        if self._fill >= _RUN:
            self._end_run()

    def finish(self) -> tuple[Array, Array]:
        """Accesses and distinct sources, by the number of the target."""
        self._end_run()
        if self._spilled is None:
            compiled_targets.add_sources(self._merged()[0], self._sources)
        else:
            self._spill(*self._merged())
            for rows, cuts in self._spilled.groups(_MOST):
                compiled_targets.add_sources(self._distinct(rows.reshape(-1), cuts), self._sources)
            self._spilled.close()
        return self._accesses, self._sources + self._wide.finish()

    def _end_run(self) -> None:
        parted, cuts = np.empty(self._fill, np.int64), np.empty(TARGET_PARTS + 1, np.int64)
        compiled_targets.partition(self._pairs, self._fill, self._odd, parted, cuts)
        self._fill = 0
        self._runs.append((parted, cuts))
        if sum(len(pairs) for pairs, _ in self._runs) > _MOST:
            merged, cuts = self._merged()
            self._runs.clear()
            if len(merged) > _MOST // 2:
                self._spill(merged, cuts)
            else:
                self._runs.append((merged.copy(), cuts))

    def _spill(self, pairs: Array, cuts: Array) -> None:
        self._spilled = self._spilled or SpilledRuns(1)
        self._spilled.add(pairs, cuts)

    def _merged(self) -> tuple[Array, Array]:
        """All runs in memory as one, without what is there twice."""
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
        return parted[: compiled_targets.distinct(parted, cuts, self._odd, table)]
