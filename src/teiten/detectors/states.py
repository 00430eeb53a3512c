# SPDX-License-Identifier: Apache-2.0
"""The three states of the portal: new (新しい), active (活発な), becoming active (活発化している). A target may have several (A-04)."""

from __future__ import annotations

from math import ceil
from typing import Literal

from teiten.detectors.rules import STATE, StateRule
from teiten.detectors.trend import Arrow

State = Literal["new", "active", "becoming"]


def is_confirmed(networks: int, sensors: int, live: int, rule: StateRule = STATE) -> bool:
    """A new target that more than one stranger tried at more than one place; a site with one sensor can't confirm."""
    return networks >= rule.confirmed_networks and sensors >= rule.confirmed_sensors and live >= rule.confirmed_sensors


def is_active(networks: int, sensors: int, live: int, rule: StateRule = STATE) -> bool:
    """From the last 24 hours' clean networks and the sensors they met."""
    return networks >= rule.active_networks and sensors >= max(rule.least_sensors, ceil(rule.active_sensors_share * live))


def is_becoming_active(score: float, arrow: Arrow, held: bool, rule: StateRule = STATE) -> bool:
    """`held`: it has a level by rising, not only by being new."""
    return held or score >= rule.becoming_score or (arrow == "↑" and score >= rule.becoming_score_with_arrow)


def states_of(*, new: bool, active: bool, becoming: bool) -> tuple[State, ...]:
    told: tuple[tuple[State, bool], ...] = (("new", new), ("active", active), ("becoming", becoming))
    return tuple(state for state, holds in told if holds)
