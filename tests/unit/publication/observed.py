# SPDX-License-Identifier: Apache-2.0
"""A small store for publication: five sensors, eleven days, whatever targets a test names, each as widely seen as it says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, SensorEntry
from teiten.publication.building import Builder, Sources
from teiten.publication.echoes import redactor
from teiten.publication.policies import POLICIES, Policy
from teiten.publication.settings import PublicationConfig
from teiten.store.node import NodeStore

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = to_microseconds(datetime(2026, 8, 22, 6, 0, tzinfo=TOKYO))  # public window: 2026-08-10 → 2026-08-20
AS_OF = date(2026, 8, 21)
HOUR = 3_600_000_000
SENSORS = [SensorEntry(f"point-{n}", "g", addresses=(f"61.126.{n}.106", f"2001:db8:{n}::5")) for n in range(1, 6)]


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """`sources` different ones at `sensors` sensors over `hours`, `accesses` each."""

    target: bytes
    channel: str = "web"
    sources: int = 30
    sensors: int = 4
    accesses: int = 1
    hours: int = 200
    spread: int = 7  # step between first octets; 0: all in one /8
    ends_at: datetime = datetime(2026, 8, 20, 12, 0, tzinfo=TOKYO)


def rows(met: Met) -> dict[str, list[Access]]:
    found: dict[str, list[Access]] = {}
    end = to_microseconds(met.ends_at)
    for number in range(met.sources):
        at = end - met.hours * HOUR + (met.hours * HOUR * number) // max(1, met.sources - 1)
        source = bytes([20 + number * met.spread % 150, number % 256, 1, 9])
        access = Access(observed_at=at, channel=met.channel, kind="request", source=source, target=met.target, times=met.accesses)
        found.setdefault(SENSORS[number % met.sensors].name, []).append(access)
    return found


def store_of(folder: Path, met: Iterable[Met]) -> NodeStore:
    store = NodeStore.open(folder / "store", TOKYO)
    for sensor in SENSORS:
        store.register(sensor)
        store.cover(sensor.name, "web", date(2026, 8, 1), date(2026, 8, 21))
    for number, one in enumerate(met):
        for name, accesses in rows(one).items():
            columns = from_accesses(accesses)
            columns["region"] = columns["target"].copy()
            columns["region"][:] = "JP"
            store.take(BatchKey(name, f"e{number}", 0, bytes(16)), columns, NOW)
    return store


def builder(store: NodeStore, policy: Policy | str = "public", settings: PublicationConfig | None = None, key: bytes = b"k" * 32) -> Builder:
    chosen = POLICIES[policy] if isinstance(policy, str) else policy
    return Builder(Sources(store, TOKYO), chosen, settings or PublicationConfig(), key, redactor(store.sensors()))
