# SPDX-License-Identifier: Apache-2.0
"""Connections of a batch at once are told apart as one by one, forgetting included (mission row 7: each arrival once)."""

from __future__ import annotations

import random

import numpy as np
import pytest

from teiten.importers import seen_connections
from teiten.importers.seen_connections import SeenConnections


@pytest.mark.parametrize("most", [45, 50_000])
def test_at_once_and_one_by_one_say_the_same(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_connections, "_MOST", most)
    chance, at = random.Random(most), 0
    at_once, one_by_one = SeenConnections(), SeenConnections()
    for _ in range(60):
        count = chance.randint(1, 40)
        sources = [chance.choice((5, 0xC0A80001, 0xFFFFFFFF)) if chance.random() < 0.5 else chance.getrandbits(32) for _ in range(count)]
        there = [chance.choice((-1, 1, 65_535)) for _ in range(count)]
        here = [chance.choice((22, 0)) for _ in range(count)]
        times = [at := at + chance.choice((1, 1_000_000_000)) for _ in range(count)]
        fresh = at_once.fresh(*(np.array(values, np.int64) for values in (sources, there, here, times)))
        known = [
            one_by_one.before((source.to_bytes(4, "big"), None if its < 0 else its, ours), when)
            for source, its, ours, when in zip(sources, there, here, times, strict=True)
        ]
        assert fresh.tolist() == [not one for one in known]
