# SPDX-License-Identifier: Apache-2.0
"""Exact flowtuples: how many packets each source sent to each destination, port and flags in each minute, in bounded memory.

Two engines, one answer: `CompiledFlows` (numba) and `PlainFlows` (a dict) give the same rows in the same order. A row of a minute
comes again when packets arrive late or a minute has more rows than fit: the parts add up, `merged` does it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from teiten.packets.layout import (
    KEY_WORDS4,
    KEY_WORDS6,
    MINUTE_NS,
    MOST_ROWS4,
    MOST_ROWS6,
    OPEN_MINUTES,
    PACKETS_MASK,
    RECORDS_PER_STEP,
    SEEN_SHIFT,
    VALUE_WORDS,
    Array,
    Decoded,
    Outcome,
    Records,
)

WORDS4, WORDS6 = 1 + KEY_WORDS4 + VALUE_WORDS, 1 + KEY_WORDS6 + VALUE_WORDS


class FlowBatch(NamedTuple):
    """Rows of one IP version; `words` is int64[n, 6] (IPv4) or int64[n, 9] (IPv6), unpacked by the properties."""

    version: int
    words: NDArray[np.int64]

    @property
    def _values(self) -> int:
        return int(self.words.shape[1]) - VALUE_WORDS

    @property
    def minute(self) -> Array:
        """Minutes since 1970-01-01 UTC."""
        return self.words[:, 0]

    @property
    def source(self) -> Array:
        """uint8[n, 4] or uint8[n, 16], network order."""
        return self._bytes(1)[:, :4] if self.version == 4 else np.hstack([self._bytes(1), self._bytes(2)])

    @property
    def destination(self) -> Array:
        return self._bytes(1)[:, 4:] if self.version == 4 else np.hstack([self._bytes(3), self._bytes(4)])

    @property
    def key(self) -> Array:
        """doubt << 32 | port << 16 | protocol << 8 | flags."""
        return self.words[:, self._values - 1]

    @property
    def protocol(self) -> Array:
        return self.key >> 8 & 0xFF

    @property
    def port(self) -> Array:
        """Destination port, or type << 8 | code of ICMP; meaningless where `doubt` says so."""
        return self.key >> 16 & 0xFFFF

    @property
    def flags(self) -> Array:
        return self.key & 0xFF

    @property
    def doubt(self) -> Array:
        """layout.Doubt bits."""
        return self.key >> 32

    @property
    def payload(self) -> Array:
        """Hash of the first payload in the row, 0 without one; equal payloads have equal hashes."""
        return self.words[:, self._values]

    @property
    def packets(self) -> Array:
        return self.words[:, self._values + 1] & PACKETS_MASK

    @property
    def first_at(self) -> Array:
        """Microseconds UTC of the row's first packet in file order."""
        first: Array = self.minute * 60_000_000 + (self.words[:, self._values + 1] >> 32)
        return first

    @property
    def bytes(self) -> Array:
        """Sum of the packets' original lengths."""
        return self.words[:, self._values + 2] & ((1 << SEEN_SHIFT) - 1)

    @property
    def seen(self) -> Array:
        """layout.Seen bits of any packet in the row."""
        return self.words[:, self._values + 2] >> SEEN_SHIFT

    def _bytes(self, word: int) -> Array:
        raw: Array = self.words[:, word].astype(">i8").view(np.uint8)
        return raw.reshape(-1, 8)


def merged(batches: Iterable[FlowBatch]) -> dict[tuple[int, ...], tuple[int, int, int]]:
    """(minute, address words …, key) -> (packets, bytes, seen), parts added up. For tests and small files: holds everything."""
    rows: dict[tuple[int, ...], tuple[int, int, int]] = {}
    for batch in batches:
        values = zip(batch.packets.tolist(), batch.bytes.tolist(), batch.seen.tolist(), strict=True)
        for key, (packets, size, seen) in zip(map(tuple, batch.words[:, : batch._values].tolist()), values, strict=True):
            before = rows.get(key, (0, 0, 0))
            rows[key] = (before[0] + packets, before[1] + size, before[2] | seen)
    return rows


class CompiledFlows:
    """The table of compiled_flows.py. Its memory is reserved at once and touched only as far as rows need it."""

    def __init__(self) -> None:
        from teiten.packets import compiled_flows

        self._kernels = compiled_flows
        self._odd: Final = int(np.int64(np.uint64(secrets.randbits(64) | 1).view(np.int64)))
        self._hashes = np.zeros(RECORDS_PER_STEP, np.int64)
        self._minutes = np.full(OPEN_MINUTES, -1, np.int64)
        self._filled = np.zeros(2, np.int64)
        room4, room6 = (most * OPEN_MINUTES + RECORDS_PER_STEP for most in (MOST_ROWS4, MOST_ROWS6))
        self._out = (np.empty((room4, WORDS4), np.int64), np.empty((room6, WORDS6), np.int64))
        self._kept: list[Array] = []
        self._lines = np.array([self._line(slot, kind) for slot in range(OPEN_MINUTES) for kind in (0, 1)], np.int64)

    def _line(self, slot: int, kind: int) -> list[int]:
        """The control words that compiled_flows names ROWS, INDEX, MASK, FILL, OUT, OUT_FILL."""
        most, words = ((MOST_ROWS4, WORDS4), (MOST_ROWS6, WORDS6))[kind]
        rows, index = np.empty((most, words - 1), np.int64), np.zeros(most * 2, np.int64)
        self._kept += [rows, index]
        return [rows.ctypes.data, index.ctypes.data, (1 << 10) - 1, 0, self._out[kind].ctypes.data, self._filled[kind:].ctypes.data, 0, 0]

    def add(self, data: Array, records: Records, decoded: Decoded, n: int) -> None:
        """Count the first `n` packets. `data` is the window that the records are in."""
        self._kernels.count_flows(data.ctypes.data, records, decoded, n, self._lines.ctypes.data, self._minutes.ctypes.data, self._odd, self._hashes)

    def drain(self) -> list[FlowBatch]:
        """Rows of minutes that ended, IPv4 before IPv6; call it after every `add`."""
        batches = [FlowBatch(4 + 2 * kind, self._out[kind][: self._filled[kind]].copy()) for kind in (0, 1) if self._filled[kind]]
        self._filled[:] = 0
        return batches

    def finish(self) -> list[FlowBatch]:
        """Rows of all open minutes, oldest first."""
        for slot in np.argsort(self._minutes, kind="stable").tolist():
            self._kernels.flush(self._lines.ctypes.data, self._minutes.ctypes.data, slot, self._odd)
        return self.drain()


class PlainFlows:
    """The same without numba, about forty times slower."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[dict[tuple[int, ...], list[int]], dict[tuple[int, ...], list[int]]]] = {}
        self._out: tuple[list[tuple[int, ...]], list[tuple[int, ...]]] = ([], [])

    def add(self, data: Array, records: Records, decoded: Decoded, n: int) -> None:
        view = data.data
        columns: list[Any] = [records.at_ns, records.original, *decoded]
        for time, original, outcome, seen, addresses, wide, key, start, size in zip(*(column[:n].tolist() for column in columns), strict=True):
            if outcome < Outcome.IPV4 or time < 0:
                continue
            minute, rest = divmod(time, MINUTE_NS)
            kind = outcome - Outcome.IPV4
            table = (self._open.get(minute) or self._begin(minute))[kind]
            whole = (*wide, key) if kind else (addresses, key)
            row = table.get(whole)
            if row is None:
                if len(table) == (MOST_ROWS4, MOST_ROWS6)[kind]:
                    self._emit(minute, kind, table)
                table[whole] = [payload_hash(view[start : start + size]), rest // 1000 << 32 | 1, original | seen << SEEN_SHIFT]
                continue
            row[1] += 1
            row[2] = row[2] + original | seen << SEEN_SHIFT
            row[0] = row[0] or payload_hash(view[start : start + size])

    def _begin(self, minute: int) -> tuple[dict[tuple[int, ...], list[int]], dict[tuple[int, ...], list[int]]]:
        if len(self._open) == OPEN_MINUTES:
            self._flush(min(self._open))
        self._open[minute] = ({}, {})
        return self._open[minute]

    def _flush(self, minute: int) -> None:
        for kind, table in enumerate(self._open.pop(minute)):
            self._emit(minute, kind, table)

    def _emit(self, minute: int, kind: int, table: dict[tuple[int, ...], list[int]]) -> None:
        self._out[kind].extend((minute, *key, *values) for key, values in table.items())
        table.clear()

    def drain(self) -> list[FlowBatch]:
        batches = [FlowBatch(4 + 2 * kind, np.array(rows, np.int64)) for kind, rows in enumerate(self._out) if rows]
        for rows in self._out:
            rows.clear()
        return batches

    def finish(self) -> list[FlowBatch]:
        for minute in sorted(self._open):
            self._flush(minute)
        return self.drain()


_M1, _M2, _ALL = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, (1 << 64) - 1


def payload_hash(payload: bytes | memoryview) -> int:
    """As a signed 64-bit number; 0 for no payload. The same as compiled_flows.payload_hash."""
    size = len(payload)
    if not size:
        return 0
    value = size * _M1 & _ALL
    for at in range(0, size - 7, 8):
        value = (value ^ int.from_bytes(payload[at : at + 8], "little")) * _M1 & _ALL
        value ^= value >> 29
    if size % 8:
        value = (value ^ int.from_bytes(payload[-8:], "little")) * _M2 & _ALL
        value ^= value >> 32
    return (value or 1) - (1 << 64 if value >> 63 else 0)
