# SPDX-License-Identifier: Apache-2.0
"""Flowtuples of corsaro 3 / STARDUST in Avro -> packets of a telescope, each datum `packet_cnt` of them at the start of its minute.

Fields by the name in the file's own schema, never by position. Addresses are numbers, IPv4 only. For ICMP the ports are type and code.
Other Avro files are recognised and refused with the name of their schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from teiten.importers.avro import DAMAGED, MAGIC, BadData, Fields, read_header
from teiten.importers.instants import is_plausible
from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.packet_rows import joined_port, say_packet
from teiten.importers.rows import Tally, turn

_NAMES = ("observed_at", "kind", "source", "target", "category", "times", "protocol", "source_port", "destination_port", "tcp_flags")
_NEEDED = ("time", "src_ip", "src_port", "dst_port", "protocol", "tcp_flags", "packet_cnt")
_NAMES_OF = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}


class Stardust:
    name = "stardust"
    label = "flowtuple of corsaro 3 (Avro)"
    records: Records = "avro"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        if not head.startswith(MAGIC):
            return None
        has_flows = b'"src_ip"' in head and b'"packet_cnt"' in head
        return Recognition(0.99 if has_flows else 0.6, f"an Avro file{' whose schema has `src_ip` and `packet_cnt`' if has_flows else ''}")

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading()

    def is_preamble(self, record: bytes) -> bool:
        return record.startswith(MAGIC)


class _Reading:
    def __init__(self) -> None:
        self._fields: Fields | None = None

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        rows: list[tuple[Any, ...]] = []
        tally = Tally()
        for number, record in enumerate(records, first):
            if record.startswith(MAGIC) and self._fields is None:
                self._begin(number, record, tally)
                continue
            said = self._row(record)
            if isinstance(said, str):
                tally.reject(number, said, record)
            else:
                rows.append(said)
        return tally.chunk(turn(_NAMES, rows, channel="packet"), len(rows))

    def finish(self) -> Chunk | None:
        return None

    def _begin(self, number: int, record: bytes, tally: Tally) -> None:
        try:
            self._fields = Fields(read_header(record)[0].get(b"avro.schema", b""))
            missing = [name for name in _NEEDED if name not in self._fields.names]
        except BadData:
            tally.count("header of the file")  # what is wrong with it comes as the next record
            return
        if missing:
            self._fields = None
            tally.reject(number, f"schema without {', '.join(missing)}", record)
        else:
            tally.count("header of the file")

    def _row(self, record: bytes) -> tuple[Any, ...] | str:
        if record.startswith(DAMAGED):
            return record[1 : 1 + 80].decode("utf-8", "replace")
        if self._fields is None:
            return "no schema of flowtuples before this datum"
        try:
            values, end = self._fields.read(record, 0)
        except BadData as error:
            return str(error)
        return _flow([values[name] for name in _NEEDED]) if end == len(record) else "bytes behind the datum"


def _flow(values: list[Any]) -> tuple[Any, ...] | str:
    if not all(isinstance(value, int) for value in values):
        return "a field that is no number"
    at, source, there, here, number, flags, times = values
    if not 0 <= source < 1 << 32 or not is_plausible(at * 1_000_000):
        return "not an address" if is_plausible(at * 1_000_000) else "impossible time"
    if not 0 <= number < 256 or times < 1:
        return "no protocol" if times >= 1 else "no packets"
    is_icmp = number == 1
    tcp_flags = flags & 0xFF if number == 6 else None
    port = joined_port(number, there, here) if is_icmp else joined_port(number, here)
    kind, category, target = say_packet(number, port, tcp_flags)
    ports = (None, None) if is_icmp else (joined_port(number, there), port)
    return (at * 1_000_000, kind, source.to_bytes(4, "big"), target, category, times, _NAMES_OF.get(number, f"proto{number}"), *ports, tcp_flags)
