# SPDX-License-Identifier: Apache-2.0
"""Every number that decides about rises, levels and states, as versioned data, each with the reason for its value.

A change of a value is a new version: stored findings name the version they were made under and are never judged by another.
"""

from __future__ import annotations

from typing import Final

from teiten.config import Settings


class RiseRule(Settings, frozen=True):
    """For the score of a rise; `RISE_REASONS` says why each value is what it is."""

    version: str = "rise-1"
    day_windows: tuple[int, ...] = (1, 2, 4, 7, 14)
    hour_windows: tuple[int, ...] = (1, 3, 6, 12)
    baseline_days: int = 28
    gap_days: int = 3
    least_days: int = 7
    cap_deviations: float = 3.0
    pooled_dispersion: float = 1.25
    pooled_days: float = 20.0
    least_dispersion: float = 1.02
    most_dispersion: float = 8.0
    drift: float = 0.10
    rhythm: float = 0.20
    window_price: float = 0.7
    most_share: float = 0.9
    least_networks: int = 3
    least_sensors: int = 3
    least_sensors_share: float = 0.15


RISE: Final = RiseRule()

RISE_REASONS: Final[dict[str, str]] = {
    "version": "names this set of values in stored findings",
    "day_windows": "a burst shows in one day, a creep only in two weeks; five windows cost half a unit of score together",
    "hour_windows": "run every hour the median delay falls from a day to hours; a worm doubling in two hours is over before a daily batch",
    "baseline_days": "levels drift, so that a recent baseline beats a long one; four weeks hold the rhythm of the week evenly",
    "gap_days": "a rise that began slowly would raise its own baseline",
    "least_days": "with fewer live days nothing is known of what is usual, and nothing is said",
    "cap_deviations": "past outbreaks stay in the baseline, each day of them capped at three deviations above the mean",
    "pooled_dispersion": "variance/mean of distinct sources per day on real sensors, median over targets",
    "pooled_days": "the weight in days of that value against the target's own; rare targets can't show theirs",
    "least_dispersion": "calmer than Poisson is luck, and the negative binomial must stay one",
    "most_dispersion": "one wild target must not be silenced for ever by its own past",
    "drift": "a busy target's level moves by a tenth within days without meaning anything",
    "rhythm": "windows of hours see day and night, which differ by about a fifth on real sensors",
    "window_price": "nine windows look nine times; they overlap, so the price is below the full logarithm",
    "most_share": "leaving out the busiest sensor must leave some expectation, else nothing would be rare",
    "least_networks": "two new networks are never a spread",
    "least_sensors": "a tenth of the busy target-days of real sensors are crowds at one sensor; wide means three places at least",
    "least_sensors_share": "on a large site three sensors are chance",
}
