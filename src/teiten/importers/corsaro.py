# SPDX-License-Identifier: Apache-2.0
"""Corsaro's flowtuple in ASCII (as `cors2ascii` and its relatives print it) -> packets of a telescope, each line `count` of them.

Documentation and code of Corsaro 2 differ in the order of the last fields; the one with `0x` is the flags. Lines have no time of their own:
it is the start of their interval. For ICMP the ports are type and code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.packet_rows import joined_port, say_packet
from teiten.importers.rows import Packed, Tally, address_reason, turn

_NAMES = ("observed_at", "kind", "source", "target", "category", "times", "protocol", "source_port", "destination_port", "tcp_flags")
_INTERVAL = re.compile(rb"# CORSARO_INTERVAL_START \d+ (\d{9,10})\b")
_LINE = re.compile(
    rb"([^|\s]+)\|[^|]*\|(\d{1,5})\|(\d{1,5})\|(\d{1,3})\|"
    rb"(?:(\d+)\|0x([0-9a-fA-F]{1,2})|0x([0-9a-fA-F]{1,2})\|(\d+))\|\d+,(\d{1,15})$"
)
_CLASS = re.compile(rb"(?:START|END) flowtuple_\w+")


class Corsaro:
    name = "corsaro"
    label = "Corsaro flowtuple (ASCII)"
    records: Records = "lines"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        if _INTERVAL.search(head[:4096]):
            return Recognition(0.97, "has `# CORSARO_INTERVAL_START`")
        lines = [line for line in head.split(b"\n")[:50] if line]
        ours = sum(1 for line in lines if _LINE.match(line.rstrip(b"\r")) or _CLASS.match(line))
        return Recognition(0.6, f"{ours} of the first {len(lines)} lines are flowtuples") if ours and 2 * ours >= len(lines) else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading()

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip() or _CLASS.match(record) is not None


class _Reading:
    def __init__(self) -> None:
        self._packed = Packed()
        self._at: int | None = None

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        rows: list[tuple[Any, ...]] = []
        tally = Tally()
        for number, line in enumerate(records, first):
            line = line.rstrip()
            found = _LINE.match(line)
            if found is None:
                self._frame(number, line, tally)
                continue
            source = self._packed[found[1]]
            if source is None or self._at is None:
                tally.reject(number, address_reason(found[1]) if source is None else "no interval before this line", line)
                continue
            rows.append(_row(self._at, source, found))
        return tally.chunk(turn(_NAMES, rows, channel="packet"), len(rows))

    def finish(self) -> Chunk | None:
        return None

    def _frame(self, number: int, line: bytes, tally: Tally) -> None:
        interval = _INTERVAL.match(line)
        if interval:
            self._at = int(interval[1]) * 1_000_000
        if not line or line.startswith(b"#") or _CLASS.match(line):
            tally.count("frame of an interval" if line else "blank line")
        else:
            tally.reject(number, "not a flowtuple", line)


def _row(at: int, source: bytes, found: re.Match[bytes]) -> tuple[Any, ...]:
    there, here, protocol = int(found[2]), int(found[3]), int(found[4]) & 0xFF
    flags = int(found[6] or found[7], 16) if protocol == 6 else None
    is_icmp = protocol in (1, 58)
    port = joined_port(protocol, there, here) if is_icmp else joined_port(protocol, here)
    kind, category, target = say_packet(protocol, port, flags)
    name = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}.get(protocol, f"proto{protocol}")
    ports = (None, None) if is_icmp else (joined_port(protocol, there), port)
    return (at, kind, source, target, category, max(int(found[9]), 1), name, *ports, flags)
