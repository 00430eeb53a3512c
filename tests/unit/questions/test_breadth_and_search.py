# SPDX-License-Identifier: Apache-2.0
"""How widely something was seen, recounted by hand; targets by a part of their bytes. The same before and after sealing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, Period
from teiten.questions import search
from teiten.questions.breadth import MOST_PER_SOURCE, Breadth, breadth
from teiten.questions.search import matching
from teiten.store.node import NodeStore

UTC = ZoneInfo("UTC")
START = 1_785_542_400_000_000  # 2026-08-01 00:00 UTC
PERIOD = Period(date(2026, 8, 1), date(2026, 8, 3))
SIX = bytes.fromhex("20010db8000100000000000000000001")


def seen(source: bytes, target: bytes, times: int = 1, day: int = 0) -> Access:
    return Access(observed_at=START + day * 86_400_000_000, channel="web", kind="request", source=source, target=target, times=times)


def store_of(folder: Path) -> NodeStore:
    store = NodeStore.open(folder, UTC)
    one = [seen(b"\x01\x01\x01\x01", b"a", 500), seen(b"\x01\x01\x01\x02", b"a"), seen(b"\x01\x01\x02\x01", b"a", 3, 1), seen(SIX, b"a")]
    store.take(BatchKey("one", "e", 0, bytes(16)), from_accesses([*one, seen(b"\x09\x09\x09\x09", b"\x0a\xba")]), START)
    store.take(BatchKey("two", "e", 0, bytes(16)), from_accesses([seen(b"\x01\x01\x01\x01", b"a", 7)]), START)
    return store


def test_breadth_of_a_target(tmp_path: Path) -> None:
    """P2, P5: a source counts to a limit over all sensors; networks, allocations and blocks are distinct over both families."""
    store = store_of(tmp_path)
    expected = Breadth((b"a",), MOST_PER_SOURCE + 5, 512, 4, 3, 2, 2, START, START + 86_400_000_000, 2)
    assert breadth(store, PERIOD, "target", targets=[b"a"]) == [expected]
    store.seal(date(2026, 8, 3))
    assert breadth(store, PERIOD, "target", targets=[b"a"]) == [expected]
    store.close()


def test_other_keys(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    assert breadth(store, PERIOD, "whole")[0].sources == 5
    assert {row.keys: row.sources for row in breadth(store, PERIOD, "target_day", targets=[b"a"])} == {
        (b"a", date(2026, 8, 1)): 3,
        (b"a", date(2026, 8, 2)): 1,
    }
    assert [row.keys for row in breadth(store, PERIOD, "region")] == [("unknown",)]
    assert breadth(store, PERIOD, "target", targets=[]) == []
    assert breadth(store, Period(date(2025, 1, 1), date(2025, 1, 2)), "whole") == []
    store.close()


@pytest.mark.parametrize("most", [1, search.MOST_KNOWN])
def test_search_is_by_whole_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """M-19: from the list of all targets, and from the engine where there are too many for one. 0A BA holds AB in its digits, but no byte AB."""
    monkeypatch.setattr(search, "MOST_KNOWN", most)
    store = store_of(tmp_path)
    assert [row.target for row in matching(store, b"\xab", PERIOD)] == []
    assert [row.target for row in matching(store, b"\xba", PERIOD)] == [b"\x0a\xba"]
    assert [(row.target, row.accesses) for row in matching(store, b"a", PERIOD)] == [(b"a", 512)]
    assert [row.target for row in matching(store, b"a", PERIOD, channel="ssh")] == []
    assert matching(store, b"", PERIOD) == []
    store.close()
