# SPDX-License-Identifier: Apache-2.0
"""What any engine under Teiten must do. `node.py` is DuckDB on one machine; the suite in tests/stores runs against every engine.

Promises: data and batch key are durable together before `take` returns; a repeated key changes nothing, for ever; a key repeated
with other content is kept as well and reported as a conflict. Reads may run beside a write from other threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from teiten.columnar import Columns
from teiten.model import BatchKey, Gap, Heartbeat, Receipt, SensorEntry

Told = Callable[[int, int], None]
"""Hears which of how many it is, the first being 1."""


class Store(Protocol):
    def take(self, key: BatchKey, columns: Columns, received_at: int, heartbeats: Sequence[Heartbeat] = (), gaps: Sequence[Gap] = ()) -> Receipt:
        """Store the rows of one batch (columns.SENSOR_NAMES plus `region`); sensor, day and received_at are added here."""
        ...

    def prepare(self, batches: Sequence[tuple[BatchKey, Columns]]) -> Callable[[int], list[Receipt]]:
        """Several batches at once: makes them ready without touching the store, so that it may run while others are being stored.

        What it returns stores them in one transaction, given the time of receipt: a receipt for each, in order. An error of
        either means that none of them is stored.
        """
        ...

    def take_file(self, keys: Sequence[BatchKey], path: Path, received_at: int) -> list[Receipt]:
        """The same for batches handed over as one Parquet file (bulk import beside a running node), with the same columns.

        The file's column `batch` is a row's place in `keys`; without it all rows belong to the first.
        """
        ...

    def batches(self, sensor: str, epoch: str) -> list[tuple[int, bytes, int]]:
        """(seq, content hash, rows) of the epoch's stored batches, by seq. Used to continue an import where it ended."""
        ...

    def register(self, entry: SensorEntry) -> None:
        """Add a sensor, change its group, or add to the addresses known of it; rows of an unregistered sensor register it in group `local`."""
        ...

    def sensors(self) -> list[SensorEntry]: ...

    def cover(self, sensor: str, channel: str, first_on: date, last_on: date) -> None:
        """State that the sensor observed all of these days (an imported file or a world covers the days it names)."""
        ...

    def seal(self, before_on: date, told: Told | None = None) -> list[date]:
        """Move every open day before `before_on` into the lake with rollups and pairs; returns the days that were sealed.

        `told` hears of each day, as its turn comes, which it is of how many.
        """
        ...

    def ask(self, query: str, parameters: Mapping[str, Any], slots: Mapping[str, str] | None = None) -> list[tuple[Any, ...]]:
        """Rows of the named query in queries/; `slots` choose among fixed expressions, never carry user text."""
        ...

    def days(self) -> list[date]:
        """Days that have at least one row, in order."""
        ...

    def rows_incomplete(self) -> dict[date, str]:
        """Days whose single rows are not all there any more, and why: `expired` by retention or `corrupt`. Counts by day stay exact."""
        ...

    def status(self) -> dict[str, Any]: ...

    def close(self) -> None: ...
