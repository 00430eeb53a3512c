# SPDX-License-Identifier: Apache-2.0
"""The sensor's side: what was emitted is in the spool after a crash, and what could not be kept is counted."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from teiten.errors import ConfigurationError, TeitenError
from teiten.model import Gap, Heartbeat
from teiten.transport import frames, kept, segments
from teiten.transport.spool import SpoolSettings, SpoolWriter
from tests.unit.transport.sample import NOW, SMALL, access, accesses_in, clock, contents, fill, gaps_in, records

KILLED = """
import os, signal, sys
from pathlib import Path
from tests.unit.transport.sample import access, clock, SMALL
from teiten.transport.spool import SpoolWriter
writer = SpoolWriter(Path(sys.argv[1]), "s1", "web", clock, SMALL)
for number in range(int(sys.argv[2])):
    writer.emit(access(number))
os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_after(folder: Path, emits: int) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(folder), str(emits)], check=False, cwd=Path(__file__).parents[3])


def failing(original: Callable[..., int], number: int, times: int = 1_000_000) -> Callable[..., int]:
    left = [times]

    def call(*arguments: object) -> int:
        if left[0] > 0:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return original(*arguments)

    return call


def test_emitted_is_spooled_in_order_with_heartbeats(tmp_path: Path) -> None:
    fill(tmp_path, [access(n) for n in range(7)])
    assert accesses_in(tmp_path) == [access(n) for n in range(7)]
    beats = [record for record in records(tmp_path) if isinstance(record, Heartbeat)]
    assert [beat.detail for beat in beats] == ["start", "stop"]
    assert [beat.emitted for beat in beats] == [0, 7]
    assert beats[1].from_at == beats[0].to_at


def test_heartbeats_carry_what_the_sensor_is_called_from_outside(tmp_path: Path) -> None:
    """P1: from the first one on, and as it is at the moment."""
    told = [("198.51.100.7",), ("198.51.100.8",)]
    with SpoolWriter(tmp_path, "s1", "web", clock, SMALL, addresses=lambda: told.pop(0)):
        pass
    assert [beat.addresses for beat in records(tmp_path) if isinstance(beat, Heartbeat)] == [("198.51.100.7",), ("198.51.100.8",)]


def test_segments_end_at_their_record_and_byte_limits(tmp_path: Path) -> None:
    fill(tmp_path / "a", [access(n) for n in range(10)], SpoolSettings(segment_records=4, reserve_bytes=0))
    assert [len(content.payloads) for content in contents(tmp_path / "a")] == [4, 4, 4]
    fill(tmp_path / "b", [access(n, body=bytes(3000)) for n in range(4)], SpoolSettings(segment_bytes=4096, reserve_bytes=0))
    assert [len(content.payloads) for content in contents(tmp_path / "b")] == [3, 2, 1]


def test_a_killed_writer_loses_nothing_that_was_emitted(tmp_path: Path) -> None:
    """F1, A1."""
    kill_after(tmp_path, 500)
    kill_after(tmp_path, 3)
    fill(tmp_path, [access(1000)])
    assert accesses_in(tmp_path) == [access(n) for n in range(500)] + [access(n) for n in range(3)] + [access(1000)]
    assert {content.key.seq for content in contents(tmp_path)} == set(range(len(contents(tmp_path))))
    assert not gaps_in(tmp_path)


def leftover(folder: Path) -> tuple[Path, bytes, list[bytes]]:
    """An open segment of a dead writer, with its bytes and payloads."""
    writer = fill(folder, [])
    epoch = writer._identity.epoch
    header = frames.SegmentHeader("s1", "web", epoch, 7, NOW, segments.boot_id())
    payloads = [b"\xc0" * 3, b"\xc0" * 5]
    whole, _ = frames.whole(header, payloads, NOW)
    reading = frames.read(whole, epoch, 7)
    trailer = len(frames.closing(payloads, NOW, 0, 0)[0])
    return segments.open_path(folder, epoch, 7), whole[: reading.end - trailer], payloads


def test_a_torn_tail_is_cut_at_every_byte_and_stated(tmp_path: Path) -> None:
    path, data, payloads = leftover(tmp_path)
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        segments.recover(tmp_path, "web", NOW)
        assert not path.exists()
        sealed = [segment for segment in segments.sealed(tmp_path) if segment.seq == 7]
        whole = frames.read(data[:cut], path.name[:16], 7)
        if not sealed:
            assert whole.payloads == [] and whole.end == cut
            continue
        content = segments.read_sealed(sealed[0], segments.read_identity(tmp_path))
        assert content is not None
        assert content.payloads[: len(whole.payloads)] == payloads[: len(whole.payloads)]
        assert len(content.payloads) - len(whole.payloads) == (1 if whole.end < cut else 0), "a loss is stated, and only a loss"
        assert not content.gaps and not content.damage
        sealed[0].path.unlink()


def test_recovery_killed_after_the_trailer_or_before_the_rename_is_repeated(tmp_path: Path) -> None:
    path, data, payloads = leftover(tmp_path)
    seed = frames.seed_of(path.name[:16], 7)
    path.write_bytes(data + frames.closing(payloads, NOW, len(data), seed)[0])
    segments.recover(tmp_path, "web", NOW)
    content = next(content for content in contents(tmp_path) if content.key.seq == 7)
    assert content.payloads == payloads


def test_a_machine_that_stopped_is_stated(tmp_path: Path) -> None:
    writer = fill(tmp_path, [])
    header = frames.SegmentHeader("s1", "web", writer._identity.epoch, 9, NOW, "another boot")
    segments.open_path(tmp_path, header.epoch, 9).write_bytes(frames.opening(header))
    fill(tmp_path, [])
    assert [gap.reason for gap in gaps_in(tmp_path)] == ["machine stopped without warning"]


def test_no_bit_flip_in_a_sealed_segment_alters_or_hides(tmp_path: Path) -> None:
    """F6: delivered or counted, never altered, never twice."""
    fill(tmp_path, [access(n) for n in range(3)])
    [segment] = segments.sealed(tmp_path)
    identity = segments.read_identity(tmp_path)
    intact = segments.read_sealed(segment, identity)
    assert intact is not None
    data = segment.path.read_bytes()
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        segment.path.write_bytes(flipped)
        content = segments.read_sealed(segment, identity)
        assert content is not None
        assert content.key == intact.key, "a damaged segment keeps its name, so it can't be stored beside itself"
        assert all(payload in intact.payloads for payload in content.payloads)
        assert len(content.payloads) + sum(gap.records for gap in content.gaps) == len(intact.payloads)
        assert content.damage


def test_a_sealed_segment_cut_anywhere_is_delivered_or_counted(tmp_path: Path) -> None:
    fill(tmp_path, [access(n) for n in range(3)])
    [segment] = segments.sealed(tmp_path)
    data = segment.path.read_bytes()
    for cut in range(len(data)):
        segment.path.write_bytes(data[:cut])
        content = segments.read_sealed(segment, segments.read_identity(tmp_path))
        assert content is not None
        assert len(content.payloads) + sum(gap.records for gap in content.gaps) == 5


def test_a_whole_that_does_not_match_is_not_believed(tmp_path: Path) -> None:
    fill(tmp_path, [access(1)])
    [segment] = segments.sealed(tmp_path)
    header = frames.SegmentHeader("s1", "web", segment.epoch, segment.seq, NOW)
    other = tmp_path / segment.path.name.replace(segment.path.name[-36:-4], "0" * 32)
    data = bytearray(frames.whole(header, [b"a", b"b", b"c"], NOW)[0])
    data[-5] ^= 1  # the trailer's statement is gone as well
    segment.path.unlink()
    other.write_bytes(data)
    [content] = contents(tmp_path)
    assert content.payloads == []
    assert [gap.records for gap in content.gaps] == [3]


def test_quota_counts_exactly_and_the_sensor_goes_on(tmp_path: Path) -> None:
    """§1.3: a gap record with first and last time, count and reason."""
    settings = SpoolSettings(quota_bytes=1 << 20, segment_records=100, reserve_bytes=4096)
    writer = fill(tmp_path, [access(n, body=bytes(8000)) for n in range(300)], settings)
    stored, gaps = accesses_in(tmp_path), gaps_in(tmp_path)
    assert 100 < len(stored) < 300
    assert [gap.reason for gap in gaps] == ["spool full"]
    assert len(stored) + gaps[0].records == 300 == writer.emitted
    assert writer.dropped == gaps[0].records


def test_a_full_disk_counts_exactly_and_what_fits_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F4."""
    with SpoolWriter(tmp_path, "s1", "web", clock, SMALL) as writer:
        writer.emit(access(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", failing(os.pwrite, errno.ENOSPC))
            writer.emit(access(2))
            writer.emit(access(3))
            writer.emit(Gap(from_at=NOW, to_at=NOW, channel="web", records=5, reason="flood"))
    assert accesses_in(tmp_path) == [access(1)]
    assert [(gap.records, gap.from_at, gap.to_at) for gap in gaps_in(tmp_path)] == [(7, NOW, NOW)]


def test_a_drop_count_outlives_a_kill_and_is_stated_once(tmp_path: Path) -> None:
    program = KILLED.replace("os.kill(", "writer._full = 'spool full'\nwriter.emit(access(1))\nwriter.emit(access(2))\nos.kill(")
    subprocess.run([sys.executable, "-c", program, str(tmp_path), "1"], check=False, cwd=Path(__file__).parents[3])
    fill(tmp_path, [])
    assert [gap.records for gap in gaps_in(tmp_path)] == [2]
    fill(tmp_path, [])
    assert [gap.records for gap in gaps_in(tmp_path)] == [2]


def test_a_drop_count_already_written_is_not_written_again(tmp_path: Path) -> None:
    """Killed between writing the gap and clearing the count."""
    program = KILLED.replace(
        "os.kill(",
        "writer._full = 'spool full'\nwriter.emit(access(1))\nwriter._full = ''\nwriter._drops.remove = print\nwriter._write_gaps()\nos.kill(",
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path), "1"], check=False, cwd=Path(__file__).parents[3])
    fill(tmp_path, [])
    assert [gap.records for gap in gaps_in(tmp_path)] == [1]


@pytest.mark.parametrize("times", [1, 2])
def test_after_a_failed_sync_the_content_is_in_a_new_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """F5: never the same descriptor again; nothing lost, nothing doubled."""
    monkeypatch.setattr(os, "fdatasync", failing(os.fdatasync, errno.EIO, times))
    fill(tmp_path, [access(n) for n in range(5)])
    assert accesses_in(tmp_path) == [access(n) for n in range(5)]
    assert len(list((tmp_path / "quarantine").glob("*.open"))) >= 1


def test_killed_between_rewriting_and_setting_aside(tmp_path: Path) -> None:
    fill(tmp_path, [access(1)])
    [segment] = segments.sealed(tmp_path)
    shutil.copy(segment.path, segments.open_path(tmp_path, segment.epoch, segment.seq))
    fill(tmp_path, [])
    assert accesses_in(tmp_path) == [access(1)]


def test_too_large_a_record_is_counted_not_written(tmp_path: Path) -> None:
    fill(tmp_path, [access(1, body=bytes(frames.MAX_FRAME_BYTES)), access(2)])
    assert accesses_in(tmp_path) == [access(2)]
    assert [(gap.records, gap.reason) for gap in gaps_in(tmp_path)] == [(1, "record too large")]


def test_a_copied_or_moved_spool_gets_a_new_epoch(tmp_path: Path) -> None:
    """F10."""
    first = fill(tmp_path / "a", [access(1)])._identity.epoch
    assert fill(tmp_path / "a", [])._identity.epoch == first
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert fill(tmp_path / "b", [])._identity.epoch != first
    (tmp_path / "a").rename(tmp_path / "c")
    assert fill(tmp_path / "c", [])._identity.epoch != first
    assert accesses_in(tmp_path / "b") == accesses_in(tmp_path / "c") == [access(1)]


def test_a_number_is_not_given_out_twice_when_segments_are_forgotten(tmp_path: Path) -> None:
    writer = fill(tmp_path, [access(1)])
    for segment in segments.sealed(tmp_path):
        segment.path.unlink()
    again = fill(tmp_path, [access(2)])
    assert again._identity.epoch == writer._identity.epoch
    assert {content.key.seq for content in contents(tmp_path)} == {1}
    (tmp_path / "lock").unlink()
    segments.sealed(tmp_path)[0].path.unlink()
    assert fill(tmp_path, [])._identity.epoch != writer._identity.epoch, "no trace of the last number: begin anew"


def test_one_writer_and_the_right_sensor_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teiten.transport.spool._LOCK_PATIENCE_SECONDS", 0.0)
    with SpoolWriter(tmp_path, "s1", "web", clock, SMALL), pytest.raises(TeitenError, match="Another process"):
        SpoolWriter(tmp_path, "s1", "web", clock, SMALL)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ConfigurationError, match="s1"):
        SpoolWriter(tmp_path, "other", "web", clock, SMALL)
    assert sorted(path.name for path in tmp_path.iterdir()) == before, "F12: nothing was touched"
    fill(tmp_path, [])


def test_heartbeats_follow_the_monotonic_clock_when_the_wall_clock_steps(tmp_path: Path) -> None:
    """F9."""
    wall, steady = [NOW], [100.0]
    with SpoolWriter(tmp_path, "s1", "web", lambda: wall[0], SMALL, lambda: steady[0]) as writer:
        wall[0] -= 3600 * 1_000_000
        steady[0] += 60.0
        with writer._lock:
            writer._heartbeat("")
    beats = [record for record in records(tmp_path) if isinstance(record, Heartbeat)]
    assert (beats[1].from_at, beats[1].to_at) == (wall[0] - 60_000_000, wall[0])
    assert all(beat.from_at <= beat.to_at for beat in beats)


def test_waiting_segments_make_new_ones_longer(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path, "s1", "web", clock, SMALL) as writer:
        writer._room.waiting = 160
        assert writer._seal_after() == pytest.approx(5.5)
        writer._room.waiting = 10**6
        assert writer._seal_after() == 30.0


def test_kept_is_forgotten_by_age_and_size_but_never_the_newest(tmp_path: Path) -> None:
    fill(tmp_path, [access(n) for n in range(20)], SpoolSettings(segment_records=2, reserve_bytes=0))
    place = kept.Kept(tmp_path, hours=48.0, max_bytes=1 << 30)
    hour = 3_600_000_000
    for place_in_order, segment in enumerate(segments.sealed(tmp_path)):
        place.add(segment, NOW + place_in_order * 12 * hour)
    place.prune(NOW + 10 * 12 * hour)
    names = sorted(path.name[17:25] for path in (tmp_path / "kept").glob("*/*"))
    assert names == [f"{n:08d}" for n in range(6, 11)]
    kept.Kept(tmp_path, 48.0, 0).prune(NOW + 10 * 12 * hour)
    assert len(list((tmp_path / "kept").glob("*/*"))) == 1
    assert kept.drop_oldest(tmp_path) is False
    assert kept.rewind(tmp_path) == 1
    assert [segment.seq for segment in segments.sealed(tmp_path)] == [10]


def test_emit_after_close_is_an_error(tmp_path: Path) -> None:
    writer = fill(tmp_path, [])
    with pytest.raises(ValueError, match="after close"):
        writer.emit(access(1))


@pytest.mark.parametrize("settings", [SMALL, SpoolSettings(segment_records=7, heartbeat_seconds=3600.0), SpoolSettings(segment_bytes=4096)])
def test_many_at_once_are_the_same_segments_as_one_by_one(tmp_path: Path, settings: SpoolSettings) -> None:
    """F4: nothing depends on how records come together. One in the middle is too long for a frame: counted, and the others are kept."""
    accesses = [access(n, body=bytes(n * 7)) for n in range(60)]
    accesses.insert(30, access(99, body=bytes(frames.MAX_FRAME_BYTES)))
    fill(tmp_path / "one by one", accesses, settings)
    with SpoolWriter(tmp_path / "together", "s1", "web", clock, settings) as writer:
        writer.emit(*accesses[:1])
        writer.emit()
        writer.emit(*accesses[1:])
    assert accesses_in(tmp_path / "together") == accesses_in(tmp_path / "one by one") == [*accesses[:30], *accesses[31:]]
    assert [len(content.payloads) for content in contents(tmp_path / "together")] == [len(c.payloads) for c in contents(tmp_path / "one by one")]
    assert (writer.emitted, writer.dropped) == (61, 1)


def test_a_disk_that_fills_amid_many_keeps_what_fits_and_counts_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F4: the write of all is tried again one by one, so that every record is either in the spool or in a gap."""
    original = os.pwrite

    def small_disk(descriptor: int, data: bytes, offset: int) -> int:
        if offset + len(data) > 3000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(descriptor, data, offset)

    with SpoolWriter(tmp_path, "s1", "web", clock, SMALL) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", small_disk)
            writer.emit(*[access(n, body=bytes(100)) for n in range(100)])
        assert 0 < writer.dropped < 100
    kept = accesses_in(tmp_path)
    assert kept == [access(n, body=bytes(100)) for n in range(len(kept))]
    assert len(kept) + sum(gap.records for gap in gaps_in(tmp_path)) == 100
