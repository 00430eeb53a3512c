# SPDX-License-Identifier: Apache-2.0
"""When a record is believed, and how the next one is found after damage; in plain Python, for the engine without numba.

A damaged place must cost the bytes that are damaged and no more: tools that stop there lose the rest of the file. So a clean header
is taken at once, an odd one (length above the original, fraction of a second of 1 or more, a jump of more than a day) when the
chain behind it holds, and after anything else the window is searched byte by byte for a chain of clean headers.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import Final

import numpy as np

from teiten.packets.layout import DAY_SECONDS, LARGEST_PACKET, Array, Stop

Header = tuple[int, int, int, int]
"""Second, fraction, captured length, original length."""

LITTLE, BIG = Struct("<IIII"), Struct(">IIII")


class Verdict(IntEnum):
    NO = 0
    YES = 1
    UNSURE = 2


class Shape:
    """What a pcap file's own header fixes for all its records."""

    __slots__ = ("big", "header", "struct", "unit")

    def __init__(self, big: bool, header: int, unit: int) -> None:
        self.big: Final = big
        self.header: Final = header
        self.unit: Final = unit
        self.struct: Final = BIG if big else LITTLE

    def clean(self, header: Header) -> bool:
        second, fraction, captured, original = header
        return captured <= LARGEST_PACKET and captured <= original and fraction < self.unit and (second | captured) != 0

    def decent(self, header: Header) -> bool:
        second, fraction, captured, original = header
        return captured <= LARGEST_PACKET and (captured <= original or fraction < self.unit) and (second | captured) != 0

    def confirmed(self, data: bytes | memoryview, at: int, end: int, at_end: bool) -> Verdict:
        header: Header = self.struct.unpack_from(data, at)
        if header[2] > LARGEST_PACKET or not any(header):
            return Verdict.NO
        for _ in range(2):
            at += self.header + header[2]
            if at == end and at_end:
                return Verdict.YES
            if at + self.header > end:
                return Verdict.NO if at_end else Verdict.UNSURE
            header = self.struct.unpack_from(data, at)
            if not self.decent(header):
                return Verdict.NO
        return Verdict.YES

    def believable(self, data: bytes | memoryview, at: int, end: int, at_end: bool, last: int) -> Verdict:
        header: Header = self.struct.unpack_from(data, at)
        if header[2] == 0 or not self.clean(header):
            return Verdict.NO
        followers = 2 if last >= 0 and abs(header[0] - last) <= DAY_SECONDS else 4
        for k in range(followers):
            at += self.header + header[2]
            if at == end and at_end:
                return Verdict.YES
            if at + self.header > end:
                return (Verdict.YES if k > 0 and at <= end else Verdict.NO) if at_end else Verdict.UNSURE
            before = header[0]
            header = self.struct.unpack_from(data, at)
            if not self.clean(header) or abs(header[0] - before) > DAY_SECONDS:
                return Verdict.NO
        return Verdict.YES

    def search(self, data: Array, at: int, end: int, at_end: bool, last: int) -> tuple[int, Stop]:
        view = data.data
        for place in self._candidates(data, at, end):
            verdict = self.believable(view, place, end, at_end, last)
            if verdict is not Verdict.NO:
                return place, Stop.FOUND if verdict is Verdict.YES else Stop.MORE
        return max(at, end - self.header + 1), Stop.MORE

    def _candidates(self, data: Array, at: int, end: int) -> Iterator[int]:
        """Places whose lengths and fraction could be a clean header's, in order; numpy looks at them all at once."""
        if end - at < self.header:
            return
        words = every_word(data[at:end], self.big)
        places = end - at - self.header + 1
        fraction, captured, original = (words[k : k + places] for k in (4, 8, 12))
        for place in np.flatnonzero((captured <= LARGEST_PACKET) & (captured > 0) & (captured <= original) & (fraction < self.unit)):
            yield at + int(place)


def every_word(data: Array, big: bool) -> Array:
    """The 32-bit word that starts at each byte."""
    count = len(data) - 3
    parts = [data[k : k + count].astype(np.uint32) for k in range(4)]
    b0, b1, b2, b3 = parts if big else parts[::-1]
    return b0 << 24 | b1 << 16 | b2 << 8 | b3
