# SPDX-License-Identifier: Apache-2.0
"""The way out of a spool: in order, until there is a receipt, and nothing thrown away."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from teiten.errors import TeitenError
from teiten.model import Receipt
from teiten.transport import kept, segments
from teiten.transport.batches import Batch
from teiten.transport.courier import Courier, CourierSettings, Refused, Undelivered, run_couriers
from teiten.transport.spool import SpoolSettings
from tests.unit.transport.sample import access, clock, fill
from tests.unit.transport.test_spool import kill_after

FAST = CourierSettings(poll_seconds=0.001, first_pause_seconds=0.001, longest_pause_seconds=0.002)
TWO_EACH = SpoolSettings(segment_records=2, reserve_bytes=0)


class Centre:
    """Answers by a rule; remembers what it stored."""

    def __init__(self, rule: Callable[[Batch, int], Receipt] | None = None) -> None:
        self.rule = rule or (lambda batch, call: Receipt("stored", 1))
        self.calls = 0
        self.stored: list[int] = []

    async def __call__(self, batch: Batch) -> Receipt:
        self.calls += 1
        receipt = self.rule(batch, self.calls)
        self.stored.append(batch.key.seq)
        return receipt


def courier(folder: Path, centre: Centre) -> Courier:
    return Courier(folder, centre, clock, FAST, random.Random(1))


def run_until_empty(folder: Path, centre: Centre) -> None:
    async def go() -> None:
        running = asyncio.create_task(courier(folder, centre).run())
        async with asyncio.timeout(20):
            while segments.sealed(folder):
                await asyncio.sleep(0)
        running.cancel()

    asyncio.run(go())


def test_in_order_and_kept_afterwards(tmp_path: Path) -> None:
    fill(tmp_path, [access(n) for n in range(7)], TWO_EACH)
    centre = Centre()
    assert asyncio.run(courier(tmp_path, centre).sweep()) == 5
    assert centre.stored == [0, 1, 2, 3, 4]
    assert segments.sealed(tmp_path) == []
    assert len(list((tmp_path / "kept").glob("*/*.seg"))) == 5
    assert kept.rewind(tmp_path) == 5, "F13: all of it can be sent again"
    assert asyncio.run(courier(tmp_path, centre).sweep()) == 5


def test_trouble_means_again_in_order(tmp_path: Path) -> None:
    """F7: 0 lost, order kept."""
    fill(tmp_path, [access(n) for n in range(9)], TWO_EACH)

    def rule(batch: Batch, call: int) -> Receipt:
        if call % 4:
            raise [Undelivered("busy", 0.001), OSError("no route"), RuntimeError("store")][call % 4 - 1]
        return Receipt("stored", 1)

    centre = Centre(rule)
    run_until_empty(tmp_path, centre)
    assert centre.stored == sorted(set(centre.stored)) == list(range(6))


def test_a_lost_answer_means_sent_again(tmp_path: Path) -> None:
    fill(tmp_path, [access(1)])
    answers = [Undelivered("connection lost after the request")]
    centre = Centre()

    async def deliver(batch: Batch) -> Receipt:
        await centre(batch)
        if answers:
            raise answers.pop()
        return Receipt("duplicate", 0)

    async def go() -> None:
        one = Courier(tmp_path, deliver, clock, FAST)
        assert await one.sweep() == 0
        assert await one.sweep() == 1

    asyncio.run(go())
    assert centre.stored == [0, 0]


def test_a_refused_batch_goes_to_dead_letters_and_the_rest_goes_on(tmp_path: Path) -> None:
    fill(tmp_path, [access(n) for n in range(5)], TWO_EACH)

    def rule(batch: Batch, call: int) -> Receipt:
        if batch.key.seq == 1:
            raise Refused("answer 422")
        return Receipt("stored", 1)

    centre = Centre(rule)
    run_until_empty(tmp_path, centre)
    assert centre.stored == [0, 2, 3]
    assert [path.read_text() for path in (tmp_path / "dead").glob("*.why")] == ["answer 422\n"]
    assert segments.revive(tmp_path) == 1
    assert [segment.seq for segment in segments.sealed(tmp_path)] == [1]


def test_no_right_is_no_reason_to_bury(tmp_path: Path) -> None:
    fill(tmp_path, [access(1)])

    def rule(batch: Batch, call: int) -> Receipt:
        if call < 40:
            raise Undelivered("answer 401")
        return Receipt("stored", 1)

    run_until_empty(tmp_path, Centre(rule))
    assert not (tmp_path / "dead").exists()


def test_a_batch_that_breaks_the_store_does_not_stop_the_others(tmp_path: Path) -> None:
    """Never a crash loop: what fails while its successor is taken is put aside."""
    fill(tmp_path, [access(n) for n in range(5)], TWO_EACH)

    def rule(batch: Batch, call: int) -> Receipt:
        if batch.key.seq == 0:
            raise RuntimeError("cannot convert")
        return Receipt("stored", 1)

    centre = Centre(rule)
    run_until_empty(tmp_path, centre)
    assert centre.stored == [1, 2, 3]
    assert len(list((tmp_path / "dead").glob("*.seg"))) == 1


def test_a_store_that_is_down_buries_nothing(tmp_path: Path) -> None:
    fill(tmp_path, [access(n) for n in range(5)], TWO_EACH)

    def rule(batch: Batch, call: int) -> Receipt:
        if call < 60:
            raise RuntimeError("disk full")
        return Receipt("stored", 1)

    centre = Centre(rule)
    run_until_empty(tmp_path, centre)
    assert centre.stored == [0, 1, 2, 3]
    assert not (tmp_path / "dead").exists()


def test_damage_is_delivered_around_and_its_bytes_kept(tmp_path: Path) -> None:
    """F6."""
    fill(tmp_path, [access(n) for n in range(3)])
    [segment] = segments.sealed(tmp_path)
    data = bytearray(segment.path.read_bytes())
    at = data.index(b"GET /1")
    data[at] ^= 4
    segment.path.write_bytes(data)
    batches: list[Batch] = []
    centre = Centre(lambda batch, call: batches.append(batch) or Receipt("stored", 1))
    run_until_empty(tmp_path, centre)
    assert len(batches[0].payloads) == 4
    assert [gap.records for gap in batches[0].gaps] == [1]
    assert any(b"CET /1" in path.read_bytes() for path in (tmp_path / "quarantine").iterdir())


def test_a_segment_of_nobody_is_set_aside(tmp_path: Path) -> None:
    fill(tmp_path, [access(1)])
    [segment] = segments.sealed(tmp_path)
    segment.path.write_bytes(b"\0" * 50)
    (tmp_path / "spool.json").unlink()
    run_until_empty(tmp_path, Centre())
    assert len(list((tmp_path / "quarantine").iterdir())) == 1


def test_a_conflict_is_a_receipt(tmp_path: Path) -> None:
    fill(tmp_path, [access(1)])
    assert asyncio.run(courier(tmp_path, Centre(lambda batch, call: Receipt("conflict", 1))).sweep()) == 1


def test_what_a_dead_sensor_left_open_is_delivered(tmp_path: Path) -> None:
    kill_after(tmp_path, 3)
    batches: list[Batch] = []
    asyncio.run(courier(tmp_path, Centre(lambda batch, call: batches.append(batch) or Receipt("stored", 1))).sweep())
    assert sum(len(batch.payloads) for batch in batches) == 4


def test_on_a_full_disk_delivered_segments_are_forgotten_rather_than_stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, [access(1)])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    run_until_empty(tmp_path, Centre())
    assert not (tmp_path / "kept").exists()


def test_pauses_grow_jitter_and_end_at_the_limit(tmp_path: Path) -> None:
    one = Courier(tmp_path, Centre(), clock, CourierSettings(first_pause_seconds=1.0, longest_pause_seconds=60.0), random.Random(5))
    pauses = []
    for failures in range(1, 12):
        one._failures = failures
        pauses.append(one._pause())
    assert all(0.5 * 2**n <= pause <= 2**n for n, pause in enumerate(pauses[:5]))
    assert all(30 <= pause <= 60 for pause in pauses[6:])
    one._failures, one._retry_after = 1, 20.0
    assert one._pause() == 20.0


def test_couriers_find_spools_that_come_later(tmp_path: Path) -> None:
    folders: list[Path] = []
    centre = Centre()

    async def go() -> None:
        running = asyncio.create_task(run_couriers(lambda: folders, centre, clock, FAST))
        await asyncio.to_thread(fill, tmp_path, [access(1)])
        folders.append(tmp_path)
        async with asyncio.timeout(20):
            while not centre.stored:
                await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(go())
    assert centre.stored == [0]


def test_a_store_that_lacks_room_is_no_reason_to_bury(tmp_path: Path) -> None:
    """A nearly full disk takes small batches and refuses large ones: none of them is at fault, and each is taken when there is room."""
    fill(tmp_path, [access(n) for n in range(5)], TWO_EACH)

    def rule(batch: Batch, call: int) -> Receipt:
        if batch.key.seq == 0 and call < 60:
            raise TeitenError("the store could not write: no space left", "Free space there: 0 MB.")
        return Receipt("stored", 1)

    centre = Centre(rule)
    run_until_empty(tmp_path, centre)
    assert sorted(set(centre.stored)) == [0, 1, 2, 3]
    assert not (tmp_path / "dead").exists()
