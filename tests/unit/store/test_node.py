# SPDX-License-Identifier: Apache-2.0
"""What can go wrong around a store: another process, damaged parts, old rows, leftovers, a future layout."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import pytest

from teiten.columnar import from_accesses
from teiten.errors import ConfigurationError, StoreBusy, StoreDamaged, TeitenError
from teiten.model import Access, BatchKey, Heartbeat, Period
from teiten.questions.counts import count
from teiten.questions.interface import CountQuestion
from teiten.questions.live import latest
from teiten.questions.spread import daily_spread
from teiten.store import sealing
from teiten.store.node import NodeStore

UTC = ZoneInfo("UTC")
FIRST = date(2026, 8, 1)
START = 1_785_542_400_000_000  # 2026-08-01 00:00 UTC
DAY = 86_400_000_000
ALL = CountQuestion(by="day")


def batch(days: int, seq: int) -> dict[str, object]:
    return from_accesses(
        [
            Access(observed_at=START + day * DAY + seq, channel="web", kind="request", source=n.to_bytes(4, "big"), target=b"GET /%d" % (n % 3))
            for day in range(days)
            for n in range(50)
        ]
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NodeStore]:
    opened = NodeStore.open(tmp_path / "store", UTC, clock=lambda: START + 10 * DAY)
    opened.take(BatchKey("one", "e", 0, bytes(16)), batch(4, 0), START)
    opened.seal(FIRST + timedelta(days=9))
    yield opened
    opened.close()


def part(store: NodeStore, kind: str, day: date) -> Path:
    (found,) = (store.folder / "lake" / f"day={day}").glob(f"{kind}-*.parquet")
    return found


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("kinds", [["rows"], ["pairs"], ["rollup"], ["pairs", "rollup"]])
def test_damaged_parts_are_named_and_set_aside(store: NodeStore, kinds: list[str]) -> None:
    """Bit flips: found by checksum, named, set aside; counts go on from what is whole."""
    before = count(store, ALL, UTC)
    paths = [part(store, kind, FIRST) for kind in kinds]
    for path in paths:
        damage(path)
    faults = store.verify()
    assert [(fault.part.kind, fault.reason) for fault in faults] == [(kind, "checksum") for kind in kinds]
    assert not any(path.exists() for path in paths)
    assert len(list((store.folder / "lake" / "quarantine").iterdir())) == len(kinds)
    assert count(store, ALL, UTC) == before
    assert len(store.status()["corrupt"]) == len(kinds)
    assert store.verify() == []


def test_rows_and_pairs_lost_is_said(store: NodeStore) -> None:
    for kind in ("rows", "pairs"):
        damage(part(store, kind, FIRST))
    store.verify()
    assert [row.key for row in count(store, ALL, UTC)] == [FIRST + timedelta(days=n) for n in (1, 2, 3)]
    assert store.rows_incomplete() == {FIRST: "corrupt"}
    with pytest.raises(TeitenError, match="no longer kept"):
        count(store, CountQuestion(by="hour"), UTC)


def test_a_question_goes_on_over_a_missing_part(store: NodeStore) -> None:
    before = count(store, ALL, UTC)
    part(store, "pairs", FIRST).unlink()
    assert count(store, msgspec.structs.replace(ALL, channel="web"), UTC) == before  # another question: no kept answer is used
    assert len(store.status()["corrupt"]) == 1


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[NodeStore]:
    """A store whose four days were sealed one after the other, on days 1, 2, 3 and 4; now it is day 11."""
    now = [START]
    opened = NodeStore.open(tmp_path / "growing", UTC, clock=lambda: now[0])
    opened.take(BatchKey("one", "e", 0, bytes(16)), batch(4, 0), START)
    for day in range(1, 5):
        now[0] = START + day * DAY
        opened.seal(FIRST + timedelta(days=day))
    now[0] = START + 11 * DAY
    yield opened
    opened.close()


def test_a_log_of_long_ago_is_as_fresh_as_its_import(tmp_path: Path) -> None:
    """U-24: an operator who imports old logs today keeps their rows as long as today's."""
    now = [START + 1000 * DAY]
    with closing(NodeStore.open(tmp_path / "store", UTC, clock=lambda: now[0])) as store:
        store.take(BatchKey("one", "file-1", 0, bytes(16)), batch(2, 0), now[0])
        store.seal(FIRST + timedelta(days=1000))
        assert store.apply_retention(keep_days=400).days == ()
        now[0] += 399 * DAY
        assert store.apply_retention(keep_days=400).days == ()
        now[0] += 2 * DAY
        assert store.apply_retention(keep_days=400).dropped_rows == 100


def test_retention_drops_rows_and_keeps_counts(growing: NodeStore) -> None:
    """U-24, wish 6: bounded disk by days and by bytes, both reported; counts stay exact."""
    store = growing
    before = count(store, ALL, UTC)
    told = store.apply_retention(keep_days=8)
    assert (told.days, told.dropped_rows) == ((FIRST, FIRST + timedelta(days=1)), 100)
    assert told.dropped_bytes > 0
    assert count(store, ALL, UTC) == before
    assert store.status()["rows_dropped"] == ["2026-08-01", "2026-08-02"]
    assert len(latest(store, 1000)) == 100
    told = store.apply_retention(keep_bytes=told.kept_bytes - 1)
    assert told.days == (FIRST + timedelta(days=2),)
    assert store.apply_retention(keep_bytes=10**9).days == ()
    store.take(BatchKey("one", "e", 1, bytes(16)), batch(1, 1), START)
    store.seal(FIRST + timedelta(days=9))
    assert [row.accesses for row in count(store, ALL, UTC)] == [100, 50, 50, 50]
    assert count(store, CountQuestion(by="hour", from_on=FIRST + timedelta(days=3)), UTC)[0].accesses == 50
    with pytest.raises(TeitenError, match="no longer kept"):
        count(store, CountQuestion(by="hour"), UTC)


def test_leftovers_are_cleaned_and_strangers_set_aside(store: NodeStore) -> None:
    place = store.folder / "lake" / f"day={FIRST}"
    unfinished, unlisted = place / "rows-1.parquet.tmp", place / "rows-2.parquet"
    unfinished.write_bytes(b"x")
    unlisted.write_bytes(b"y")
    (place / "notes.txt").write_text("mine")
    store.close()
    again = NodeStore.open(store.folder, UTC)
    assert again.orphans == [f"lake/day={FIRST}/rows-2.parquet"]
    assert not unfinished.exists()
    assert (store.folder / "lake" / "orphans" / f"{FIRST}-rows-2.parquet").read_bytes() == b"y"
    assert (place / "notes.txt").exists()
    again.close()


def test_another_process_is_told_what_to_do(store: NodeStore) -> None:
    program = f"""
from pathlib import Path; from zoneinfo import ZoneInfo
from teiten.errors import StoreBusy; from teiten.store.node import NodeStore
try: NodeStore.open(Path({str(store.folder)!r}), ZoneInfo("UTC"))
except StoreBusy as error: print(error.next_step)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "wait or stop it" in told.stdout
    assert issubclass(StoreBusy, TeitenError)


def test_a_future_layout_is_refused(tmp_path: Path) -> None:
    NodeStore.open(tmp_path, UTC).close()
    connection = duckdb.connect(str(tmp_path / "teiten.duckdb"))
    connection.execute("update facts set value = 99 where name = 'layout'")
    connection.close()
    with pytest.raises(StoreDamaged, match="layout 99"):
        NodeStore.open(tmp_path, UTC)


def test_a_store_of_the_layout_before_gets_its_surveys(tmp_path: Path) -> None:
    """Layout 1 kept no surveys of sealed days: they are made on opening, and broad sources stay left out."""
    store = NodeStore.open(tmp_path, UTC)
    accesses = [Access(observed_at=START, channel="packet", kind="syn", source=bytes([1, 2, 3, 4]), target=b"%d/tcp" % port) for port in range(25)]
    store.take(BatchKey("one", "e", 0, bytes(16)), from_accesses([*accesses, msgspec.structs.replace(accesses[0], source=bytes(4))]), START)
    store.seal(FIRST + timedelta(days=1))
    store.close()
    with closing(duckdb.connect(str(tmp_path / "teiten.duckdb"))) as connection:
        assert connection.execute("delete from surveys_sealed").fetchone() == (1,)
        connection.execute("update facts set value = 1 where name = 'layout'")
    for _ in range(2):
        with closing(NodeStore.open(tmp_path, UTC)) as again:
            assert daily_spread(again, Period(FIRST, FIRST + timedelta(days=1)), "packet") == {b"0/tcp": {FIRST: 1}}


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "teiten.duckdb").write_bytes(b"\xff" * 50_000)
    with pytest.raises(StoreDamaged, match="backup"):
        NodeStore.open(tmp_path, UTC)


def test_a_folder_that_looks_like_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="must not contain"):
        NodeStore.open(tmp_path / "a[1]", UTC)


def test_kept_answers_are_never_stale(store: NodeStore) -> None:
    question = CountQuestion(by="target", from_on=FIRST, to_on=FIRST + timedelta(days=2))
    first = count(store, question, UTC)
    assert count(store, question, UTC) == first
    store.take(BatchKey("one", "e", 1, bytes(16)), batch(1, 1), START)
    second = count(store, question, UTC)
    assert sum(row.accesses for row in second) == sum(row.accesses for row in first) + 50
    store.seal(FIRST + timedelta(days=9))
    assert count(store, question, UTC) == second


def test_heartbeats_join(store: NodeStore) -> None:
    """Thousands of heartbeats of a sealed day become a few intervals."""
    beats = [Heartbeat(from_at=START + n * 1000, to_at=START + (n + 1) * 1000, channel="web", emitted=n) for n in range(200) if n != 100]
    store.take(BatchKey("one", "e", 1, bytes(16)), batch(1, 1), START, beats)
    store.seal(FIRST + timedelta(days=9))
    found = store.ask("intervals", {}, {"filters": "all"})
    assert found == [(FIRST, "one", START, START + 100_000), (FIRST, "one", START + 101_000, START + 200_000)]


def test_a_backup_opens_and_answers_the_same(store: NodeStore, tmp_path: Path) -> None:
    """A3: a restored copy has all that was acknowledged before it, and goes on from there."""
    store.take(BatchKey("one", "e", 1, bytes(16)), batch(2, 1), START)
    before = count(store, ALL, UTC)
    assert store.backup(tmp_path / "copy") > 0
    store.take(BatchKey("one", "e", 2, bytes(16)), batch(2, 2), START)
    store.seal(FIRST + timedelta(days=9))
    restored = NodeStore.open(tmp_path / "copy", UTC)
    assert count(restored, ALL, UTC) == before
    assert restored.verify() == []
    assert restored.take(BatchKey("one", "e", 1, bytes(16)), batch(2, 1), START).status == "duplicate"
    assert restored.take(BatchKey("one", "e", 2, bytes(16)), batch(2, 2), START).status == "stored"
    assert restored.seal(FIRST + timedelta(days=9)) == [FIRST, FIRST + timedelta(days=1)]
    assert count(restored, ALL, UTC) == count(store, ALL, UTC)
    restored.close()


def test_heartbeats_of_quiet_days_join_as_well(store: NodeStore) -> None:
    quiet = START + 6 * DAY
    beats = [Heartbeat(from_at=quiet + n, to_at=quiet + n + 1, channel="web", emitted=n) for n in range(50)]
    store.take(BatchKey("one", "e", 1, bytes(16)), {}, START, beats)
    store.seal(FIRST + timedelta(days=9))
    assert store.ask("intervals", {}, {"filters": "all"}) == [(FIRST + timedelta(days=6), "one", quiet, quiet + 50)]
    assert store.status()["sensors"][0]["channels"]["web"]["emitted"] == 49


def test_rows_that_come_while_a_day_is_sealed_are_kept(store: NodeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealing works beside taking: a late batch between writing the parts and listing them stays open and is counted once."""
    draft_day = sealing.draft_day

    def interrupted(*given: Any) -> sealing.Draft:
        draft = draft_day(*given)
        store.take(BatchKey("one", "late", 0, bytes(16)), batch(1, 7), START)
        return draft

    store.take(BatchKey("one", "e", 1, bytes(16)), batch(1, 1), START)
    with monkeypatch.context() as patched:
        patched.setattr(sealing, "draft_day", interrupted)
        store.seal(FIRST + timedelta(days=9))
    for _ in range(2):
        assert [(row.accesses, row.sources) for row in count(store, ALL, UTC)] == [(150, 50), (50, 50), (50, 50), (50, 50)]
        store.seal(FIRST + timedelta(days=9))
    assert store.status()["rows"] == {"open": 0, "sealed": 300}


def test_a_store_keeps_the_zone_of_its_days(tmp_path: Path) -> None:
    """Opened with another zone it would cut days differently from those it has; it says so and stays as it is."""
    NodeStore.open(tmp_path, ZoneInfo("Asia/Tokyo")).close()
    with pytest.raises(ConfigurationError, match="days of Asia/Tokyo"):
        NodeStore.open(tmp_path, ZoneInfo("UTC"))
    NodeStore.open(tmp_path, ZoneInfo("Asia/Tokyo")).close()


def test_a_day_that_fails_leaves_nothing_of_the_days_drafted_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk gets no fuller by trying again; the next sealing seals all of them."""
    with closing(NodeStore.open(tmp_path / "store", UTC, clock=lambda: START + 10 * DAY)) as store:
        store.take(BatchKey("one", "e", 0, bytes(16)), batch(4, 0), START)
        draft, fails = sealing.draft_day, [True]

        def fail_first(connection: Any, folder: Path, catalogue: Any, day: date, last_arrival: int) -> sealing.Draft:
            if day == FIRST and fails:
                raise duckdb.IOException("No space left on device")
            return draft(connection, folder, catalogue, day, last_arrival)

        monkeypatch.setattr(sealing, "draft_day", fail_first)
        with pytest.raises(TeitenError, match="could not seal"):
            store.seal(FIRST + timedelta(days=9))
        assert list((store.folder / "lake").glob("*/*.parquet*")) == []
        before = count(store, ALL, UTC)
        fails.clear()
        assert len(store.seal(FIRST + timedelta(days=9))) == 4
        assert count(store, ALL, UTC) == before
        assert len(before) == 4
