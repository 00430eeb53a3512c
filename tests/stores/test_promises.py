# SPDX-License-Identifier: Apache-2.0
"""What store.interface promises: a key counts once for ever, both sides of a conflict are kept, readers work beside the writer."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, Gap, Heartbeat, Period, SensorEntry
from teiten.questions.counts import count
from teiten.questions.filters import period_filters
from teiten.questions.interface import Count, CountQuestion
from teiten.questions.live import latest
from teiten.questions.observation import coverage, observed_sensors, per_sensor_day, series
from teiten.store import handover
from teiten.store.interface import Store

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = to_microseconds(datetime(2026, 8, 1, 3, tzinfo=UTC))  # 12:00 in Tokyo
DAY = 86_400_000_000
MINUTE = 60_000_000


def access(n: int = 0, at: int = NOON, target: bytes = b"445/tcp") -> Access:
    return Access(observed_at=at, channel="packet", kind="syn", source=n.to_bytes(4, "big"), target=target)


def key(seq: int, content: bytes = bytes(16), sensor: str = "one", epoch: str = "e") -> BatchKey:
    return BatchKey(sensor, epoch, seq, content)


def total(store: Store) -> Count:
    return count(store, CountQuestion(), TOKYO)[0]


def test_a_repeated_key_changes_nothing(store: Store) -> None:
    """A4: however often and in whatever order a batch comes, it counts once; also after sealing."""
    columns = from_accesses([access(1), access(2)])
    for seq in (3, 0, 1):
        assert store.take(key(seq), columns, NOON).status == "stored"
    for seq in (0, 3, 1):
        receipt = store.take(key(seq), columns, NOON, [Heartbeat(from_at=NOON, to_at=NOON + 1, channel="packet", emitted=1)])
        assert (receipt.status, receipt.rows) == ("duplicate", 0)
    store.seal(date(2026, 9, 1))
    assert store.take(key(3), columns, NOON).status == "duplicate"
    assert total(store) == Count(None, 6, 2, 1)
    assert [seq for seq, _, _ in store.batches("one", "e")] == [0, 1, 3]


def test_a_conflict_keeps_both(store: Store) -> None:
    """A sensor set back to an old snapshot: the same key with new content is new data."""
    store.take(key(0), from_accesses([access(1)]), NOON)
    assert store.take(key(0, b"x" * 16), from_accesses([access(2), access(3)]), NOON).status == "conflict"
    assert store.take(key(0, b"x" * 16), from_accesses([access(2), access(3)]), NOON).status == "duplicate"
    assert store.take(key(0), from_accesses([access(1)]), NOON).status == "duplicate"
    assert total(store).accesses == 3
    assert store.status()["batches"] == {"stored": 1, "conflicts": 1, "rows": 3, "conflict_rows": 2, "listed": 2}
    assert store.batches("one", "e") == [(0, bytes(16), 1)]


def test_an_empty_batch_has_a_receipt(store: Store) -> None:
    assert store.take(key(0), {}, NOON, [Heartbeat(from_at=NOON, to_at=NOON + MINUTE, channel="web", emitted=0)]).status == "stored"
    assert store.take(key(0), {}, NOON).status == "duplicate"


def test_an_impossible_batch_leaves_nothing(store: Store) -> None:
    good = from_accesses([access(1)])
    with pytest.raises(ValueError, match="unknown"):
        store.take(key(0), {**good, "password": good["source"]}, NOON)
    with pytest.raises(ValueError, match="missing"):
        store.take(key(0), {"observed_at": good["observed_at"]}, NOON)
    assert total(store).accesses == 0
    assert store.batches("one", "e") == []
    assert store.take(key(0), good, NOON).status == "stored"


def test_only_what_a_sensor_must_say_is_needed(store: Store) -> None:
    columns = from_accesses([access(1), access(2)])
    needed = {name: columns[name] for name in ("observed_at", "channel", "kind", "source", "target")}
    store.take(key(0), needed, NOON)
    found = latest(store, 2)[1]
    assert (found.category, found.times, found.protocol, found.handshake, found.region, found.account) == ("access", 1, "tcp", False, "", None)


def test_every_field_comes_back_as_it_was(store: Store) -> None:
    """M-13: bytes stay bytes, whatever they are, from both the open day and the sealed one."""
    odd = bytes(range(256))
    sent = Access(
        observed_at=NOON,
        channel="ssh",
        kind="password",
        source=bytes(16),
        target=odd,
        account=odd,
        client=b"\x00",
        request=b"'; drop",
        size=2**40,
        session="s",
    )
    store.take(key(0), from_accesses([sent]), NOON)
    before = latest(store, 5)
    store.seal(date(2026, 9, 1))
    assert latest(store, 5) == before
    assert (before[0].target, before[0].account, before[0].client, before[0].request, before[0].size) == (odd, odd, b"\x00", b"'; drop", 2**40)


def test_one_odd_number_spoils_no_batch(store: Store) -> None:
    """A peer may announce any size: a number far larger than all others must not make the batch impossible."""
    usual = [Access(observed_at=NOON, channel="web", kind="request", source=b"abcd", target=b"GET /", size=n % 7 or None) for n in range(3000)]
    odd = Access(observed_at=NOON, channel="web", kind="request", source=b"abcd", target=b"GET /odd", size=2**62, session="nul \0 and 定点")
    store.take(key(0), from_accesses([*usual[:7], odd, *usual[7:]]), NOON)
    (found,) = latest(store, 1, target=b"GET /odd")
    assert (found.size, found.session) == (2**62, "nul \0 and 定点")
    huge = from_accesses([odd])
    huge["size"][0] = 2**70
    with pytest.raises(ValueError, match="64-bit"):
        store.take(key(1), huge, NOON)


def test_groups_may_change(store: Store) -> None:
    store.register(SensorEntry("one", "east", addresses=("192.0.2.1",)))
    store.take(key(0), from_accesses([access(1)]), NOON)
    question = CountQuestion(group="west")
    assert count(store, question, TOKYO)[0].accesses == 0
    store.register(SensorEntry("one", "west"))
    assert count(store, question, TOKYO)[0].accesses == 1
    store.take(key(0, sensor="two"), from_accesses([access(1)]), NOON)
    assert [(entry.name, entry.group) for entry in store.sensors()] == [("one", "west"), ("two", "local")]


def test_observed_days_come_from_heartbeats(store: Store) -> None:
    """Design 3: a sensor-day without a sign of the sensor is not observed. R-04: A = N / (P x days)."""
    beats = [
        Heartbeat(from_at=NOON - DAY // 2, to_at=NOON + DAY // 2, channel="packet", emitted=1),
        Heartbeat(from_at=NOON, to_at=NOON + DAY, channel="packet", emitted=2),
    ]
    store.take(key(0), from_accesses([access(1), access(1), access(2)]), NOON, beats)
    store.take(key(0, sensor="two"), {}, NOON, [Heartbeat(from_at=NOON, to_at=NOON + MINUTE, channel="packet", emitted=0, dropped=4)])
    store.cover("three", "packet", date(2026, 8, 1), date(2026, 8, 2))
    period = Period(date(2026, 7, 31), date(2026, 8, 4))
    for _ in range(2):
        assert observed_sensors(store, period) == {date(2026, 8, 1): 3, date(2026, 8, 2): 2}
        told = per_sensor_day(store, period)
        assert (told.accesses, told.source_days, told.sensor_days) == (3, 2, 5)
        assert told.accesses_per_sensor_day == 3 / 5
        assert [(c.day.day, c.sensor, c.seconds) for c in coverage(store, period)] == [
            (1, "one", 86400.0),
            (1, "three", 86400.0),
            (1, "two", 60.0),
            (2, "one", 43200.0),
            (2, "three", 86400.0),
        ]
        assert [(row.observed, row.accesses) for row in series(store, period)] == [(0, 0), (3, 3), (2, 0), (0, 0)]
        assert observed_sensors(store, period, channel="web") == {}
        store.seal(date(2026, 9, 1))
    assert {entry["name"]: entry["channels"]["packet"]["dropped"] for entry in store.status()["sensors"] if entry["channels"]} == {"one": 0, "two": 4}


def test_cover_told_again_adds_nothing(store: Store) -> None:
    """A4, R-04: a repeated import leaves the coverage as it was, before its days are sealed and after, and the answers with it."""
    period = Period(date(2026, 7, 31), date(2026, 8, 5))
    chosen, parameters = period_filters(period)
    store.take(key(0), from_accesses([access(1)]), NOON, [Heartbeat(from_at=NOON, to_at=NOON + MINUTE, channel="packet", emitted=0)])

    def told(*days: int, channel: str = "packet") -> list[tuple[Any, ...]]:
        store.cover("one", channel, date(2026, 8, days[0]), date(2026, 8, days[1]))
        return store.ask("intervals", parameters, {"filters": chosen})

    first = told(1, 2)
    assert [row[0].day for row in first] == [1, 1, 2]
    assert told(1, 2) == first
    answers = coverage(store, period), per_sensor_day(store, period)
    store.seal(date(2026, 9, 1))
    sealed = told(1, 2)
    assert [row[0].day for row in sealed] == [1, 2]
    assert (coverage(store, period), per_sensor_day(store, period)) == answers
    assert [row[0].day for row in told(2, 3)] == [1, 2, 3]  # only what is new is added
    assert len(told(3, 3, channel="web")) == 4


def test_gaps_are_told(store: Store) -> None:
    """A5: what could not be kept is a gap with a number, a time and a reason."""
    gap = Gap(from_at=NOON, to_at=NOON + 1, channel="mail", records=7, reason="spool full")
    store.take(key(0), {}, NOON, gaps=[gap, gap])
    told = {"sensor": "one", "channel": "mail", "reason": "spool full", "gaps": 2, "records": 14, "from_at": NOON, "to_at": NOON + 1}
    assert store.status()["gaps"] == [told]


def test_a_file_is_a_batch(store: Store, tmp_path: Path) -> None:
    """Bulk import beside a running node: rows get their day, also across midnight of the zone."""
    path = tmp_path / "it's.parquet"
    duckdb.sql(f"""copy (select {NOON} + i * 7200000000 as observed_at, 'packet' as channel, 'syn' as kind, 'abcd'::blob as source,
        '445/tcp'::blob as target, 'JP' as region from range(12) t(i)) to '{str(path).replace("'", "''")}' (format parquet)""")
    assert store.take_file([key(0)], path, NOON) == store.take_file([key(1)], path, NOON)
    assert store.take_file([key(1)], path, NOON)[0].status == "duplicate"
    assert [(row.key, row.accesses) for row in count(store, CountQuestion(by="day"), TOKYO)] == [(date(2026, 8, 1), 12), (date(2026, 8, 2), 12)]
    assert count(store, CountQuestion(by="region"), TOKYO) == [Count("JP", 24, 1, 1)]


def test_many_batches_are_one_transaction_with_a_receipt_for_each(store: Store) -> None:
    """A4: within one call too a repeated key counts once, and a key with other content is a conflict of which both sides are kept."""
    fewer = {name: array for name, array in from_accesses([access(3), access(4)]).items() if name not in ("category", "times", "account")}
    many = [
        (key(0), from_accesses([access(1)])),
        (key(1), fewer),
        (key(0), from_accesses([access(1)])),
        (key(0, b"x" * 16), from_accesses([access(9)])),
        (key(0, sensor="two", epoch="f"), from_accesses([access(5, NOON + DAY)])),
        (key(2), {}),
    ]
    status = ["stored", "stored", "duplicate", "conflict", "stored", "stored"]
    assert [(one.status, one.rows) for one in store.prepare(many)(NOON)] == list(zip(status, (1, 2, 0, 1, 1, 0), strict=True))
    assert {one.status for one in store.prepare(many)(NOON)} == {"duplicate"}
    found = count(store, CountQuestion(by="sensor"), TOKYO)
    assert found == [Count("one", 4, 4, 1), Count("two", 1, 1, 1)]
    assert [(row.key, row.accesses) for row in count(store, CountQuestion(by="day"), TOKYO)] == [(date(2026, 8, 1), 4), (date(2026, 8, 2), 1)]
    assert store.batches("one", "e") == [(0, bytes(16), 1), (1, bytes(16), 2), (2, bytes(16), 0)]
    told = store.status()["batches"]
    assert (told["stored"], told["conflicts"], told["rows"]) == (4, 1, 5)
    assert store.take(key(3), from_accesses([access(1)]), NOON).status == "stored"


def test_of_many_batches_all_are_stored_or_none(store: Store) -> None:
    """A2: an error leaves nothing of any of them, in the rows, the ledger, or what is remembered of either."""
    good = from_accesses([access(1)])
    wrong = {**good, "session": np.array([b"bytes"], dtype=object)}
    store.take(key(7), good, NOON)
    for bad in (wrong, {**good, "password": good["source"]}):
        with pytest.raises(ValueError, match="columns: "):
            store.prepare([(key(0), good), (key(1), good), (key(0, sensor="two"), good), (key(2), bad)])(NOON)
    assert total(store) == Count(None, 1, 1, 1)
    assert [entry.name for entry in store.sensors()] == ["one"]
    assert [one.status for one in store.prepare([(key(seq), good) for seq in (0, 1, 2, 7)])(NOON)] == ["stored", "stored", "stored", "duplicate"]
    assert [seq for seq, _, _ in store.batches("one", "e")] == [0, 1, 2, 7]


def test_a_file_of_many_batches(store: Store, tmp_path: Path) -> None:
    """The same from the file that a verb writes beside a running node."""
    path = tmp_path / "many.parquet"
    parts = [from_accesses([access(1), access(2)]), {}, from_accesses([access(3, NOON + DAY)]), from_accesses([access(4)])]
    handover.write(parts, path)
    assert store.take(key(3), parts[3], NOON).status == "stored"
    keys = [key(0), key(1), key(0, sensor="two"), key(3)]
    assert [(one.status, one.rows) for one in store.take_file(keys, path, NOON)] == [("stored", 2), ("stored", 0), ("stored", 1), ("duplicate", 0)]
    assert count(store, CountQuestion(by="sensor"), TOKYO) == [Count("one", 3, 3, 1), Count("two", 1, 1, 1)]
    assert [row.key for row in count(store, CountQuestion(by="day"), TOKYO)] == [date(2026, 8, 1), date(2026, 8, 2)]


def test_slots_take_fixed_choices_only(store: Store) -> None:
    with pytest.raises(ValueError, match="allowed"):
        store.ask("counts", {}, {"key": "target; drop table ledger", "filters": "all", "order": "key", "limit": "none"})
    with pytest.raises(KeyError):
        store.ask("../secrets", {})


def test_reading_beside_writing_and_sealing(store: Store) -> None:
    """One writer, many readers: every answer is one of the states that the store really had."""
    wrong: list[Any] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found = total(store)
            if found.accesses % 10 or (found.accesses and found.sources != 10):
                wrong.append(found)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for seq in range(30):
            at = NOON + seq % 3 * DAY
            store.take(key(seq), from_accesses([access(n, at) for n in range(10)]), at)
            if seq % 5 == 4:
                store.seal(date(2026, 8, 3))
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert total(store) == Count(None, 300, 10, 1)
