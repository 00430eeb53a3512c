# SPDX-License-Identifier: Apache-2.0
"""The bytes of a segment file: magic, header, one checked frame per record, trailer. Pure; never opens a file, never decodes a record.

A frame is `marker | kind and length | crc | payload` and is good only at its own offset of its own segment: marker and checksum depend
on the epoch, which strangers never see, so bytes that a stranger sent can't pass for a frame after damage. A damaged stretch is skipped
to the next marker; everything outside it is still read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple, TypeVar

import msgspec

MAGIC: Final = b"TEITENS\x01"
MAX_FRAME_BYTES: Final = 2 << 20
RECORD, HEADER, TRAILER = 0, 1, 2

_HEAD = struct.Struct("<III")
OVERHEAD_BYTES: Final = _HEAD.size
_LENGTH_BITS = 28
_LENGTH_MASK = (1 << _LENGTH_BITS) - 1
_MASK = 0xFFFFFFFF


class SegmentHeader(msgspec.Struct, frozen=True, array_like=True):
    """What the file is, readable without its folder."""

    sensor: str
    channel: str
    epoch: str
    seq: int
    created_at: int  # microseconds UTC
    boot: str = ""  # the machine's boot when the segment was begun


class SegmentTrailer(msgspec.Struct, frozen=True, array_like=True):
    """Its presence says the segment is complete."""

    records: int
    content_hash: bytes
    sealed_at: int  # microseconds UTC


class Reading(NamedTuple):
    """What could be read of a segment. `damaged` are [start, stop) stretches; `end` is the offset after the last good frame."""

    payloads: list[bytes]
    header: SegmentHeader | None
    trailer: SegmentTrailer | None
    damaged: list[tuple[int, int]]
    end: int


def seed_of(epoch: str, seq: int) -> int:
    return zlib.crc32(f"{epoch}-{seq}".encode()) or 1  # never zero: a marker of zeros would match zero-filled blocks


def frame(payload: bytes, offset: int, seed: int, kind: int = RECORD) -> bytes:
    """`payload` framed for `offset` of the segment with `seed`. Payloads are at most MAX_FRAME_BYTES."""
    word = kind << _LENGTH_BITS | len(payload)
    return _HEAD.pack(seed, word, zlib.crc32(payload, (seed ^ offset ^ word) & _MASK)) + payload


def content_hash(payloads: Sequence[bytes]) -> bytes:
    """BLAKE2b-128 over the lengths, then the payloads: the identity of what a batch contains."""
    digest = blake2b(struct.pack(f"<{len(payloads)}I", *map(len, payloads)), digest_size=16)
    digest.update(b"".join(payloads))
    return digest.digest()


def opening(header: SegmentHeader) -> bytes:
    """The first bytes of a segment."""
    return MAGIC + frame(msgspec.msgpack.encode(header), len(MAGIC), seed_of(header.epoch, header.seq), HEADER)


def closing(payloads: Sequence[bytes], sealed_at: int, offset: int, seed: int) -> tuple[bytes, bytes]:
    """The trailer frame for a segment that ends at `offset`, and the content hash it states."""
    digest = content_hash(payloads)
    trailer = SegmentTrailer(len(payloads), digest, sealed_at)
    return frame(msgspec.msgpack.encode(trailer), offset, seed, TRAILER), digest


def whole(header: SegmentHeader, payloads: Iterable[bytes], sealed_at: int) -> tuple[bytes, bytes]:
    """A complete sealed segment made from memory, and its content hash."""
    seed, data, kept = seed_of(header.epoch, header.seq), bytearray(opening(header)), []
    for payload in payloads:
        data += frame(payload, len(data), seed)
        kept.append(payload)
    end, digest = closing(kept, sealed_at, len(data), seed)
    return bytes(data + end), digest


def read(data: bytes, epoch: str, seq: int) -> Reading:
    """Every good frame of a segment. Never raises; costs one pass over the bytes whatever they are."""
    seed = seed_of(epoch, seq)
    marker = seed.to_bytes(4, "little")
    found: dict[int, list[bytes]] = {RECORD: [], HEADER: [], TRAILER: []}
    offset = len(MAGIC) if data.startswith(MAGIC) else 0
    damaged: list[tuple[int, int]] = []
    end = offset
    while offset < len(data):
        good = _frame_at(data, offset, seed)
        if good is None:
            following = data.find(marker, offset + 1)
            stop = following if following >= 0 else len(data)
            _add_stretch(damaged, offset, stop)
            offset = stop
            continue
        kind, payload = good
        found[kind].append(payload)
        offset = end = offset + _HEAD.size + len(payload)
    header = _decode(found[HEADER], SegmentHeader)
    return Reading(found[RECORD], header, _decode(found[TRAILER], SegmentTrailer), damaged, end)


def _frame_at(data: bytes, offset: int, seed: int) -> tuple[int, bytes] | None:
    if len(data) - offset < _HEAD.size:
        return None
    marker, word, checksum = _HEAD.unpack_from(data, offset)
    kind, size = word >> _LENGTH_BITS, word & _LENGTH_MASK
    start = offset + _HEAD.size
    if marker != seed or kind > TRAILER or size > MAX_FRAME_BYTES or start + size > len(data):
        return None
    payload = data[start : start + size]
    return (kind, payload) if zlib.crc32(payload, (seed ^ offset ^ word) & _MASK) == checksum else None


def _add_stretch(damaged: list[tuple[int, int]], start: int, stop: int) -> None:
    if damaged and damaged[-1][1] == start:
        damaged[-1] = (damaged[-1][0], stop)
    else:
        damaged.append((start, stop))


S = TypeVar("S", SegmentHeader, SegmentTrailer)


def _decode(payloads: list[bytes], kind: type[S]) -> S | None:
    if len(payloads) != 1:
        return None
    try:
        return msgspec.msgpack.decode(payloads[0], type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
