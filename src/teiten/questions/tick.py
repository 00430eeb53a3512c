# SPDX-License-Identifier: Apache-2.0
"""What is known at one moment, for the detectors: new networks by target, sensor and hour, targets never met before, the last 24 hours.

Recomputable for any past moment: only accesses before it are looked at. Broad sources are left out as in `spread`, on the day after too,
so that a survey that goes on past midnight stays one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from teiten.clock import MICROSECONDS, day_of
from teiten.model import Period
from teiten.questions.filters import period_filters
from teiten.questions.observation import ACCESS
from teiten.questions.spread import BROAD, NEVER_BROAD, listed
from teiten.store.interface import Store

HOUR_US: Final = 3600 * MICROSECONDS
_NEAR_DAYS: Final = 10  # in which nearly all targets were met before
MEMORY_HOURS: Final = 168  # how long a network is remembered by a target


class Tick(msgspec.Struct, frozen=True):
    """A moment and what it is asked of. `at`: microseconds UTC, excluded itself; best a full hour."""

    at: int
    zone: ZoneInfo
    channel: str
    group: str | None = None

    def since(self, hours: int) -> int:
        return self.at - hours * HOUR_US

    def period(self, hours: int) -> Period:
        return back(self.at, self.zone, hours)


def back(at: int, zone: ZoneInfo, hours: int) -> Period:
    """The days that the last hours before `at` touch."""
    return Period(day_of(at - hours * HOUR_US, zone), day_of(at - 1, zone) + timedelta(days=1))


class NewNetworks(msgspec.Struct, frozen=True, gc=False):
    """`age_hours`: 0 for the last hour before the tick."""

    target: bytes
    sensor: str
    age_hours: int
    networks: int


class Enough(msgspec.Struct, frozen=True):
    """What a target must have to be told of: new networks in the recent hours, at so many sensors in the near ones."""

    networks: int
    recent_hours: int
    sensors: int
    near_hours: int


class Newcomer(msgspec.Struct, frozen=True):
    target: bytes
    first_at: int
    networks: int  # clean ones since
    sensors: int


class RecentSpread(msgspec.Struct, frozen=True):
    """Accesses are those of all pairs that the hours touch; the rest is exact. Clean: networks, most_networks (at one sensor), sensors."""

    target: bytes
    accesses: int
    most_accesses: int  # of one source
    sources: int
    broad_sources: int
    networks: int
    most_networks: int
    sensors: int


class Met(msgspec.Struct, frozen=True):
    target: bytes
    network: bytes  # its prefix: 3 bytes (IPv4 /24) or 6 (IPv6 /48)
    sensor: str
    first_at: int


def new_networks(store: Store, tick: Tick, hours: int, enough: Enough) -> list[NewNetworks]:
    """Told for the last `hours`, of targets with enough of them. In the last day by the hour, before by spans of 24 hours, under their first."""
    limits = {
        "since_at": tick.since(hours),
        "recent_at": tick.since(enough.recent_hours),
        "near_at": tick.since(enough.near_hours),
        "least": enough.networks,
        "sensors": enough.sensors,
        "memory": MEMORY_HOURS * HOUR_US,
    }
    rows = _ask(store, "new_networks", tick, hours + MEMORY_HOURS, limits)
    last_at = tick.at - 1
    return [NewNetworks(target, sensor, (last_at - first_at) // HOUR_US, networks) for target, sensor, first_at, networks in rows]


def newcomers(store: Store, at: int, zone: ZoneInfo, hours: int, silent_days: int) -> dict[tuple[str, str], list[Newcomer]]:
    """By group and channel: targets whose first clean access lies in the last `hours`, and before which there was none for `silent_days`.

    All groups and channels in one question: it reads a quarter of a year, and opening the days costs more than what is in them.
    """
    recent = back(at, zone, hours)
    chosen, parameters = period_filters(back(at, zone, hours + silent_days * 24), category=ACCESS)
    limits = {"since_at": at - hours * HOUR_US, "recent_on": recent.from_on, "near_on": recent.from_on - timedelta(days=_NEAR_DAYS), "to_at": at}
    broad = {f"broad_{channel}": targets for channel, targets in BROAD.items()}
    found: dict[tuple[str, str], list[Newcomer]] = {}
    for group, channel, *row in store.ask("newcomers", {**parameters, **limits, **broad}, {"filters": chosen}):
        found.setdefault((group, channel), []).append(Newcomer(*row))
    return found


def recent_spread(store: Store, tick: Tick, hours: int, least: int) -> list[RecentSpread]:
    return [RecentSpread(*row) for row in _ask(store, "recent_spread", tick, hours, {"since_at": tick.since(hours), "least": least})]


def networks_met(store: Store, tick: Tick, hours: int, targets: Sequence[bytes]) -> list[Met]:
    """Every network that met one of the targets in the last hours, by sensor."""
    if not targets:
        return []
    chosen, parameters = period_filters(tick.period(hours), channel=tick.channel, category=ACCESS, group=tick.group)
    limits = {"wanted": listed(targets), "since_at": tick.since(hours), "to_at": tick.at}
    rows = store.ask("target_networks", {**parameters, **limits}, {"filters": chosen})
    return [Met(target, bytes.fromhex(network), sensor, first_at) for target, network, sensor, first_at in rows]


def observed_intervals(store: Store, tick: Tick, hours: int) -> tuple[list[tuple[str, int, int]], list[tuple[str, date]]]:
    """When sensors were observing (name, from, to; may overlap), and the sensor-days without any such interval but with rows."""
    chosen, parameters = period_filters(tick.period(hours), channel=tick.channel, group=tick.group)
    told = store.ask("intervals", parameters, {"filters": chosen})
    covered = {(sensor, day) for day, sensor, _, _ in told}
    present = store.ask("present", parameters, {"filters": chosen})
    return [(sensor, low, high) for _, sensor, low, high in told], [(sensor, day) for sensor, day in present if (sensor, day) not in covered]


def _ask(store: Store, query: str, tick: Tick, hours: int, limits: dict[str, Any]) -> list[tuple[Any, ...]]:
    period = tick.period(hours)
    chosen, parameters = period_filters(period, channel=tick.channel, category=ACCESS, group=tick.group)
    everywhere, _ = period_filters(period, channel=tick.channel, category=ACCESS)
    bounds = {**parameters, **limits, "to_at": tick.at, "broad": BROAD.get(tick.channel, NEVER_BROAD)}
    return store.ask(query, bounds, {"filters": chosen, "everywhere": everywhere})
