# SPDX-License-Identifier: Apache-2.0
"""Random draws that come out the same, to the last bit, on every machine and with every version of numpy that keeps PCG64.

Only `random()` of the generator is used, and only operations that IEEE 754 fixes exactly: no exp, log, power or pairwise sum.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Dice:
    """A stream of draws of its own for each part of a world, so that a change of one part leaves the others as they were."""

    def __init__(self, seed: int, part: str) -> None:
        state = int.from_bytes(hashlib.blake2b(f"{seed}/{part}".encode(), digest_size=16).digest(), "little")
        self._random = np.random.Generator(np.random.PCG64(state))

    def uniform(self, *shape: int) -> Floats:
        """In [0, 1)."""
        return self._random.random(shape)

    def below(self, limit: int, *shape: int) -> Integers:
        return np.asarray(self._random.random(shape) * limit, dtype=np.int64)

    def around(self, spread: float, *shape: int) -> Floats:
        """About 1, roughly normal (sum of four uniforms) with standard deviation `spread`; never below 0.05."""
        total = self.uniform(*shape) + self.uniform(*shape) + self.uniform(*shape) + self.uniform(*shape)
        return np.maximum(1.0 + (total - 2.0) * (spread / 0.5773502691896258), 0.05)


def apportion(total: int, weights: NDArray[Any], offset: float = 0.5) -> Integers:
    """Whole numbers that add up to exactly `total`, each within one of its share by weight; `offset` in [0, 1) moves the rounding."""
    flat = np.asarray(weights, dtype=np.float64).ravel()
    edges = np.cumsum(flat)
    if not len(edges) or edges[-1] <= 0:
        raise ValueError("nothing to apportion to: all weights are zero")
    marks = np.floor(edges * (total / edges[-1]) + offset).astype(np.int64)
    marks[edges == edges[-1]] = total
    return np.asarray(np.diff(marks, prepend=0).reshape(np.shape(weights)), dtype=np.int64)


def within(counts: Integers) -> Integers:
    """0, 1, 2 … inside each of the consecutive runs whose lengths are `counts`."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)


def starts(counts: Integers) -> Integers:
    """Where each run begins, the running sum without its own count."""
    return np.asarray(np.cumsum(counts) - counts, dtype=np.int64)
