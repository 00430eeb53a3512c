# SPDX-License-Identifier: Apache-2.0
"""What a world is: sensors, the days they observed, and their accesses in batches whose keys never change.

A world is pure: it opens nothing, asks no clock and knows no store. It draws only with additions, multiplications and square roots,
whose results are the same on every machine, so that a batch key always names the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple, Protocol

from teiten.columnar import Columns
from teiten.model import BatchKey, Period, SensorEntry


class WorldBatch(NamedTuple):
    """Accesses of one sensor over some consecutive days, in order of time. Every instant lies in a covered day of the world's zone."""

    key: BatchKey
    columns: Columns


class Coverage(NamedTuple):
    """The sensor observed the channel on all of these days, both ends included."""

    sensor: str
    channel: str
    first_on: date
    last_on: date


class World(Protocol):
    """`ends_on` moves each group of sensors by whole days so that its last day is that one; None leaves the world's own dates."""

    name: str
    zone: str

    def sensors(self) -> list[SensorEntry]: ...

    def period(self, ends_on: date | None = None) -> Period:
        """From the first day of any group to the day after the last one."""
        ...

    def coverage(self, ends_on: date | None = None) -> list[Coverage]: ...

    def batches(self, ends_on: date | None = None) -> Iterator[WorldBatch]: ...

    def truth(self) -> dict[str, Any]:
        """Facts that must come out when the world (at its own dates) is counted; plain data."""
        ...
