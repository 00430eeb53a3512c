# SPDX-License-Identifier: Apache-2.0
"""Tails of the negative binomial against plain sums."""

from __future__ import annotations

import math

import numpy as np
import pytest

from teiten.detectors.tails import log_gamma, rarity, upper_limit


def summed(count: int, mean: float, size: float) -> float:
    q = mean / (mean + size)
    terms = [
        math.lgamma(x + size) - math.lgamma(size) - math.lgamma(x + 1) + size * math.log1p(-q) + x * math.log(q) for x in range(count, count + 6000)
    ]
    top = max(terms)
    return -(top + math.log(sum(math.exp(term - top) for term in terms))) / math.log(10)


@pytest.mark.parametrize("mean", [0.01, 0.3, 2, 15, 39, 41, 150, 900])
@pytest.mark.parametrize("per_mean", [0.02, 0.5, 3, 50])
def test_rarity_is_the_tail(mean: float, per_mean: float) -> None:
    size = mean * per_mean + 0.001
    for factor in (1.02, 1.3, 2, 4, 10):
        count = math.ceil(mean * factor + (3 if mean < 5 else 0))
        assert rarity(np.array([count]), np.array([mean]), np.array([size]))[0] == pytest.approx(summed(count, mean, size), abs=0.01, rel=0.005)


def test_what_is_not_above_the_mean_is_not_rare() -> None:
    assert rarity(np.array([0, 3, 71, 72]), np.array([0.5, 3.0, 71.0, 71.69]), np.array([1.0, 1.0, 50.0, 50.0])).tolist() == [0, 0, 0, 0]
    assert rarity(np.zeros(0), np.zeros(0), np.zeros(0)).shape == (0,)


def test_rarity_grows_with_the_count() -> None:
    counts = np.arange(1, 400)
    for mean in (0.1, 5.0, 60.0):
        found = rarity(counts, np.full(399, mean), np.full(399, mean))
        assert np.all(np.diff(found) >= 0)


@pytest.mark.parametrize("mean", [0.02, 0.5, 7, 80])
def test_upper_limit_is_the_99_percent_point(mean: float) -> None:
    size = mean * 2
    limit = int(upper_limit(np.array([mean]), np.array([size]))[0])
    assert 10 ** -summed(limit + 1, mean, size) <= 0.01 * 1.02
    assert limit == 0 or 10 ** -summed(limit, mean, size) > 0.01 * 0.98


def test_log_gamma() -> None:
    x = np.array([1e-3, 0.5, 1, 2, 3.7, 100, 1e5])
    assert log_gamma(x) == pytest.approx([math.lgamma(value) for value in x], rel=1e-9, abs=1e-9)
