# SPDX-License-Identifier: Apache-2.0
"""Accesses and cumulative sources by two keys, from the rollups: what shares, stacks and months are made of. Both numbers add up.

Costs what the rollups cost, not what the accesses cost, and stays exact when single rows are no longer kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from teiten.model import Period
from teiten.questions.breadth import MOST_PER_SOURCE
from teiten.questions.filters import period_filters
from teiten.questions.interface import By
from teiten.questions.observation import ACCESS
from teiten.questions.spread import listed
from teiten.store.interface import Store


class Tally(msgspec.Struct, frozen=True):
    """`cumulative_sources` (延べ発信元数): distinct (source, day, sensor, target). Cells without an access are absent."""

    key: bytes | str | date
    other: bytes | str | date
    accesses: int
    cumulative_sources: int


def tallies(
    store: Store,
    period: Period,
    by: By,
    other: By,
    *,
    channel: str | None = None,
    group: str | None = None,
    targets: Sequence[bytes] | None = None,
    category: str | None = ACCESS,
) -> list[Tally]:
    """In the order of both keys, which are two of target, day, sensor, channel, region. `targets`: only these; None for all."""
    if targets is not None and not targets:
        return []
    chosen, parameters = _filters(period, channel, group, targets, category)
    slots = {"key": by, "other": other, "sets": "pair", "day": "pair", "filters": chosen}
    return [Tally(*row) for *row, _ in store.ask("tallies", parameters, slots)]


def capped_tallies(
    store: Store, period: Period, by: By, other: By, *, channel: str | None = None, group: str | None = None, targets: Sequence[bytes] | None = None
) -> list[Tally]:
    """The same, so that no single source can drive a number up (P5): each adds at most MOST_PER_SOURCE accesses to a target and day, and
    networks stand for sources. Keys are two of target, day, channel, region. From the pairs, so it costs what single rows cost."""
    if targets is not None and not targets:
        return []
    chosen, parameters = _filters(period, channel, group, targets, ACCESS)
    slots = {"key": by, "other": other, "sets": "pair", "day": "pair", "filters": chosen}
    return [Tally(*row) for *row, _ in store.ask("capped_tallies", {**parameters, "most": MOST_PER_SOURCE}, slots)]


class Breakdowns(msgspec.Struct, frozen=True):
    """One period by target and by region, and by day and region where it was asked for; each in the order of its keys."""

    targets: list[Tally]
    regions: list[Tally]
    days: list[Tally]  # key: day, other: region


def breakdowns(store: Store, period: Period, *, channel: str, group: str | None = None, daily: bool = False, capped: bool = False) -> Breakdowns:
    """The same numbers as `tallies` or `capped_tallies` give, in one question: a report of many accesses reads them once instead of thrice."""
    chosen, parameters = _filters(period, channel, group, None, ACCESS)
    sets = "daily" if daily else "whole"
    slots = {"key": "target", "other": "region", "sets": sets, "day": sets, "filters": chosen}
    name = "capped_tallies" if capped else "tallies"
    rows = store.ask(name, {**parameters, "most": MOST_PER_SOURCE} if capped else parameters, slots)
    targets = [Tally(target, channel, *numbers) for target, _, *numbers, _ in rows if target is not None]
    regions = [Tally(region, channel, *numbers) for target, region, *numbers, day in rows if target is None and day is None]
    days = [Tally(day, region, *numbers) for _, region, *numbers, day in rows if day is not None]
    return Breakdowns(*(sorted(found, key=lambda one: (one.key, one.other)) for found in (targets, regions, days)))


def _filters(
    period: Period, channel: str | None, group: str | None, targets: Sequence[bytes] | None, category: str | None
) -> tuple[str, dict[str, Any]]:
    chosen, parameters = period_filters(period, channel=channel, category=category, group=group)
    return (chosen, parameters) if targets is None else (f"{chosen} targets", {**parameters, "wanted": listed(targets)})
