# SPDX-License-Identifier: Apache-2.0
"""The ledger stays small and forgets nothing that must be known."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
from hypothesis import given

from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey
from teiten.store.ledger import Epoch
from teiten.store.node import NodeStore

COLUMNS = from_accesses([Access(observed_at=0, channel="web", kind="request", source=b"abcd", target=b"GET /")])


@given(st.lists(st.integers(0, 30), max_size=40))
def test_an_epoch_holds_what_was_noted(seqs: list[int]) -> None:
    epoch = Epoch(1)
    for seq in seqs:
        if not epoch.holds(seq):
            epoch.note(seq)
    assert {seq for seq in range(32) if epoch.holds(seq)} == set(seqs)
    assert all(seq > epoch.next_seq for seq in epoch.beyond)


def test_old_entries_collapse_into_the_mark(tmp_path: Path) -> None:
    """A4: a batch counts once for ever, though its entry is gone; imports keep theirs."""
    store = NodeStore.open(tmp_path, ZoneInfo("UTC"), ledger_entries=3)
    keys = [BatchKey("one", "live", seq, bytes(16)) for seq in (0, 1, 2, 3, 4, 5, 6, 9)]
    imported = [BatchKey("one", "file-x", seq, bytes(16)) for seq in range(6)]
    for key in [*keys, *imported]:
        assert store.take(key, COLUMNS, 1).status == "stored"
    store.take(BatchKey("one", "live", 5, b"x" * 16), COLUMNS, 1)
    for _ in range(2):
        store.seal(date(2026, 1, 1))
        assert [seq for seq, _, _ in store.batches("one", "live")] == [4, 5, 6, 9]
        assert len(store.batches("one", "file-x")) == 6
        assert all(store.take(key, COLUMNS, 1).status == "duplicate" for key in [*keys, *imported])
        batches = store.status()["batches"]
        assert (batches["stored"], batches["conflicts"], batches["rows"], batches["listed"]) == (14, 1, 15, 11)
        store.close()
        store = NodeStore.open(tmp_path, ZoneInfo("UTC"), ledger_entries=3)
    assert store.take(BatchKey("one", "live", 7, bytes(16)), COLUMNS, 1).status == "stored"
    store.close()
