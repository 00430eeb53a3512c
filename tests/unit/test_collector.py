# SPDX-License-Identifier: Apache-2.0
"""The centre's edge: what is impossible is put aside and counted, the rest is stored, and a receipt means stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from teiten.collector import Collector
from teiten.columnar import Columns, from_accesses
from teiten.metrics import REGISTRY
from teiten.model import BatchKey, Gap, Heartbeat, SensorEntry
from teiten.store.node import NodeStore
from teiten.transport.batches import make_batch
from tests.unit.transport.sample import NOW, MemoryStore, access, batch_of, clock

BEAT = Heartbeat(from_at=NOW, to_at=NOW + 5, channel="web", emitted=3)
GAP = Gap(from_at=NOW, to_at=NOW + 5, channel="web", records=3, reason="spool full")


def enrich(columns: Columns) -> Columns:
    return columns | {"region": np.array([f"R{source[-1]}" for source in columns["source"]], dtype=object)} if columns else columns


def collector(store: MemoryStore, **more: Any) -> Collector:
    return Collector(store, enrich, clock, **more)  # type: ignore[arg-type]


def test_records_go_where_they_belong_with_their_regions() -> None:
    store = MemoryStore()
    receipt = collector(store).take(batch_of([BEAT, access(1), access(1), GAP, access(2)]))
    assert (receipt.status, receipt.rows) == ("stored", 3)
    assert store.columns[0]["region"].tolist() == ["R1", "R1", "R2"]
    assert (store.heartbeats, store.gaps) == ([BEAT], [GAP])


def test_a_sensors_addresses_go_to_the_registry_and_stay_there(tmp_path: Path) -> None:
    """O-05, P1, P9: for publication to withhold; never into a row, never forgotten, and nothing that would hide everything."""
    store = NodeStore.open(tmp_path, ZoneInfo("UTC"))
    ours = Collector(store, lambda columns: columns, clock)
    for number, told in enumerate((("198.51.100.7", "sensor7.example.net"), (), ("203.0.113.9", "0.0.0.0/0", "x", "a" * 300))):
        beat = msgspec.structs.replace(BEAT, addresses=told)
        ours.take(batch_of([beat], digest=bytes([number]) * 16))
    (entry,) = store.sensors()
    assert entry.name == "s1"
    assert set(entry.addresses) == {"198.51.100.7", "sensor7.example.net", "203.0.113.9"}
    store.register(SensorEntry("s1", "campus"))
    store.close()
    store = NodeStore.open(tmp_path, ZoneInfo("UTC"))
    assert (store.sensors()[0].group, len(store.sensors()[0].addresses)) == ("campus", 3)
    assert "198.51" not in str(store.status())
    store.close()


def test_repeated_and_conflicting_batches() -> None:
    store = MemoryStore()
    one = collector(store)
    first, other = batch_of([access(1)], digest=b"a" * 16), batch_of([access(2)], digest=b"b" * 16)
    assert [one.take(batch).status for batch in (first, first, other, other, first)] == ["stored", "duplicate", "conflict", "duplicate", "duplicate"]
    assert store.targets == [b"GET /1", b"GET /2"]


@pytest.mark.parametrize(
    "changed",
    [
        {"source": b"123"},
        {"times": 0},
        {"times": 1 << 63},
        {"observed_at": -1},
        {"observed_at": 1 << 63},
        {"category": "evil"},
        {"source_port": 65536},
        {"size": 1 << 63},
        {"channel": "x" * 17},
        {"channel": "../x"},
        {"tcp_flags": -1},
    ],
)
def test_an_impossible_access_is_put_aside_and_stated(tmp_path: Path, changed: dict[str, Any]) -> None:
    """A sensor may be in a stranger's hands: one value must not stop a batch for ever."""
    store = MemoryStore()
    assert collector(store, quarantine=tmp_path).take(batch_of([access(1), access(2, **changed), access(3)])).rows == 2
    assert store.targets == [b"GET /1", b"GET /3"]
    assert [(gap.records, gap.reason) for gap in store.gaps] == [(1, "not readable by the collector")]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xc1", b"\x91" * 2000, msgspec.msgpack.encode(["z", 1]), msgspec.msgpack.encode(["a", "text"]), b"\x93\xa1a\x01\xa3\xa5\xff\xff"],
)
def test_unreadable_records_do_not_stop_the_batch(payload: bytes) -> None:
    store = MemoryStore()
    key = BatchKey("s1", "e", 0, b"h" * 16)
    good = msgspec.msgpack.encode(access(1))
    assert collector(store).take(make_batch(key, "web", [payload, good], [GAP])).rows == 1
    assert [gap.records for gap in store.gaps] == [3, 1]


def test_a_newer_sensor_with_more_fields_is_understood() -> None:
    """F11: fields are only ever appended."""
    store = MemoryStore()
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(msgspec.msgpack.encode(access(1))), "new field"])
    assert collector(store).take(make_batch(BatchKey("s1", "e", 0, b"h" * 16), "web", [longer], [])).rows == 1


@pytest.mark.parametrize(
    "key", [BatchKey("", "e", 0, b"h" * 16), BatchKey("s", "e", -1, b"h" * 16), BatchKey("s", "e", 0, b"h"), BatchKey("s", "", 0, b"h" * 16)]
)
def test_an_impossible_key_is_refused(key: BatchKey) -> None:
    with pytest.raises(ValueError, match="impossible"):
        collector(MemoryStore()).take(make_batch(key, "web", [], []))


def test_the_future_is_counted_and_kept() -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("teiten_problems_total", {"where": "collector", "what": "observed in the future"}) or 0.0

    before, store = counted(), MemoryStore()
    collector(store).take(batch_of([access(0), access(0, observed_at=NOW + 301_000_000), access(0, observed_at=NOW + 299_000_000)]))
    assert counted() - before == 1
    assert len(store.targets) == 3


def test_no_receipt_without_the_store() -> None:
    store = MemoryStore()

    def broken(*_: object) -> None:
        raise OSError("disk full")

    store.take = broken  # type: ignore[method-assign,assignment]
    with pytest.raises(OSError, match="disk full"):
        collector(store).take(batch_of([access(1)]))


def test_columns_of_an_importer_get_regions_and_empty_batches_are_stored() -> None:
    store = MemoryStore()
    one = collector(store)
    assert one.prepare([(BatchKey("s1", "file-1", 0, b"h" * 16), from_accesses([access(5)]))])()[0].rows == 1
    assert store.columns[0]["region"].tolist() == ["R5"]
    assert one.take(batch_of([])).status == "stored"
