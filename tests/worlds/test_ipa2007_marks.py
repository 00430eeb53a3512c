# SPDX-License-Identifier: Apache-2.0
"""World ipa2007, group mustan, through the store: ranks, counts and marks of the four Top 5 tables (N-07 … N-10, A-02, M-07 … M-12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from teiten.marks import StoreMarks
from teiten.model import Period
from teiten.questions.rankings import ranking
from teiten.store.node import NodeStore
from teiten.worlds.interface import WorldBatch
from teiten.worlds.ipa2007 import Ipa2007

TOKYO = ZoneInfo("Asia/Tokyo")
WINDOW = Period(date(2007, 8, 16), date(2007, 8, 27))


@pytest.fixture(scope="module")
def store(world: Ipa2007, batches: list[WorldBatch], tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeStore]:
    opened = NodeStore.open(tmp_path_factory.mktemp("store"), TOKYO)
    for entry in world.sensors():
        opened.register(entry)
    for batch in batches:
        if batch.key.sensor.startswith("mustan"):
            opened.take(batch.key, batch.columns, 0)
    for covered in world.coverage():
        if covered.sensor.startswith("mustan"):
            opened.cover(*covered)
    yield opened
    opened.close()


@pytest.mark.parametrize("channel", ["packet", "ssh", "web", "mail"])
def test_the_published_marks(store: NodeStore, world: Ipa2007, channel: str) -> None:
    ranked = ranking(store, WINDOW, zone=TOKYO, channel=channel, group="mustan", top=5)
    marks = StoreMarks(store)(WINDOW, channel, "mustan", [row.key for row in ranked if isinstance(row.key, bytes)])
    shown = [(row.rank, marks[row.key].arrow, row.accesses, row.key) for row in ranked if isinstance(row.key, bytes)]
    assert sorted(shown) == sorted(world.truth()["mustan"][channel])


def test_marks_are_the_same_after_sealing(store: NodeStore) -> None:
    targets = [b"5900/tcp", b"135/tcp", b"never/tcp"]
    before = StoreMarks(store)(WINDOW, "packet", "mustan", targets)
    store.seal(date(2007, 8, 27))
    assert StoreMarks(store)(WINDOW, "packet", "mustan", targets) == before
    assert before[b"5900/tcp"].growth > 1.4
    assert (before[b"never/tcp"].few, before[b"never/tcp"].networks) == (True, 0)
    assert StoreMarks(store)(WINDOW, "packet", "mustan", []) == {}
