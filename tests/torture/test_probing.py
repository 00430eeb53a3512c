# SPDX-License-Identifier: Apache-2.0
"""A small Internet is probed: the attacker finds sensors in an unprotected report, and none in ours. `./run torture probing` is the large one."""

from __future__ import annotations

import pytest

from teiten.publication.policies import OPERATOR, PUBLIC
from tests.torture.probing import attack


@pytest.mark.parametrize("name", ["string", "search", "source", "time"])
def test_an_attacker_who_finds_sensors_elsewhere_finds_none_here(name: str) -> None:
    """B12, P1 to P8."""
    assert attack(name, OPERATOR, 1 << 10, 6, 7).located > 0
    assert attack(name, PUBLIC, 1 << 10, 6, 7).located == 0
