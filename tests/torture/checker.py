# SPDX-License-Identifier: Apache-2.0
"""Compares ledger, store and stated gaps: lost, duplicated, altered, unaccounted. All four are to be zero."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from teiten.columns import SENSOR_NAMES
from teiten.store.node import NodeStore
from tests.torture.centre import ZONE
from tests.torture.generator import read_ledger
from tests.torture.records import access_of

_FIELDS = [field.name for field in msgspec.structs.fields(type(access_of(0)))]


class Verdict(msgspec.Struct, frozen=True):
    emitted: int
    stored: int
    counted: int  # records that gaps state
    lost: int  # emitted, not stored, and no gap says so
    duplicated: int
    altered: int
    unaccounted: int  # stored or stated although never emitted

    @property
    def clean(self) -> bool:
        return not (self.lost or self.duplicated or self.altered or self.unaccounted)


def check(store_folder: Path, ledger: Path, slack: int = 0) -> Verdict:
    """`slack`: records that are no accesses (heartbeats) and may be among the counted ones."""
    begun, done = read_ledger(ledger)
    store = NodeStore.open(store_folder, ZONE)
    try:
        rows = _rows(store)
        counted = int(store._connection.execute("select coalesce(sum(records), 0) from gaps").fetchone()[0])
    finally:
        store.close()
    times = Counter(int(row["session"]) for row in rows)
    missing, missing_at_most = len(done - times.keys()), len(begun - times.keys())
    return Verdict(
        emitted=len(done),
        stored=len(rows),
        counted=counted,
        lost=max(0, missing - counted),
        duplicated=sum(count - 1 for count in times.values()),
        altered=sum(row != _expected(int(row["session"])) for row in rows),
        unaccounted=len(times.keys() - begun) + max(0, counted - missing_at_most - slack),
    )


def _rows(store: NodeStore) -> list[dict[str, Any]]:
    """Every stored column of every row, open and sealed, through the store's own definition of `rows`."""
    found = store._read(f"select {', '.join(SENSOR_NAMES)} from rows", {}, ["rows"], None, None)
    return [dict(zip(SENSOR_NAMES, row, strict=True)) for row in found]


def _expected(number: int) -> dict[str, Any]:
    values = dict(zip(_FIELDS, msgspec.structs.astuple(access_of(number)), strict=True))
    return {name: values[name] for name in SENSOR_NAMES}
