# SPDX-License-Identifier: Apache-2.0
"""After warming, the pages of today are answered from what the store keeps: no question reaches the engine (mission: top page at speed)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.marks import StoreMarks
from teiten.model import CHANNELS, Access, BatchKey, SensorEntry
from teiten.site.asking import StoreAnswers
from teiten.site.lookup import StoreLookup
from teiten.site.requests import View
from teiten.site.top import list_page, top_page
from teiten.site.warming import warm
from teiten.store.node import NodeStore

TOKYO = ZoneInfo("Asia/Tokyo")
TODAY = date(2026, 8, 10)
NOON = to_microseconds(datetime(2026, 8, 5, 3, tzinfo=UTC))


def test_pages_that_were_asked_ahead_ask_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P-01: neither the sealing after it nor rows of another day make the pages' answers old; a row of the window does."""
    store = NodeStore.open(tmp_path, TOKYO)
    for sensor, group in (("one", "east"), ("two", "west")):
        store.register(SensorEntry(sensor, group))
        accesses = [
            Access(observed_at=NOON, channel=channel, kind="syn", source=bytes([8, 8, n, 1]), target=b"%d" % n)
            for channel in CHANNELS
            for n in range(5)
        ]
        store.take(BatchKey(sensor, "e", 0, bytes(16)), from_accesses(accesses), NOON)
    ask, marks = StoreAnswers(store, TOKYO), StoreMarks(store)
    warm(ask, StoreLookup(store, TOKYO, marks), marks, TODAY)
    store.seal(TODAY)
    later = Access(observed_at=NOON + 20 * 86_400_000_000, channel="web", kind="request", source=bytes(4), target=b"GET /")
    store.take(BatchKey("one", "e", 1, bytes(16)), from_accesses([later]), NOON)
    read = store._read_whole
    asked: list[str] = []

    def reading(text: str, *given: Any) -> Any:
        asked.append(text)
        return read(text, *given)

    monkeypatch.setattr(store, "_read_whole", reading)
    for group in (None, "east", "west"):
        view = View(group, TODAY, TODAY)
        assert top_page(ask, view, marks)["total"].accesses == (40 if group is None else 20)
        for channel in CHANNELS:
            list_page(ask, view, channel, marks)
    assert not asked
    store.take(BatchKey("one", "e", 2, bytes(16)), from_accesses([msgspec.structs.replace(later, observed_at=NOON)]), NOON)
    assert top_page(ask, View(None, TODAY, TODAY), marks)["total"].accesses == 41
    assert asked
    store.close()
