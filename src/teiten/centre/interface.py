# SPDX-License-Identifier: Apache-2.0
"""What every verb of the command line may ask of a centre, whoever holds the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from teiten.columnar import Columns
from teiten.gathering import Deliver
from teiten.model import BatchKey, SensorEntry
from teiten.questions.interface import CountQuestion
from teiten.store.interface import Told


class Centre(Protocol):
    def count(self, question: CountQuestion) -> list[dict[str, Any]]:
        """Plain rows, see questions/plain.py."""
        ...

    def status(self) -> dict[str, Any]: ...

    def prepare(self, batches: Sequence[tuple[BatchKey, Columns]]) -> Deliver:
        """Imported or generated batches, made ready; what is returned stores them together: a receipt for each, in order, or none is stored.

        Region is added on the way. A hundred small batches cost about as much as one. See gathering.py for how many are best.
        """
        ...

    def batches(self, sensor: str, epoch: str) -> list[tuple[int, bytes, int]]: ...

    def register(self, entry: SensorEntry) -> None: ...

    def sensors(self) -> list[SensorEntry]: ...

    def cover(self, sensor: str, channel: str, first_on: date, last_on: date) -> None: ...

    def seal(self, before_on: date, told: Told | None = None) -> list[date]: ...

    def verify(self) -> list[str]:
        """Names of store parts that fail their checksum (set aside by this call); empty when all is well."""
        ...

    def publish(self, policy: str | None = None) -> dict[str, Any]:
        """Build and replace the published view, by the configured policy or the one named; plain, see publishing.Published."""
        ...

    def backup(self, target: Path) -> int:
        """A consistent copy of the store in the folder `target`, absolute and empty or absent; returns its bytes."""
        ...

    def detect(self, at: int | None = None) -> dict[str, Any]:
        """All ticks that are due, entered in the book of findings; with `at` (microseconds UTC) what would have been found then, not entered.

        Plain: `at`, `findings` (see findings/sentences.py) and `noted`, the lists of new, active and becoming active targets.
        """
        ...

    def close(self) -> None: ...
