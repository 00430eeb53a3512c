# SPDX-License-Identifier: Apache-2.0
"""What is known at a moment: exact against a recount in plain Python; only of before the moment; the same after sealing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, SensorEntry
from teiten.questions.tick import HOUR_US, Enough, Met, Newcomer, Tick, networks_met, new_networks, newcomers, observed_intervals, recent_spread
from teiten.store.node import NodeStore

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = to_microseconds(datetime(2026, 8, 20, 3, tzinfo=UTC))  # 12:00 in Tokyo
DAY = 24 * HOUR_US
ANY = Enough(1, 24 * 14, 1, 24 * 14)


def access(source: str, target: bytes = b"1/tcp", at: int = NOON - 1) -> Access:
    return Access(observed_at=at, channel="packet", kind="syn", source=bytes(int(part) for part in source.split(".")), target=target)


def take(store: NodeStore, sensor: str, *accesses: Access) -> None:
    store.take(BatchKey(sensor, "e", len(store.batches(sensor, "e")), bytes(16)), from_accesses(accesses), NOON)


def tick(at: int = NOON, group: str | None = None) -> Tick:
    return Tick(at, TOKYO, "packet", group)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NodeStore]:
    opened = NodeStore.open(tmp_path, TOKYO)
    opened.register(SensorEntry("one", "east"))
    yield opened
    opened.close()


def told(store: NodeStore, when: Tick, hours: int = 24 * 10, enough: Enough = ANY) -> list[tuple[bytes, str, int, int]]:
    return [(row.target, row.sensor, row.age_hours, row.networks) for row in new_networks(store, when, hours, enough)]


def test_a_network_is_new_once_in_seven_days(store: NodeStore) -> None:
    take(store, "one", access("10.0.0.1", at=NOON - 5 * DAY), access("10.0.0.9", at=NOON - 1), access("10.0.9.1", at=NOON - 9 * DAY))
    take(store, "two", access("10.0.0.2", at=NOON - 5 * DAY - 7), access("10.0.9.9", at=NOON - HOUR_US - 1))
    for _ in range(2):
        assert told(store, tick()) == [(b"1/tcp", "one", 215, 1), (b"1/tcp", "two", 120, 1), (b"1/tcp", "two", 1, 1)]
        assert told(store, tick(group="east")) == [(b"1/tcp", "one", 215, 1), (b"1/tcp", "one", 119, 1)]
        store.seal(date(2026, 9, 1))


def test_only_what_was_before_the_moment(store: NodeStore) -> None:
    take(store, "one", access("10.0.0.1", at=NOON), access("10.0.1.1", at=NOON - 1))
    assert told(store, tick()) == [(b"1/tcp", "one", 0, 1)]
    assert told(store, tick(NOON - 1)) == []
    assert [row.networks for row in recent_spread(store, tick(), 24, 1)] == [1]


def test_enough(store: NodeStore) -> None:
    take(store, "one", *[access(f"10.0.{n}.1") for n in range(3)], access("10.9.0.1", b"2/tcp"))
    take(store, "two", access("10.0.200.1", at=NOON - 4 * DAY))
    assert {row[0] for row in told(store, tick(), enough=Enough(2, 240, 1, 72))} == {b"1/tcp"}
    assert told(store, tick(), enough=Enough(2, 240, 2, 72)) == []
    assert len(told(store, tick(), enough=Enough(4, 240, 2, 240))) == 2


def test_a_survey_stays_one_past_midnight(store: NodeStore) -> None:
    """Twenty ports on one day; on the next day only one so far: still left out, and again in on the third day."""
    take(store, "one", *[access("10.0.0.1", b"%d/tcp" % port, NOON - DAY) for port in range(20)])
    take(store, "two", access("10.0.0.1", b"99/tcp", NOON - 1), access("10.0.0.1", b"98/tcp", NOON + DAY))
    assert told(store, tick()) == []
    assert told(store, tick(NOON + DAY + 1)) == [(b"98/tcp", "two", 0, 1)]
    spread = {row.target: row for row in recent_spread(store, tick(), 12, 1)}
    assert spread[b"99/tcp"].sources == 1


def test_newcomers(store: NodeStore) -> None:
    """A survey of earlier days doesn't make a target known; a clean access 80 days ago does, one of 100 days ago doesn't."""
    take(store, "one", *[access("10.5.0.1", b"%d/tcp" % port, NOON - 30 * DAY) for port in range(30)])
    take(store, "one", access("10.0.0.1", b"200/tcp", NOON - 80 * DAY), access("10.0.0.1", b"300/tcp", NOON - 100 * DAY))
    take(store, "one", *[access("10.0.1.1", target, NOON - DAY) for target in (b"5/tcp", b"200/tcp", b"300/tcp")])
    take(store, "three", access("10.0.2.1", b"5/tcp", NOON - HOUR_US), access("10.0.3.1", b"6/tcp", NOON))
    store.register(SensorEntry("three", "east"))
    take(
        store,
        "west",
        access("10.0.0.1", b"300/tcp", NOON - 40 * DAY),
        access("10.0.4.1", b"300/tcp", NOON - 2),
        access("10.0.4.1", b"5/tcp", NOON - 2),
    )
    found = newcomers(store, NOON, TOKYO, 72, 90)
    assert found == {
        ("east", "packet"): [Newcomer(b"300/tcp", NOON - DAY, 1, 1), Newcomer(b"5/tcp", NOON - DAY, 2, 2)],
        ("local", "packet"): [Newcomer(b"5/tcp", NOON - 2, 1, 1)],
    }


def test_recent_spread_tells_a_flood_a_survey_and_a_crowd(store: NodeStore) -> None:
    take(store, "one", *[access("10.0.0.1", b"1/tcp", NOON - 9) for _ in range(50)], access("10.0.1.1", b"1/tcp"))
    take(store, "one", *[access("10.7.0.1", b"%d/tcp" % port) for port in range(100, 120)], *[access(f"10.1.{n}.1", b"2/tcp") for n in range(12)])
    take(store, "two", access("10.1.0.1", b"2/tcp"))
    found = {row.target: row for row in recent_spread(store, tick(), 24, 2)}
    assert set(found) == {b"1/tcp", b"2/tcp"}
    one, two = found[b"1/tcp"], found[b"2/tcp"]
    assert (one.accesses, one.most_accesses, one.sources, one.networks) == (51, 50, 2, 2)
    assert (two.networks, two.most_networks, two.sensors, two.broad_sources) == (12, 12, 2, 0)
    surveyed = {row.target: row for row in recent_spread(store, tick(), 24, 1)}[b"100/tcp"]
    assert (surveyed.sources, surveyed.broad_sources, surveyed.networks, surveyed.sensors) == (1, 1, 0, 0)


def test_networks_met(store: NodeStore) -> None:
    take(store, "one", access("10.0.0.1", at=NOON - 2 * DAY), access("10.0.1.1", at=NOON - 1), access("10.0.2.1", b"2/tcp"))
    assert networks_met(store, tick(), 24, [b"1/tcp"]) == [Met(b"1/tcp", bytes([10, 0, 1]), "one", NOON - 1)]
    assert networks_met(store, tick(), 24, []) == []


def test_observed_intervals(store: NodeStore) -> None:
    take(store, "one", access("10.0.0.1"))
    store.cover("two", "packet", date(2026, 8, 19), date(2026, 8, 20))
    intervals, days = observed_intervals(store, tick(), 24)
    assert [(sensor, (high - low) // HOUR_US) for sensor, low, high in intervals] == [("two", 24), ("two", 24)]
    assert days == [("one", date(2026, 8, 20))]


MEETINGS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", "c"]), st.integers(0, 5), st.integers(1, 20 * 24)), min_size=1, max_size=60
)


@settings(max_examples=25, deadline=None)
@given(MEETINGS)
def test_new_networks_are_what_a_plain_recount_says(meetings: list[tuple[int, str, int, int]]) -> None:
    """Exactness over random meetings (target, sensor, network, hours ago); none is broad, pairs are of days."""
    with TemporaryDirectory() as folder:
        store = NodeStore.open(Path(folder), TOKYO, threads=1)
        for sensor in "abc":
            rows = [access(f"10.0.{n}.1", b"%d/tcp" % target, NOON - hours * HOUR_US) for target, where, n, hours in meetings if where == sensor]
            if rows:
                take(store, sensor, *rows)
        found = Counter({(row[0], row[1]): 0 for row in told(store, tick())})
        for target, sensor, _, networks in told(store, tick()):
            found[target, sensor] += networks
        store.close()
    assert {key: n for key, n in found.items() if n} == recount(meetings)


def recount(meetings: list[tuple[int, str, int, int]]) -> dict[tuple[bytes, str], int]:
    counted: Counter[tuple[bytes, str]] = Counter()
    last: dict[tuple[int, int], int] = {}
    for hours, sensor, target, network in sorted(((-hours, sensor, target, network) for target, sensor, network, hours in meetings)):
        before = last.get((target, network))
        if (before is None or hours - before > 168) and -hours <= 240:
            counted[b"%d/tcp" % target, sensor] += 1
        last[target, network] = hours
    recent = {target for (target, _), n in counted.items() if n}
    return {key: n for key, n in counted.items() if key[0] in recent}
