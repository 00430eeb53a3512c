# SPDX-License-Identifier: Apache-2.0
"""Pure conclusions: series in, marks and findings out. A detector reads no store, asks no clock and keeps no state of its own."""

from __future__ import annotations

from typing import Final

# name -> "module:function". To add one: its file, its line here, its thresholds with their reasons, its tests, its page in docs.
DETECTORS: Final[dict[str, str]] = {
    "trend": "teiten.detectors.trend:trend_mark",
    "rise": "teiten.detectors.rise:measure_rise",
    "level": "teiten.detectors.levels:next_level",
    "state": "teiten.detectors.states:states_of",
    "surge": "teiten.detectors.surge:surge",
    "wave": "teiten.detectors.waves:waves",
    "rank": "teiten.detectors.ranks:rank_changes",
    "arrival": "teiten.detectors.arrival:order_of_arrival",
    "annotation": "teiten.detectors.annotations:annotate",
    "variant": "teiten.detectors.variants:pattern",
}
