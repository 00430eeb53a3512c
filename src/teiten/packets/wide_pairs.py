# SPDX-License-Identifier: Apache-2.0
"""Distinct pairs of a target and an IPv6 source, of any number in bounded memory; numpy alone, because IPv6 is rare where packets come uninvited."""

from __future__ import annotations

import secrets
from typing import Final

import numpy as np

from teiten.packets.layout import TARGET_PARTS, TARGETS, Array
from teiten.packets.spilled_runs import SpilledRuns

_MOST: Final = 1 << 17  # rows in memory; when more than half of them are distinct they go to the file
_MOST_STEPS: Final = 1000
_PART_SHIFT: Final = 64 - (TARGET_PARTS.bit_length() - 1)


class WidePairs:
    """Rows are int64[n, 3]: target, upper and lower half of the source. Feed it with `add`, ask once with `finish`."""

    def __init__(self) -> None:
        self._odd: Final = int(np.int64(np.uint64(secrets.randbits(64) | 1).view(np.int64)))
        self._waiting: list[Array] = [np.empty((0, 3), np.int64)]
        self._count = 0
        self._spilled: SpilledRuns | None = None

    def add(self, rows: Array) -> None:
        self._waiting.append(rows.copy())
        self._count += len(rows)
        if self._count > _MOST or len(self._waiting) > _MOST_STEPS:
            self._end_run()

    def _end_run(self) -> None:
        rows = _distinct(np.concatenate(self._waiting))
        self._waiting, self._count = [rows], len(rows)
        if len(rows) > _MOST // 2:
            self._spill(rows)
            self._waiting, self._count = [rows[:0].copy()], 0

    def _spill(self, rows: Array) -> None:
        mixed = (rows[:, 0] ^ rows[:, 1] * self._odd ^ (rows[:, 2] * self._odd >> 31)) * self._odd
        parts = (mixed.view(np.uint64) >> np.uint64(_PART_SHIFT)).astype(np.int64)
        cuts = np.concatenate([[0], np.cumsum(np.bincount(parts, minlength=TARGET_PARTS))])
        self._spilled = self._spilled or SpilledRuns(3)
        self._spilled.add(rows[np.argsort(parts, kind="stable")], cuts)

    def finish(self) -> Array:
        """Distinct sources by the number of the target."""
        self._end_run()
        if self._spilled is None:
            return _per_target(self._waiting[0])
        self._spill(self._waiting[0])
        counts = np.sum([_per_target(_distinct(rows)) for rows, _ in self._spilled.groups(_MOST)], axis=0)
        self._spilled.close()
        return np.asarray(counts)


def _per_target(rows: Array) -> Array:
    return np.bincount(rows[:, 0], minlength=TARGETS)


def _distinct(rows: Array) -> Array:
    """int64[n, 3], each once."""
    ordered: Array = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    return np.asarray(ordered[np.concatenate([[True], (np.diff(ordered, axis=0) != 0).any(axis=1)])[: len(ordered)]])
