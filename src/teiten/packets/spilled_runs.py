# SPDX-License-Identifier: Apache-2.0
"""Rows that don't fit into memory, in a nameless temporary file: runs that are grouped by part, read again part by part over all runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Final

import numpy as np

from teiten.packets.layout import TARGET_PARTS, Array


class SpilledRuns:
    """Rows are int64[n, words]. The file is where temporary files go (TMPDIR), and ends with the process. Raises OSError when the disk is full."""

    def __init__(self, words: int) -> None:
        self._words: Final = words
        self._file = tempfile.TemporaryFile(prefix="teiten-")  # noqa: SIM115 (closed by close)
        self._runs: list[tuple[int, Array]] = []  # place of the first row, cuts
        self._end = 0

    def add(self, rows: Array, cuts: Array) -> None:
        """Part k is rows[cuts[k]:cuts[k + 1]]."""
        self._file.write(np.ascontiguousarray(rows).data)
        self._runs.append((self._end, cuts.copy()))
        self._end += rows.nbytes

    def groups(self, most_rows: int) -> Iterator[tuple[Array, Array]]:
        """(rows, cuts) of as many parts at a time as `most_rows` hold, or of one; parts that are not among them are empty."""
        self._file.flush()
        sizes = np.sum([np.diff(cuts) for _, cuts in self._runs], axis=0)
        first = 0
        while first < TARGET_PARTS:
            fitting = int(np.searchsorted(np.cumsum(sizes[first:]), most_rows, side="right"))
            last = first + max(1, fitting)
            cuts = np.concatenate([[0], np.cumsum(np.where((np.arange(TARGET_PARTS) >= first) & (np.arange(TARGET_PARTS) < last), sizes, 0))])
            yield self._read(first, last, int(cuts[-1])), cuts
            first = last

    def _read(self, first: int, last: int, count: int) -> Array:
        rows, at = np.empty((count, self._words), np.int64), 0
        raw, width = rows.reshape(-1).view(np.uint8).data, self._words * 8
        for part in range(first, last):
            for place, cuts in self._runs:
                size = int(cuts[part + 1] - cuts[part]) * width
                if size:
                    os.preadv(self._file.fileno(), [raw[at : at + size]], place + int(cuts[part]) * width)
                    at += size
        return rows

    def close(self) -> None:
        self._file.close()
