# SPDX-License-Identifier: Apache-2.0
"""World synthetic: as many rows, days, sensors, targets and sources as a bench asks for, streamed day by day in bounded memory.

Targets and sources are heavy-tailed, four channels take part. It imitates the shape of real data, not its meaning: no finding is hidden in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teiten.model import BatchKey, Period, SensorEntry
from teiten.worlds.dice import Dice, Integers, apportion
from teiten.worlds.interface import Coverage, WorldBatch
from teiten.worlds.mustan import CHANNELS
from teiten.worlds.regions import draw_addresses
from teiten.worlds.rows import Kind, Rows, columns_of, day_number, hash_of, instants, objects, packed, port_kind, tables

_PASSWORDS: Final = tuple(f"password{number}".encode() for number in range(500))
_CLIENTS: Final = tuple(f"client/{number}".encode() for number in range(200))


class Synthetic:
    """Every day of every sensor has rows, so `rows` must be at least days x sensors; `sources` 0 means one for each twenty rows, 1 M at most."""

    name = "synthetic"
    zone = "Asia/Tokyo"

    def __init__(
        self,
        seed: int = 1,
        rows: int = 200_000,
        days: int = 30,
        sensors: int = 10,
        targets: int = 20_000,
        sources: int = 0,
        first_on: date = date(2026, 1, 1),
    ) -> None:
        if not (days > 0 and sensors > 0 and targets >= len(CHANNELS) and rows >= days * sensors):
            raise ValueError("a synthetic world needs days, sensors, four targets, and a row for each sensor and day")
        self.seed, self.rows, self.days, self.targets, self.first_on = seed, rows, days, targets, first_on
        self.names = [f"synthetic-{number:03}" for number in range(1, sensors + 1)]
        self.sources = sources or max(1, min(rows // 20, 1_000_000))

    def sensors(self) -> list[SensorEntry]:
        return [SensorEntry(name, "synthetic", demo=True) for name in self.names]

    def period(self, ends_on: date | None = None) -> Period:
        first = self.first_on if ends_on is None else ends_on - timedelta(days=self.days - 1)
        return Period(first, first + timedelta(days=self.days))

    def coverage(self, ends_on: date | None = None) -> list[Coverage]:
        days = self.period(ends_on).dates()
        return [Coverage(name, channel, days[0], days[-1]) for name in self.names for channel in CHANNELS]

    def batches(self, ends_on: date | None = None) -> Iterator[WorldBatch]:
        """One for each day and sensor, day by day; `seq` is the day's number, so that the hash needs no other state."""
        known = tables(_kinds(self.targets), _PASSWORDS, _CLIENTS)
        dice = Dice(self.seed, "synthetic")
        addresses = draw_addresses(dice, np.zeros(self.sources, dtype=np.int64), ("usual",))
        knocking = objects(packed(addresses))
        first = self.period(ends_on).from_on
        shape = f"{self.rows}-{self.days}-{len(self.names)}-{self.targets}-{self.sources}"
        epoch = f"world-synthetic-{self.seed}-{shape}-{day_number(first)}"
        for seq, counts in enumerate(apportion(self.rows, np.ones((self.days, len(self.names))))):
            for sensor, count in zip(self.names, counts, strict=True):
                rows, places = self._draw(Dice(self.seed, f"synthetic/{shape}/{sensor}/{seq}"), int(count), day_number(first) + seq, addresses)
                key = BatchKey(sensor=sensor, epoch=epoch, seq=seq, content_hash=hash_of(rows, known))
                yield WorldBatch(key, columns_of(rows, known, knocking[places]))

    def _draw(self, dice: Dice, count: int, day: int, addresses: NDArray[np.uint32]) -> tuple[Rows, Integers]:
        luck = dice.uniform(count)
        kind = (self.targets * luck * luck * luck).astype(np.int64)
        luck = dice.uniform(count)
        # who knocks today: a third of the list, sliding on by the day; the first of it knock most
        places = ((luck * luck * max(self.sources // 3, 1)).astype(np.int64) + day * 1009) % self.sources
        observed_at = np.sort(instants(dice, np.full(count, day, dtype=np.int64)))
        channel = kind % len(CHANNELS)
        credential = np.where(channel == CHANNELS.index("ssh"), kind % len(_PASSWORDS), -1)
        client = np.where(channel == CHANNELS.index("packet"), -1, places % len(_CLIENTS))
        return Rows(observed_at, addresses[places], 1024 + dice.below(64_000, count), kind, credential, client), places


def _kinds(count: int) -> list[Kind]:
    """Target number n belongs to channel n modulo four, so that each channel has the same heavy tail."""
    return [_KIND_OF[number % len(CHANNELS)](number) for number in range(count)]


def _packet(number: int) -> Kind:
    return port_kind(f"{1 + number % 65_535}/{'udp' if number % 3 == 0 else 'tcp'}")


def _web(number: int) -> Kind:
    target = f"GET /path/{number}".encode()
    return Kind(target, "web", "request", destination_port=80, request=target + b" HTTP/1.1", size=0, handshake=True)


def _ssh(number: int) -> Kind:
    target = f"account{number}".encode()
    return Kind(target, "ssh", "password", destination_port=22, account=target, handshake=True)


def _mail(number: int) -> Kind:
    target = f"subject {number}".encode()
    return Kind(target, "mail", "mail", destination_port=25, request=target, recipients=b"someone@example.org", size=900, handshake=True)


_KIND_OF: Final = (_packet, _web, _ssh, _mail)
