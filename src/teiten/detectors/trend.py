# SPDX-License-Identifier: Apache-2.0
"""The mark beside a target: are its sources spreading (↑), going (↓) or neither (→)? About networks of sources, never about accesses.

A log-linear rate is fitted to the distinct clean networks of the last ten complete days, per live sensor. Where they are few, no slope
can be judged: → in grey, unless the ten days before had significantly more (↓). Definitions: docs/detection.md, seed rows A-02, M-12.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Final, Literal, NamedTuple

import msgspec

from teiten.detectors.thresholds import TREND, TrendThresholds

Arrow = Literal["↑", "→", "↓"]
_STEPS: Final = 30  # Newton halves the error many times over in these; the fit of ten points needs about six


class DailySpread(msgspec.Struct, frozen=True):
    """One target on consecutive complete days, oldest first; at least ten days, twenty if falls of rare targets are to be seen.

    `networks`: distinct clean source networks of each day over all sensors. `live`: sensors observing on that day, fractions allowed;
    a day with none is left out, whatever it counts. Both have one length. Raises ValueError.
    """

    networks: tuple[int, ...]
    live: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.networks) != len(self.live):
            raise ValueError(f"{len(self.networks)} days of networks, {len(self.live)} of live sensors")
        if any(count < 0 for count in self.networks) or any(not 0 <= sensors < float("inf") for sensors in self.live):
            raise ValueError("networks and live sensors are counts, never below zero")


class Mark(msgspec.Struct, frozen=True):
    """`growth`: how many times the rate at the first day the rate at the last is (1 when few); `z`: its distance from none, in standard errors.

    When `few`, `z` compares this window with the one before. `networks` and `networks_before` are sums of daily counts of the two.
    """

    arrow: Arrow
    few: bool
    growth: float
    z: float
    networks: int
    networks_before: int
    version: str


class _Fit(NamedTuple):
    slope: float  # of the logarithm of the rate, per day
    z: float


class _Day(NamedTuple):
    day: int
    networks: int
    live: float


def trend_mark(series: DailySpread, shown: Arrow = "→", thresholds: TrendThresholds = TREND) -> Mark:
    """The mark after the series' last day; `shown` is the arrow of the day before, which goes more slowly than it comes."""
    # days are counted back from the end, so that the same evidence gives the same numbers whatever came before it
    days = [_Day(day, count, live) for day, (count, live) in enumerate(zip(series.networks, series.live, strict=True), -len(series.live))]
    window = [day for day in days[-thresholds.days :] if day.live > 0]
    before = [day for day in days[-2 * thresholds.days : -thresholds.days] if day.live > 0]
    networks, networks_before = _sum(window), _sum(before)
    # three days at least: two points always lie on a line
    if networks < thresholds.least_networks or len(window) < 3:
        z = _fall(window, before, thresholds)
        arrow: Arrow = "↓" if _fell(z, networks_before, shown, thresholds) else "→"
        return Mark(arrow, True, 1.0, z, networks, networks_before, thresholds.version)
    fit = _fit(window, thresholds)
    growth = exp(fit.slope * (thresholds.days - 1))
    return Mark(_arrow(fit.z, growth, shown, thresholds), False, growth, fit.z, networks, networks_before, thresholds.version)


def standing_mark(series: DailySpread, thresholds: TrendThresholds = TREND) -> Mark:
    """The mark after the last day when every day from the tenth on was looked at in turn, beginning with →.

    The same series gives the same mark, whoever looked when; forty days are enough, for an arrow that held longer is still earned.
    """
    shown: Arrow = "→"
    for end in range(min(thresholds.days, len(series.live)), len(series.live)):
        shown = trend_mark(DailySpread(series.networks[:end], series.live[:end]), shown, thresholds).arrow
    return trend_mark(series, shown, thresholds)


def _arrow(z: float, growth: float, shown: Arrow, thresholds: TrendThresholds) -> Arrow:
    if z >= thresholds.steep_z and growth >= thresholds.steep_growth:
        return "↑"
    if z <= -thresholds.steep_z and growth <= 1 / thresholds.steep_growth:
        return "↓"
    stays = (shown == "↑" and z >= thresholds.released_z) or (shown == "↓" and z <= -thresholds.released_z)
    return shown if stays else "→"


def _fell(z: float, networks_before: int, shown: Arrow, thresholds: TrendThresholds) -> bool:
    if shown == "↓":
        return z <= -thresholds.released_z
    return z <= -thresholds.fall_z and networks_before >= thresholds.fall_before


def _sum(days: list[_Day]) -> int:
    return sum(day.networks for day in days)


def _fall(window: list[_Day], before: list[_Day], thresholds: TrendThresholds) -> float:
    """Standard errors by which this window differs from the one before, given both sums and how many sensors were live in each."""
    live, live_before = sum(day.live for day in window), sum(day.live for day in before)
    total = _sum(window) + _sum(before)
    if not total or not live or not live_before:
        return 0.0
    share = live / (live + live_before)
    return (_sum(window) - total * share) / sqrt(thresholds.pooled_dispersion * total * share * (1 - share))


def _fit(days: list[_Day], thresholds: TrendThresholds) -> _Fit:
    """Poisson regression of networks on the day, live sensors as exposure; the error is widened by the dispersion."""
    slope, means = 0.0, _means(days, 0.0)
    for _ in range(_STEPS):
        centre, information = _information(days, means)
        step = sum((day.networks - mean) * (day.day - centre) for day, mean in zip(days, means, strict=True)) / information
        slope, last = max(-thresholds.steepest_slope, min(thresholds.steepest_slope, slope + step)), slope
        means = _means(days, slope)
        if abs(slope - last) < 1e-9:
            break
    information = _information(days, means)[1]
    return _Fit(slope, slope / sqrt(_dispersion(days, means, thresholds) / information))


def _means(days: list[_Day], slope: float) -> list[float]:
    """Expected networks of each day for this slope, at the level that makes their sum the observed one."""
    shape = [log(day.live) + slope * (day.day - days[-1].day) for day in days]
    top = max(shape)
    weights = [exp(value - top) for value in shape]
    scale = _sum(days) / sum(weights)
    return [weight * scale for weight in weights]


def _information(days: list[_Day], means: list[float]) -> tuple[float, float]:
    """Mean day, weighted by expectation, and the information about the slope once the level is fitted too."""
    centre = sum(day.day * mean for day, mean in zip(days, means, strict=True)) / sum(means)
    return centre, max(sum(mean * (day.day - centre) ** 2 for day, mean in zip(days, means, strict=True)), 1e-12)


def _dispersion(days: list[_Day], means: list[float], thresholds: TrendThresholds) -> float:
    """Half what real sensors show in general, half this series' own variance over its mean."""
    freedom = max(len(days) - 2, 1)
    own = sum((day.networks - mean) ** 2 / max(mean, 1e-9) for day, mean in zip(days, means, strict=True)) / freedom
    return 0.5 * thresholds.pooled_dispersion + 0.5 * min(max(own, thresholds.least_dispersion), thresholds.most_dispersion)
