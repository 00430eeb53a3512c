# SPDX-License-Identifier: Apache-2.0
"""Which days a file shows that somebody was observing: those of its records, whatever they say.

A day between the first and the last without a single record is not shown: nobody knows whether nothing came or nothing was written.
All channels that the file tells of anywhere are covered on all its days: the program that wrote it was at work on them.
"""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from teiten.clock import day_of
from teiten.columnar import distinct
from teiten.importers.interface import Chunk

_QUARTER_US = 900_000_000  # zones are apart by quarters of an hour
_REMEMBERED = 100_000


class Coverage:
    """Days of one file in `zone`; bounded by the days there are, not by the file."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._days: set[int] = set()
        self._channels: set[str] = set()
        self._quarters: set[int] = set()

    def see(self, chunk: Chunk) -> None:
        if chunk.columns:
            self._channels.update(distinct(chunk.columns["channel"]))
            self._show(np.unique(chunk.columns["observed_at"] // _QUARTER_US).tolist())
        for channel, instants in chunk.shown.items():
            if instants:
                self._channels.add(channel)
                self._show([instant // _QUARTER_US for instant in instants])

    def _show(self, quarters: list[int]) -> None:
        new = set(quarters) - self._quarters
        if len(self._quarters) > _REMEMBERED:
            self._quarters.clear()
        self._quarters |= new
        self._days.update(day_of(quarter * _QUARTER_US, self._zone).toordinal() for quarter in new)

    def channels(self) -> list[str]:
        return sorted(self._channels)

    def runs(self) -> list[tuple[date, date]]:
        """Days without a hole between them, as first and last."""
        runs: list[list[int]] = []
        for day in sorted(self._days):
            if runs and runs[-1][1] == day - 1:
                runs[-1][1] = day
            else:
                runs.append([day, day])
        return [(date.fromordinal(first), date.fromordinal(last)) for first, last in runs]
