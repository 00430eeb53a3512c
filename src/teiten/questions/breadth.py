# SPDX-License-Identifier: Apache-2.0
"""How widely something was seen: what publication needs to decide what may be named, and which counts a single source can't drive up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Literal

import msgspec

from teiten.model import Period
from teiten.questions.filters import period_filters
from teiten.questions.observation import ACCESS
from teiten.questions.spread import listed
from teiten.store.interface import Store

Over = Literal["whole", "target", "target_day", "target_region", "day", "channel", "channel_day", "region", "channel_region"]
MOST_PER_SOURCE: Final = 100  # accesses that one source adds to one target on one day; more are the same news


class Breadth(msgspec.Struct, frozen=True):
    """`keys`: the parts of the key in the order of its name, empty for the whole. Distinct numbers never add up."""

    keys: tuple[bytes | str | date, ...]
    capped: int  # accesses, at most MOST_PER_SOURCE for each source, target and day
    accesses: int
    sources: int
    networks: int  # IPv4 /24, IPv6 /48
    allocations: int  # IPv4 /16, IPv6 /32
    blocks: int  # IPv4 /8, IPv6 /16
    first_at: int  # microseconds UTC
    last_at: int
    sensors: int  # that met it


def breadth(
    store: Store, period: Period, over: Over, *, channel: str | None = None, group: str | None = None, targets: Sequence[bytes] | None = None
) -> list[Breadth]:
    """Rows in no particular order; nothing for `targets` that is empty."""
    if targets is not None and not targets:
        return []
    chosen, parameters = period_filters(period, channel=channel, category=ACCESS, group=group)
    slots = {"key": over, "filters": chosen if targets is None else f"{chosen} targets"}
    rows = store.ask("breadth", {**parameters, "wanted": listed(targets or ()), "most": MOST_PER_SOURCE}, slots)
    return [_row(row, over) for row in rows]


def _row(row: tuple[Any, ...], over: Over) -> Breadth:
    return Breadth(() if over == "whole" else row[:-9], *row[-9:])
