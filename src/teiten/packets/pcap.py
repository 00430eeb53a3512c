# SPDX-License-Identifier: Apache-2.0
"""pcap files: the file header, and the walk along records (plain here, compiled in compiled_pcap.py).

Knows microseconds and nanoseconds, both byte orders, and the modified format of Kuznetzov's patch (24-byte record headers).
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from teiten.packets.layout import DAY_SECONDS, LINKS, Array, Count, Link, Records, Stop
from teiten.packets.resync import Header, Shape, Verdict

if TYPE_CHECKING:
    from teiten.packets.compiled_capture import Work

FILE_HEADER_BYTES: Final = 24
# magic number -> (bytes of a record header, fractions per second)
_FORMATS: Final = {0xA1B2C3D4: (16, 1_000_000), 0xA1B23C4D: (16, 1_000_000_000), 0xA1B2CD34: (24, 1_000_000)}
_ORDERS: Final[tuple[Literal["little", "big"], ...]] = ("little", "big")
_MAGICS: Final = {magic.to_bytes(4, order): (order == "big", *_FORMATS[magic]) for magic in _FORMATS for order in _ORDERS}
_LINK_WORD = {False: Struct("<20xI"), True: Struct(">20xI")}


class PcapHeader(NamedTuple):
    big: bool
    record_header: int
    unit: int  # fractions per second
    link_number: int
    link: Link


def is_pcap(head: bytes) -> bool:
    return head[:4] in _MAGICS


def read_header(head: bytes) -> PcapHeader:
    """From the first 24 bytes of a file that `is_pcap`. The link type is the low 16 bits; frame check sequence flags are above."""
    big, record_header, unit = _MAGICS[head[:4]]
    number = _LINK_WORD[big].unpack_from(head)[0] & 0xFFFF
    return PcapHeader(big, record_header, unit, number, LINKS.get(number, Link.UNKNOWN))


class PlainPcap:
    """Framing of a pcap file without numba."""

    def __init__(self, header: PcapHeader) -> None:
        self._shape = Shape(header.big, header.record_header, header.unit)
        self._link = int(header.link)
        self._last = -1

    def walk(self, data: Array, at: int, end: int, at_end: bool, records: Records, counters: Array) -> tuple[int, int, Stop]:
        """(records filled, next place, why it stopped)."""
        view, begin, n, room, size = data.data, at, 0, len(records.start), self._shape.header
        rows: list[tuple[int, int, int, int]] = []
        while True:
            if n == room:
                stop = Stop.FULL
                break
            if at + size > end:
                stop = Stop.TRAILING if at_end and at < end else Stop.MORE
                break
            header: Header = self._shape.struct.unpack_from(view, at)
            if self._odd(header):
                verdict = self._shape.confirmed(view, at, end, at_end)
                if verdict is not Verdict.YES:
                    stop = Stop.DAMAGED if verdict is Verdict.NO else Stop.MORE
                    break
                self._count_oddness(header, counters)
            if at + size + header[2] > end:
                stop = Stop.TRAILING if at_end else Stop.MORE
                break
            rows.append((at + size, header[2], header[3], self._nanoseconds(header)))
            self._last = header[0]
            at += size + header[2]
            n += 1
        self._fill(rows, records)
        counters[Count.PACKETS] += n
        counters[Count.EMPTY_RECORDS] += sum(row[1] == 0 for row in rows)
        counters[Count.RECORD_BYTES] += at - begin
        return n, at, stop

    def search(self, data: Array, at: int, end: int, at_end: bool) -> tuple[int, Stop]:
        place, stop = self._shape.search(data, at, end, at_end, self._last)
        if stop is Stop.FOUND:
            self._last = -1
        return place, stop

    def restart(self) -> None:
        """Forget the time of the record before."""
        self._last = -1

    def _odd(self, header: Header) -> bool:
        return not self._shape.clean(header) or (self._last >= 0 and abs(header[0] - self._last) > DAY_SECONDS)

    def _count_oddness(self, header: Header, counters: Array) -> None:
        counters[Count.LONGER_THAN_ORIGINAL] += header[2] > header[3]
        counters[Count.CARRIED_FRACTIONS] += header[1] >= self._shape.unit
        counters[Count.TIME_JUMPS] += self._last >= 0 and abs(header[0] - self._last) > DAY_SECONDS

    def _nanoseconds(self, header: Header) -> int:
        return header[0] * 1_000_000_000 + header[1] * (1_000_000_000 // self._shape.unit)

    def _fill(self, rows: list[tuple[int, int, int, int]], records: Records) -> None:
        if rows:
            n = len(rows)
            records.start[:n], records.captured[:n], records.original[:n], records.at_ns[:n] = zip(*rows, strict=True)
            records.link[:n] = self._link


class CompiledPcap:
    """The same with numba."""

    def __init__(self, header: PcapHeader) -> None:
        from teiten.packets import compiled_pcap

        self._kernels = compiled_pcap
        self._header = (header.big, header.record_header, header.unit)
        self._link = int(header.link)
        self._state = np.array([-1], np.int64)

    def walk(self, data: Array, at: int, end: int, at_end: bool, records: Records, counters: Array) -> tuple[int, int, Stop]:
        n, at, stop = self._kernels.walk_pcap(data.ctypes.data, at, end, at_end, *self._header, self._link, self._state, records, counters)
        return n, at, Stop(stop)

    def count(self, base: int, at: int, end: int, at_end: bool, work: Work) -> tuple[int, int, int, int, int, int]:
        """Walk, decode and count in one call: what compiled_capture.count_pcap answers. `base`: address of the window."""
        from teiten.packets.compiled_capture import count_pcap

        return count_pcap(base, at, end, at_end, *self._header, self._link, self._state, work)

    def search(self, data: Array, at: int, end: int, at_end: bool) -> tuple[int, Stop]:
        place, stop = self._kernels.search_pcap(data.ctypes.data, at, end, at_end, *self._header, int(self._state[0]))
        if stop == Stop.FOUND:
            self._state[0] = -1
        return place, Stop(stop)

    def restart(self) -> None:
        self._state[0] = -1
