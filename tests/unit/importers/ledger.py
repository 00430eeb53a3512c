# SPDX-License-Identifier: Apache-2.0
"""A ledger in memory that keeps the promise of a store (a repeated key changes nothing), and shows what it holds as plain rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from teiten import addresses, texts
from teiten.clock import to_datetime, to_microseconds
from teiten.columnar import Columns, length
from teiten.gathering import at_once
from teiten.importers.intake import run_import
from teiten.importers.interface import ReadOptions
from teiten.importers.report import ImportReport
from teiten.model import BatchKey, Receipt

DEFAULTS = {"category": "access", "times": 1, "protocol": "tcp", "handshake": True, "encrypted": False, "truncated": False}


def options(zone: str = "UTC", newest: datetime = datetime(2026, 6, 1, tzinfo=UTC)) -> ReadOptions:
    return ReadOptions(ZoneInfo(zone), to_microseconds(newest))


class Ledger:
    def __init__(self) -> None:
        self.batches: dict[tuple[str, str], dict[tuple[int, bytes], Columns]] = {}
        self.stop_after: int | None = None
        self.report = ImportReport()

    def deliver(self, batches: Sequence[tuple[BatchKey, Columns]]) -> list[Receipt]:
        return [self._take(key, columns) for key, columns in batches]

    def _take(self, key: BatchKey, columns: Columns) -> Receipt:
        if self.stop_after is not None:
            if self.stop_after == 0:
                raise ConnectionError("the collector went away")
            self.stop_after -= 1
        held = self.batches.setdefault((key.sensor, key.epoch), {})
        if (key.seq, key.content_hash) in held:
            return Receipt("duplicate", 0)
        status = "conflict" if any(seq == key.seq for seq, _ in held) else "stored"
        held[key.seq, key.content_hash] = columns
        return Receipt(status, length(columns))

    def known(self, sensor: str, epoch: str) -> list[tuple[int, bytes, int]]:
        held = self.batches.get((sensor, epoch), {})
        return sorted((seq, content_hash, length(columns)) for (seq, content_hash), columns in held.items())

    def take(self, *paths: Path | str, read: ReadOptions | None = None, dry_run: bool = False) -> ImportReport:
        return run_import(paths, sensor="s", options=read or options(), prepare=at_once(self.deliver), known=self.known, dry_run=dry_run)

    def rows(self) -> list[dict[str, Any]]:
        found = []
        for held in self.batches.values():
            for _, columns in sorted(held.items(), key=lambda item: item[0][0]):
                names = list(columns)
                found += [dict(zip(names, values, strict=True)) for values in zip(*(columns[name].tolist() for name in names), strict=True)]
        return found

    def count(self, by: str, channel: str, category: str = "access", kind: str | None = None) -> Counter[Any]:
        """Accesses by a column."""
        counted: Counter[Any] = Counter()
        for row in self.rows():
            if row["channel"] == channel and row["category"] == category and kind in (None, row["kind"]):
                counted[row[by]] += row["times"]
        return counted

    def days(self, channel: str) -> dict[str, tuple[int, int]]:
        """UTC day -> accesses, sources."""
        days: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows():
            if row["channel"] == channel and row["category"] == "access":
                days.setdefault(to_datetime(row["observed_at"]).date().isoformat(), []).append(row)
        return {day: (sum(row["times"] for row in rows), len({row["source"] for row in rows})) for day, rows in days.items()}


def readable(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people and JSON: text instead of bytes, without what says nothing."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name == "observed_at":
            value = to_datetime(value).isoformat()
        elif name == "source":
            value = addresses.unpack(value)
        elif name == "digest" and value is not None:
            value = value.hex()
        elif isinstance(value, bytes):
            value = texts.lossless(value)
        if value is not None and value != DEFAULTS.get(name):
            shown[name] = value
    return shown
