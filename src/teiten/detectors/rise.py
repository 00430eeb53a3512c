# SPDX-License-Identifier: Apache-2.0
"""The score of a rise: how rare are this many new networks, given the target's own recent past, with the busiest sensor left out?

Leave-one-sensor-out negative binomial over several windows; the definitions are in docs/detection.md. Vectorised over targets, of which
only those at enough sensors are looked at. Sensors without a past or without a present are left out of both sides, so that sensors
added or lost are no rise.
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from teiten.detectors.rules import RISE, RiseRule
from teiten.detectors.sightings import HISTORY_DAYS, HOURS, Floats, Integers, Sightings, live_sensors
from teiten.detectors.tails import rarity, upper_limit


class Rise(NamedTuple):
    """One entry for each target that was looked at, about the window that gave its score. Networks are new networks."""

    target: Integers
    score: Floats  # at least 0; above 3 is rare, above 5 very rare
    hours: Integers  # length of the window
    observed: Integers
    expected: Floats
    usual: Integers  # 99 of 100 such windows have no more
    ratio: Floats  # (observed + 0.5) / (expected + 0.5)
    sensors: Integers  # at which the window's networks were met first
    live: Integers  # sensors compared: live in the window and before
    observed_elsewhere: Integers  # without the busiest sensor
    expected_elsewhere: Floats
    busiest: Integers  # that sensor
    onset: Integers  # hours back from the tick: the first new network of the rise within the window

    def take(self, chosen: NDArray[Any]) -> Rise:
        return Rise._make(part[chosen] for part in self)


class _Past(NamedTuple):
    """The baseline for windows that begin at one distance; per target, or per target and sensor."""

    matched: NDArray[np.bool_]
    rate: Floats  # networks per sensor-day
    weight: Floats  # networks the rate rests on
    dispersion: Floats
    by_sensor: Integers
    live: float  # mean sensors live


class _Scale(NamedTuple):
    """Of a window's negative binomial: what one of its counts stands for, in networks, its mean in these, and its size; per target."""

    unit: Floats
    mean: Floats
    size: Floats


def measure_rise(seen: Sightings, rule: RiseRule = RISE, *, hourly: bool = False) -> Rise:
    """All targets at enough sensors, in the order of their numbers; the score of the others is 0. `seen` should go back `HISTORY_DAYS`."""
    chosen = looked_at(seen, rule)
    few = seen.only(chosen).within(HISTORY_DAYS * HOURS)
    priced = [(days * HOURS, price) for days, price in zip(rule.day_windows, rule.day_prices, strict=True)]
    if hourly:
        priced += zip(rule.hour_windows, rule.hour_prices, strict=True)
    windows = [_window(few, hours, rule) for hours, _ in priced]
    found = [_priced(rise, price) for (rise, _), (_, price) in zip(windows, priced, strict=True)]
    best = np.argmax([rise.score for rise in found], axis=0) if len(chosen) else np.zeros(0, np.int64)
    picked = Rise._make(np.stack(parts)[best, np.arange(len(chosen))] for parts in zip(*found, strict=True))
    scale = _Scale._make(np.stack(parts)[best, np.arange(len(chosen))] for parts in zip(*(scale for _, scale in windows), strict=True))
    return picked._replace(target=chosen, usual=_usual(picked, scale), onset=_onset(few, picked))


def _priced(rise: Rise, price: float) -> Rise:
    return rise._replace(score=np.maximum(rise.score - price, 0.0))


def looked_at(seen: Sightings, rule: RiseRule = RISE) -> Integers:
    """Targets with enough new networks in the longest window, at enough sensors in the last three days."""
    longest = seen.within(max(rule.day_windows) * HOURS)
    needed = least_sensors(live_sensors(seen, 3 * HOURS), rule.least_sensors, rule.least_sensors_share)
    spread = longest.within(3 * HOURS).sensors_of_target() >= needed
    return np.flatnonzero(spread & (longest.by_target() >= rule.least_networks))


def least_sensors(live: int, least: int, share: float) -> int:
    """How many sensors make a spread; a site with fewer than that asks for all it has."""
    return max(min(least, live), ceil(share * live), 1)


def _window(seen: Sightings, hours: int, rule: RiseRule) -> tuple[Rise, _Scale]:
    """All but what is asked of the best window only: usual and onset."""
    past = _past(seen, hours, rule)
    now = seen.within(hours)
    now = now.take(past.matched[now.sensor])
    by_sensor = now.by_sensor()
    live = seen.live[:, :hours].sum(1)[past.matched] / HOURS
    observed = by_sensor.sum(1)
    expected = past.rate * live.sum()
    busiest = by_sensor.argmax(1) if seen.sensors else np.zeros(len(observed), np.int64)
    rows = np.arange(len(observed))
    share = (past.by_sensor[rows, busiest] + 3 / max(past.live, 1.0)) / (past.weight + 3)
    elsewhere = observed - by_sensor[rows, busiest]
    expected_elsewhere = expected * (1 - np.minimum(share, rule.most_share))
    scale = _scaled(expected, past, hours, rule)
    alone = np.sum(past.matched) < rule.least_sensors
    scores = _score(observed, scale)
    if not alone:
        scores = np.minimum(scores, _score(elsewhere, _scaled(expected_elsewhere, past, hours, rule)))
    silent = np.isnan(past.rate) | _over(seen, past, observed, hours, rule)
    rise = Rise(
        target=rows,
        score=np.where(silent, 0.0, scores),
        hours=np.full(len(rows), hours),
        observed=observed,
        expected=np.where(silent, 0.0, expected),
        usual=rows,
        ratio=np.where(silent, 0.0, (observed + 0.5) / (expected + 0.5)),
        sensors=(by_sensor > 0).sum(1),
        live=np.full(len(rows), np.sum(past.matched & (seen.live[:, :hours].sum(1) > 0))),
        observed_elsewhere=elsewhere,
        expected_elsewhere=np.where(silent, 0.0, expected_elsewhere),
        busiest=busiest,
        onset=rows,
    )
    return rise, scale


def _over(seen: Sightings, past: _Past, observed: Integers, hours: int, rule: RiseRule) -> NDArray[np.bool_]:
    """A long window still holds what ended days ago: its last days bring too little of its mean, per live sensor."""
    near = rule.lately_days * HOURS
    if hours <= near:
        return np.zeros(len(observed), np.bool_)
    lately = seen.within(near)
    exposure = [seen.live[past.matched, :length].sum() for length in (near, hours)]
    return np.asarray(lately.take(past.matched[lately.sensor]).by_target() * exposure[1] < rule.least_lately * observed * exposure[0])


def _score(observed: Integers, scale: _Scale) -> Floats:
    return rarity(observed / scale.unit, scale.mean, scale.size)


def _usual(rise: Rise, scale: _Scale) -> Integers:
    """99 of 100 such windows have no more; 0 where nothing is expected, since nothing is known."""
    limit = np.floor(upper_limit(scale.mean, scale.size) * scale.unit)
    return np.where(rise.expected > 0, limit, 0).astype(np.int64)


def _scaled(expected: Floats, past: _Past, hours: int, rule: RiseRule) -> _Scale:
    """For a negative binomial whose variance holds dispersion, the baseline's own error, drift, and in short windows
    the hours of the day. The unit is one network, and less for targets calmer than Poisson, which no negative binomial is."""
    moving = rule.drift**2 * (1 + hours / HOURS / 7) + (rule.rhythm**2 if hours < HOURS else 0.0)
    # what makes days unlike acts within hours too, but a part of a day sees only its part of it
    spread = 1 + (past.dispersion - 1) * max(min(1.0, hours / HOURS), rule.least_part)
    unit = np.minimum(spread / rule.least_dispersion, 1.0)
    mean = np.nan_to_num(expected, nan=1.0) / unit
    variance = spread / unit * mean + mean**2 * (past.dispersion / past.weight + moving)
    return _Scale(unit, mean, np.asarray(mean**2 / np.maximum(variance - mean, 1e-9)))


def _past(seen: Sightings, hours: int, rule: RiseRule) -> _Past:
    first = ceil(hours / HOURS) + rule.gap_days
    before = seen.within(rule.baseline_days * HOURS, first * HOURS)
    live = _live_by_day(seen.live, first, rule.baseline_days)
    # a sensor is compared when it has a past to compare with, and is there now
    matched = ((live > 0).sum(1) >= rule.least_days) & (seen.live[:, :hours].sum(1) > 0)
    before = before.take(matched[before.sensor])
    shifted = before._replace(hour=before.hour - first * HOURS)
    exposure = live[matched].sum(0)
    rate, weight, dispersion = _level(shifted.by_day(rule.baseline_days), exposure, rule)
    return _Past(matched, rate, weight, dispersion, before.by_sensor(), float(exposure[exposure > 0].mean()) if exposure.any() else 0.0)


def _live_by_day(live: Floats, first: int, days: int) -> Floats:
    """[sensors, days] in sensor-days; hours that aren't told are not observed."""
    part = live[:, first * HOURS : (first + days) * HOURS]
    padded = np.zeros((len(live), days * HOURS))
    padded[:, : part.shape[1]] = part
    return np.asarray(padded.reshape(len(live), days, HOURS).sum(2) / HOURS)


def _level(networks: Integers, exposure: Floats, rule: RiseRule) -> tuple[Floats, Floats, Floats]:
    """Rate per sensor-day, the networks it rests on, dispersion. NaN rates where too few days were observed."""
    days = exposure > 0
    if days.sum() < rule.least_days:
        nothing = np.full(len(networks), np.nan)
        return nothing, np.ones(len(networks)), np.full(len(networks), rule.pooled_dispersion)
    counts, exposure = networks[:, days].astype(np.float64), exposure[days]
    usual = counts.sum(1, keepdims=True) / exposure.sum() * exposure
    capped = np.minimum(counts, usual + rule.cap_deviations * np.sqrt(np.maximum(usual, 0.25)) + 1)
    weight = capped.sum(1) + 0.5
    # half a network in one day more, whatever the number of sensors: a prior in sensor-days would sink the level of small sites
    rate = weight / (exposure.sum() * (1 + 1 / len(exposure)))
    fitted = (weight / exposure.sum())[:, None] * exposure
    own = ((capped - fitted) ** 2 / fitted).sum(1) / max(len(exposure) - 1, 1)
    trust = len(exposure) * np.minimum(1.0, weight / 20)
    pooled = rule.pooled_days * rule.pooled_dispersion
    dispersion = (pooled + trust * np.clip(own, 0.5, rule.most_dispersion)) / (rule.pooled_days + trust)
    calm = np.where(weight >= rule.calm_networks, np.maximum(own * _calmer(len(exposure) - 1, rule), rule.calmest), np.inf)
    return rate, weight, np.minimum(np.maximum(dispersion, rule.least_dispersion), calm)


def _calmer(freedom: int, rule: RiseRule) -> float:
    """By how much a variance of so many degrees of freedom may be too low by luck (Wilson and Hilferty's chi-squared)."""
    part = 2 / (9 * max(freedom, 1))
    return float(1 / max(1 - part - rule.calm_deviations * np.sqrt(part), 0.1) ** 3)


def _onset(seen: Sightings, rise: Rise) -> Integers:
    """The oldest new network of the stretch that is best explained by the window's rate instead of the usual one (a likelihood ratio)."""
    span = int(rise.hours.max(initial=1))
    inside = seen.take(seen.hour < rise.hours[seen.target]) if len(rise.hours) else seen
    places = inside.target.astype(np.int64) * span + inside.hour
    counts = np.bincount(places, weights=inside.networks, minlength=seen.targets * span).reshape(seen.targets, span)
    usual = np.maximum(rise.expected, 1e-3) / rise.hours
    risen = np.maximum(rise.observed / rise.hours, usual * 1.01)
    fair = (risen - usual) / np.log(risen / usual)  # between both rates: what an hour must bring to belong to the rise
    excess = np.where(counts > 0, np.cumsum(counts - fair[:, None], axis=1), -np.inf)
    return np.asarray(np.argmax(excess, axis=1), dtype=np.int64)
