# SPDX-License-Identifier: Apache-2.0
"""Clean networks per target and day (A-01, A-03): networks not addresses, broad sources left out, days of the zone, groups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, Period, SensorEntry
from teiten.questions.spread import daily_spread
from teiten.store.node import NodeStore

NOON = to_microseconds(datetime(2026, 8, 1, 3, tzinfo=UTC))  # 12:00 in Tokyo
DAY = 86_400_000_000
PERIOD = Period(date(2026, 8, 1), date(2026, 8, 3))


def access(source: str | bytes, target: bytes, at: int = NOON, channel: str = "packet") -> Access:
    packed = source if isinstance(source, bytes) else bytes(int(part) for part in source.split("."))
    return Access(observed_at=at, channel=channel, kind="syn", source=packed, target=target)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NodeStore]:
    opened = NodeStore.open(tmp_path, ZoneInfo("Asia/Tokyo"))
    opened.register(SensorEntry("one", "east"))
    yield opened
    opened.close()


def take(store: NodeStore, sensor: str, *accesses: Access) -> None:
    store.take(BatchKey(sensor, "e", len(store.batches(sensor, "e")), bytes(16)), from_accesses(accesses), NOON)


def test_networks_not_addresses(store: NodeStore) -> None:
    six = bytes.fromhex("20010db80001") + bytes(10)
    take(store, "one", access("10.0.0.1", b"a"), access("10.0.0.200", b"a"), access("10.0.1.1", b"a"), access(six, b"a"))
    take(store, "two", access(six[:15] + b"\x01", b"a"), access("10.0.0.1", b"b", NOON + DAY))
    for _ in range(2):
        assert daily_spread(store, PERIOD, "packet") == {b"a": {date(2026, 8, 1): 3}, b"b": {date(2026, 8, 2): 1}}
        assert daily_spread(store, PERIOD, "packet", "local") == {b"a": {date(2026, 8, 1): 1}, b"b": {date(2026, 8, 2): 1}}
        assert daily_spread(store, PERIOD, "packet", None, [b"b", b"c"]) == {b"b": {date(2026, 8, 2): 1}}
        assert daily_spread(store, PERIOD, "packet", None, []) == {}
        assert daily_spread(store, PERIOD, "web") == {}
        store.seal(date(2026, 9, 1))


def test_broad_sources_are_left_out_on_their_day_only(store: NodeStore) -> None:
    """Twenty ports on one day, wherever: broad, also for a question about one group and one target. Nineteen: not."""
    take(store, "one", access("10.0.0.1", b"0/tcp"), *[access("10.9.0.1", b"%d/tcp" % port) for port in range(19)])
    take(store, "two", *[access("10.0.0.1", b"%d/tcp" % port) for port in range(1, 20)], access("10.0.0.1", b"0/tcp", NOON + DAY))
    assert daily_spread(store, PERIOD, "packet", "east", [b"0/tcp"]) == {b"0/tcp": {date(2026, 8, 1): 1}}
    assert daily_spread(store, PERIOD, "packet", "local", [b"0/tcp"]) == {b"0/tcp": {date(2026, 8, 2): 1}}


def test_a_dictionary_of_accounts_is_not_broad(store: NodeStore) -> None:
    take(store, "one", *[access("10.0.0.1", b"name%d" % n, channel="ssh") for n in range(200)])
    assert len(daily_spread(store, PERIOD, "ssh")) == 200
    take(store, "one", *[access("10.0.0.1", b"GET /%d" % n, channel="web") for n in range(49)])
    assert len(daily_spread(store, PERIOD, "web")) == 49


def test_a_target_is_not_another_that_contains_it(store: NodeStore) -> None:
    take(store, "one", access("10.0.0.1", b"\x12"), access("10.0.0.1", b"\x11\x22"))
    assert set(daily_spread(store, PERIOD, "packet", None, [b"\x11\x22"])) == {b"\x11\x22"}
