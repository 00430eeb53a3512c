# SPDX-License-Identifier: Apache-2.0
"""Reads a capture of any length in bounded memory: window, framing, decoding, flow table; and says what became of every byte.

Nothing in the bytes makes it raise after the file header is read, nothing makes it wait: what isn't a record is a gap (place and
length reported, reading goes on behind it) or the trailing part of a file that ends too early.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, Final, Protocol, cast

import msgspec
import numpy as np

from teiten.packets import capture_files, pcap, pcapng
from teiten.packets.flowtuple import CompiledFlows, FlowBatch, PlainFlows
from teiten.packets.layout import COUNTS, Array, Count, Decoded, Outcome, Records, Stop, new_decoded, new_records

WINDOW_BYTES = 1 << 20  # read at a time: cache-resident
ROOM_BYTES: Final = 2 << 20  # the longest look ahead (a chain of five records of 256 KiB) fits in
MOST_GAPS: Final = 1000  # listed one by one; beyond, only counted


class Gap(msgspec.Struct, frozen=True):
    """Bytes that are no records; `at` is the offset in the decompressed file, `record` the number of records before it."""

    at: int
    size: int
    record: int
    sample: bytes


class Report(msgspec.Struct):
    """What was read; total_bytes = record_bytes + other_bytes + gap_bytes + trailing_bytes once reading has ended."""

    format: str
    total_bytes: int = 0
    gaps: list[Gap] = []
    gap_count: int = 0
    gap_bytes: int = 0
    trailing_bytes: int = 0
    trouble: str = ""  # why reading ended before the end: a broken compressed stream
    counts: list[int] = msgspec.field(default_factory=lambda: [0] * COUNTS)

    def __getitem__(self, count: Count) -> int:
        return self.counts[count]

    def outcome(self, outcome: Outcome) -> int:
        return self.counts[Count.FIRST_OUTCOME + outcome]


class Framing(Protocol):
    """Finds records; pcap and pcapng, plain and compiled."""

    def walk(self, data: Array, at: int, end: int, at_end: bool, records: Records, counters: Array) -> tuple[int, int, Stop]: ...

    def search(self, data: Array, at: int, end: int, at_end: bool) -> tuple[int, Stop]: ...


class Flows(Protocol):
    """Counts packets exactly; see flowtuple.py."""

    def add(self, data: Array, records: Records, decoded: Decoded, n: int) -> None: ...

    def drain(self) -> list[FlowBatch]: ...

    def finish(self) -> list[FlowBatch]: ...


def use_numba() -> bool:
    """Whether numba is installed and not switched off by TEITEN_NO_NUMBA."""
    if os.environ.get("TEITEN_NO_NUMBA", "0") not in ("", "0"):
        return False
    from importlib.util import find_spec

    return find_spec("numba") is not None


def decoder(compiled: bool) -> Callable[[Array, Records, int, Decoded, Array], None]:
    """Takes window, records, how many of them, where the answer goes, and the counters."""
    if not compiled:
        from teiten.packets.decode import decode

        return decode
    from teiten.packets import compiled_decode

    return lambda data, *arguments: compiled_decode.decode(data.ctypes.data, *arguments)


def flow_table(compiled: bool) -> Flows:
    return CompiledFlows() if compiled else PlainFlows()


class Capture:
    """One capture being read, once.

    `stream` gives decompressed bytes; its `readinto` may answer None for "nothing now" (a growing file, a capture that comes in pieces).
    Raises CaptureError when it is no capture; for that the first 24 bytes must be there.
    """

    def __init__(self, stream: BinaryIO, compiled: bool | None = None) -> None:
        self.compiled = use_numba() if compiled is None else compiled
        self._window = Window(stream)
        head = self._window.head(capture_files.HEAD_BYTES)
        kind = capture_files.format_of(head)
        if kind is None or (kind == "pcap" and len(head) < capture_files.HEAD_BYTES):
            raise self._window.error or capture_files.explain(head)
        self.report = Report(kind)
        self._counters = np.zeros(COUNTS, np.int64)
        self._framing: Framing = self._pcap(head) if kind == "pcap" else self._pcapng()
        self._decode = decoder(self.compiled)

    def _pcap(self, head: bytes) -> Framing:
        self._window.at = pcap.FILE_HEADER_BYTES
        self._counters[Count.OTHER_BYTES] += pcap.FILE_HEADER_BYTES
        header = pcap.read_header(head)
        return pcap.CompiledPcap(header) if self.compiled else pcap.PlainPcap(header)

    def _pcapng(self) -> Framing:
        return pcapng.CompiledPcapng() if self.compiled else pcapng.PlainPcapng()

    def steps(self) -> Iterator[tuple[Array, Records, Decoded, int]]:
        """(window, records, decoded, n): the first n entries are valid until the next step. Packets of every outcome are in.

        n is 0 when the stream has nothing now: ask for the next step when it has.
        """
        records, decoded = new_records(), new_decoded()

        def take(window: Window) -> tuple[int, int, Stop]:
            n, at, stop = self._framing.walk(window.data, window.at, window.end, window.at_end, records, self._counters)
            if n:
                self._decode(window.data, records, n, decoded, self._counters)
            return n, at, stop

        for n in self._read(take):
            yield self._window.data, records, decoded, n

    def flows(self) -> Iterator[FlowBatch | None]:
        """Exact flowtuples, minute by minute; afterwards `report` is complete. None: the stream has nothing now."""
        if isinstance(self._framing, pcap.CompiledPcap | pcapng.CompiledPcapng):
            table = CompiledFlows()
            for n in self._read(partial(table.take, self._framing, self._counters)):
                if n:
                    yield from table.drain()
                else:
                    yield None
            yield from table.finish()
        else:
            yield from self._flows_by_steps()

    def _flows_by_steps(self) -> Iterator[FlowBatch | None]:
        table = PlainFlows()
        for data, records, decoded, n in self.steps():
            if n:
                table.add(data, records, decoded, n)
                yield from table.drain()
            else:
                yield None
        yield from table.finish()

    def _read(self, take: Callable[[Window], tuple[int, int, Stop]]) -> Iterator[int]:
        """Records taken, window by window; 0 when the stream has nothing now. `take`: (how many, next place, why it stopped)."""
        window = self._window
        while True:
            n, at, stop = take(window)
            if n:
                yield n
            window.at = at
            if stop is Stop.BLOCK:
                self._take_block()
            elif stop is Stop.DAMAGED:
                for _ in self._resynchronise():
                    yield 0
            elif stop is Stop.TRAILING or (stop is Stop.MORE and window.at_end):
                break
            elif stop is Stop.MORE:
                for _ in window.refill():
                    yield 0
        self._close()

    def _take_block(self) -> None:
        window = self._window
        framing = self._framing
        assert isinstance(framing, pcapng.PlainPcapng | pcapng.CompiledPcapng)  # pcap has no blocks
        size = framing.take(window.data[window.at : window.end])
        self._counters[Count.OTHER_BYTES] += size
        window.at += size

    def _resynchronise(self) -> Iterator[None]:
        """From a damaged place to the next believable record, or to the end; yields when the stream has nothing now."""
        window = self._window
        begin, sample = window.position, bytes(window.data[window.at : min(window.end, window.at + 32)])
        window.at += 1
        while True:
            window.at, stop = self._framing.search(window.data, window.at, window.end, window.at_end)
            if stop is Stop.FOUND:
                break
            if window.at_end:
                window.at = window.end
                break
            yield from window.refill()
        self._note_gap(Gap(begin, window.position - begin, int(self._counters[Count.PACKETS]), sample))

    def _note_gap(self, gap: Gap) -> None:
        self.report.gap_count += 1
        self.report.gap_bytes += gap.size
        if len(self.report.gaps) < MOST_GAPS:
            self.report.gaps.append(gap)

    def _close(self) -> None:
        self.report.trailing_bytes = self._window.end - self._window.at
        self.report.total_bytes = self._window.position + self.report.trailing_bytes
        self.report.counts = self._counters.tolist()
        self.report.trouble = str(self._window.error or "")


def warm() -> None:
    """Compile all kernels now and keep them on disk: seconds, once per version and machine. Nothing without numba."""
    if use_numba():
        record = bytes.fromhex("01000000000000000100000001000000") + bytes(41)  # one packet, then damage
        section = bytes.fromhex("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000")
        for tiny in (bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000") + record, section + bytes(40)):
            for _ in Capture(cast(BinaryIO, io.BytesIO(tiny)), True).flows():
                pass


class Window:
    """The part of the stream that is in memory: `data[at:end]` is unread; `position` is the offset of `at` in the stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._passed = 0  # stream offset of data[0]
        self.data: Array = np.zeros(ROOM_BYTES + 64, np.uint8)
        self._view = self.data.data
        self.address = self.data.ctypes.data
        self.at = self.end = 0
        self.at_end = False
        self.error: capture_files.CaptureError | None = None

    @property
    def position(self) -> int:
        return self._passed + self.at

    def head(self, size: int) -> bytes:
        for _ in self._read(size):
            break
        return bytes(self.data[: min(size, self.end)])

    def refill(self) -> Iterator[None]:
        """Keep what is unread and read on; yields when the stream has nothing now. The last refill sets `at_end`."""
        left = self.end - self.at
        self.data[:left] = self.data[self.at : self.end].copy()
        self._passed += self.at
        self.at, self.end = 0, left
        yield from self._read(min(ROOM_BYTES, max(WINDOW_BYTES, left + WINDOW_BYTES // 2)))

    def _read(self, target: int) -> Iterator[None]:
        """Fill up to `target` bytes in all, in as many reads as it takes, so that pipes and files give the same windows."""
        while self.end < target and not self.at_end:
            count = self._read_once(target)
            if count is None:
                yield None
            elif count:
                self.end += count
            else:
                self.at_end = True

    def _read_once(self, target: int) -> int | None:
        try:
            count: int | None = self._stream.readinto(self._view[self.end : target])  # type: ignore[attr-defined]
        except capture_files.BROKEN as error:
            self.error = capture_files.CaptureError(f"the stream breaks off: {error}", "What came before it has been read; check the file.")
            return 0
        return count
