# SPDX-License-Identifier: Apache-2.0
"""The accesses of world ipa2007 as plain arrays, recounted from the columns alone: nothing here knows how the world was drawn."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pytest

from teiten.worlds.interface import WorldBatch
from teiten.worlds.ipa2007 import Ipa2007

GROUPS = ("talot2", "mustan")


class Counted(NamedTuple):
    """One entry for each access; `day` is the calendar day in Japan, days since 1970-01-01; `group`, `target` point into GROUPS, `targets`."""

    group: np.ndarray
    sensor: np.ndarray
    day: np.ndarray
    source: np.ndarray
    target: np.ndarray
    targets: list[tuple[str, bytes]]

    def between(self, group: str, from_on: date, to_on: date) -> Counted:
        chosen = (self.group == GROUPS.index(group)) & (self.day >= ordinal(from_on)) & (self.day < ordinal(to_on))
        return Counted(*[part[chosen] for part in self[:5]], self.targets)

    def accesses_by_target(self, channel: str) -> dict[bytes, int]:
        counts = np.bincount(self.target, minlength=len(self.targets))
        return {name: int(count) for (kind, name), count in zip(self.targets, counts, strict=True) if kind == channel and count}


def ordinal(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def number(array: np.ndarray, seen: dict[object, int]) -> np.ndarray:
    return np.fromiter((seen.setdefault(value, len(seen)) for value in array), dtype=np.int64, count=len(array))


def count(batches: list[WorldBatch]) -> Counted:
    seen: dict[object, int] = {}
    parts: list[list[np.ndarray]] = [[], [], [], [], []]
    for batch in batches:
        columns, rows = batch.columns, len(batch.columns["observed_at"])
        pairs = np.empty(rows, dtype=object)
        pairs[:] = list(zip(columns["channel"], columns["target"], strict=True))
        values = (
            np.full(rows, GROUPS.index(batch.key.sensor.rpartition("-")[0])),
            np.full(rows, int(batch.key.sensor.rpartition("-")[2])),
            (columns["observed_at"] + 9 * 3_600_000_000) // 86_400_000_000,
            np.frombuffer(b"".join(columns["source"]), dtype=">u4").astype(np.int64),
            number(pairs, seen),
        )
        for part, value in zip(parts, values, strict=True):
            part.append(value)
    return Counted(*[np.concatenate(part) for part in parts], list(seen))


@pytest.fixture(scope="session")
def world() -> Ipa2007:
    return Ipa2007()


@pytest.fixture(scope="session")
def batches(world: Ipa2007) -> list[WorldBatch]:
    return list(world.batches())


@pytest.fixture(scope="session")
def counted(batches: list[WorldBatch]) -> Counted:
    return count(batches)
