# SPDX-License-Identifier: Apache-2.0
"""The probe-response attack (Bethencourt 2005; Shinoda 2005) against what we publish, scaled down: somebody marks every address of an Internet,
reads our report, and tells where the sensors are. The same attacker reads an unprotected report first, which shows that he knows his trade.

`python -m tests.torture probing` prints the table; tests/torture/test_probing.py runs a smaller Internet.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, SensorEntry
from teiten.publication.building import Builder, Sources
from teiten.publication.echoes import redactor
from teiten.publication.policies import OPERATOR, PUBLIC, Policy
from teiten.publication.settings import PublicationConfig
from teiten.publication.view import View, encode, target_id
from teiten.store.node import NodeStore

ZONE: Final = ZoneInfo("Asia/Tokyo")
BEGIN: Final = datetime(2026, 8, 1, 0, 0, tzinfo=ZONE)
HOUR: Final = 3_600_000_000
PAST: Final = 14  # days before the attack, to compare with
DAYS: Final = PAST + 30
STEP: Final = 3  # days from a probing of 25 hours to the report that shows it: P2's 24 hours, P4's 24 hours, whole days
PER_ROUND: Final = 64  # markers at once; a list has a hundred rows
BASE: Final = 61 << 24 | 126 << 16


class Outcome(msgspec.Struct):
    """What an attack of DAYS days came to. `found_on` and `alarm_on`: days from its beginning."""

    attack: str
    policy: str
    located: int = 0
    wrong: int = 0
    probes: int = 0
    found_on: int | None = None
    alarm_on: int | None = None


class Internet:
    """`size` addresses, some of which are sensors; ordinary traffic to all of them; and what is published of it."""

    def __init__(self, folder: Path, size: int, sensors: int, policy: Policy, seed: int) -> None:
        self.chance = random.Random(seed)
        self.size, self.policy = size, policy
        self.sensors = sorted(self.chance.sample(range(size), sensors))
        self.store = NodeStore.open(folder, ZONE)
        for number, address in enumerate(self.sensors):
            self.store.register(SensorEntry(f"point-{number:02}", "g", addresses=(address_of(address),)))
        self.day = 0
        self._batches = 0
        self._taken: dict[str, list[Access]] = {}

    def probe(self, addresses: Sequence[int] | range, target: Callable[[int], bytes], channel: str, sources: Iterable[bytes], hours: int = 25) -> int:
        """From each source once to each address, spread over so many hours; returns how many packets that costs. Only sensors hear it."""
        origins, begin = list(sources), to_microseconds(BEGIN + timedelta(days=self.day))
        wanted = addresses if isinstance(addresses, range) else set(addresses)
        for number, address in enumerate(self.sensors):
            if address in wanted:
                for order, source in enumerate(origins):
                    at = begin + hours * HOUR * order // max(1, len(origins) - 1)
                    access = Access(observed_at=at, channel=channel, kind="probe", source=source, target=target(address), handshake=True)
                    self._taken.setdefault(f"point-{number:02}", []).append(access)
        return len(addresses) * len(origins)

    def background(self, days: int) -> None:
        """What everybody gets: known targets from many networks, and a long tail of single ones at single sensors."""
        for day in range(self.day, self.day + days):
            begin = to_microseconds(BEGIN + timedelta(days=day))
            for number in range(len(self.sensors)):
                rows = self._taken.setdefault(f"point-{number:02}", [])
                for channel, target, sources in (("packet", b"445/tcp", 30), ("packet", b"22/tcp", 20), ("web", b"GET /", 15), ("ssh", b"root", 15)):
                    for _ in range(sources + self.chance.randint(-4, 4)):
                        rows.append(_access(self.chance, begin, channel, target))
                rows.append(_access(self.chance, begin, "packet", b"%d/tcp" % self.chance.randint(1024, 65_535)))

    def pass_days(self, days: int) -> None:
        self.background(days)
        self.day += days
        for name, rows in self._taken.items():
            columns = from_accesses(rows)
            columns["region"] = np.full(len(rows), "JP", dtype=object)
            self._batches += 1
            self.store.take(BatchKey(name, "probing", self._batches, bytes(16)), columns, to_microseconds(BEGIN))
        self._taken = {}

    def builder(self) -> Builder:
        return Builder(Sources(self.store, ZONE), self.policy, PublicationConfig(list_rows=1000), b"k" * 32, redactor(self.store.sensors()))

    @property
    def now(self) -> int:
        return to_microseconds(BEGIN + timedelta(days=self.day, hours=6))

    def read(self) -> View:
        return self.builder().view(self.now)

    def alarmed(self) -> bool:
        return bool(self.builder().markers(self.now))


def address_of(index: int) -> str:
    number = BASE + index
    return ".".join(str(part) for part in number.to_bytes(4))


def _access(chance: random.Random, begin: int, channel: str, target: bytes) -> Access:
    source = bytes([chance.randint(1, 220), chance.randint(0, 255), chance.randint(0, 255), 9])
    return Access(observed_at=begin + chance.randint(0, 24 * HOUR - 1), channel=channel, kind="ordinary", source=source, target=target)


def networks(count: int) -> list[bytes]:
    """An attacker with hosts in many networks, all over the address space: enough for every threshold."""
    return [bytes([20 + n * 37 % 180, n * 11 % 256, n % 256, 66]) for n in range(count)]


# -- the attacks; each gives the addresses it takes for sensors


def by_string(net: Internet, outcome: Outcome) -> set[int]:
    """Each address gets a text of its own, from twelve networks over a day, for all that thresholds may ask."""
    outcome.probes += net.probe(range(net.size), lambda a: b"GET /?q=%08x" % (BASE + a), "web", networks(12))
    net.pass_days(STEP)
    told = encode(net.read())
    return {address for address in range(net.size) if b"q=%08x" % (BASE + address) in told}


def by_search(net: Internet, outcome: Outcome) -> set[int]:
    """The same, asked for one by one: the page of a target answers whether it is there."""
    outcome.probes += net.probe(range(net.size), lambda a: b"user%08x" % (BASE + a), "ssh", networks(12))
    net.pass_days(STEP)
    view = net.read()
    return {address for address in range(net.size) if target_id("ssh", b"user%08x" % (BASE + address)) in view.targets}


def by_source(net: Internet, outcome: Outcome) -> set[int]:
    """Each address is probed from a forged source of its own, at a port that is known to everybody and used by nobody."""
    for address in net.sensors:
        net.probe([address], lambda _: b"23/tcp", "packet", [(0x50000000 | address << 8).to_bytes(4)])
    outcome.probes += net.size
    net.pass_days(STEP)
    told = encode(net.read())
    return {address for address in range(net.size) if _network(0x50000000 | address << 8) in told}


def _network(source: int) -> bytes:
    return b'"%d.%d.%d.' % tuple(source.to_bytes(4)[:3])


def by_time(net: Internet, outcome: Outcome) -> set[int]:
    """On each day those addresses whose number has a certain bit are probed at a port that everybody knows and nobody uses; the days of its
    page are read as that bit. First all are probed, so that the port is named. He knows a part of the Internet in which one sensor lies."""
    width = 256
    while not (alone := [sensor for sensor in net.sensors if sum(other // width == sensor // width for other in net.sensors) == 1]):
        width //= 2
    first = alone[0] // width * width
    outcome.probes += net.probe(range(net.size), lambda _: b"23/tcp", "packet", networks(12), hours=20)
    net.pass_days(1)
    days = []
    for bit in range(width.bit_length() - 1):
        days.append((BEGIN + timedelta(days=net.day)).date())
        half = [first + address for address in range(width) if address >> bit & 1]
        outcome.probes += net.probe(half, lambda _: b"23/tcp", "packet", networks(12), hours=20)
        net.pass_days(1)
    net.pass_days(1)
    found = net.read().targets.get(target_id("packet", b"23/tcp"))
    shown = {day.day: day.accesses for day in found.days} if found else {}
    if not any(shown.get(day) for day in days):
        return set()
    return {first + sum(1 << bit for bit, day in enumerate(days) if shown.get(day))}


def by_port(net: Internet, outcome: Outcome) -> set[int]:
    """Group tests: each of 64 sets of addresses has a port of its own, sent from twelve networks. Unprotected one round is enough:
    each address has its own port. Protected, a port shows up when three sensors lie in its set; the sets are halved from there."""
    if not net.policy.closed:
        before = {row.target for row in net.read().lists["packet"]}
        outcome.probes += net.probe(range(net.size), lambda a: b"%d/tcp" % (a % 65_536), "packet", networks(1))
        net.pass_days(STEP)
        named = {row.target for row in net.read().lists["packet"]}
        return {address for address in range(net.size) if f"{address % 65_536}/tcp" in named and address > 1024 and f"{address}/tcp" not in before}
    left, port = list(range(net.size)), 20_000
    while net.day + STEP <= DAYS and len(left) > 3:
        sets = [sorted(net.chance.sample(left, len(left) // 2)) for _ in range(PER_ROUND)]
        for number, chosen in enumerate(sets):
            outcome.probes += net.probe(chosen, lambda _, n=port + number: b"%d/tcp" % n, "packet", networks(12))  # type: ignore[misc]
        outcome.alarm_on = outcome.alarm_on if outcome.alarm_on is not None or not _alarm_after(net, 2) else net.day
        net.pass_days(STEP - 2)
        named = {row.target for row in net.read().lists["packet"]}
        shown = [chosen for number, chosen in enumerate(sets) if f"{port + number}/tcp" in named]
        if not shown:
            break
        left, port = shown[0], port + PER_ROUND
    return set(left) if len(left) <= 3 else set()


def by_volume(net: Internet, outcome: Outcome) -> set[int]:
    """One known port, one set of addresses a day, so much from a hundred networks that the published count has to move; halved each day.

    Unprotected one probe moves an exact count, and 64 ports that nobody uses are as many tests at once.
    """
    if not net.policy.closed:
        return by_port(net, outcome)
    left = list(range(net.size))
    amount = networks(100) * 6
    while net.day + STEP <= DAYS and len(left) > 1:
        half = left[: len(left) // 2]
        outcome.probes += net.probe(half, lambda _: b"22/tcp", "packet", amount, hours=20)
        probed = (BEGIN + timedelta(days=net.day)).date()
        outcome.alarm_on = outcome.alarm_on if outcome.alarm_on is not None or not _alarm_after(net, 1) else net.day
        net.pass_days(STEP - 1)
        days = {day.day: day.accesses or 0 for day in net.read().targets[target_id("packet", b"22/tcp")].days}
        usual = sorted(count for day, count in days.items() if day != probed)
        left = half if days.get(probed, 0) > usual[len(usual) // 2] * 1.3 else left[len(left) // 2 :]
    return set(left) if len(left) == 1 else set()


def _alarm_after(net: Internet, days: int) -> bool:
    net.pass_days(days)
    return net.alarmed()


ATTACKS: Final[dict[str, Callable[[Internet, Outcome], set[int]]]] = {
    "string": by_string,
    "search": by_search,
    "source": by_source,
    "time": by_time,
    "port": by_port,
    "volume": by_volume,
}


def attack(name: str, policy: Policy, size: int, sensors: int, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="teiten-probing-") as folder:
        net = Internet(Path(folder), size, sensors, policy, seed)
        net.pass_days(PAST)
        began = net.day
        outcome = Outcome(name, policy.name)
        try:
            held = ATTACKS[name](net, outcome)
            outcome.located = len(held & set(net.sensors))
            outcome.wrong = len(held - set(net.sensors))
            if outcome.located:
                outcome.found_on = net.day - began
            if outcome.alarm_on is not None:
                outcome.alarm_on -= began
            elif net.alarmed():
                outcome.alarm_on = net.day - began
        finally:
            net.store.close()
    return outcome


def main(size: int = 1 << 16, sensors: int = 16, seed: int = 7) -> int:
    """0 if nobody was located by string, search, source or time, and port and volume cost a hundred times as much and raised an alarm first."""
    print(f"probe-response: {size:,} addresses, {sensors} sensors, {DAYS - PAST} days, seed {seed}")
    print(
        f"{'marker':<8}{'policy':<10}{'located':>8}{'wrong':>7}{'probes':>14}{'per address':>12}{'factor':>8}{'found on day':>14}{'alarm on day':>14}"
    )
    failed = 0
    for name in ATTACKS:
        bare = attack(name, OPERATOR, size, sensors, seed)
        guarded = attack(name, PUBLIC, size, sensors, seed)
        for one in (bare, guarded):
            factor = f"{one.probes / bare.probes:,.0f}x"
            days = (str(day) if day is not None else "-" for day in (one.found_on, one.alarm_on))
            told = [f"{one.located:>8}{one.wrong:>7}{one.probes:>14,}{one.probes / size:>12,.1f}{factor:>8}", *(f"{day:>14}" for day in days)]
            print(f"{name:<8}{one.policy:<10}{''.join(told)}", flush=True)
        failed += guarded.located > 0 or bare.located == 0
        if name in ("port", "volume"):
            failed += guarded.probes < 100 * bare.probes or guarded.alarm_on is None
    return 1 if failed else 0
