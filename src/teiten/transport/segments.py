# SPDX-License-Identifier: Apache-2.0
"""The folder of a spool: names, identity, recovery after a crash, and where a segment goes when it has been delivered or refused.

`EPOCH-SEQ.open` is being written; `EPOCH-SEQ-COUNT-HASH.seg` is sealed and never changes; `kept/HOUR/` holds what the collector has
stored, for the case that its disk is lost; `dead/` what it will never take; `quarantine/` damaged bytes. Nothing is deleted unless
it was stored and is old, or its content is in another file.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from teiten.errors import ConfigurationError
from teiten.metrics import problems
from teiten.model import BatchKey, Gap
from teiten.transport import frames

_NAME = re.compile(r"(?P<epoch>[0-9a-f]{16})-(?P<seq>\d{8,12})(?:-(?P<records>\d+)-(?P<hash>[0-9a-f]{32}))?\.(?P<state>open|seg)")
_IDENTITY = "spool.json"
MAX_SEGMENT_BYTES = 12 << 20  # the largest setting for a segment, one frame over it, and slack
_MAX_QUARANTINE_BYTES = 256 << 20


class Identity(msgspec.Struct, frozen=True):
    """Who writes here. `inode` and `path` are of the identity file itself: a copied or restored spool differs and gets a new epoch."""

    sensor: str
    channel: str
    epoch: str
    inode: int
    path: str


class Segment(NamedTuple):
    path: Path
    epoch: str
    seq: int
    records: int | None  # None while open
    content_hash: bytes | None


def parse_name(path: Path) -> Segment | None:
    found = _NAME.fullmatch(path.name)
    if not found or (found["state"] == "seg") != (found["records"] is not None):
        return None
    sealed = found["records"] is not None
    return Segment(
        path, found["epoch"], int(found["seq"]), int(found["records"]) if sealed else None, bytes.fromhex(found["hash"]) if sealed else None
    )


def open_path(folder: Path, epoch: str, seq: int) -> Path:
    return folder / f"{epoch}-{seq:08d}.open"


def sealed_path(folder: Path, epoch: str, seq: int, records: int, content_hash: bytes) -> Path:
    return folder / f"{epoch}-{seq:08d}-{records}-{content_hash.hex()}.seg"


def sealed(folder: Path) -> list[Segment]:
    """Segments that wait for delivery; other epochs first (they are older), each in order."""
    found = [segment for segment in _segments(folder) if segment.records is not None]
    identity = read_identity(folder)
    current = identity.epoch if identity else ""
    return sorted(found, key=lambda s: (s.epoch == current, s.epoch, s.seq))


def _segments(folder: Path) -> Iterator[Segment]:
    for entry in os.scandir(folder):
        segment = parse_name(Path(entry.path))
        if segment is not None:
            yield segment


def read_identity(folder: Path) -> Identity | None:
    try:
        return msgspec.json.decode((folder / _IDENTITY).read_bytes(), type=Identity)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        problems.labels("spool", "identity unreadable").inc()
        return None


def take_identity(folder: Path, sensor: str, channel: str) -> tuple[Identity, int]:
    """The spool's identity and its next sequence number; a new epoch unless this is surely the same spool as before."""
    found = read_identity(folder)
    if found and (found.sensor, found.channel) != (sensor, channel):
        raise ConfigurationError(
            f"{folder} is the spool of sensor {found.sensor!r}, channel {found.channel!r}, not of {sensor!r}, {channel!r}.",
            "Give the sensor its old name, or move that folder away after its data is delivered. Nothing was changed.",
        )
    if found:
        status = (folder / _IDENTITY).stat()
        used = max(_highest_seq(folder, found.epoch), _noted_seq(folder, found.epoch))
        # Without any trace of the last segments a number could be given out twice: begin anew instead.
        if (status.st_ino, str(folder.resolve())) == (found.inode, found.path) and used >= 0:
            return found, used + 1
    return _new_identity(folder, sensor, channel), 0


def _new_identity(folder: Path, sensor: str, channel: str) -> Identity:
    temporary = folder / (_IDENTITY + ".new")
    with temporary.open("wb") as file:
        identity = Identity(sensor, channel, secrets.token_hex(8), os.fstat(file.fileno()).st_ino, str(folder.resolve()))
        file.write(msgspec.json.encode(identity))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(folder / _IDENTITY)
    sync_folder(folder)
    return identity


def _highest_seq(folder: Path, epoch: str) -> int:
    places = [folder, *[hour for hour in (folder / "kept").glob("*") if hour.is_dir()], folder / "dead", folder / "quarantine"]
    names = (name for place in places if place.is_dir() for name in os.listdir(place))  # noqa: PTH208 - names only, there may be 100,000
    taken = [int(found["seq"]) for found in map(_NAME.match, names) if found and found["epoch"] == epoch]
    return max(taken, default=-1)


def lock_folder(folder: Path) -> int | None:
    """A descriptor that makes its holder the only writer of this spool until it is closed; None when another process is."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def note_seq(held: int, epoch: str, seq: int) -> None:
    """Write down, in the lock file and so without needing new space, that `seq` is given out: its segment may be forgotten later."""
    try:
        os.pwrite(held, f"{epoch} {seq:012d}\n".encode(), 0)
    except OSError:
        problems.labels("spool", "sequence number not noted").inc()


def _noted_seq(folder: Path, epoch: str) -> int:
    try:
        found = re.fullmatch(rf"{epoch} (\d{{12}})\n", (folder / "lock").read_text(encoding="ascii"))
    except (FileNotFoundError, UnicodeDecodeError):
        return -1
    return int(found[1]) if found else -1


def unsealed_payloads(folder: Path) -> list[bytes]:
    """Records in segments that a dead writer left open."""
    left = [segment for segment in _segments(folder) if segment.records is None]
    return [payload for segment in left for payload in frames.read(_read_bounded(segment.path), segment.epoch, segment.seq).payloads]


def recover(folder: Path, channel: str, now: int, first_own: tuple[str, int] | None = None) -> None:
    """Seal what a dead writer left open, cut and state a torn tail. Needs `lock_folder`. Safe to be killed in and to repeat.

    `first_own` (epoch, seq): segments from there on belong to the running writer and are left alone.
    """
    for temporary in folder.glob("*.tmp"):
        temporary.unlink()
    done = {(s.epoch, s.seq) for s in _segments(folder) if s.records is not None}
    for segment in sorted(s for s in _segments(folder) if s.records is None):
        if first_own and segment.epoch == first_own[0] and segment.seq >= first_own[1]:
            continue
        rewritten = (segment.epoch, segment.seq) in done  # after a failed fsync: its content is in the sealed file
        if rewritten or segment.path.stat().st_size > MAX_SEGMENT_BYTES:
            set_aside(segment.path)
        else:
            _seal_leftover(folder, segment, channel, now)
    sync_folder(folder)


def _seal_leftover(folder: Path, segment: Segment, channel: str, now: int) -> None:
    data = segment.path.read_bytes()
    reading = frames.read(data, segment.epoch, segment.seq)
    payloads, end, seed = reading.payloads, reading.end, frames.seed_of(segment.epoch, segment.seq)
    if reading.trailer is None:
        tail = bytearray()
        for gap in _losses(reading, len(data), channel, int(segment.path.stat().st_mtime * 1e6), now):
            payload = msgspec.msgpack.encode(gap)
            tail += frames.frame(payload, end + len(tail), seed)
            payloads = [*payloads, payload]
        if not payloads:
            segment.path.unlink()
            return
        tail += frames.closing(payloads, now, end + len(tail), seed)[0]
        _write_tail(segment.path, bytes(tail), end)
    digest = reading.trailer.content_hash if reading.trailer else frames.content_hash(payloads)
    records = reading.trailer.records if reading.trailer else len(payloads)
    segment.path.rename(sealed_path(folder, segment.epoch, segment.seq, records, digest))


def _write_tail(path: Path, tail: bytes, end: int) -> None:
    """Over the torn bytes first, then cut: killed in between, the next recovery finds the statement and writes it no smaller."""
    with path.open("r+b", buffering=0) as file:
        write_all(file.fileno(), tail, end)
        file.truncate(end + len(tail))
        os.fsync(file.fileno())


def _losses(reading: frames.Reading, size: int, channel: str, touched_at: int, now: int) -> list[Gap]:
    touched_at = min(touched_at, now)
    losses = []
    if size > reading.end:
        losses.append(Gap(from_at=touched_at, to_at=now, channel=channel, records=0, reason="torn tail cut"))
    if reading.header and reading.header.boot not in ("", boot_id()):
        losses.append(Gap(from_at=touched_at, to_at=now, channel=channel, records=0, reason="machine stopped without warning"))
    return losses


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # another system, or confined away
        return ""


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Raises OSError (ENOSPC …) when the disk does not take all of it."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Content(NamedTuple):
    """A sealed segment as far as it can be read. `gaps` state what can't; `damage` are the bad bytes with their offsets."""

    key: BatchKey
    channel: str
    payloads: list[bytes]
    gaps: list[Gap]
    damage: list[tuple[int, bytes]]


def read_sealed(segment: Segment, identity: Identity | None) -> Content | None:
    """None when nobody can say whose segment it is. Raises OSError when the disk can't read it at all."""
    data = _read_bounded(segment.path)
    reading = frames.read(data, segment.epoch, segment.seq)
    sensor, channel = _whose(reading.header, identity)
    if not sensor:
        return None
    payloads, damaged = reading.payloads, reading.damaged
    computed = frames.content_hash(payloads)
    stated = {segment.content_hash} | ({reading.trailer.content_hash} if reading.trailer else set())
    if computed in stated:
        identity_hash = computed
    else:
        identity_hash = segment.content_hash or computed
        if len(payloads) >= (segment.records or 0):  # every checksum agrees and the whole does not: believe none of it
            payloads, damaged = [], [(0, len(data))]
    missing = max(0, (segment.records or 0) - len(payloads))
    gaps = [_damage_gap(segment, reading, channel, missing)] if missing else []
    damage = [(start, data[start:stop]) for start, stop in damaged]
    return Content(BatchKey(sensor, segment.epoch, segment.seq, identity_hash), channel, payloads, gaps, damage)


def _whose(header: frames.SegmentHeader | None, identity: Identity | None) -> tuple[str, str]:
    if header:
        return header.sensor, header.channel
    return (identity.sensor, identity.channel) if identity else ("", "")


def _read_bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_SEGMENT_BYTES)


def _damage_gap(segment: Segment, reading: frames.Reading, channel: str, missing: int) -> Gap:
    touched_at = int(segment.path.stat().st_mtime * 1e6)
    from_at = reading.header.created_at if reading.header else touched_at
    to_at = reading.trailer.sealed_at if reading.trailer else touched_at
    return Gap(from_at=min(from_at, to_at), to_at=max(from_at, to_at), channel=channel, records=missing, reason="damaged in the spool")


def set_aside(path: Path) -> None:
    """Move a file into quarantine."""
    problems.labels("spool", "quarantined").inc()
    place = path.parent / "quarantine"
    place.mkdir(exist_ok=True)
    path.rename(place / path.name)


def quarantine_bytes(segment: Segment, damage: list[tuple[int, bytes]]) -> None:
    """Copy bad stretches into quarantine, once and within its bound; trouble there never stops the delivery."""
    place = segment.path.parent / "quarantine"
    try:
        place.mkdir(exist_ok=True)
        used = sum(entry.stat().st_size for entry in os.scandir(place))
        for offset, data in damage:
            used += len(data)
            if used <= _MAX_QUARANTINE_BYTES:
                (place / f"{segment.path.name}.{offset}").write_bytes(data)
    except OSError:
        problems.labels("spool", "quarantine full").inc()


def bury(segment: Segment, why: str) -> None:
    """The collector will never take it: it stays here for a person to look at."""
    problems.labels("courier", "dead letter").inc()
    place = segment.path.parent / "dead"
    place.mkdir(exist_ok=True)
    (place / f"{segment.path.name}.why").write_text(why + "\n", encoding="utf-8")
    segment.path.rename(place / segment.path.name)


def revive(folder: Path) -> int:
    """Put dead letters back into the way; returns how many."""
    return put_back(folder, list((folder / "dead").glob("*.seg")))


def put_back(folder: Path, paths: list[Path]) -> int:
    moved = 0
    for path in paths:
        with suppress(FileNotFoundError):  # a running courier forgets old ones
            path.rename(folder / path.name)
            moved += 1
    sync_folder(folder)
    return moved
