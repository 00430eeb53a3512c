# SPDX-License-Identifier: Apache-2.0
"""What nfdump writes (`-o csv`, `csv-fast`, of 1.6 and later; `-o json`, `ndjson`) -> flows. Columns by header, never by position.

A flow is one arrival however many packets it holds. Times without offset are nfdump's local time (the zone given); csv-fast has
milliseconds since the epoch. A flow whose flags hold SYN and ACK was answered; it counts where it goes to the lower port, else it is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import UNREADABLE, Refused, first_objects
from teiten.importers.packet_rows import SYN_ACK, flags_of_letters, joined_port, protocol_number, say_answered_flow, say_flow
from teiten.importers.rows import Packed, Tally, address_reason, turn

_NAMES = (
    "observed_at", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "handshake", "duration_us", "tcp_flags",
)  # fmt: skip
_WANTED = (
    ("firstSeen", "ts", "first"), ("lastSeen", "te", "last"), ("srcAddr", "sa", "src4_addr", "src6_addr"), ("srcPort", "sp", "src_port"),
    ("dstPort", "dp", "dst_port"), ("proto", "pr"), ("flags", "flg", "tcp_flags"), ("icmp_type",), ("icmp_code",),
)  # fmt: skip
_STARTS = (b"firstSeen,", b"cnt,af,firstSeen", b"ts,te,td,sa,", b"ts,te,td,pr,val")
_JSON = msgspec.json.Decoder(dict[str, Any])


class Nfdump:
    name = "nfdump"
    label = "nfdump output (csv, json)"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        if head.startswith(_STARTS):
            return Recognition(0.96, "begins with a header of nfdump's CSV")
        entries = first_objects(head)
        ours = sum(1 for entry in entries if {"first", "last", "proto"} <= entry.keys() and ("src4_addr" in entry or "src6_addr" in entry))
        return Recognition(0.95, f"{ours} of the first {len(entries)} objects have `first`, `last` and `src4_addr`") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading(options)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip() or record.startswith(_STARTS)


class _Reading:
    def __init__(self, options: ReadOptions) -> None:
        self._times = IsoTimes(options.zone)
        self._packed = Packed()
        self._places: list[int] = []  # of the wanted columns; past the end of any line for those that aren't there
        self._is_statistic = False

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        rows: list[tuple[Any, ...]] = []
        tally = Tally()
        for number, record in enumerate(records, first):
            said = self._said(record.strip())
            if isinstance(said, Refused):
                tally.reject(number, said.reason, record)
            elif isinstance(said, str):
                tally.count(said)
            else:
                rows.append(said)
        return tally.chunk(turn(_NAMES, rows, channel="packet"), len(rows))

    def finish(self) -> Chunk | None:
        return None

    def _said(self, record: bytes) -> tuple[Any, ...] | str | Refused:
        if not record:
            return "blank line"
        if record.startswith(b"{"):
            return self._from_json(record)
        if record.startswith(_STARTS):
            self._header(record)
            return "header line"
        if record in (b"Summary", b"No matched flows") or (record.startswith(b"flows,bytes,") and self._places):
            self._is_statistic = True
        if self._is_statistic or not self._places:
            return "line of a summary" if self._is_statistic else Refused("no header before this line")
        parts = record.decode("ascii", "replace").split(",")
        return self._flow([parts[place].strip() if place < len(parts) else "" for place in self._places])

    def _header(self, record: bytes) -> None:
        names = record.decode("ascii", "replace").split(",")
        self._places = [next((names.index(name) for name in choices if name in names), 1 << 20) for choices in _WANTED]
        self._is_statistic = self._places[2] == 1 << 20

    def _from_json(self, record: bytes) -> tuple[Any, ...] | str | Refused:
        try:
            entry = _JSON.decode(record)
        except UNREADABLE:
            return Refused("not a JSON object")
        if not any(name in entry for name in _WANTED[2]):
            return "record without addresses"
        return self._flow([str(next((entry[name] for name in choices if name in entry), "")) for choices in _WANTED])

    def _flow(self, values: list[str]) -> tuple[Any, ...] | Refused:
        start, end, address, there, here, proto, letters, icmp_type, icmp_code = values
        number, at = protocol_number(proto), self._at(start)
        source = self._packed[address.encode("utf-8", "replace")]
        if source is None:
            return Refused(address_reason(address.encode("utf-8", "replace")))
        if at is None or number is None:
            return Refused("impossible time" if at is None else "no protocol")
        last = self._at(end)
        duration = last - at if last is not None and last >= at else None
        if number in (1, 58):
            kind, category, target = say_flow(number, _icmp_port(number, here, icmp_type, icmp_code))
            return (at, kind, source, target, category, "icmp" if number == 1 else "icmp6", None, None, False, duration, None)
        port, source_port = _number(here), _number(there)
        flags = _flags(letters) if number == 6 and letters else None
        kind, category, target = say_answered_flow(number, port, source_port, flags)
        proto_name = {6: "tcp", 17: "udp"}.get(number, f"proto{number}")
        shaken = flags is not None and flags & SYN_ACK == SYN_ACK and category == "access"
        return (at, kind, source, target, category, proto_name, source_port, port, shaken, duration, flags)

    def _at(self, text: str) -> int | None:
        seconds, _, fraction = text.partition(".")
        if text.isascii() and text.isdigit() and len(text) == 13:
            return int(text) * 1000
        if seconds.isascii() and seconds.isdigit() and len(seconds) in (9, 10) and (not fraction or (fraction.isascii() and fraction.isdigit())):
            return int(seconds) * 1_000_000 + int((fraction + "000000")[:6])
        return self._times.at(text.encode("utf-8", "replace"))


def _flags(letters: str) -> int:
    if letters.isascii() and letters.isdigit():
        return int(letters) & 0xFF if len(letters) < 6 else 0
    return flags_of_letters(letters)


def _icmp_port(number: int, here: str, icmp_type: str, icmp_code: str) -> int | None:
    """ICMP in nfdump: own fields in JSON, `type.code` or type * 256 + code in the place of the port in CSV."""
    if icmp_type:
        return joined_port(number, _number(icmp_type), _number(icmp_code))
    kind, dot, code = here.partition(".")
    return joined_port(number, _number(kind), _number(code)) if dot else _number(here)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65536 else None
