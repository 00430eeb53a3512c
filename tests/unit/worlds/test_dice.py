# SPDX-License-Identifier: Apache-2.0
"""Drawing: totals are exact, streams are apart, and the first draws are those that every machine has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.worlds.dice import Dice, apportion, starts, within

WEIGHTS = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=60).filter(lambda weights: sum(weights) > 1e-3)


@given(st.integers(0, 10**7), WEIGHTS, st.floats(0, 0.999))
def test_apportion_is_exact_and_close(total: int, weights: list[float], offset: float) -> None:
    shares = apportion(total, np.array(weights), offset)
    assert shares.sum() == total
    assert shares.min() >= 0
    exact = total * np.array(weights) / sum(weights)
    assert np.all(np.abs(shares - exact) <= 1.001)


def test_apportion_needs_a_weight() -> None:
    with pytest.raises(ValueError, match="all weights are zero"):
        apportion(3, np.zeros(4))


def test_apportion_keeps_the_shape() -> None:
    assert apportion(10, np.ones((2, 5))).tolist() == [[1] * 5] * 2


@given(st.lists(st.integers(0, 9), max_size=30))
def test_runs(counts: list[int]) -> None:
    array = np.array(counts, dtype=np.int64)
    assert within(array).tolist() == [place for count in counts for place in range(count)]
    assert starts(array).tolist() == [sum(counts[:place]) for place in range(len(counts))]


def test_streams_are_apart_and_fixed() -> None:
    assert Dice(1, "a").below(1000, 5).tolist() == Dice(1, "a").below(1000, 5).tolist()
    assert Dice(1, "a").below(1000, 5).tolist() != Dice(1, "b").below(1000, 5).tolist()
    assert Dice(1, "a").below(1000, 5).tolist() != Dice(2, "a").below(1000, 5).tolist()


def test_around_has_the_spread_it_says() -> None:
    draws = Dice(1, "spread").around(0.2, 20_000)
    assert abs(draws.mean() - 1) < 0.01
    assert abs(draws.std() - 0.2) < 0.01
    assert draws.min() >= 0.05
