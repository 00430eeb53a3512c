# SPDX-License-Identifier: Apache-2.0
"""Attention (要注意) and risk (リスク): two levels drawn from the evidence, raised at once and lowered slowly, so that lists change calmly.

Pure: what was held before goes in, what is held now comes out. Rows A-05, A-06, M-14, M-16.
"""

from __future__ import annotations

from math import ceil
from typing import Final, Literal

import msgspec

from teiten.detectors.evidence import Evidence
from teiten.detectors.rules import LEVEL, LevelRule

Level = Literal["attention", "risk"]
HOUR_US: Final = 3_600_000_000


class Held(msgspec.Struct, frozen=True):
    """`raised_at`: when this level began; `earned_at`: the last tick at which the full conditions held."""

    level: Level
    raised_at: int
    earned_at: int


def earned_level(now: Evidence | None, rule: LevelRule = LEVEL) -> Level | None:
    """What the evidence of this tick alone gives."""
    if now is None:
        return None
    if now.wide and _reaches(now, rule.attention_score, rule.attention_networks, rule.attention_ratio, rule.attention_sensors_share, rule):
        return "attention"
    rising = _reaches(now, rule.risk_score, rule.risk_networks, rule.risk_ratio, rule.risk_sensors_share, rule)
    return "risk" if rising or now.confirmed else None


def next_level(before: Held | None, now: Evidence | None, at: int, rule: LevelRule = LEVEL) -> Held | None:
    """The level held after the tick `at`."""
    earned = earned_level(now, rule)
    if before is None:
        return Held(earned, at, at) if earned else None
    if earned == "attention" and before.level == "risk":
        return Held("attention", at, at)
    if earned == before.level:
        return Held(before.level, before.raised_at, at)
    if _keeps(before, now, at, rule):
        return before
    score = now.score if now is not None and _fresh(before, at, rule) else 0.0
    if before.level == "attention" and (earned == "risk" or score >= rule.risk_score - rule.slack):
        return Held("risk", at, at if earned else before.earned_at)
    return None


def _keeps(before: Held, now: Evidence | None, at: int, rule: LevelRule) -> bool:
    if at - before.raised_at < rule.least_hours * HOUR_US:
        return True
    threshold = rule.attention_score if before.level == "attention" else rule.risk_score
    return now is not None and now.score >= threshold - rule.slack and _fresh(before, at, rule)


def _fresh(before: Held, at: int, rule: LevelRule) -> bool:
    return at - before.earned_at < rule.most_days * 24 * HOUR_US


def _reaches(now: Evidence, score: float, networks: int, ratio: float, share: float, rule: LevelRule) -> bool:
    sensors = max(min(rule.least_sensors, now.live), ceil(share * now.live))
    return now.score >= score and now.networks >= networks and now.ratio >= ratio and now.sensors >= sensors
