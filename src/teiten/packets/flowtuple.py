# SPDX-License-Identifier: Apache-2.0
"""Exact flowtuples: how many packets each source sent to each destination, port and flags in each minute, in bounded memory.

Two engines, one answer: `CompiledFlows` (numba) and `PlainFlows` (a dict) give the same rows in the same order. A row of a minute
comes again when packets arrive late or a minute has more rows than fit: the parts add up.
"""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from teiten.packets.layout import (
    KEY_BITS,
    KEY_MASK,
    LARGE_TABLE,
    MINUTE_NS,
    MOST_ROWS4,
    MOST_ROWS6,
    OPEN_MINUTES,
    PACKETS_MASK,
    RECORDS_PER_STEP,
    SEEN_SHIFT,
    WORDS4,
    WORDS6,
    Array,
    Decoded,
    Outcome,
    Records,
    Stop,
    new_decoded,
    new_records,
)

if TYPE_CHECKING:
    from teiten.packets.compiled_capture import Work

WORDS: Final = (WORDS4, WORDS6)


class FlowBatch(NamedTuple):
    """Rows of one IP version; `words` is int64[n, 5] (IPv4) or int64[n, 8] (IPv6) as layout.py says, unpacked by the properties."""

    version: int
    words: NDArray[np.int64]

    @property
    def minute(self) -> Array:
        """Minutes since 1970-01-01 UTC."""
        return self._word(-2) >> 32

    @property
    def source(self) -> Array:
        """uint8[n, 4] or uint8[n, 16], network order."""
        return self._bytes(0)[:, :4] if self.version == 4 else np.hstack([self._bytes(0), self._bytes(1)])

    @property
    def destination(self) -> Array:
        return self._bytes(0)[:, 4:] if self.version == 4 else np.hstack([self._bytes(2), self._bytes(3)])

    @property
    def key(self) -> Array:
        """doubt << 32 | port << 16 | protocol << 8 | flags."""
        return self._word(-4) & KEY_MASK

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
        return self._word(-3)

    @property
    def packets(self) -> Array:
        return self._word(-2) & PACKETS_MASK

    @property
    def first_at(self) -> Array:
        """Microseconds UTC of the row's first packet in file order."""
        first: Array = self.minute * 60_000_000 + self.microsecond
        return first

    @property
    def microsecond(self) -> Array:
        """Of the row's first packet, in its minute."""
        return self._word(-4) >> KEY_BITS

    @property
    def bytes(self) -> Array:
        """Sum of the packets' original lengths."""
        return self._word(-1) & ((1 << SEEN_SHIFT) - 1)

    @property
    def seen(self) -> Array:
        """layout.Seen bits of any packet in the row."""
        return self._word(-1) >> SEEN_SHIFT

    def _word(self, word: int) -> NDArray[np.int64]:
        return self.words[:, word]

    def _bytes(self, word: int) -> Array:
        raw: Array = self.words[:, word].astype(">i8").view(np.uint8)
        return raw.reshape(-1, 8)


class Window(Protocol):
    """Bytes in memory, from `at` to `end`, counted from `address`."""

    @property
    def address(self) -> int: ...
    @property
    def at(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def at_end(self) -> bool: ...


class CountingFraming(Protocol):
    """CompiledPcap, CompiledPcapng."""

    def count(self, base: int, at: int, end: int, at_end: bool, work: Work) -> tuple[int, int, int, int, int, int]: ...


class CompiledFlows:
    """The table of compiled_flows.py. Its memory is reserved at once and touched only as far as rows need it."""

    def __init__(self) -> None:
        from teiten.packets import compiled_flows

        self._kernels = compiled_flows
        self._odd: Final = int(np.int64(np.uint64(secrets.randbits(64) | 1).view(np.int64)))
        self._hashes = np.zeros(RECORDS_PER_STEP, np.int64)
        self._minutes = np.full(OPEN_MINUTES, -1, np.int64)
        self._filled = np.zeros(2, np.int64)
        # Small tables that end in one step; a large one ends the step.
        room = (LARGE_TABLE * OPEN_MINUTES + RECORDS_PER_STEP, MOST_ROWS6 * OPEN_MINUTES + RECORDS_PER_STEP)
        self._out = [np.empty((room[kind], WORDS[kind]), np.int64) for kind in (0, 1)]
        self._rows = [[np.empty((most, words), np.int64) for most, words in zip(_MOST, WORDS, strict=True)] for _ in range(OPEN_MINUTES)]
        self._index = [[np.zeros(most * 2, np.int64) for most in _MOST] for _ in range(OPEN_MINUTES)]
        self._lines = np.array([self._line(slot, kind) for slot in range(OPEN_MINUTES) for kind in (0, 1)], np.int64)
        self._between: Work | None = None
        self._pool: list[Array] = []
        self._ready: list[FlowBatch] = []

    def _line(self, slot: int, kind: int) -> list[int]:
        """The control words that compiled_flows names ROWS, INDEX, MASK, FILL, OUT, OUT_FILL."""
        rows, index, out = self._rows[slot][kind], self._index[slot][kind], self._out[kind]
        return [rows.ctypes.data, index.ctypes.data, (1 << 10) - 1, 0, out.ctypes.data, self._filled[kind:].ctypes.data, 0, 0]

    def add(self, data: Array, records: Records, decoded: Decoded, n: int) -> None:
        """Count the first `n` packets. `data` is the window that the records are in."""
        kernels, lines, minutes = self._kernels, self._lines.ctypes.data, self._minutes.ctypes.data
        kernels.hash_all(decoded, n, self._odd, self._hashes)
        first = 0
        while first < n:
            first, slot = kernels.count_flows(data.ctypes.data, records, decoded, first, n, lines, minutes, self._odd, self._hashes)
            if slot >= 0:
                self._hand_over(slot)

    def take(self, framing: CountingFraming, counters: Array, window: Window) -> tuple[int, int, Stop]:
        """Walk, decode and count what is in the window, up to RECORDS_PER_STEP records: (records, next place, why it stopped)."""
        work = self._work(counters)
        total, at, stop, n, first, slot = framing.count(window.address, window.at, window.end, window.at_end, work)
        while slot >= 0:
            self._hand_over(slot)
            first, slot = self._kernels.count_flows(
                window.address, work.records, work.decoded, first, n, work.lines, work.minutes, self._odd, work.hashes
            )
        return total, at, Stop(stop)

    def _work(self, counters: Array) -> Work:
        if self._between is None:
            from teiten.packets.compiled_capture import Work

            columns = new_records(_RECORDS_AT_ONCE), new_decoded(_RECORDS_AT_ONCE)
            self._between = Work(*columns, self._hashes, counters, self._lines.ctypes.data, self._minutes.ctypes.data, self._odd)
        return self._between

    def _hand_over(self, slot: int) -> None:
        """Flush one slot; the rows of a large table go out without being copied, and the slot goes on with other memory."""
        line, rows = self._lines[slot * 2], self._rows[slot][0]
        fill = int(line[_FILL])
        self._collect()
        if fill > LARGE_TABLE:
            self._ready.append(FlowBatch(4, rows[:fill]))
            self._kernels.clear(line.ctypes.data, WORDS4 * 8, self._odd)
            self._rows[slot][0] = self._other_memory(rows)
            line[_ROWS] = self._rows[slot][0].ctypes.data
        self._kernels.flush(self._lines.ctypes.data, self._minutes.ctypes.data, slot, self._odd)
        self._collect()

    def _other_memory(self, rows: Array) -> Array:
        """Memory that was handed over before and that nobody looks at any more, or new memory."""
        unused = next((number for number in range(len(self._pool)) if sys.getrefcount(self._pool[number]) == _UNUSED_REFERENCES), None)
        other = np.empty_like(rows) if unused is None else self._pool.pop(unused)
        self._pool.append(rows)
        if len(self._pool) > OPEN_MINUTES:
            self._pool.pop(0)  # its readers keep it; it is not ours to use again
        return other

    def _collect(self) -> None:
        for kind in (0, 1):
            if self._filled[kind]:
                self._ready.append(FlowBatch(4 + 2 * kind, self._out[kind][: self._filled[kind]].copy()))
        self._filled[:] = 0

    def drain(self) -> list[FlowBatch]:
        """Rows of minutes that ended, in order; call it after every `add`."""
        self._collect()
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> list[FlowBatch]:
        """Rows of all open minutes, oldest first."""
        for slot in np.argsort(self._minutes, kind="stable").tolist():
            self._hand_over(slot)
        return self.drain()


_MOST: Final = (MOST_ROWS4, MOST_ROWS6)
_ROWS, _FILL = 0, 3  # words of a control line
_RECORDS_AT_ONCE: Final = 1024  # their columns (80 KB, with those of IPv6) stay in the cache between walk, decode and count
_UNUSED_REFERENCES: Final = 2  # the pool's and getrefcount's own


class PlainFlows:
    """The same without numba, in dicts."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[dict[tuple[int, ...], list[int]], dict[tuple[int, ...], list[int]]]] = {}
        self._ready: list[FlowBatch] = []
        self._small: tuple[list[tuple[int, ...]], list[tuple[int, ...]]] = ([], [])

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
                    self._flush(minute)
                    table = self._begin(minute)[kind]
                payload = payload_hash(view[start : start + size])
                table[whole] = [rest // 1000 << KEY_BITS | key, payload, minute << 32 | 1, original | seen << SEEN_SHIFT]
                continue
            row[2] += 1
            row[3] = row[3] + original | seen << SEEN_SHIFT
            row[1] = row[1] or payload_hash(view[start : start + size])

    def _begin(self, minute: int) -> tuple[dict[tuple[int, ...], list[int]], dict[tuple[int, ...], list[int]]]:
        if len(self._open) == OPEN_MINUTES:
            self._flush(min(self._open))
        self._open[minute] = ({}, {})
        return self._open[minute]

    def _flush(self, minute: int) -> None:
        tables = self._open.pop(minute)
        if len(tables[0]) > LARGE_TABLE:
            self._collect()
            self._small[0].extend((*key[:-1], *values) for key, values in tables[0].items())
            tables[0].clear()
            self._collect()
        for kind, table in enumerate(tables):
            self._small[kind].extend((*key[:-1], *values) for key, values in table.items())

    def _collect(self) -> None:
        self._ready += [FlowBatch(4 + 2 * kind, np.array(rows, np.int64)) for kind, rows in enumerate(self._small) if rows]
        for rows in self._small:
            rows.clear()

    def drain(self) -> list[FlowBatch]:
        self._collect()
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> list[FlowBatch]:
        for minute in sorted(self._open):
            self._flush(minute)
        return self.drain()


_ALL: Final = (1 << 64) - 1
_M1, _M2, _M3, _M4 = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F, 0xB4B82F3A5926365D


def payload_hash(payload: bytes | memoryview) -> int:
    """As a signed 64-bit number; 0 for no payload. The same as compiled_flows.payload_hash."""
    size = len(payload)
    if not size:
        return 0
    lanes, at = [size * _M1 & _ALL] * 4, 0
    while at + 32 <= size:
        lanes = [_lane(value, payload[at + 8 * k : at + 8 * k + 8]) for k, value in enumerate(lanes)]
        at += 32
    value = (lanes[0] ^ lanes[1] * _M2 ^ lanes[2] * _M3 ^ lanes[3] * _M4) & _ALL
    while at + 8 <= size:
        value, at = _lane(value, payload[at : at + 8]), at + 8
    if size % 8:
        value = (value ^ int.from_bytes(payload[-8:], "little")) * _M2 & _ALL
        value ^= value >> 32
    return (value or 1) - (1 << 64 if value >> 63 else 0)


def _lane(value: int, word: bytes | memoryview) -> int:
    value = (value ^ int.from_bytes(word, "little")) * _M1 & _ALL
    return value ^ value >> 29
