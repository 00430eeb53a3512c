# SPDX-License-Identifier: Apache-2.0
"""Cuts a capture into its records as they stand (headers, blocks, packets, damaged stretches), so that it can be imported like a log.

Put together again the records are the file, byte by byte. Where a cut lies depends on the bytes alone, never on how they came in.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from teiten.packets import pcap, pcapng
from teiten.packets.capture_files import HEAD_BYTES, format_of
from teiten.packets.layout import COUNTS, Array, Stop, new_records

WORTH_COMPILING_BYTES: Final = 1 << 19  # of the first block; loading numba costs half a second
LONGEST_PIECE: Final = 1 << 20  # a longer damaged stretch is given out in pieces


Framing = pcap.PlainPcap | pcap.CompiledPcap | pcapng.PlainPcapng | pcapng.CompiledPcapng


def framing_of(head: bytes, compiled: bool) -> Framing | None:
    """The framing of a capture by its first 24 bytes; None if it is none."""
    kind = format_of(head)
    if kind == "pcap" and len(head) >= HEAD_BYTES:
        header = pcap.read_header(head)
        return pcap.CompiledPcap(header) if compiled else pcap.PlainPcap(header)
    if kind == "pcapng":
        return pcapng.CompiledPcapng() if compiled else pcapng.PlainPcapng()
    return None


class CaptureCutter:
    """Fed with blocks of a file; `compiled` as in captures.Capture. What is no capture comes out as damaged stretches."""

    def __init__(self, compiled: bool) -> None:
        self._compiled = compiled
        self._framing: Framing | None = None
        self._record_header = 0
        self._rest = b""
        self._searched = 0  # bytes at the start of _rest that are known to be damaged; 0: none
        self._records = new_records()
        self._counters: Array = np.zeros(COUNTS, np.int64)

    def feed(self, block: bytes) -> list[bytes]:
        """The records that are whole and certain by now."""
        return self._cut(self._rest + block, False)

    def finish(self) -> tuple[list[bytes], bool]:
        """The last records, and whether the last of them lacks its end."""
        made = self._cut(self._rest, True)
        rest, self._rest = self._rest, b""
        return [*made, *_pieces(rest)], bool(rest)

    def _cut(self, text: bytes, at_end: bool) -> list[bytes]:
        made: list[bytes] = []
        at = self._begin(text, made) if self._framing is None else 0
        data = np.frombuffer(text, np.uint8)
        stop = Stop.MORE if self._framing is None else Stop.FULL
        while stop in (Stop.FULL, Stop.BLOCK, Stop.DAMAGED, Stop.FOUND):
            if self._searched:
                at, stop = self._search(text, data, at, at_end, made)
            else:
                at, stop = self._walk(text, data, at, at_end, made)
        self._rest = text[at:]
        return made

    def _begin(self, text: bytes, made: list[bytes]) -> int:
        self._framing = framing_of(text[:HEAD_BYTES], self._compiled and len(text) >= WORTH_COMPILING_BYTES)
        if not isinstance(self._framing, pcap.PlainPcap | pcap.CompiledPcap):
            return 0
        self._record_header = pcap.read_header(text).record_header
        made.append(text[: pcap.FILE_HEADER_BYTES])
        return pcap.FILE_HEADER_BYTES

    def _search(self, text: bytes, data: Array, at: int, at_end: bool, made: list[bytes]) -> tuple[int, Stop]:
        """From a damaged place at `at`, of which `_searched` bytes are known to hold nothing."""
        assert self._framing is not None
        place, stop = self._framing.search(data, at + self._searched, len(text), at_end)
        if stop is not Stop.FOUND and not at_end:
            whole = (place - at - 1) // LONGEST_PIECE * LONGEST_PIECE
            made += _pieces(text[at : at + whole])
            self._searched = place - at - whole
            return at + whole, Stop.MORE
        place = place if stop is Stop.FOUND else len(text)
        made += _pieces(text[at:place])
        self._searched = 0
        return place, Stop.FOUND

    def _walk(self, text: bytes, data: Array, at: int, at_end: bool, made: list[bytes]) -> tuple[int, Stop]:
        framing = self._framing
        assert framing is not None
        n, stopped, stop = framing.walk(data, at, len(text), at_end, self._records, self._counters)
        if isinstance(framing, pcapng.PlainPcapng | pcapng.CompiledPcapng):
            made += framing.blocks(text, at, stopped)
            if stop is Stop.BLOCK:
                size = framing.take(data[stopped:])
                made.append(text[stopped : stopped + size])
                stopped += size
        elif n:
            ends = [*(self._records.start[1:n] - self._record_header).tolist(), stopped]
            made += [text[begin:end] for begin, end in zip([at, *ends], ends, strict=False)]
        self._searched = int(stop is Stop.DAMAGED)
        return stopped, stop


def _pieces(text: bytes) -> list[bytes]:
    return [text[at : at + LONGEST_PIECE] for at in range(0, len(text), LONGEST_PIECE)]
