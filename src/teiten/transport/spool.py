# SPDX-License-Identifier: Apache-2.0
"""A sensor's side of the delivery: `emit` hands a record to the operating system at once, a thread makes it durable and seals segments.

After `emit` returns, a killed process loses nothing; after 50 ms a power cut loses nothing either. When the disk takes nothing more,
the sensor goes on and what is not kept is counted into Gap records. An emitted record is never waited for by the network.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from teiten.clock import Clock
from teiten.config import Settings
from teiten.errors import TeitenError
from teiten.metrics import emitted as emitted_metric
from teiten.metrics import problems
from teiten.model import CATEGORIES, Access, Channel, Gap, Heartbeat, Record
from teiten.transport import frames, segments
from teiten.transport.drops import Drops
from teiten.transport.open_segment import OpenSegment
from teiten.transport.room import Room

_LOCK_PATIENCE_SECONDS = 5.0
_MAX_UNSEALED = 32  # segments in memory while the disk is slow; beyond it accesses are counted, not kept
_LONGEST_SEAL_SECONDS = 30.0
_CLOCK_STEP = 2_000_000  # µs by which wall clock and monotonic clock may differ before coverage begins anew
_ROOM_SECONDS = 0.5


class SpoolSettings(Settings, frozen=True):
    seal_seconds: Annotated[float, msgspec.Meta(gt=0)] = 0.5
    sync_seconds: Annotated[float, msgspec.Meta(gt=0)] = 0.05
    segment_bytes: Annotated[int, msgspec.Meta(ge=4096, le=8 << 20)] = 1 << 20
    segment_records: Annotated[int, msgspec.Meta(ge=1)] = 5000
    quota_bytes: Annotated[int, msgspec.Meta(ge=1 << 20)] = 2 << 30
    reserve_bytes: Annotated[int, msgspec.Meta(ge=0)] = 16 << 20
    heartbeat_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0


class SpoolWriter:
    """The only writer of `folder`. Use as a context manager or call `close`. `emit` may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        sensor: str,
        channel: Channel,
        clock: Clock,
        settings: SpoolSettings | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        addresses: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        """`addresses` tells what this sensor is called from outside, at the moment; every heartbeat carries it to the registry."""
        self._settings = settings or SpoolSettings()
        self._folder = folder
        self._clock = clock
        self._monotonic = monotonic
        self._addresses = addresses
        self._channel = channel
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = self._hold_folder()
        try:
            self._identity, self._seq = segments.take_identity(folder, sensor, channel)
        except (TeitenError, OSError):
            os.close(self._held)
            raise
        self._first_own = (self._identity.epoch, self._seq)
        self._boot = segments.boot_id()
        self._lock = threading.Lock()
        self._encode = msgspec.msgpack.Encoder().encode
        self._drops = Drops(folder / "drops", channel)
        self._forget_stated_drops()
        self._room = Room(folder, self._settings.quota_bytes, self._settings.reserve_bytes)
        self._open: OpenSegment | None = None
        self._retired: deque[OpenSegment] = deque()
        self._full = ""  # why nothing is written at the moment
        self._unmeasured = 0
        self._unflushed = dict.fromkeys(CATEGORIES, 0)
        self._sensor_dropped: Callable[[], int] = lambda: 0
        self._started_at = clock()
        self._covered_to = self._started_at
        self._beat_at = monotonic()
        self._measured_at = monotonic()
        self.emitted = 0
        self.dropped = 0
        self._recovered = self._recover()
        self._room.hold_reserve()
        self._heartbeat("start")
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"spool {channel}", daemon=True)
        self._thread.start()

    def emit(self, *records: Record) -> None:
        """Returns when the operating system has the bytes, or a record is counted as dropped. Never raises for a full or broken disk.

        Many records at once are one write and cost a third of what they cost one by one.
        """
        with self._lock:
            if self._stop.is_set():
                raise ValueError("emit after close")
            self.emitted += len(records)
            for record in records:
                if isinstance(record, Access):
                    self._unflushed[record.category if record.category in self._unflushed else "other"] += 1
            payloads = [self._encode(record) for record in records]
            kept = self._write_together(payloads) if len(payloads) > 1 else 0
            for record, payload in zip(records[kept:], payloads[kept:], strict=True):
                if self._write(payload):
                    kept += 1
                else:
                    self._drop(record)
            if kept and not self._wake.is_set():
                self._wake.set()

    def watch(self, dropped: Callable[[], int]) -> None:
        """`dropped` tells how many accesses the sensor's own limits have counted without keeping; it goes into the heartbeats."""
        self._sensor_dropped = dropped

    def close(self) -> None:
        """Last heartbeat, seal, sync. Repeated calls do nothing."""
        if self._stop.is_set():
            return
        with self._lock:
            self._heartbeat("stop")
            self._stop.set()
        self._wake.set()
        self._thread.join()
        self._drops.close()
        os.close(self._held)

    def __enter__(self) -> SpoolWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- under the lock

    def _write(self, payload: bytes) -> bool:
        if self._full or len(payload) > frames.MAX_FRAME_BYTES:
            return False
        try:
            current = self._open or self._begin()
            current.write(payload)
        except OSError as error:
            self._fill(f"disk: {error.strerror}")
            return False
        self._note_written(current, len(payload))
        return True

    def _write_together(self, payloads: list[bytes]) -> int:
        """How many of the first were written; what is left wants `_write`, which knows what to do when something is in the way."""
        kept = 0
        while kept < len(payloads) and not self._full:
            try:
                current = self._open or self._begin()
                count = current.write_together(payloads[kept:], self._settings.segment_bytes, self._settings.segment_records)
            except OSError:
                break
            if not count:
                break
            self._note_written(current, sum(map(len, payloads[kept : kept + count])))
            kept += count
        return kept

    def _note_written(self, current: OpenSegment, size: int) -> None:
        self._unmeasured += size
        if current.offset >= self._settings.segment_bytes or len(current.payloads) >= self._settings.segment_records:
            self._retire()
        if self._room.over_quota(self._unmeasured):
            self._fill("spool full")

    def _begin(self) -> OpenSegment:
        header = frames.SegmentHeader(self._identity.sensor, self._channel, self._identity.epoch, self._seq, self._clock(), self._boot)
        self._open = OpenSegment(self._folder, header, self._monotonic())
        segments.note_seq(self._held, self._identity.epoch, self._seq)
        self._seq += 1
        return self._open

    def _retire(self) -> None:
        if self._open:
            self._retired.append(self._open)
            self._open = None
            if len(self._retired) >= _MAX_UNSEALED:
                self._fill("disk too slow")

    def _fill(self, why: str) -> None:
        problems.labels("spool", why).inc()
        self._full = why

    def _drop(self, record: Record) -> None:
        records = record.records if isinstance(record, Gap) else 0 if isinstance(record, Heartbeat) else 1
        if records:
            self.dropped += records
            self._drops.count(self._clock(), records, self._full or "record too large")

    def _heartbeat(self, detail: str) -> None:
        now, beat_at = self._clock(), self._monotonic()
        expected = self._covered_to + int((beat_at - self._beat_at) * 1e6)
        from_at = self._covered_to if abs(now - expected) < _CLOCK_STEP else now - int((beat_at - self._beat_at) * 1e6)
        beat = Heartbeat(
            from_at=min(from_at, now),
            to_at=now,
            channel=self._channel,
            emitted=self.emitted,
            dropped=self.dropped + self._sensor_dropped(),
            backlog_bytes=self._room.backlog_bytes,
            detail=detail,
            addresses=self._addresses(),
        )
        if self._write(self._encode(beat)):
            self._covered_to, self._beat_at = now, beat_at

    def _write_gaps(self) -> None:
        for gap in self._drops.pending:
            if not self._write(self._encode(gap)):
                return
            self._drops.remove(gap)

    # ---- the thread

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(self._settings.seal_seconds / 2 if self._open else _ROOM_SECONDS)
            self._stop.wait(self._settings.sync_seconds * 0.8)  # group commit: one sync for all that came meanwhile
            self._wake.clear()
            try:
                self._tick()
            except OSError as error:  # the folder itself can't be read; records stay in the operating system's hands meanwhile
                problems.labels("spool", f"tick: {error.strerror}").inc()
        with self._lock:
            if self._full:
                self._room.give_up_reserve()
            self._full = ""
            self._write_gaps()
            self._retire()
        self._seal_retired()
        for unsealed in self._retired:
            unsealed.close()
        self._room.hold_reserve()

    def _tick(self) -> None:
        with self._lock:
            self._flush_metrics()
            if self._open and self._monotonic() - self._open.began >= self._seal_after():
                self._retire()
            current = self._open
        if current:
            self._sync(current)  # before sealing: meanwhile `emit` may retire it, and sealing closes
        self._seal_retired()
        self._look_after_room()
        with self._lock:
            if self._monotonic() - self._beat_at >= self._settings.heartbeat_seconds:
                self._heartbeat("")

    def _seal_after(self) -> float:
        """Longer while segments wait: during an outage of days the folder must not fill with half-second files."""
        return min(_LONGEST_SEAL_SECONDS, self._settings.seal_seconds * (1 + self._room.waiting // 16))

    def _sync(self, current: OpenSegment) -> None:
        try:
            os.fdatasync(current.fd)
            if not current.linked:
                segments.sync_folder(self._folder)
                current.linked = True
        except OSError as error:  # the kernel may have dropped the pages: this descriptor is not to be trusted again
            problems.labels("spool", f"sync: {error.strerror}").inc()
            with self._lock:
                current.suspect = True
                if self._open is current:
                    self._retire()

    def _seal_retired(self) -> None:
        while self._retired:
            if not self._seal(self._retired[0]):
                with self._lock:
                    self._fill("disk does not take the segment")
                return
            with self._lock:
                self._retired.popleft()

    def _seal(self, segment: OpenSegment) -> bool:
        """False: try again later; the segment stays in memory and what the disk has of it is recovered if this process dies."""
        try:
            if not segment.suspect:
                self._finish(segment)
            if segment.suspect:
                self._rewrite(segment)
            else:
                segment.path.rename(self._sealed_path(segment))
            segments.sync_folder(self._folder)
        except OSError as error:
            problems.labels("spool", f"seal: {error.strerror}").inc()
            self._room.make()
            return False
        segment.close()
        return True

    def _finish(self, segment: OpenSegment) -> None:
        """Raises OSError when the trailer can't be written; a failed sync makes the segment suspect instead."""
        end, segment.digest = frames.closing(segment.payloads, self._clock(), segment.offset, segment.seed)
        segments.write_all(segment.fd, end, segment.offset)
        os.ftruncate(segment.fd, segment.offset + len(end))
        try:
            os.fdatasync(segment.fd)
        except OSError as error:
            problems.labels("spool", f"sync: {error.strerror}").inc()
            segment.suspect = True

    def _rewrite(self, segment: OpenSegment) -> None:
        """After a failed sync: the same content into a new file under the same name; the doubtful file goes into quarantine."""
        data, segment.digest = frames.whole(segment.header, segment.payloads, self._clock())
        temporary = segment.path.with_suffix(".tmp")
        with temporary.open("wb", buffering=0) as file:
            segments.write_all(file.fileno(), data, 0)
            os.fsync(file.fileno())
        temporary.rename(self._sealed_path(segment))
        if segment.path.exists():
            segments.set_aside(segment.path)

    def _sealed_path(self, segment: OpenSegment) -> Path:
        return segments.sealed_path(self._folder, segment.header.epoch, segment.header.seq, len(segment.payloads), segment.digest)

    def _look_after_room(self) -> None:
        if self._monotonic() - self._measured_at < _ROOM_SECONDS:
            return
        self._measured_at = self._monotonic()
        with self._lock:
            self._unmeasured = 0
        self._room.measure()
        if self._full and not self._retired and self._room.returned():
            self._recovered = self._recovered or self._recover()
            with self._lock:
                self._full = ""
                self._write_gaps()
        elif not self._full and self._drops.pending:
            with self._lock:
                self._write_gaps()

    # ---- at the start

    def _hold_folder(self) -> int:
        deadline = time.monotonic() + _LOCK_PATIENCE_SECONDS  # a courier may be sealing what a dead writer left
        while (held := segments.lock_folder(self._folder)) is None:
            if time.monotonic() > deadline:
                raise TeitenError(f"Another process writes {self._folder}.", "Stop it, or give this sensor another name.")
            time.sleep(0.05)
        return held

    def _recover(self) -> bool:
        try:
            segments.recover(self._folder, self._channel, self._clock(), self._first_own)
        except OSError as error:
            problems.labels("spool", f"recovery: {error.strerror}").inc()
            self._room.give_up_reserve()
            return False
        return True

    def _forget_stated_drops(self) -> None:
        """A drop count that the dead writer had already written as a record must not be stated twice."""
        if not self._drops.pending:
            return
        stated = set(segments.unsealed_payloads(self._folder))
        for gap in self._drops.pending:
            if self._encode(gap) in stated:
                self._drops.remove(gap)

    def _flush_metrics(self) -> None:
        for category, count in self._unflushed.items():
            if count:
                emitted_metric.labels(self._channel, category).inc(count)
                self._unflushed[category] = 0
