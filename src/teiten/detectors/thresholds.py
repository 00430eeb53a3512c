# SPDX-License-Identifier: Apache-2.0
"""Every number that decides what a detector says, as versioned data with the reason for each.

A change of any value is a new version: stored conclusions name the version they were drawn under and are never judged by another.
"""

from __future__ import annotations

from typing import Final

from teiten.config import Settings


class TrendThresholds(Settings, frozen=True):
    """For the mark ↑ → ↓; `REASONS` says why each value is what it is."""

    version: str = "trend-1"
    days: int = 10
    least_networks: int = 10
    steep_z: float = 2.0
    steep_growth: float = 1.4
    released_z: float = 0.7
    pooled_dispersion: float = 1.25
    least_dispersion: float = 1.0
    most_dispersion: float = 6.0
    steepest_slope: float = 0.5
    fall_before: int = 10
    fall_z: float = 2.5


TREND: Final = TrendThresholds()

REASONS: Final[dict[str, str]] = {
    "version": "names this set of values in stored conclusions",
    "days": "the portal of 2007 shows ten days to its readers (M-06); a slope over fewer is mostly noise, over more it is late",
    "least_networks": "below ten networks in ten days even a threefold growth has z under 2: the mark would be a coin toss, so it is 'few'",
    "steep_z": "with the growth condition it leaves 2-5 % of flat series marked as rising; a rule of 'last day ±20 %' marks 15-34 %",
    "steep_growth": "busy targets reach z = 2 with changes nobody would call spreading; two fifths more over the window can be seen in a chart",
    "released_z": "a mark that must reach 2 to appear and fall under 0.7 to go changes 0.08 times a day on flat series, without it 0.4 and more",
    "pooled_dispersion": "variance/mean of distinct sources per day on real sensors, median over targets",
    "least_dispersion": "ten points often look calmer than Poisson by luck; calmer counts are not believed",
    "most_dispersion": "ten points with one wild day would silence the mark for a week",
    "steepest_slope": "when all counts lie at one end the likelihood has no maximum; at half a unit a day (90-fold in the window) the estimate stops",
    "fall_before": "a fall is told only of what was not few in the window before: ten networks, the same limit",
    "fall_z": "stricter than steep_z, because rare targets are many: 12 networks then 1 is a fall, 10 then 1 is not yet, 10 then none is",
}
