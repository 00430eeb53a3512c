# SPDX-License-Identifier: Apache-2.0
"""The centre in this process: store, collector and region data, opened once. The node runs on it; a verb uses it when no node runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from teiten.clock import Clock
from teiten.collector import Collector
from teiten.columnar import Columns
from teiten.errors import TeitenError
from teiten.findings.book import Book, Page
from teiten.findings.following import follow, recompute
from teiten.findings.sentences import as_plain
from teiten.gathering import Deliver
from teiten.marks import StoreMarks
from teiten.model import BatchKey, SensorEntry
from teiten.questions.counts import count
from teiten.questions.interface import CountQuestion
from teiten.questions.plain import plain
from teiten.store.interface import Told
from teiten.store.node import NodeStore


class Here:
    """Implements `Centre` over an open store. Thread-safe as far as the store is."""

    def __init__(self, store: NodeStore, collector: Collector, zone: ZoneInfo, clock: Clock) -> None:
        self.store = store
        self.collector = collector
        self.zone = zone
        self.clock = clock
        self.book = Book(store.folder.parent / "findings")
        self.publisher: Callable[[str | None], dict[str, Any]] | None = None  # the app's: publication needs more than the store
        self._detecting = threading.Lock()  # two runs at once would enter the same tick twice

    def count(self, question: CountQuestion) -> list[dict[str, Any]]:
        return plain(count(self.store, question, self.zone), question.by)

    def status(self) -> dict[str, Any]:
        return self.store.status()

    def prepare(self, batches: Sequence[tuple[BatchKey, Columns]]) -> Deliver:
        return self.collector.prepare(batches)

    def batches(self, sensor: str, epoch: str) -> list[tuple[int, bytes, int]]:
        return self.store.batches(sensor, epoch)

    def register(self, entry: SensorEntry) -> None:
        self.store.register(entry)

    def sensors(self) -> list[SensorEntry]:
        return self.store.sensors()

    def cover(self, sensor: str, channel: str, first_on: date, last_on: date) -> None:
        self.store.cover(sensor, channel, first_on, last_on)

    def seal(self, before_on: date, told: Told | None = None) -> list[date]:
        return self.store.seal(before_on, told)

    def verify(self) -> list[str]:
        return [str(fault) for fault in self.store.verify()]

    def publish(self, policy: str | None = None) -> dict[str, Any]:
        if self.publisher is None:
            raise TeitenError("This centre doesn't publish.")
        return self.publisher(policy)

    def backup(self, target: Path) -> int:
        return self.store.backup(target)

    def detect(self, at: int | None = None) -> dict[str, Any]:
        page = self.follow() if at is None else recompute(self.store, at, self.zone, StoreMarks(self.store))
        return {"at": page.at, **as_plain(page, self.zone)}

    def follow(self) -> Page:
        """Every tick that is due, entered in the book one by one; nothing is asked of the store before the next full hour."""
        with self._detecting:
            return follow(self.store, self.book, self.clock(), self.zone, StoreMarks(self.store))

    def close(self) -> None:
        self.store.close()
