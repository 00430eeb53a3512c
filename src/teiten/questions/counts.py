# SPDX-License-Identifier: Apache-2.0
"""Accesses, distinct sources and sensors over a period, by something. Distinct numbers are always counted, never added up."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from teiten.clock import MICROSECONDS, to_datetime, to_microseconds
from teiten.errors import TeitenError
from teiten.model import Period
from teiten.questions.filters import open_period, period_filters
from teiten.questions.interface import Count, CountQuestion
from teiten.store.days import start_of, stretches
from teiten.store.interface import Store


class Network(msgspec.Struct, frozen=True):
    """A network (IPv4 /24, IPv6 /48) and where it is registered."""

    network: str
    region: str  # "unknown" when it isn't known
    accesses: int
    sources: int


# Microseconds from 0001-01-01 to 1970-01-01, a whole number of hours.
_YEAR_ONE_US: Final = -to_microseconds(datetime(1, 1, 1, tzinfo=UTC))


def count(store: Store, question: CountQuestion, zone: ZoneInfo) -> list[Count]:
    """The rows of the answer, ordered as the question says; without `by` exactly one row.

    Hours need single rows: raises TeitenError when these are no longer kept for all days of the period.
    """
    chosen, parameters = open_period(
        question.from_on,
        question.to_on,
        channel=question.channel,
        category=question.category,
        sensor=question.sensor,
        group=question.group,
        target=question.target,
        source=question.source,
    )
    if question.by is None:
        return [Count(None, *store.ask("total", parameters, {"filters": chosen})[0])]
    if question.by == "hour":
        return _cut(_hours(store, question, chosen, parameters, zone), question.top)
    if question.by == "network":
        return _cut(_networks(store, question, chosen, parameters), question.top)
    if question.by == "target" and question.top is not None and question.order == "accesses" and question.source is None:
        return [Count(*row) for row in store.ask("leaders", {**parameters, "top": question.top}, {"filters": chosen})]
    order = "key" if question.by == "day" else question.order
    slots = {"key": question.by, "filters": chosen, "order": order, "limit": "none" if question.top is None else "top"}
    return [Count(*row) for row in store.ask("counts", {**parameters, "top": question.top}, slots)]


def _cut(counts: list[Count], top: int | None) -> list[Count]:
    return counts if top is None else counts[:top]


def networks(store: Store, period: Period, *, channel: str | None = None, group: str | None = None, top: int) -> list[Network]:
    """The `top` with most sources, largest first."""
    chosen, parameters = period_filters(period, channel=channel, category="access", group=group)
    rows = store.ask("networks", {**parameters, "top": top}, {"filters": chosen, "order": "sources", "limit": "top"})
    found = [Network(_network(prefix), region, accesses, sources) for prefix, accesses, sources, _, region in rows]
    return sorted(found, key=lambda row: (-row.sources, -row.accesses, row.network))[:top]


def _networks(store: Store, question: CountQuestion, chosen: str, parameters: Mapping[str, Any]) -> list[Count]:
    slots = {"filters": chosen, "order": question.order, "limit": "none" if question.top is None else "top"}
    rows = store.ask("networks", {**parameters, "top": question.top}, slots)
    found = [Count(_network(prefix), *numbers) for prefix, *numbers, _ in rows]
    return sorted(found, key=lambda row: (-(row.accesses if question.order == "accesses" else row.sources), str(row.key)))


def _network(prefix: str) -> str:
    """Text of a network from the hexadecimal digits of its prefix: 6 for IPv4 /24, 12 for IPv6 /48."""
    packed = bytes.fromhex(prefix)
    return f"{ipaddress.IPv4Address(packed + bytes(1))}/24" if len(packed) == 3 else f"{ipaddress.IPv6Address(packed + bytes(10))}/48"


def _hours(store: Store, question: CountQuestion, chosen: str, parameters: Mapping[str, Any], zone: ZoneInfo) -> list[Count]:
    bounds = _bounds(store, question)
    if bounds is None:
        return []
    from_on, to_on = bounds
    _require_rows(store, from_on, to_on)
    first, end = start_of(from_on, zone), start_of(to_on, zone)
    held = stretches(first, end, zone)
    ends = [stretch.from_at for stretch in held[1:]] + [end]
    found: list[Count] = []
    for (from_at, offset), to_at in zip(held, ends, strict=True):
        limits = {**parameters, "from_on": from_on, "to_on": to_on, "from_at": from_at, "to_at": to_at, "shift": offset + _YEAR_ONE_US}
        rows = store.ask("hours", limits, {"filters": chosen})
        found += [Count(_hour(local, offset), *numbers) for local, *numbers in rows]
    return found


def _hour(local: int, offset: int) -> datetime:
    """The start of a local hour as an aware time. It carries its offset, since one wall time exists twice when clocks go back."""
    return to_datetime(local - _YEAR_ONE_US - offset).astimezone(timezone(timedelta(seconds=offset // MICROSECONDS)))


def _bounds(store: Store, question: CountQuestion) -> tuple[date, date] | None:
    """The part of the asked period between the first and the last day that have, or had, rows."""
    days = sorted({*store.days(), *store.rows_incomplete()})
    if not days:
        return None
    from_on = max(days[0], question.from_on or days[0])
    to_on = min(days[-1] + timedelta(days=1), question.to_on or date.max)
    return (from_on, to_on) if from_on < to_on else None


def _require_rows(store: Store, from_on: date, to_on: date) -> None:
    missing = sorted(day for day in store.rows_incomplete() if from_on <= day < to_on)
    if missing:
        raise TeitenError(
            f"single rows of {len(missing)} days in the period (first {missing[0]}) are no longer kept",
            "Ask by day instead, or for a later period; counts by day stay exact.",
        )
