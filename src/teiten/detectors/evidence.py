# SPDX-License-Identifier: Apache-2.0
"""What one tick says about one target, as plain numbers that a person can count again. Levels and states are drawn from it and nothing else."""

from __future__ import annotations

import msgspec


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """About the window that gave the score; networks are new networks in it."""

    at: int  # the tick, microseconds UTC: the window's end, excluded
    hours: int
    score: float
    networks: int
    expected: float
    usual: int  # 99 of 100 such windows have no more
    ratio: float
    sensors: int
    live: int
    elsewhere: int  # networks without the busiest sensor
    expected_elsewhere: float
    onset_at: int  # the first new network of the rise, to the hour (of older ones to the day)
    first_at: int | None = None  # first clean access ever, or after the silence; only of new targets
    confirmed: bool = False  # new, and met by enough networks at enough sensors

    @property
    def wide(self) -> bool:
        """False where too few sensors are live to say anything about spread."""
        return self.live >= 3
