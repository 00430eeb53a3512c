# SPDX-License-Identifier: Apache-2.0
"""pcapng files: sections, interfaces and the walk along blocks (plain here, compiled in compiled_pcapng.py).

Each section has its own byte order and interfaces, each interface its own link type, time resolution and offset; simple packet
blocks have no time. Source: the IETF draft draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

from struct import Struct, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from teiten.packets.layout import LARGEST_BLOCK, LINKS, MOST_INTERFACES, UNTIMED, Array, Count, Interfaces, Link, Records, Stop, new_interfaces
from teiten.packets.resync import every_word

if TYPE_CHECKING:
    from teiten.packets.compiled_capture import Work

SECTION, INTERFACE, OLD_PACKET, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
KNOWN: Final = frozenset({SECTION, 1, 2, 3, 4, 5, 6, 10})
_MAGIC: Final = 0x1A2B3C4D
_WORDS = {False: Struct("<III"), True: Struct(">III")}
_LAST = {False: Struct("<I"), True: Struct(">I")}
_ENHANCED = {False: Struct("<IIIII"), True: Struct(">IIIII")}
_OLD = {False: Struct("<HxxIIII"), True: Struct(">HxxIIII")}
_RESOLUTION, _OFFSET, _END = 9, 14, 0
_LATEST_SECOND: Final = 9_223_372_035  # the last whole second of a 64-bit count of nanoseconds


class Facts(NamedTuple):
    """What an interface description block says; see layout.Interfaces."""

    link: int
    unit: int
    shift: int
    scale: int
    offset: int
    snap: int


def is_pcapng(head: bytes) -> bool:
    return head[:4] == b"\x0a\x0d\x0d\x0a" and head[8:12] in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a")


def read_interface(block: bytes, big: bool) -> Facts:
    """From a whole interface description block. Unusable resolutions make the packets untimed, never wrongly timed."""
    order = ">" if big else "<"
    if len(block) < 20:
        return Facts(Link.UNKNOWN, 0, -1, 0, 0, 0)
    number, snap = unpack_from(order + "HxxI", block, 8)
    resolution, offset = 6, 0
    at = 16
    while at + 4 <= len(block) - 4:
        code, size = unpack_from(order + "HH", block, at)
        if code == _END or at + 4 + size > len(block) - 4:
            break
        if code == _RESOLUTION and size == 1:
            resolution = block[at + 4]
        elif code == _OFFSET and size == 8:
            offset = unpack_from(order + "q", block, at + 4)[0]
        at += 4 + (size + 3) // 4 * 4
    return Facts(LINKS.get(number, Link.UNKNOWN), *_scale(resolution), max(-_LATEST_SECOND, min(offset, _LATEST_SECOND)), snap)


def _scale(resolution: int) -> tuple[int, int, int]:
    """(unit, shift, scale): the high bit means a power of two, else of ten."""
    exponent = resolution & 0x7F
    if resolution & 0x80:
        return (0, exponent, 0) if exponent <= 63 else (0, -1, 0)
    if exponent > 19:
        return 0, -1, 0
    return 10**exponent, exponent, 10 ** (9 - exponent) if exponent <= 9 else -(10 ** (exponent - 9))


def nanoseconds(ticks: int, facts: Facts) -> int:
    """UTC nanoseconds of a 64-bit tick count, or UNTIMED; exact, rounded down."""
    if facts.shift < 0:
        return UNTIMED
    seconds, rest = divmod(ticks, facts.unit or 1 << facts.shift)
    nanos = rest * 1_000_000_000 // (facts.unit or 1 << facts.shift)
    total = seconds + facts.offset
    return total * 1_000_000_000 + nanos if seconds <= _LATEST_SECOND and 0 <= total <= _LATEST_SECOND else UNTIMED


class Section:
    """Byte order and interfaces of the current section; reads the blocks that the walks stop at."""

    def __init__(self) -> None:
        self.big = False
        self.facts: list[Facts] = []
        self.arrays: Interfaces = new_interfaces()

    def take(self, data: Array) -> int:
        """Reads the whole section header or interface description block at the start of `data`; returns its length."""
        view = data.data
        block = bytes(view[: frame_at(view, 0, self.big)[1]])
        if block[:4] == b"\x0a\x0d\x0d\x0a":
            self.big = block[8:12] == b"\x1a\x2b\x3c\x4d"
            self.facts = []
        elif len(self.facts) < MOST_INTERFACES:
            facts = read_interface(block, self.big)
            for array, value in zip(self.arrays, facts, strict=True):
                array[len(self.facts)] = value
            self.facts.append(facts)
        return len(block)

    def blocks(self, text: bytes, at: int, end: int) -> list[bytes]:
        """The whole blocks that lie between two places where a walk began and stopped."""
        made, view = list[bytes](), memoryview(text)
        while at < end:
            length = _WORDS[self.big].unpack_from(view, at)[1]
            made.append(text[at : at + length])
            at += length
        return made


def frame_at(data: memoryview, at: int, big: bool) -> tuple[int, int, bool]:
    """(type, total length or -1 if it can't be one, byte order) from the first 12 bytes of a block."""
    kind, length, third = _WORDS[big].unpack_from(data, at)
    if kind == SECTION:
        big = third == _MAGIC if big else third != _MAGIC
        kind, length, third = _WORDS[big].unpack_from(data, at)
        if third != _MAGIC:
            return kind, -1, big
    return kind, (-1 if length < 12 or length & 3 or length > LARGEST_BLOCK else length), big


class PlainPcapng:
    """Framing of a pcapng file without numba."""

    def __init__(self) -> None:
        self.section = Section()

    def take(self, data: Array) -> int:
        return self.section.take(data)

    def blocks(self, text: bytes, at: int, end: int) -> list[bytes]:
        return self.section.blocks(text, at, end)

    def walk(self, data: Array, at: int, end: int, at_end: bool, records: Records, counters: Array) -> tuple[int, int, Stop]:
        """(records filled, next place, why it stopped). BLOCK: a section or interface block is there, whole."""
        view, rows, room = data.data, list[tuple[int, int, int, int, int]](), len(records.start)
        while True:
            kind, length, stop = self._block(view, at, end, at_end)
            if stop is None and kind in (SECTION, INTERFACE):
                stop = Stop.BLOCK
            if len(rows) == room:
                stop = Stop.FULL
            if stop is not None:
                break
            row = self._packet(view, at, kind, length, counters) if kind in (ENHANCED, SIMPLE, OLD_PACKET) else None
            if row:
                rows.append(row)
            counters[Count.SKIPPED_BLOCKS] += kind not in (ENHANCED, SIMPLE, OLD_PACKET)
            counters[Count.RECORD_BYTES if row else Count.OTHER_BYTES] += length
            at += length
        self._fill(rows, records, counters)
        return len(rows), at, stop

    def search(self, data: Array, at: int, end: int, at_end: bool) -> tuple[int, Stop]:
        view = data.data
        for place in self._candidates(data, at, end):
            kind, length, stop = self._block(view, place, end, at_end)
            if stop is Stop.MORE and kind in KNOWN:
                return place, Stop.MORE
            if stop is None and kind in KNOWN:
                after = place + length
                if after + 12 > end and not at_end:
                    return place, Stop.MORE
                if after + 12 > end or frame_at(view, after, self.section.big)[1] > 0:
                    return place, Stop.FOUND
        return max(at, end - 11), Stop.MORE

    def restart(self) -> None:
        """Nothing to forget: blocks are believed one by one."""

    def _block(self, view: memoryview, at: int, end: int, at_end: bool) -> tuple[int, int, Stop | None]:
        if at + 12 > end:
            return 0, 0, Stop.TRAILING if at_end and at < end else Stop.MORE
        kind, length, big = frame_at(view, at, self.section.big)
        if length < 0:
            return kind, length, Stop.DAMAGED
        if at + length > end:
            return kind, length, Stop.MORE if not at_end else Stop.TRAILING if kind in KNOWN else Stop.DAMAGED
        return kind, length, None if _LAST[big].unpack_from(view, at + length - 4)[0] == length else Stop.DAMAGED

    def _packet(self, view: memoryview, at: int, kind: int, length: int, counters: Array) -> tuple[int, int, int, int, int] | None:
        row = self._simple(view, at, length) if kind == SIMPLE else self._timed(view, at, kind, length)
        if isinstance(row, Count):
            counters[row] += 1
            return None
        return row

    def _simple(self, view: memoryview, at: int, length: int) -> tuple[int, int, int, int, int] | Count:
        if length < 16:
            return Count.BAD_PACKET_BLOCKS
        if not self.section.facts:
            return Count.UNKNOWN_INTERFACE
        original = _LAST[self.section.big].unpack_from(view, at + 8)[0]
        facts = self.section.facts[0]
        return at + 12, min(original, length - 16, facts.snap or original), original, UNTIMED, facts.link

    def _timed(self, view: memoryview, at: int, kind: int, length: int) -> tuple[int, int, int, int, int] | Count:
        if length < 32:
            return Count.BAD_PACKET_BLOCKS
        struct = (_ENHANCED if kind == ENHANCED else _OLD)[self.section.big]
        number, high, low, captured, original = struct.unpack_from(view, at + 8)
        if number >= len(self.section.facts):
            return Count.UNKNOWN_INTERFACE
        if captured > length - 32:
            return Count.BAD_PACKET_BLOCKS
        facts = self.section.facts[number]
        return at + 28, captured, original, nanoseconds(high << 32 | low, facts), facts.link

    def _candidates(self, data: Array, at: int, end: int) -> list[int]:
        """Places where the word of a known type stands, in order."""
        if end - at < 12:
            return []
        words = every_word(data[at:end], self.section.big)[: end - at - 11]
        return [at + int(place) for place in np.flatnonzero(np.isin(words, list(KNOWN)))]

    def _fill(self, rows: list[tuple[int, int, int, int, int]], records: Records, counters: Array) -> None:
        n = len(rows)
        counters[Count.PACKETS] += n
        if not n:
            return
        records.start[:n], records.captured[:n], records.original[:n], records.at_ns[:n], records.link[:n] = zip(*rows, strict=True)
        counters[Count.EMPTY_RECORDS] += sum(row[1] == 0 for row in rows)
        counters[Count.LONGER_THAN_ORIGINAL] += sum(row[1] > row[2] for row in rows)
        counters[Count.UNTIMED] += sum(row[3] == UNTIMED for row in rows)


class CompiledPcapng:
    """The same with numba."""

    def __init__(self) -> None:
        from teiten.packets import compiled_pcapng

        self._kernels = compiled_pcapng
        self._section = Section()

    def take(self, data: Array) -> int:
        return self._section.take(data)

    def blocks(self, text: bytes, at: int, end: int) -> list[bytes]:
        return self._section.blocks(text, at, end)

    def walk(self, data: Array, at: int, end: int, at_end: bool, records: Records, counters: Array) -> tuple[int, int, Stop]:
        section = self._section
        n, at, stop = self._kernels.walk_pcapng(data.ctypes.data, at, end, at_end, section.big, section.arrays, len(section.facts), records, counters)
        return n, at, Stop(stop)

    def count(self, base: int, at: int, end: int, at_end: bool, work: Work) -> tuple[int, int, int, int, int, int]:
        """As CompiledPcap.count."""
        from teiten.packets.compiled_capture import count_pcapng

        section = self._section
        return count_pcapng(base, at, end, at_end, section.big, section.arrays, len(section.facts), work)

    def search(self, data: Array, at: int, end: int, at_end: bool) -> tuple[int, Stop]:
        place, stop = self._kernels.search_pcapng(data.ctypes.data, at, end, at_end, self._section.big)
        return place, Stop(stop)

    def restart(self) -> None:
        """As in PlainPcapng."""
