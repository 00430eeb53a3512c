# SPDX-License-Identifier: Apache-2.0
"""Every number that decides about rises, levels and states, as versioned data, each with the reason for its value.

A change of a value is a new version: stored findings name the version they were made under and are never judged by another.
"""

from __future__ import annotations

from typing import Final

from teiten.config import Settings


class RiseRule(Settings, frozen=True):
    """For the score of a rise; `RISE_REASONS` says why each value is what it is."""

    version: str = "rise-4"
    day_windows: tuple[int, ...] = (1, 2, 4, 7, 14)
    day_prices: tuple[float, ...] = (1.2, 0.8, 0.5, 0.3, 0.3)
    hour_windows: tuple[int, ...] = (2, 4, 8, 12, 18)
    hour_prices: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25, 0.25)
    baseline_days: int = 28
    gap_days: int = 3
    least_days: int = 7
    cap_deviations: float = 2.0
    pooled_dispersion: float = 1.5
    pooled_days: float = 20.0
    least_dispersion: float = 1.02
    most_dispersion: float = 8.0
    calm_networks: float = 20.0
    calm_deviations: float = 2.33
    calmest: float = 0.4
    drift: float = 0.10
    rhythm: float = 0.20
    least_part: float = 0.25
    most_share: float = 0.9
    least_networks: int = 3
    least_sensors: int = 3
    least_sensors_share: float = 0.15
    lately_days: int = 3
    least_lately: float = 0.25


RISE: Final = RiseRule()

RISE_REASONS: Final[dict[str, str]] = {
    "version": "names this set of values in stored findings",
    "day_windows": "a burst shows in one day, a creep only in two weeks",
    "day_prices": "taken off a window's rarity: days alone are the most restless (repeaters, sweeps), and what lasts is in the longer windows too",
    "hour_windows": "run every hour the median delay falls from a day to hours; a single hour brings no earlier word",
    "hour_prices": "small, for the sake of an early word; a tenth less costs 0.1 to 0.2 false findings a day among 20,000 targets",
    "baseline_days": "levels drift, so that a recent baseline beats a long one; four weeks hold the rhythm of the week evenly",
    "gap_days": "a rise that began slowly would raise its own baseline",
    "least_days": "with fewer live days nothing is known of what is usual, and nothing is said",
    "cap_deviations": "past outbreaks stay in the baseline, but each day of them counts at most two deviations above the mean",
    "pooled_dispersion": "real sensors have 1.25 as the median; a quarter more halves the false findings in simulated worlds at equal power",
    "pooled_days": "the weight in days of that value against the target's own; rare targets can't show theirs",
    "least_dispersion": "calmer than Poisson is luck until the target's own past shows otherwise, and a negative binomial must stay one",
    "most_dispersion": "one wild target must not be silenced for ever by its own past",
    "calm_networks": "with fewer networks in the baseline nearly all days have none or one, and their variance says nothing",
    "calm_deviations": "a target is as calm as luck would show it in one of a hundred only: what comes by timetable is, chance isn't",
    "calmest": "real sensors have 0.4 for the calmest targets",
    "drift": "a busy target's level moves by a tenth within days without meaning anything",
    "rhythm": "windows of hours see day and night, which differ by about a fifth on real sensors",
    "least_part": "within one hour a quarter of the day's dispersion is left: campaigns come in bursts",
    "most_share": "leaving out the busiest sensor must leave some expectation, else nothing would be rare",
    "least_networks": "two new networks are never a spread",
    "least_sensors": "a tenth of the busy target-days of real sensors are crowds at one sensor; wide means three places at least",
    "least_sensors_share": "on a large site three sensors are chance",
    "lately_days": "one calm day, a Sunday say, doesn't end a rise",
    "least_lately": "what brings less than a quarter of the window's mean in its last days is over, though the long windows still hold it",
}


class LevelRule(Settings, frozen=True):
    """For attention and risk."""

    version: str = "level-1"
    attention_score: float = 5.0
    attention_networks: int = 8
    attention_ratio: float = 2.0
    attention_sensors_share: float = 0.25
    risk_score: float = 3.5
    risk_networks: int = 4
    risk_ratio: float = 1.5
    risk_sensors_share: float = 0.15
    least_sensors: int = 3
    slack: float = 1.0
    least_hours: int = 24
    most_days: int = 14


LEVEL: Final = LevelRule()

LEVEL_REASONS: Final[dict[str, str]] = {
    "version": "names this set of values in stored findings",
    "attention_score": "in simulated worlds of 20,000 targets a chance finding comes once in a hundred days",
    "attention_networks": "what the whole country is to look at has more than a handful of networks",
    "attention_ratio": "especially large (A-05): at least twice what is usual",
    "attention_sensors_share": "a wide area (A-03): a quarter of the live sensors",
    "risk_score": "about one chance finding in five days among 20,000 targets; four fifths of simulated outbreaks reach it",
    "risk_networks": "three networks can be one campaign's test",
    "risk_ratio": "rising (A-06): half as much again",
    "risk_sensors_share": "with many sensors three of them are chance",
    "least_sensors": "two places are no wide area",
    "slack": "a level once raised stays while the score is at most one unit below its threshold, so that lists change calmly",
    "least_hours": "a list that people read once a day must not lose an item within the day",
    "most_days": "after the longest window the rise is in no window any more; what is still there is the new level",
}


class StateRule(Settings, frozen=True):
    """For new, active and becoming active."""

    version: str = "state-1"
    new_hours: int = 72
    silent_days: int = 90
    confirmed_networks: int = 3
    confirmed_sensors: int = 2
    active_networks: int = 10
    active_sensors_share: float = 0.5
    least_sensors: int = 3
    becoming_score: float = 3.5
    becoming_score_with_arrow: float = 2.0


STATE: Final = StateRule()

STATE_REASONS: Final[dict[str, str]] = {
    "version": "names this set of values in stored findings",
    "new_hours": "three days: who reads the list after a weekend still finds what came on Friday",
    "silent_days": "what nobody tried for a quarter of a year is news again",
    "confirmed_networks": "of some 25 targets a day that real sensors never met before almost none is met by three networks",
    "confirmed_sensors": "one sensor alone may be meant personally",
    "active_networks": "ten a day at many sensors is what everybody on the Internet receives",
    "active_sensors_share": "at half of the sensors an attack is everywhere",
    "least_sensors": "two places are no wide area",
    "becoming_score": "the threshold of risk",
    "becoming_score_with_arrow": "two weak signs that agree: the slope of ten days and the level of the last ones",
}
