# SPDX-License-Identifier: Apache-2.0
"""The shipped detector run over a simulated world, at each midnight or each hour, as the platform would."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detection_counts import Counted, sightings
from bench.detection_world import HOURS, WARMUP_DAYS, World
from teiten.detectors.rise import measure_rise
from teiten.detectors.rules import RISE, RiseRule


def daily_scores(world: World, counted: Counted, rule: RiseRule = RISE) -> NDArray[Any]:
    """[targets, days]: the score after each day was over."""
    scores = np.zeros((world.targets, world.days))
    for day in range(WARMUP_DAYS, world.days):
        rise = measure_rise(sightings(world, counted, (day + 1) * HOURS), rule)
        scores[rise.target, day] = rise.score
    return scores
