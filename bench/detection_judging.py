# SPDX-License-Identifier: Apache-2.0
"""Judges scores of a detector on a world of known truth: outbreaks found and false alarms at any threshold, delays, and what the false ones were."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.detection_world import WARMUP_DAYS, World

QUIET_DAYS = 7  # an alarm on the same target within so many days after one is the same finding
AFTER_DAYS = 14  # the longest window still holds the outbreak or disturbance for so long


class Verdict(NamedTuple):
    """At one threshold."""

    threshold: float
    false_per_day: float  # findings that no outbreak explains, for 20,000 targets
    found: float  # share of outbreaks with an alarm from their first to their last day
    delay_days: float  # median, whole days that were over when the alarm came; of those found
    precision: float  # true findings over all findings


class Alarms(NamedTuple):
    """Findings of one world as they would come, at every threshold of interest."""

    thresholds: NDArray[Any]
    false: NDArray[Any]
    found: NDArray[Any]  # [thresholds, outbreaks]
    delays: NDArray[Any]  # [thresholds, outbreaks], NaN where not found
    days: float


def judge(world: World, scores: NDArray[Any], days: float, steps: int = 160) -> Alarms:
    """`scores` [targets, days], of which those of the warm-up are ignored. `days`: what the false findings are spread over."""
    judged = scores[:, WARMUP_DAYS:]
    own = explained(world)[:, WARMUP_DAYS:]
    free = np.where(own, -np.inf, judged)
    thresholds = _thresholds(free, judged, days, steps)
    false = np.array([len(findings(free, threshold)) for threshold in thresholds])
    delays = np.array([_delays(world, scores, threshold) for threshold in thresholds])
    return Alarms(thresholds, false, ~np.isnan(delays), delays, days)


def verdict(alarms: list[Alarms], per_day: float) -> Verdict:
    """All worlds at the lowest common threshold with no more false findings a day than that."""
    candidates = np.unique(np.concatenate([one.thresholds for one in alarms]))[::-1]
    best = candidates[0]
    for threshold in candidates:
        if sum(_at(one, threshold, one.false) for one in alarms) / sum(one.days for one in alarms) > per_day:
            break
        best = threshold
    return at_threshold(alarms, float(best))


def at_threshold(alarms: list[Alarms], threshold: float) -> Verdict:
    false = sum(_at(one, threshold, one.false) for one in alarms)
    found = np.concatenate([one.found[_place(one, threshold)] for one in alarms])
    delays = np.concatenate([one.delays[_place(one, threshold)] for one in alarms])
    median = float(np.nanmedian(delays)) if found.any() else float("nan")
    return Verdict(threshold, false / sum(one.days for one in alarms), float(found.mean()), median, float(found.sum() / max(found.sum() + false, 1)))


def explained(world: World) -> NDArray[np.bool_]:
    """[targets, days] that belong to an outbreak."""
    own = np.zeros((world.targets, world.days), bool)
    for one in world.outbreaks:
        own[one.target, one.first_day : one.last_day + 1 + AFTER_DAYS] = True
    return own


def findings(scores: NDArray[Any], threshold: float) -> list[tuple[int, int]]:
    """(target, day) of each first alarm; alarms that follow within the quiet days belong to it."""
    targets, days = np.nonzero(scores >= threshold)
    found: list[tuple[int, int]] = []
    last: tuple[int, int] = (-1, 0)
    for target, day in zip(targets.tolist(), days.tolist(), strict=True):
        if target != last[0] or day - last[1] > QUIET_DAYS:
            found.append((target, day))
        last = (target, day)
    return found


def causes(world: World, scores: NDArray[Any], threshold: float) -> dict[str, int]:
    """How many false findings lie in which kind of disturbance; the rest is `background` (churn among it)."""
    free = np.where(explained(world), -np.inf, scores)[:, WARMUP_DAYS:]
    counted: dict[str, int] = {}
    for target, day in findings(free, threshold):
        kinds = [d.kind for d in world.disturbances if d.first_day <= day + WARMUP_DAYS <= d.last_day + 3 and target in d.targets]
        name = kinds[0] if kinds else "background"
        counted[name] = counted.get(name, 0) + 1
    return counted


def _thresholds(free: NDArray[Any], judged: NDArray[Any], days: float, steps: int) -> NDArray[Any]:
    """From the highest score down to where false alarms are far too many."""
    finite = free[np.isfinite(free) & (free > 0)]
    most = int(min(len(finite), max(60 * days, 200)))
    top = np.sort(np.partition(finite, len(finite) - most)[len(finite) - most :])[::-1] if most else np.zeros(1)
    picks = top[np.unique(np.geomspace(1, len(top), steps).astype(int) - 1)]
    high = max(float(np.max(judged, initial=0.0)), float(top[0]))
    even = np.linspace(float(top[-1]), min(high, float(top[0]) + 10), 60)
    return np.unique(np.concatenate([[high + 1e-9], picks + 1e-9, even, [max(float(top[-1]), 1e-9)]]))[::-1]


def _delays(world: World, scores: NDArray[Any], threshold: float) -> NDArray[Any]:
    delays = np.full(len(world.outbreaks), np.nan)
    for number, one in enumerate(world.outbreaks):
        hits = np.flatnonzero(scores[one.target, one.first_day : one.last_day + 1] >= threshold)
        if len(hits):
            delays[number] = hits[0] + 1
    return delays


def _place(alarms: Alarms, threshold: float) -> int:
    """The nearest known threshold that is not below."""
    above = np.flatnonzero(alarms.thresholds >= threshold)
    return int(above[-1]) if len(above) else 0


def _at(alarms: Alarms, threshold: float, values: NDArray[Any]) -> int:
    return int(values[_place(alarms, threshold)])
