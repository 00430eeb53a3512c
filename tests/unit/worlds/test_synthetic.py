# SPDX-License-Identifier: Apache-2.0
"""World synthetic: exactly as many rows as asked, day by day, heavy-tailed, the same every time."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pytest

from teiten.columns import SENSOR_NAMES
from teiten.worlds.rows import day_number
from teiten.worlds.synthetic import Synthetic


def small(**changes: int) -> Synthetic:
    return Synthetic(**{"rows": 20_003, "days": 5, "sensors": 3, "targets": 400, "seed": 9} | changes)


def test_rows_days_and_keys() -> None:
    batches = list(small().batches())
    assert sum(len(batch.columns["source"]) for batch in batches) == 20_003
    assert len({batch.key for batch in batches}) == len(batches) == 15
    assert [batch.key.seq for batch in batches] == sorted(batch.key.seq for batch in batches)
    for batch in batches:
        day = (batch.columns["observed_at"] + 9 * 3_600_000_000) // 86_400_000_000
        assert set(day.tolist()) == {day_number(date(2026, 1, 1)) + batch.key.seq}
        assert set(batch.columns) <= set(SENSOR_NAMES)


def test_same_every_time_other_for_another_seed_or_shape() -> None:
    first = [batch.key for batch in small().batches()]
    assert first == [batch.key for batch in small().batches()]
    for other in (small(seed=10), small(rows=20_004), small(sources=77)):
        assert not {(key.epoch, key.content_hash) for key in first} & {(b.key.epoch, b.key.content_hash) for b in other.batches()}


def test_heavy_tail_and_four_channels() -> None:
    targets: Counter[bytes] = Counter()
    channels: Counter[str] = Counter()
    for batch in small().batches():
        targets.update(batch.columns["target"].tolist())
        channels.update(batch.columns["channel"].tolist())
    assert len(channels) == 4
    ranked = [count for _, count in targets.most_common()]
    assert sum(ranked[: len(ranked) // 10]) > 0.4 * sum(ranked)


def test_ends_on_the_day_asked_for() -> None:
    world = small()
    assert world.period(date(2030, 5, 5)).to_on == date(2030, 5, 6)
    last = max(int(batch.columns["observed_at"].max()) for batch in world.batches(date(2030, 5, 5)))
    assert (last + 9 * 3_600_000_000) // 86_400_000_000 == day_number(date(2030, 5, 5))
    assert {cover.last_on for cover in world.coverage(date(2030, 5, 5))} == {date(2030, 5, 5)}
    assert {cover.sensor for cover in world.coverage()} == {entry.name for entry in world.sensors()}


def test_logins_have_passwords() -> None:
    columns = next(iter(small().batches())).columns
    ssh = columns["channel"] == "ssh"
    assert all(value is not None for value in columns["credential"][ssh])
    assert not np.any(columns["credential"][~ssh] != np.array(None))


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="row for each sensor and day"):
        small(rows=14)
