# SPDX-License-Identifier: Apache-2.0
"""Tails of the negative binomial for whole arrays: how rare are this many or more? Exact to 1 % for probabilities from 1 to 1e-300.

Small means: the terms of the tail are added up. Large means: Lugannani and Rice's saddlepoint formula (Adv. Appl. Prob. 12, 1980).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TERMS: Final = 80
_LARGE_MEAN: Final = 40.0
_LN10: Final = 2.302585092994046
_STIRLING: Final = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)


def rarity(count: NDArray[Any], mean: NDArray[Any], size: NDArray[Any]) -> Floats:
    """-log10 P(X >= count) for X negative binomial with this mean and variance mean + mean²/size. 0 where the count is not above the mean."""
    y, mu, k = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(mean, np.float64), np.asarray(size, np.float64))
    found = np.zeros(y.shape)
    above = (y > mu) & (y > 0)
    small = above & (mu < _LARGE_MEAN)
    large = (y - 0.5 > mu) & ~small
    found[small] = _by_terms(y[small], mu[small], k[small])
    found[large] = _by_saddlepoint(y[large], mu[large], k[large])
    return np.maximum(found, 0.0)


def upper_limit(mean: NDArray[Any], size: NDArray[Any], share: float = 0.99) -> Floats:
    """The smallest count that `share` of all draws don't exceed, found by halving."""
    mu, k = np.broadcast_arrays(np.asarray(mean, np.float64), np.asarray(size, np.float64))
    # one short of the lowest possible answer, and a count that is surely enough
    low, high = np.full(mu.shape, -1.0), np.ceil(mu + 12 * np.sqrt(mu + mu * mu / k) + 12)
    rare = -np.log10(1 - share)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        enough = rarity(middle + 1, mu, k) >= rare
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.asarray(high)


def log_gamma(x: Floats) -> Floats:
    """ln Γ(x) for x > 0; the argument is raised by eight, where Stirling's series is exact to 1e-11."""
    shift = np.zeros_like(x)
    for step in range(8):
        shift += np.log(x + step)
    z = x + 8
    series = sum(factor / z ** (2 * n + 1) for n, factor in enumerate(_STIRLING))
    return np.asarray((z - 0.5) * np.log(z) - z + 0.918938533204672742 + series - shift)


def _by_terms(y: Floats, mu: Floats, k: Floats) -> Floats:
    q = mu / (mu + k)
    first = log_gamma(y + k) - log_gamma(k) - log_gamma(y + 1) + k * np.log1p(-q) + y * np.log(np.maximum(q, 1e-300))
    total, term, ratio = np.ones_like(y), np.ones_like(y), q
    for n in range(_TERMS):
        ratio = (y + n + k) / (y + n + 1) * q
        term = term * ratio
        total += term
        if not len(term) or np.max(term / total) < 1e-4:
            break
    rest = np.minimum(ratio, 0.999)
    return np.asarray(-(first + np.log(total + term * rest / (1 - rest))) / _LN10)


def _by_saddlepoint(y: Floats, mu: Floats, k: Floats) -> Floats:
    """With the second continuity correction for whole numbers (Daniels 1987)."""
    x = y - 0.5
    q = mu / (mu + k)
    s = np.log(x / (x + k)) - np.log(q)
    deviance = s * x - k * (np.log1p(-q) - np.log1p(-x / (x + k)))
    w = np.sqrt(np.maximum(2 * deviance, 1e-12))
    v = 2 * np.sinh(s / 2) * np.sqrt(x * (x + k) / k)
    near = np.abs(s) < 1e-4
    gap: Floats = np.where(near, 0.0, 1 / np.where(near, 1.0, v) - 1 / w)
    logarithm = -0.5 * w * w - 0.918938533204672742 + np.log(np.maximum(_mills(w) + gap, 1e-300))
    return np.asarray(-logarithm / _LN10)


def _mills(w: Floats) -> Floats:
    """(1 - Φ(w)) / φ(w) for w >= 0 (Abramowitz and Stegun 26.2.17, absolute error of the tail under 1e-7; the continued fraction beyond 3)."""
    t = 1 / (1 + 0.2316419 * w)
    near = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    far = w.copy()
    for n in range(40, 0, -1):
        far = w + n / np.maximum(far, 1e-9)
    return np.asarray(np.where(w < 3, near, 1 / np.maximum(far, 1e-9)))
