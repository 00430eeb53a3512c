# SPDX-License-Identifier: Apache-2.0
"""The seed's arithmetic, and totals that must not be sums."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, Period
from teiten.questions.observation import PerSensorDay
from teiten.questions.rankings import first_seen, totals
from teiten.store.node import NodeStore

UTC = ZoneInfo("UTC")
START = 1_785_542_400_000_000  # 2026-08-01 00:00 UTC
PERIOD = Period(date(2026, 8, 1), date(2026, 8, 2))


def seen(channel: str, source: bytes, target: bytes, at: int = START) -> Access:
    return Access(observed_at=at, channel=channel, kind="x", source=source, target=target)


def test_accesses_per_sensor_and_day() -> None:
    """R-04: 263,940 accesses at 10 points in 31 days are 851 for each point and day."""
    told = PerSensorDay(accesses=263_940, source_days=100_130, sensor_days=310)
    assert round(told.accesses_per_sensor_day or 0) == 851
    assert round(told.sources_per_sensor_day or 0) == 323


def test_nothing_observed_has_no_mean() -> None:
    assert PerSensorDay(0, 0, 0).accesses_per_sensor_day is None
    assert PerSensorDay(0, 0, 0).sources_per_sensor_day is None


def test_sources_of_channels_do_not_add_up(tmp_path: Path) -> None:
    """Distinct counts are never added: one source at two channels is one source."""
    store = NodeStore.open(tmp_path, UTC)
    store.take(BatchKey("one", "e", 0, bytes(16)), from_accesses([seen("web", b"abcd", b"GET /"), seen("ssh", b"abcd", b"root")]), START)
    found = totals(store, PERIOD, zone=UTC)
    assert {key: (row.accesses, row.sources) for key, row in found.items()} == {None: (2, 1), "web": (1, 1), "ssh": (1, 1)}
    store.close()


def test_first_seen_needs_all_of_the_past(tmp_path: Path) -> None:
    """M-17, M-18: newly observed means never before, not only absent from the window."""
    store = NodeStore.open(tmp_path, UTC)
    old = [seen("web", b"abcd", b"GET /old", START - 86_400_000_000 * 100), seen("web", b"abcd", b"GET /old")]
    store.take(BatchKey("one", "e", 0, bytes(16)), from_accesses([*old, seen("web", b"abcd", b"GET /new"), seen("ssh", b"abcd", b"GET /old")]), START)
    for _ in range(2):
        found = [(row.channel, row.target, row.first_on) for row in first_seen(store, PERIOD)]
        assert found == [("ssh", b"GET /old", date(2026, 8, 1)), ("web", b"GET /new", date(2026, 8, 1))]
        store.seal(date(2026, 9, 1))
    store.close()
