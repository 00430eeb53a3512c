# SPDX-License-Identifier: Apache-2.0
"""Avro object container files, cut into a header and single data: what telescopes publish their flows in. Knows no schema's meaning.

Reads codecs null, deflate and snappy (the format is a page; no library is needed), in bounded memory. A block that fails its sync marker,
its checksum or its schema comes out as one DAMAGED record and reading goes on at the next marker.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

MAGIC = b"Obj\x01"
DAMAGED = b"\x00damaged block: "
LARGEST_BLOCK, MOST_DATA = 16 << 20, 500_000
"""Of one block, unpacked; writers make them of 16 to 1,000 KB."""
_SYNC_BYTES = 16
_LEAST_HEADER = 24
_SCHEMA = msgspec.json.Decoder(dict[str, Any])
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


class BadData(Exception):
    """Says what is wrong, in words for a report."""


class Fields:
    """The flat record schema of a file: names and primitive types (or `null`-or-one unions) in order."""

    def __init__(self, schema: bytes) -> None:
        try:
            parsed = _SCHEMA.decode(schema)
            self.names = tuple(str(field["name"]) for field in parsed["fields"])
            self._types = tuple(_branches(field["type"]) for field in parsed["fields"])
        except (msgspec.MsgspecError, KeyError, TypeError, UnicodeDecodeError, RecursionError):
            raise BadData("schema is not a record of simple fields") from None

    def read(self, data: bytes, at: int) -> tuple[dict[str, Any], int]:
        values: dict[str, Any] = {}
        for name, types in zip(self.names, self._types, strict=True):
            kind = types[0]
            if len(types) > 1:
                which, at = read_long(data, at)
                if not 0 <= which < len(types):
                    raise BadData("no such branch of a union")
                kind = types[which]
            values[name], at = _read(kind, data, at)
        return values, at


def _branches(kind: Any) -> tuple[str, ...]:
    kinds = kind if isinstance(kind, list) else [kind]
    plain = tuple(one["type"] if isinstance(one, dict) else one for one in kinds)
    if not plain or any(one not in PRIMITIVES for one in plain):
        raise TypeError(kind)
    return plain


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag varint and the place behind it."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise BadData("a number does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7


def _read(kind: str, data: bytes, at: int) -> tuple[Any, int]:
    if kind in ("int", "long"):
        return read_long(data, at)
    if kind in ("string", "bytes"):
        size, at = read_long(data, at)
        _need(data, at, size)
        return data[at : at + size], at + size
    size = {"null": 0, "boolean": 1, "float": 4, "double": 8}[kind]
    _need(data, at, size)
    return (None if kind == "null" else data[at : at + size]), at + size


def _need(data: bytes, at: int, size: int) -> None:
    if size < 0 or at + size > len(data):
        raise BadData("a value does not end")


class AvroCutter:
    """Feed it a file; out come the header, then a record for each datum, in lists of one block."""

    def __init__(self) -> None:
        self._rest = b""
        self._header: bytes | None = None
        self._codec, self._sync = "", b""
        self._fields: Fields | None = None
        self._is_hopeless = False

    def feed(self, block: bytes) -> Iterator[list[bytes]]:
        self._rest += block
        if self._header is None and not self._is_hopeless:
            yield self._begin()
        if self._header is not None:
            yield from self._blocks()
        elif self._is_hopeless:
            self._rest = b""

    def left(self) -> bytes:
        """What stands after the last whole block."""
        return DAMAGED + b"the file ends inside it" if self._rest else b""

    def _begin(self) -> list[bytes]:
        found: list[bytes] = []
        if MAGIC.startswith(self._rest):
            return found
        try:
            metadata, end = read_header(self._rest)
        except BadData as error:
            if len(self._rest) > LARGEST_BLOCK or str(error) == "not an Avro file":
                found.append(DAMAGED + str(error).encode())
                self._is_hopeless = True
            return found
        self._codec, self._sync = metadata.get(b"avro.codec", b"null").decode("ascii", "replace"), self._rest[end - _SYNC_BYTES : end]
        self._header, self._rest = self._rest[:end], self._rest[end:]
        found.append(self._header)
        try:
            if self._codec not in _CODECS:
                raise BadData(f"compressed with {self._codec}, which is not read here (null, deflate, snappy are)")
            self._fields = Fields(metadata.get(b"avro.schema", b""))
        except BadData as error:
            found.append(DAMAGED + str(error).encode())
            self._header, self._is_hopeless = None, True
        return found

    def _blocks(self) -> Iterator[list[bytes]]:
        while self._rest:
            try:
                count, at = read_long(self._rest, 0)
                size, at = read_long(self._rest, at)
            except BadData:
                if len(self._rest) < 20:
                    return
                count, size, at = -1, -1, 0
            end = at + size
            if 0 <= size <= LARGEST_BLOCK and count >= 0 and end + _SYNC_BYTES > len(self._rest):
                return
            if not 0 <= size <= LARGEST_BLOCK or count < 0 or self._rest[end : end + _SYNC_BYTES] != self._sync:
                yield [DAMAGED + b"no sync marker at its end"]
                if not self._skip():
                    return
                continue
            yield self._data(count, self._rest[at:end])
            self._rest = self._rest[end + _SYNC_BYTES :]

    def _skip(self) -> bool:
        found = self._rest.find(self._sync)
        self._rest = self._rest[found + _SYNC_BYTES :] if found >= 0 else self._rest[-_SYNC_BYTES + 1 :]
        return found >= 0

    def _data(self, count: int, packed: bytes) -> list[bytes]:
        found: list[bytes] = []
        if self._fields is None or count > MOST_DATA:
            return [DAMAGED + b"more data than a block may hold"]
        try:
            data, at = _CODECS[self._codec](packed), 0
            for _ in range(count):
                _, end = self._fields.read(data, at)
                if end == at:
                    raise BadData("data of no size")
                found.append(data[at:end])
                at = end
        except (BadData, zlib.error) as error:
            found.append(DAMAGED + str(error).encode("utf-8", "replace"))
        return found


def read_header(data: bytes) -> tuple[dict[bytes, bytes], int]:
    """Metadata and the place of the first block."""
    if data[:4] != MAGIC:
        raise BadData("not an Avro file")
    metadata: dict[bytes, bytes] = {}
    at = 4
    while True:
        count, at = read_long(data, at)
        if count == 0:
            break
        if count < 0:
            _, at = read_long(data, at)
        for _ in range(min(abs(count), 1000)):
            key, at = _read("bytes", data, at)
            metadata[key], at = _read("bytes", data, at)
    _need(data, at, _SYNC_BYTES)
    return metadata, at + _SYNC_BYTES


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(-15)
    data = unpacker.decompress(packed, LARGEST_BLOCK)
    if unpacker.unconsumed_tail:
        raise BadData("a block unpacks to too much")
    return data


def unsnap(packed: bytes) -> bytes:
    """Snappy's raw format: the size, then literals and copies from what is already unpacked."""
    size, at = _varint(packed)
    if size > LARGEST_BLOCK:
        raise BadData("a block unpacks to too much")
    out = bytearray()
    while at < len(packed) and len(out) <= size:
        tag = packed[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                extra = length - 59
                length, at = int.from_bytes(packed[at : at + extra], "little"), at + extra
            out += packed[at : at + length + 1]
            at += length + 1
            continue
        extra = (1, 2, 4)[(tag & 3) - 1]
        offset = int.from_bytes(packed[at : at + extra], "little")
        at += extra
        length = (tag >> 2) + 1
        if extra == 1:
            offset, length = offset | (tag >> 5) << 8, (tag >> 2 & 7) + 4
        if not 0 < offset <= len(out):
            raise BadData("a copy from before the beginning")
        start = len(out) - offset
        piece = out[start : start + length]
        out += (piece * (length // offset + 1))[:length] if offset < length else piece
    if len(out) != size:
        raise BadData("a block unpacks to another size than it says")
    return bytes(out)


def _varint(data: bytes) -> tuple[int, int]:
    value = shift = at = 0
    while at < min(len(data), 5):
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at
    raise BadData("a number does not end")


def _unsnap_checked(packed: bytes) -> bytes:
    data = unsnap(packed[:-4])
    if zlib.crc32(data).to_bytes(4, "big") != packed[-4:]:
        raise BadData("a block's checksum is wrong")
    return data


_CODECS: dict[str, Callable[[bytes], bytes]] = {"null": bytes, "deflate": _inflate, "snappy": _unsnap_checked}
