# SPDX-License-Identifier: Apache-2.0
"""Published detectors, from their papers' or pages' definitions, on daily counts. Each: counts [targets, days] in, scores of the same shape out.

A score of day d uses days up to d. Counts are corrected for the sensors live on each day before they come here, where that is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[Any]
Scores = NDArray[Any]


def ratio(x: Counts, _: Counts) -> Scores:
    """The day over the mean of the ten before."""
    return (x + 0.0) / np.maximum(_trailing(x, 10, 1), 0.1)


def z_score(x: Counts, _: Counts) -> Scores:
    """The day against mean and deviation of the ten before."""
    mean, deviation = _trailing(x, 10, 1), _deviation(x, 10, 1)
    return (x - mean) / np.maximum(deviation, 0.3)


def dshield_2006(x: Counts, sensors: Counts) -> Scores:
    """sqrt((S-s)²/s + (T-t)²/t): sources and targets hit in 24 hours against their 30-day daily means."""
    s, t = np.maximum(_trailing(x, 30, 1), 1 / 30), np.maximum(_trailing(sensors, 30, 1), 1 / 30)
    return np.where(x > s, np.sqrt((x - s) ** 2 / s + (sensors - t) ** 2 / t), 0.0)


def dshield_later(x: Counts, sensors: Counts) -> Scores:
    """Sources and targets of the last three days against the last thirty, as ratios of means, multiplied."""
    of_sources = (_trailing(x, 3) + 0.1) / (_trailing(x, 30) + 0.1)
    return of_sources * (_trailing(sensors, 3) + 0.1) / (_trailing(sensors, 30) + 0.1)


def greynoise(x: Counts, _: Counts) -> Scores:
    """Percent change of the three-day mean against the long mean (ten days before)."""
    long = _trailing(x, 10, 3)
    return (_trailing(x, 3) - long) / np.maximum(long, 0.1)


def ears_c1(x: Counts, _: Counts) -> Scores:
    """Hutwagner et al. 2003: seven days before, no gap; deviation at least 0.5, as advised for sparse counts."""
    return (x - _trailing(x, 7, 1)) / np.maximum(_deviation(x, 7, 1), 0.5)


def ears_c2(x: Counts, _: Counts) -> Scores:
    return (x - _trailing(x, 7, 3)) / np.maximum(_deviation(x, 7, 3), 0.5)


def ears_c3(x: Counts, sensors: Counts) -> Scores:
    c2 = np.maximum(ears_c2(x, sensors) - 1, 0)
    return _trailing(c2, 3) * 3


def farrington(x: Counts, _: Counts) -> Scores:
    """Farrington Flexible on days (Noufaily et al. 2013): quasi-Poisson with trend over 35 days that end a week ago, past outbreaks weighted down
    by their residuals beyond 2.58; exceedance over the upper 2/3-power limit at 1 %."""
    found = np.zeros(x.shape)
    for day in range(43, x.shape[1]):
        past = x[:, day - 42 : day - 7].astype(np.float64)
        expected, deviation = _farrington_fit(past, day_ahead=41 + 1 - 7 + 7)
        limit = expected * (1 + 2 / 3 * 2.58 * deviation / np.maximum(expected, 0.05)) ** 1.5
        found[:, day] = (x[:, day] - expected) / np.maximum(limit - expected, 0.5)
    return found


def _farrington_fit(past: Counts, day_ahead: int) -> tuple[Any, Any]:
    days = np.arange(past.shape[1], dtype=np.float64)
    weights = np.ones_like(past)
    for _ in range(2):
        total = weights.sum(1, keepdims=True)
        centre = (weights * days).sum(1, keepdims=True) / total
        mean = (weights * past).sum(1, keepdims=True) / total
        slope = (weights * (days - centre) * past).sum(1, keepdims=True) / (weights * (days - centre) ** 2).sum(1, keepdims=True)
        error = np.sqrt(np.maximum(mean, 0.05) / (weights * (days - centre) ** 2).sum(1, keepdims=True))
        slope = np.where(np.abs(slope) > 2 * error, slope, 0.0)
        fitted = np.maximum(mean + slope * (days - centre), 0.02)
        phi = np.maximum((weights * (past - fitted) ** 2 / fitted).sum(1, keepdims=True) / (past.shape[1] - 2), 1.0)
        residual = 1.5 * (past ** (2 / 3) - fitted ** (2 / 3)) / (fitted ** (1 / 6) * np.sqrt(phi))
        weights = np.where(residual > 2.58, (2.58 / np.maximum(residual, 2.58)) ** 2, 1.0)
    ahead = np.clip(mean + slope * (day_ahead - centre), 0.02, past.max(1, keepdims=True) + 0.02)
    return ahead[:, 0], np.sqrt(phi * ahead + ahead**2 * phi / np.maximum((weights * past).sum(1, keepdims=True), 0.5))[:, 0]


def nb_cusum(x: Counts, _: Counts) -> Scores:
    """Höhle and Paul 2008: log-likelihood ratio of twice the level (and one more) against the level, accumulated, never below zero."""
    level, size = _level(x)
    found, running = np.zeros(x.shape), np.zeros(len(x))
    for day in range(x.shape[1]):
        raised = 2 * level[:, day] + 1
        running = np.maximum(running + _llr(x[:, day], level[:, day], raised, size[:, day]), 0)
        found[:, day] = running
    return found


def nb_glr(x: Counts, _: Counts) -> Scores:
    """Generalised likelihood ratio over the last 1 to 14 days, the raised level estimated."""
    level, size = _level(x)
    found = np.zeros(x.shape)
    for days in range(1, 15):
        count, mean = _trailing(x, days) * days, level * days
        raised = np.maximum(count, mean)
        found = np.maximum(found, _llr(count, mean, raised, size * days))
    return found


def bocpd(x: Counts, _: Counts, hazard: float = 1 / 60, most: int = 40) -> Scores:
    """Adams and MacKay 2007 with a Poisson-gamma model: log odds that the level changed within four days, where it went up."""
    prior = np.maximum(_trailing(x, 28, 4), 0.05)
    shape, rate = np.ones((len(x), most)), np.full((len(x), most), 2.0)
    runs = np.zeros((len(x), most))
    runs[:, 0] = 1
    found = np.zeros(x.shape)
    for day in range(x.shape[1]):
        shape[:, 0], rate[:, 0] = 0.5, 0.5 / prior[:, day]
        runs, shape, rate = _bocpd_day(x[:, day].astype(np.float64), runs, shape, rate, hazard)
        recent = runs[:, :5].sum(1)
        up = _trailing(x[:, max(day - 13, 0) : day + 1], 4)[:, -1] > prior[:, day]
        found[:, day] = np.where(up, np.log10(np.maximum(recent, 1e-12) / np.maximum(1 - recent, 1e-12)) + 12, 0)
    return found


def _bocpd_day(count: Any, runs: Any, shape: Any, rate: Any, hazard: float) -> tuple[Any, Any, Any]:
    from teiten.detectors.tails import log_gamma

    y = count[:, None]
    likelihood = np.exp(log_gamma(shape + y) - log_gamma(shape) - log_gamma(y + 1) + shape * np.log(rate / (rate + 1)) - y * np.log(rate + 1))
    joint = runs * likelihood
    grown, moved_shape, moved_rate = np.zeros_like(runs), shape.copy(), rate.copy()
    grown[:, 1:] = joint[:, :-1] * (1 - hazard)
    grown[:, -1] += joint[:, -1] * (1 - hazard)
    grown[:, 0] = joint.sum(1) * hazard
    moved_shape[:, 1:], moved_rate[:, 1:] = (shape + y)[:, :-1], (rate + 1)[:, :-1]
    return grown / np.maximum(grown.sum(1, keepdims=True), 1e-300), moved_shape, moved_rate


def changefinder(x: Counts, _: Counts, discount: float = 0.05, smooth: int = 5) -> Scores:
    """Takeuchi and Yamanishi 2006: two stages of sequentially discounting AR(1) on log counts, with smoothing between them."""
    first = _sdar(np.log1p(x.astype(np.float64)), discount)
    return np.where(x > _trailing(x, 10, 1), _trailing(_sdar(_trailing(first, smooth), discount), smooth), 0.0)


def _sdar(series: Counts, discount: float) -> Scores:
    mean, c0, c1 = series[:, 0].copy(), np.ones(len(series)), np.zeros(len(series))
    variance = np.ones(len(series))
    found = np.zeros(series.shape)
    for day in range(1, series.shape[1]):
        before, now = series[:, day - 1], series[:, day]
        mean = (1 - discount) * mean + discount * now
        c0 = (1 - discount) * c0 + discount * (now - mean) ** 2
        c1 = (1 - discount) * c1 + discount * (now - mean) * (before - mean)
        expected = mean + np.clip(c1 / np.maximum(c0, 1e-6), -0.95, 0.95) * (before - mean)
        found[:, day] = 0.5 * np.log(2 * np.pi * variance) + (now - expected) ** 2 / (2 * variance)
        variance = np.maximum((1 - discount) * variance + discount * (now - expected) ** 2, 1e-3)
    return found


RIVALS: dict[str, Callable[[Counts, Counts], Scores]] = {
    "last day / mean of 10": ratio,
    "z-score, 10 days": z_score,
    "DShield 2006": dshield_2006,
    "DShield later (3 d / 30 d)": dshield_later,
    "GreyNoise-like (3 d / 10 d)": greynoise,
    "EARS C1": ears_c1,
    "EARS C2": ears_c2,
    "EARS C3": ears_c3,
    "Farrington Flexible": farrington,
    "NB-CUSUM": nb_cusum,
    "NB-GLR": nb_glr,
    "BOCPD": bocpd,
    "ChangeFinder": changefinder,
}


def _trailing(x: Counts, days: int, gap: int = 0) -> Scores:
    """Mean of `days` days that end `gap` days before each day; fewer at the beginning."""
    sums = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, 1, dtype=np.float64)], 1)
    ends = np.clip(np.arange(x.shape[1]) + 1 - gap, 0, None)
    begins = np.clip(ends - days, 0, None)
    return np.asarray((sums[:, ends] - sums[:, begins]) / np.maximum(ends - begins, 1))


def _deviation(x: Counts, days: int, gap: int) -> Scores:
    mean = _trailing(x, days, gap)
    return np.sqrt(np.maximum(_trailing(x.astype(np.float64) ** 2, days, gap) - mean**2, 0) * days / (days - 1))


def _level(x: Counts) -> tuple[Any, Any]:
    """Mean of 28 days that end three days before, and the size of a negative binomial with their dispersion (at least 1.25)."""
    mean = np.maximum(_trailing(x, 28, 4), 0.02)
    dispersion = np.maximum(_deviation(x, 28, 4) ** 2 / mean, 1.25)
    return mean, mean / np.maximum(dispersion - 1, 0.02)


def _llr(x: Any, mean: Any, raised: Any, size: Any) -> Any:
    return x * np.log(raised / mean) - (x + size) * np.log((size + raised) / (size + mean))
