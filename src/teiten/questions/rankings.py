# SPDX-License-Identifier: Apache-2.0
"""Lists of the most: competition ranks, shares with the rest beside them, tables by two keys, targets never seen before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from teiten.model import Period
from teiten.questions.counts import count
from teiten.questions.filters import filters, period_filters
from teiten.questions.interface import By, Count, CountQuestion, Order
from teiten.questions.observation import ACCESS
from teiten.questions.spread import listed
from teiten.store.interface import Store


class Ranked(msgspec.Struct, frozen=True):
    rank: int  # 1, 2, 3, 3, 3, 6
    key: bytes | str | date | None
    accesses: int
    sources: int
    sensors: int


class Cell(msgspec.Struct, frozen=True):
    """One cell of a table by two keys; cells without an access are absent."""

    key: bytes | str | date
    other: bytes | str | date
    accesses: int
    sources: int
    sensors: int


class FirstSeen(msgspec.Struct, frozen=True):
    channel: str
    target: bytes
    first_on: date
    last_on: date  # up to the end of the asked period
    accesses: int


def ranking(
    store: Store,
    period: Period,
    *,
    zone: ZoneInfo,
    by: By = "target",
    channel: str | None = None,
    group: str | None = None,
    top: int | None = None,
    order: Order = "accesses",
    category: str | None = ACCESS,
) -> list[Ranked]:
    """The first `top` with competition ranks (seed M-11); ties are in the order of their keys."""
    question = CountQuestion(by=by, channel=channel, group=group, from_on=period.from_on, to_on=period.to_on, category=category, top=top, order=order)
    return ranked(count(store, question, zone), order)


def ranked(counts: list[Count], order: Order = "accesses") -> list[Ranked]:
    """Ranks for counts that are already in descending order."""
    found: list[Ranked] = []
    for place, row in enumerate(counts, 1):
        tied = found and getattr(found[-1], order) == getattr(row, order)
        found.append(Ranked(found[-1].rank if tied else place, row.key, row.accesses, row.sources, row.sensors))
    return found


def cross(
    store: Store,
    period: Period,
    by: By,
    other: By,
    *,
    channel: str | None = None,
    group: str | None = None,
    sensor: str | None = None,
    target: bytes | None = None,
    category: str | None = ACCESS,
) -> list[Cell]:
    """Counts by two keys (neither `hour` nor `network`), in the order of both keys, for example day and region."""
    chosen, parameters = period_filters(period, channel=channel, category=category, sensor=sensor, group=group, target=target)
    return [Cell(*row) for row in store.ask("cross", parameters, {"key": by, "other": other, "filters": chosen})]


def cumulative_sources(
    store: Store,
    period: Period,
    by: By,
    *,
    channel: str | None = None,
    group: str | None = None,
    category: str | None = ACCESS,
) -> dict[bytes | str | date, int]:
    """延べ発信元数: distinct (source, day, sensor, target) by a key (neither `hour` nor `network`), largest first. Shares of sources use it."""
    chosen, parameters = period_filters(period, channel=channel, category=category, group=group)
    return dict(store.ask("cumulative", parameters, {"key": by, "filters": chosen}))


def first_seen(
    store: Store,
    period: Period,
    *,
    channel: str | None = None,
    group: str | None = None,
    targets: Sequence[bytes] | None = None,
    category: str | None = ACCESS,
) -> list[FirstSeen]:
    """Targets whose first access ever lies in the period, by day, channel and target. Use `period.from_on = date.min` for all that are known.

    `targets` None: all of them.
    """
    if targets is not None and not targets:
        return []
    chosen, parameters = filters(to=period.to_on, channel=channel, category=category, group=group)
    slots = {"filters": chosen if targets is None else f"{chosen} targets"}
    return [FirstSeen(*row) for row in store.ask("first_seen", {**parameters, "since": period.from_on, "wanted": listed(targets or ())}, slots)]


def totals(store: Store, period: Period, *, zone: ZoneInfo, group: str | None = None, category: str | None = ACCESS) -> dict[str | None, Count]:
    """One count for each channel and, under None, one for everything: sources of channels overlap, so they are not its sum."""
    question = CountQuestion(group=group, from_on=period.from_on, to_on=period.to_on, category=category)
    channels = count(store, msgspec.structs.replace(question, by="channel"), zone)
    return {None: count(store, question, zone)[0], **{str(row.key): row for row in channels}}
