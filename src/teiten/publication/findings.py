# SPDX-License-Identifier: Apache-2.0
"""What publication needs to know of a finding. Whoever keeps findings gives these; publication decides what of them may leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal

import msgspec

Level = Literal["attention", "risk"]
State = Literal["new", "active", "becoming"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One finding that holds, or held in the window, with exact numbers. `sentence`: by language, for the operator's eyes."""

    id: str  # stable while the finding lives
    channel: str
    target: bytes
    level: Level
    states: tuple[State, ...]
    since_on: date  # onset: first day of the stretch that gave the score
    raised_on: date
    last_on: date  # last day on which it held
    days: float  # length of that stretch
    networks: int  # new source networks in it
    usual: int  # at most so many are usual in as long a stretch
    ratio: float
    sensors: int  # that met it, of `live`
    live: int
    rule: str  # id and version
    sentence: dict[str, str] = {}


Claims = Callable[[date], Sequence[Claim]]
"""as_of (a day that is not complete) -> what holds then, most urgent first."""
