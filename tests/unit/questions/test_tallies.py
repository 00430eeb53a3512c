# SPDX-License-Identifier: Apache-2.0
"""Tallies from the rollups are the same before and after sealing and agree with counts from single rows; presence is about days observed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, Period, SensorEntry
from teiten.questions.presence import Presence, presences
from teiten.questions.rankings import cumulative_sources
from teiten.questions.tallies import Tally, breakdowns, capped_tallies, tallies
from teiten.store.node import NodeStore

TOKYO = ZoneInfo("Asia/Tokyo")
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def access(day: int, source: int, target: bytes, times: int = 1, category: str = "access") -> Access:
    from datetime import datetime

    at = to_microseconds(datetime(2026, 3, day, 12, tzinfo=TOKYO))
    return Access(observed_at=at, channel="packet", kind="syn", source=bytes([8, 8, 8, source]), target=target, times=times, category=category)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NodeStore]:
    opened = NodeStore.open(tmp_path / "store", TOKYO)
    opened.register(SensorEntry("a", "one"))
    opened.register(SensorEntry("b", "two"))
    seen = {"a": [access(1, 1, b"22/tcp", 3), access(1, 1, b"23/tcp"), access(2, 1, b"22/tcp"), access(2, 2, b"22/tcp", 5, "backscatter")],
            "b": [access(1, 1, b"22/tcp"), access(1, 2, b"22/tcp")]}  # fmt: skip
    for name, accesses in seen.items():
        opened.take(BatchKey(name, "file-x", 0, bytes(16)), from_accesses(accesses), 0)
    opened.cover("a", "packet", date(2026, 3, 1), date(2026, 3, 4))
    yield opened
    opened.close()


@pytest.mark.parametrize("sealed", [False, True])
def test_accesses_and_cumulative_sources_add_up(store: NodeStore, sealed: bool) -> None:
    if sealed:
        store.seal(date(2026, 4, 1))
    assert tallies(store, MARCH, "target", "channel") == [Tally(b"22/tcp", "packet", 6, 4), Tally(b"23/tcp", "packet", 1, 1)]
    assert tallies(store, MARCH, "day", "sensor", targets=[b"22/tcp"]) == [
        Tally(date(2026, 3, 1), "a", 3, 1), Tally(date(2026, 3, 1), "b", 2, 2), Tally(date(2026, 3, 2), "a", 1, 1),
    ]  # fmt: skip
    assert {one.key: one.cumulative_sources for one in tallies(store, MARCH, "target", "channel")} == cumulative_sources(store, MARCH, "target")
    assert tallies(store, MARCH, "target", "channel", group="two") == [Tally(b"22/tcp", "packet", 2, 2)]


def test_filters(store: NodeStore) -> None:
    assert tallies(store, MARCH, "target", "channel", targets=[]) == []
    assert tallies(store, MARCH, "target", "channel", channel="ssh") == []
    assert tallies(store, MARCH, "target", "channel", category="backscatter") == [Tally(b"22/tcp", "packet", 5, 1)]


def test_presence_counts_covered_days_and_days_with_rows(store: NodeStore) -> None:
    first = date(2026, 3, 1)
    assert presences(store, MARCH) == [Presence("a", 4, first, date(2026, 3, 4)), Presence("b", 1, first, first)]
    assert [one.sensor for one in presences(store, MARCH, group="two")] == ["b"]
    assert presences(store, Period(date(2026, 4, 1), date(2026, 5, 1))) == []


@pytest.mark.parametrize("sealed", [False, True])
def test_capped_tallies_count_networks_and_no_source_above_a_hundred(store: NodeStore, sealed: bool) -> None:
    """P5: a source that knocks ten thousand times at two sensors adds a hundred, and its neighbours in the /24 no further network."""
    store.take(BatchKey("a", "file-y", 0, bytes(16)), from_accesses([access(1, 9, b"22/tcp", 10_000)]), 0)
    store.take(BatchKey("b", "file-y", 0, bytes(16)), from_accesses([access(1, 9, b"22/tcp", 10_000)]), 0)
    if sealed:
        store.seal(date(2026, 4, 1))
    assert capped_tallies(store, MARCH, "target", "channel") == [Tally(b"22/tcp", "packet", 106, 3), Tally(b"23/tcp", "packet", 1, 1)]
    assert [one.accesses for one in capped_tallies(store, MARCH, "day", "region", targets=[b"22/tcp"])] == [105, 1]
    assert capped_tallies(store, MARCH, "day", "region", targets=[]) == []


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("capped", [False, True])
def test_breakdowns_are_the_tallies_in_one_question(store: NodeStore, sealed: bool, capped: bool) -> None:
    store.take(BatchKey("a", "file-y", 0, bytes(16)), from_accesses([access(1, 9, b"22/tcp", 10_000), access(3, 200, b"")]), 0)
    if sealed:
        store.seal(date(2026, 4, 1))
    asked = capped_tallies if capped else tallies
    for group in (None, "two"):
        found = breakdowns(store, MARCH, channel="packet", group=group, daily=True, capped=capped)
        assert found.targets == asked(store, MARCH, "target", "channel", channel="packet", group=group)
        assert found.regions == asked(store, MARCH, "region", "channel", channel="packet", group=group)
        assert found.days == asked(store, MARCH, "day", "region", channel="packet", group=group)
        whole = breakdowns(store, MARCH, channel="packet", group=group, capped=capped)
        assert (whole.targets, whole.regions, whole.days) == (found.targets, found.regions, [])


@pytest.mark.parametrize("sealed", [False, True])
def test_a_source_whose_region_changes_within_the_day_is_one_cumulative_source(store: NodeStore, sealed: bool) -> None:
    """延べ発信元数 is distinct (source, day, sensor, target): new region data at noon must not make a second source of it."""
    for seq, region in enumerate(("JP", "KR", "")):
        columns = from_accesses([access(5, 7, b"80/tcp", 2)])
        columns["region"] = np.array([region], dtype=object)
        store.take(BatchKey("a", "file-z", seq, bytes(16)), columns, 0)
    if sealed:
        store.seal(date(2026, 4, 1))
    for by in ("target", "day", "sensor"):
        counted: dict[object, int] = {}
        for one in tallies(store, MARCH, by, "region"):
            counted[one.key] = counted.get(one.key, 0) + one.cumulative_sources
        assert counted == cumulative_sources(store, MARCH, by)
    of_port = tallies(store, MARCH, "region", "target", targets=[b"80/tcp"])
    assert [(one.key, one.accesses, one.cumulative_sources) for one in of_port] == [("JP", 2, 0), ("KR", 2, 1), ("unknown", 2, 0)]
