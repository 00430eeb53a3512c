# SPDX-License-Identifier: Apache-2.0
"""What flow exporters send (NetFlow v5, v9, IPFIX), kept as files of one or more messages -> flows.

A flow is one arrival however many packets it holds, as in nfdump.py. A record of the message is a record of the import: it is taken if a
flow of it was, and damaged if another could not be. Records without a source (options, counters) are other. A firewall's second word of
the same flow (update, end) is kept in category other. Data is read by the template told last before it in the file; else by the first one
told after it; else by one that a file of nearly the same name tells, if there is only one such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

from teiten.importers import exports
from teiten.importers.exports import IPFIX, MOST_V5_RECORDS, V5, Header, Key, Part, Record, Template, header_of
from teiten.importers.instants import is_plausible
from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.packet_rows import SYN_ACK, joined_port, say_answered_flow, say_flow
from teiten.importers.rows import Tally, turn

_NAMES = (
    "observed_at", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "handshake", "duration_us", "tcp_flags",
    "outcome",
)  # fmt: skip
_OLDEST_US = 631_152_000_000_000  # 1990: no exporter is older, so an earlier time is no time
_EVENTS = {1: "created", 2: "ended", 3: "denied", 4: "alert", 5: "updated"}
_AGAIN = ("ended", "alert", "updated")
_ICMP_CODES = {1: (32, 176, 177), 58: (139, 178, 179)}  # protocol -> type and code in one, type, code
_STARTS, _ENDS = ((152, 1_000), (154, 1), (156, 0), (150, 1_000_000)), ((153, 1_000), (155, 1), (157, 0), (151, 1_000_000))
_OBSERVED = ((323, 1_000), (324, 1), (325, 0), (322, 1_000_000))
_NTP = frozenset((154, 155, 156, 157, 324, 325))  # IPFIX writes these as seconds since 1900 and a fraction
_NTP_EPOCH = 2_208_988_800
_PIECES = re.compile(r"[_.]+")
_MOST_TEMPLATES = 10_000
_KIND = {V5: "NetFlow v5", exports.V9: "NetFlow v9", IPFIX: "IPFIX"}

Told = dict[Key, list[tuple[str, Template]]]
"""Templates of other files, with the names of those."""


class Netflow:
    name = "netflow"
    label = "NetFlow v5 or v9 or IPFIX messages"
    records: Records = "exports"
    surveys = True

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        header = header_of(head)
        if header is None:
            return None
        if header.version == IPFIX:
            first = int.from_bytes(head[16:18], "big")
            fits = header.declared >= 20 and (first in (2, 3) or first >= 256) and 4 <= int.from_bytes(head[18:20], "big") <= header.declared - 16
        elif header.version == V5:
            fits = (len(head) - 24) // 48 >= 1 and header.seconds > 0 and header.nanoseconds < 1_000_000_000
        else:
            first = int.from_bytes(head[20:22], "big")
            fits = (first in (0, 1) or first >= 256) and int.from_bytes(head[22:24], "big") >= 4 and header.declared > 0
        return Recognition(0.9, f"begins with a message header of {_KIND[header.version]}") if fits else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> dict[Key, Template]:
        """The first template of each number; those of other files only where this one has none."""
        own: dict[Key, Template] = {}
        wanted: dict[Key, int] = {}
        for block in blocks:
            for message in block:
                _look(message, own, wanted)
        missing = {key: size for key, size in wanted.items() if key not in own}
        if missing and options.siblings is not None:
            told = options.siblings.remembered(self.name, _told)
            for key, size in missing.items():
                found = _chosen(told.get(key, []), options.siblings.name, size)
                if found is not None:
                    own[key] = found
        return own

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading(survey if isinstance(survey, dict) else {})

    def is_preamble(self, record: bytes) -> bool:
        return not record


def _look(message: bytes, own: dict[Key, Template], wanted: dict[Key, int]) -> None:
    header = header_of(message)
    if header is None or header.version == V5:
        return
    for part in exports.parts(message, header):
        for number, template in exports.templates_in(part, header):
            if len(own) < _MOST_TEMPLATES:
                own.setdefault((header.version, header.domain, number), template)
        if exports.is_data(part) and len(wanted) < _MOST_TEMPLATES:
            wanted.setdefault((header.version, header.domain, part.number), len(part.body))


def _told(files: Iterable[tuple[str, Iterable[Sequence[bytes]]]]) -> Told:
    told: Told = {}
    for name, blocks in files:
        own: dict[Key, Template] = {}
        for block in blocks:
            for message in block:
                _look(message, own, {})
        for key, template in own.items():
            told.setdefault(key, []).append((name, template))
    return told


def _chosen(found: list[tuple[str, Template]], name: str, size: int) -> Template | None:
    """The template of the file whose name is nearest; None where two of them say different things, or none is near."""
    near = [(distance, template) for other, template in found if template.fits(size) and (distance := _distance(name, other)) is not None]
    least = min((distance for distance, _ in near), default=0)
    different = {template for distance, template in near if distance == least}
    return different.pop() if len(different) == 1 else None


def _distance(one: str, other: str) -> int | None:
    """How many pieces of two names differ: `edge_tpl.dat` and `edge_data_256.dat` 3. None if they are of different folders or share less than
    all pieces but the last of the shorter.
    """
    if PurePath(one).parent != PurePath(other).parent:
        return None
    ours, theirs = (_PIECES.split(PurePath(name).stem) for name in (one, other))
    shared = next((at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    return None if shared < min(len(ours), len(theirs)) - 1 else len(ours) + len(theirs) - 2 * shared


class _Reading:
    def __init__(self, templates: dict[Key, Template]) -> None:
        self._templates = dict(templates)
        self._rows: list[tuple[Any, ...]] = []
        self._problems: dict[str, None] = {}

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        rows: list[tuple[Any, ...]] = []
        tally, taken = Tally(), 0
        for number, message in enumerate(records, first):
            self._rows, self._problems = [], {}
            kind = self._read(message)
            problem = ", ".join(self._problems)
            if self._rows:
                taken += 1
                rows += self._rows
                if problem:
                    tally.damage(number, problem, message)
            elif problem or kind is None:
                tally.reject(number, problem or "no message of an exporter", message)
            else:
                tally.count(kind)
        return tally.chunk(turn(_NAMES, rows, channel="packet"), taken)

    def finish(self) -> Chunk | None:
        return None

    def _problem(self, what: str) -> None:
        if len(self._problems) < 4:
            self._problems[what] = None

    def _read(self, message: bytes) -> str | None:
        """Rows and problems of one message; what it is if it has none of them."""
        header = header_of(message)
        if header is None:
            return None
        if header.version == V5:
            return self._read_v5(message, header)
        if header.version == IPFIX and header.declared != len(message):
            self._problem("shorter than its header says")
        kind = "message without data"
        for part in exports.parts(message, header):
            if part.is_cut:
                self._problem("a set breaks off")
            for number, template in exports.templates_in(part, header):
                if len(self._templates) < _MOST_TEMPLATES:
                    self._templates[header.version, header.domain, number] = template
                kind = "templates"
            if exports.is_data(part):
                kind = self._data(part, header, kind)
        return kind

    def _read_v5(self, message: bytes, header: Header) -> str | None:
        if not 0 < header.declared <= MOST_V5_RECORDS:
            self._problem("a count of flows that no message holds")
            return None
        if len(message) < 24 + 48 * header.declared:
            self._problem("shorter than its header says")
        for flow in exports.v5_flows(message):
            self._flow(flow, header)
        return "message without data"

    def _data(self, part: Part, header: Header, kind: str) -> str:
        template = self._templates.get((header.version, header.domain, part.number))
        if template is None:
            self._problem(f"no template {part.number} of domain {header.domain} in this file or one of nearly its name")
            return kind
        if template.is_options:
            return "options of the exporter"
        before = len(self._rows)
        for record in exports.records_in(part, template):
            self._flow(record, header)
        return kind if len(self._rows) > before else "records without a source address"

    def _flow(self, record: Record, header: Header) -> None:
        source = record.get(8) or record.get(27)
        if source is None or len(source) not in (4, 16) or (27 in record and not any(source)):
            return
        start = _time(record, header, _STARTS, 22)
        at = start if start is not None else _time(record, header, _OBSERVED, None)
        at = at if at is not None else header.seconds * 1_000_000 + header.nanoseconds // 1000
        if at < _OLDEST_US or not is_plausible(at):
            self._problem("time before 1990" if at < _OLDEST_US else "impossible time")
            return
        end = _time(record, header, _ENDS, 21)
        number = _number(record, 4)
        event = _EVENTS.get(_number(record, 233) or 0)
        duration = end - at if end is not None and start is not None and end >= at else None
        self._rows.append(_row(record, at, source, 6 if number is None else number, event, duration))


def _row(record: Record, at: int, source: bytes, number: int, event: str | None, duration: int | None) -> tuple[Any, ...]:
    here, there, flags = _number(record, 11), _number(record, 7), None
    if number in _ICMP_CODES:
        kind, category, target = say_flow(number, joined_port(number, *_icmp(record, number, here)))
        here = there = None
    else:
        flags = (_number(record, 6) or 0) & 0xFF if number == 6 else None
        kind, category, target = say_answered_flow(number, here, there, flags)
    if event in _AGAIN:
        category = "other"
    shaken = flags is not None and flags & SYN_ACK == SYN_ACK and category == "access"
    protocol = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}.get(number, f"proto{number}")
    return (at, kind, source, target, category, protocol, there, here, shaken, duration, flags or None, event)


def _icmp(record: Record, number: int, port: int | None) -> tuple[int | None, int | None]:
    """Type and code: one field, two fields, or (v5) in the place of the destination port."""
    both, kind, code = (_number(record, field) for field in _ICMP_CODES[number])
    if kind is not None:
        return kind, code
    joined = both if both is not None else port
    return (None, None) if joined is None else (joined >> 8 & 0xFF, joined & 0xFF)


def _number(record: Record, field: int) -> int | None:
    value = record.get(field)
    return int.from_bytes(value, "big") if value and len(value) <= 8 else None


def _time(record: Record, header: Header, fields: tuple[tuple[int, int], ...], uptime_field: int | None) -> int | None:
    """Microseconds UTC by the best field there is; times of the exporter's own clock count from its start."""
    for field, scale in fields:
        value = _number(record, field)
        if value:
            if field in _NTP:
                return ((value >> 32) - _NTP_EPOCH) * 1_000_000 + ((value & 0xFFFFFFFF) * 1_000_000 >> 32)
            return value * scale
    value = _number(record, uptime_field) if uptime_field is not None else None
    if value is None:
        return None
    started_ms = _number(record, 160)
    if started_ms:
        return (started_ms + value) * 1000
    if header.version == IPFIX:
        return None
    ago = (header.uptime_ms - value) & 0xFFFFFFFF
    ago -= (ago >> 31) << 32  # a flow that began after the header was written, or the 32 bits that went round in between
    return header.seconds * 1_000_000 + header.nanoseconds // 1000 - ago * 1000
