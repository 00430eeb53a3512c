# SPDX-License-Identifier: Apache-2.0
"""DShield reports: the tab-separated mail form, and the JSON of the submit interface (firewall, webhoneypot, cowrie) -> packets, requests, logins.

A tab line stands for `count` packets. For ICMP the "ports" are type and code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import JsonReading, Judged, Refused, first_objects, port, text, whole
from teiten.importers.packet_rows import flags_of_letters, joined_port, protocol_number, say_flow, say_packet
from teiten.importers.rows import Packed, Tally, address_reason, turn

_NAMES = (
    "observed_at", "channel", "kind", "source", "target", "category", "times", "protocol", "source_port", "destination_port", "handshake", "account",
    "credential", "client", "fingerprint", "request", "tcp_flags",
)  # fmt: skip
_MOST_ENTRIES = 100_000


class _Log(msgspec.Struct):
    time: Any = None
    timestamp: Any = None
    sip: str = ""
    source_ip: str = ""
    proto: Any = None
    sport: Any = None
    dport: Any = None
    flags: Any = None
    method: Any = None
    url: Any = None
    useragent: Any = None
    user: Any = None
    password: Any = None
    hassh: Any = None
    banner: Any = None


class _Report(msgspec.Struct):
    type: str
    logs: list[_Log]


class DShield:
    name = "dshield"
    label = "DShield report (tab-separated or JSON)"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        lines = [line for line in head.split(b"\n")[:100] if line.strip()]
        tabbed = sum(1 for line in lines if line.count(b"\t") in (7, 8) and line[4:5] == b"-" and line[10:11] == b" " and line[:4].isdigit())
        if tabbed and 2 * tabbed >= len(lines):
            return Recognition(0.9, f"{tabbed} of the first {len(lines)} lines are a date and eight fields between tabs")
        ours = sum(1 for entry in first_objects(head) if isinstance(entry.get("logs"), list) and "type" in entry)
        return Recognition(0.9, "objects with `type` and `logs`") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading(options)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip() or record.startswith(b"#")


class _Reading:
    def __init__(self, options: ReadOptions) -> None:
        self._judge = _Judge(options)
        self._json = JsonReading(_Report, self._judge.judge, _NAMES)

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        if any(record.startswith(b"{") for record in records[:10]):
            return self._json.take(records, first)
        rows: list[tuple[Any, ...]] = []
        tally = Tally()
        for number, record in enumerate(records, first):
            record = record.rstrip(b"\r")
            if not record.strip() or record.startswith(b"#"):
                tally.count("blank line or comment")
                continue
            said = self._judge.from_tabs(record.split(b"\t"))
            if isinstance(said, Refused):
                tally.reject(number, said.reason, record)
            else:
                rows.append(said)
        return tally.chunk(turn(_NAMES, rows), len(rows))

    def finish(self) -> Chunk | None:
        return None


class _Judge:
    def __init__(self, options: ReadOptions) -> None:
        self._times = IsoTimes(options.zone)
        self._packed = Packed()

    def from_tabs(self, fields: list[bytes]) -> tuple[Any, ...] | Refused:
        if len(fields) not in (8, 9):
            return Refused("not nine fields between tabs")
        time, _, count, address, there, _, here, protocol, *flags = [field.strip() for field in fields]
        source, at, number = self._packed[address], self._times.at(time), protocol_number(protocol.decode("ascii", "replace"))
        if source is None:
            return Refused(address_reason(address))
        if at is None or number is None or not count.isdigit() or len(count) > 9:
            return Refused("impossible time" if at is None else "no protocol" if number is None else "no count")
        letters = flags[0].decode("ascii", "replace") if flags and flags[0] else None
        return _packet(at, source, number, _number(there), _number(here), letters, max(int(count), 1))

    def judge(self, report: _Report) -> Judged:
        rows = []
        for log in report.logs[:_MOST_ENTRIES]:
            row = self._row(report.type, log)
            if isinstance(row, Refused):
                return row
            rows.append(row)
        return rows if rows else "report without logs"

    def _row(self, kind: str, log: _Log) -> tuple[Any, ...] | Refused:
        address = (log.sip or log.source_ip).encode("utf-8", "replace")
        source, at = self._packed[address], self._at(log.time if log.time is not None else log.timestamp)
        if source is None:
            return Refused(address_reason(address))
        if at is None:
            return Refused("impossible time")
        if kind == "firewall":
            number = protocol_number(str(log.proto))
            if number is None:
                return Refused("no protocol")
            return _packet(at, source, number, port(log.sport), port(log.dport), log.flags if isinstance(log.flags, str) and log.flags else None, 1)
        return (
            _request(at, source, log) if kind == "webhoneypot" else _login(at, source, log) if kind == "cowrie" else Refused("unknown type of report")
        )

    def _at(self, value: Any) -> int | None:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1 << 36:
            return int(value * 1_000_000) if isinstance(value, int) else round(value * 1_000_000)
        if isinstance(value, str):
            seconds = whole(value)
            return seconds * 1_000_000 if seconds is not None and seconds < 1 << 36 else self._times.at(value.encode("utf-8", "replace"))
        return None


def _packet(at: int, source: bytes, number: int, there: int | None, here: int | None, letters: str | None, times: int) -> tuple[Any, ...]:
    is_icmp = number in (1, 58)
    joined = joined_port(number, there, here) if is_icmp else joined_port(number, here)
    flags = flags_of_letters(letters) if letters is not None and number == 6 else None
    kind, category, target = say_flow(number, joined) if flags is None else say_packet(number, joined, flags)
    proto = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}.get(number, f"proto{number}")
    ports = (None, None) if is_icmp else (there, here)
    return (at, "packet", kind, source, target, category, times, proto, *ports, False, None, None, None, None, None, flags)


def _request(at: int, source: bytes, log: _Log) -> tuple[Any, ...]:
    target = (text(log.method) or b"GET") + b" " + (text(log.url) or b"")
    agent = text(log.useragent[0] if isinstance(log.useragent, list) and log.useragent else log.useragent)
    return (at, "web", "request", source, target, "access", 1, "tcp", None, None, True, None, None, agent, None, target, None)


def _login(at: int, source: bytes, log: _Log) -> tuple[Any, ...]:
    account = text(log.user) or b""
    hassh = log.hassh if isinstance(log.hassh, str) and len(log.hassh) == 32 else None
    return (
        at, "ssh", "password", source, account, "access", 1, "tcp", None, None, True, account, text(log.password),
        text(log.banner), hassh, None, None,
    )  # fmt: skip


def _number(value: bytes) -> int | None:
    return int(value) if value.isdigit() and len(value) < 6 and int(value) < 65536 else None
