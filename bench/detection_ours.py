# SPDX-License-Identifier: Apache-2.0
"""The shipped detector run over a simulated world, at each midnight or each hour, as the platform would; scores, and levels as shipped."""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.detection_counts import Counted, sightings
from bench.detection_world import HOURS, WARMUP_DAYS, World
from teiten.detectors.rise import Rise, measure_rise
from teiten.detectors.rules import LEVEL, RISE, RiseRule


class Ours(NamedTuple):
    """[targets, days], after each day was over. `level`: 2 attention, 1 risk (by rising), 0 none; holding is left out."""

    score: NDArray[Any]
    level: NDArray[Any]


def run_daily(world: World, counted: Counted, rule: RiseRule = RISE) -> Ours:
    ours = Ours(np.zeros((world.targets, world.days)), np.zeros((world.targets, world.days)))
    for day in range(WARMUP_DAYS, world.days):
        rise = measure_rise(sightings(world, counted, (day + 1) * HOURS), rule)
        ours.score[rise.target, day] = rise.score
        ours.level[rise.target, day] = levels(rise)
    return ours


def levels(rise: Rise) -> NDArray[Any]:
    """As detectors.levels.earned_level, for arrays."""
    attention = _reaches(rise, LEVEL.attention_score, LEVEL.attention_networks, LEVEL.attention_ratio, LEVEL.attention_sensors_share)
    risk = _reaches(rise, LEVEL.risk_score, LEVEL.risk_networks, LEVEL.risk_ratio, LEVEL.risk_sensors_share)
    return np.where(attention, 2, np.where(risk, 1, 0))


def _reaches(rise: Rise, score: float, networks: int, ratio: float, share: float) -> NDArray[np.bool_]:
    live = int(rise.live.max(initial=0))
    sensors = max(min(LEVEL.least_sensors, live), ceil(share * live))
    return (rise.score >= score) & (rise.observed >= networks) & (rise.ratio >= ratio) & (rise.sensors >= sensors)
