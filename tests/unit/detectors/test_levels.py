# SPDX-License-Identifier: Apache-2.0
"""Attention and risk (A-05, A-06, M-14, M-16): conditions, and how slowly they go."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from teiten.detectors.evidence import Evidence
from teiten.detectors.levels import HOUR_US, Held, earned_level, next_level

DAY = 24 * HOUR_US
STRONG = Evidence(
    at=0, hours=24, score=6.0, networks=20, expected=2.0, usual=6, ratio=8.2, sensors=6, live=10, elsewhere=16, expected_elsewhere=1.8, onset_at=-DAY
)


def evidence(**changes: Any) -> Evidence:
    return msgspec.structs.replace(STRONG, **changes)


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, "attention"),
        ({"score": 4.9}, "risk"),
        ({"networks": 7}, "risk"),
        ({"ratio": 1.9}, "risk"),
        ({"sensors": 2}, None),
        ({"live": 30, "sensors": 7}, "risk"),
        ({"live": 30, "sensors": 4}, None),
        ({"live": 2, "sensors": 2}, "risk"),
        ({"score": 3.4}, None),
        ({"score": 4.0, "networks": 3}, None),
        ({"score": 4.0, "ratio": 1.4}, None),
        ({"score": 0.0, "confirmed": True}, "risk"),
    ],
)
def test_what_earns_a_level(changes: dict[str, Any], level: str | None) -> None:
    assert earned_level(evidence(**changes)) == level
    held = next_level(None, evidence(**changes), 5)
    assert (held.level if held else None) == level
    assert next_level(None, None, 5) is None


def test_a_level_goes_slowly() -> None:
    held = Held("attention", 0, 0)
    assert next_level(held, evidence(score=4.1), 3 * DAY) == held
    assert next_level(held, None, DAY - 1) == held
    assert next_level(held, None, DAY) is None
    assert next_level(held, evidence(score=3.9), 3 * DAY) == Held("risk", 3 * DAY, 3 * DAY)
    assert next_level(Held("risk", 0, 0), evidence(score=2.5), 3 * DAY) == Held("risk", 0, 0)
    assert next_level(Held("risk", 0, 0), evidence(score=2.4), 3 * DAY) is None


def test_a_level_rises_at_once() -> None:
    assert next_level(Held("risk", 0, 0), evidence(), HOUR_US) == Held("attention", HOUR_US, HOUR_US)


def test_earned_anew_it_stays_else_it_ends_after_two_weeks() -> None:
    held = Held("risk", 0, 0)
    assert next_level(held, evidence(score=4), 20 * DAY) == Held("risk", 0, 20 * DAY)
    assert next_level(held, evidence(score=3), 13 * DAY) == held
    assert next_level(held, evidence(score=3), 14 * DAY) is None
    assert next_level(Held("attention", 0, 0), evidence(score=4.5, ratio=1.0), 14 * DAY) is None
