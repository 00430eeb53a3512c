# SPDX-License-Identifier: Apache-2.0
"""Zeek's conn, http, ssh and smtp logs, TSV (columns by `#fields`, never by position) and JSON -> packet, web, ssh and mail channels.

A connection is one arrival from its originator; the states in which Zeek saw no opening packet are backscatter or other. An SSH session
tells no account, so it is kept as a connection; an ICMP "port" is a type and a code. Other Zeek logs are recognised and counted as other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from teiten.columnar import Columns
from teiten.importers.field_layout import Array, Look
from teiten.importers.fields import Fields, are_worth_it
from teiten.importers.instants import IsoTimes, micros
from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import UNREADABLE, Refused, first_objects, text
from teiten.importers.lines import Lines
from teiten.importers.packet_rows import joined_port, protocol_number, say_flow
from teiten.importers.rows import FIELD_BYTES, Packed, Tally, address_reason, joined, turn
from teiten.importers.zeek_columns import CONNECTION, READS, UNOPENED, connections
from teiten.protocols.subject import decode_subject

_NAMES = (
    "observed_at", "channel", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "handshake", "account", "client",
    "fingerprint", "request", "sender", "recipients", "session", "outcome", "duration_us",
)  # fmt: skip
_ANY = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_p")
_FIELDS: dict[str, tuple[str, ...]] = {
    "conn": (*_ANY, "proto", "conn_state", "duration"),
    "http": (*_ANY, "method", "host", "uri", "version", "user_agent", "status_code", "username"),
    "ssh": (*_ANY, "client", "hassh", "auth_success"),
    "smtp": (*_ANY, "helo", "mailfrom", "rcptto", "subject", "last_reply"),
}
_SIGNS = {"conn": "conn_state", "http": "uri", "ssh": "kex_alg", "smtp": "mailfrom"}
_PROTOCOL_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")
_JSON = msgspec.json.Decoder(dict[str, Any])


class Zeek:
    name = "zeek"
    label = "Zeek conn, http, ssh or smtp log (TSV or JSON)"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        if head.startswith((b"#separator", b"#fields\t")) and b"\n#fields" in b"\n" + head:
            return Recognition(0.98, "begins with Zeek's `#separator` and `#fields`")
        entries = [_flat_ids(entry) for entry in first_objects(head)]
        ours = sum(1 for entry in entries if "ts" in entry and "uid" in entry and "id.orig_h" in entry)
        return Recognition(0.95, f"{ours} of the first {len(entries)} objects have `ts`, `uid` and `id.orig_h`") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading(options)

    def is_preamble(self, record: bytes) -> bool:
        return record.startswith(b"#") or not record.strip()


class _Reading:
    def __init__(self, options: ReadOptions) -> None:
        self._judge = _Judge(options)
        self._separator = b"\t"
        self._path = ""
        self._unset = (b"-", b"(empty)")
        self._places: list[int] = []  # of the wanted fields in a row; past its end for a field that isn't there

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        if isinstance(records, Lines) and are_worth_it(records):
            return self._take_lines(records, first)
        rows, tally = self._careful(((number, record) for number, record in enumerate(records, first)))
        return tally.chunk(turn(_NAMES, rows), len(rows))

    def _take_lines(self, lines: Lines, first: int) -> Chunk:
        """By columns what is plain, then with care the rest."""
        head = 0
        while head < len(lines) and lines[head].startswith(b"#"):
            self._header(lines[head].rstrip(b"\r"))
            head += 1
        columns, found = self._by_columns(lines)
        left = np.setdiff1d(np.arange(len(lines)), found, assume_unique=True).tolist()
        if any(lines[index].startswith((b"#fields", b"#separator", b"#path")) for index in left[head:]):  # files put together
            columns, found, left = {}, found[:0], list(range(len(lines)))
        rows, tally = self._careful((first + index, lines[index]) for index in left)
        return tally.chunk(joined([columns, turn(_NAMES, rows)]), len(rows) + len(found))

    def _by_columns(self, lines: Lines) -> tuple[Columns, Array]:
        if lines[0].startswith(b"{"):
            fields = Fields.of_objects(lines, CONNECTION, reads=READS)
            fields.plain &= fields.are("conn_state", Look.STRING)
            return connections(fields)
        if self._path == "conn" and self._places and len(self._separator) == 1:
            places = dict(zip(_FIELDS["conn"], self._places, strict=True))
            return connections(Fields.of_cells(lines, CONNECTION, [places[name] for name in CONNECTION], self._separator, self._unset))
        return {}, np.zeros(0, np.int64)

    def _careful(self, numbered: Iterable[tuple[int, bytes]]) -> tuple[list[tuple[Any, ...]], Tally]:
        rows: list[tuple[Any, ...]] = []
        tally = Tally()
        for number, record in numbered:
            record = record.rstrip(b"\r")
            if record.startswith(b"#"):
                self._header(record)
                tally.count("header line")
                continue
            said = self._said(record)
            if isinstance(said, Refused):
                tally.reject(number, said.reason, record)
            elif isinstance(said, tuple):
                rows.append(said)
            else:
                tally.count(str(said))
        return rows, tally

    def finish(self) -> Chunk | None:
        return None

    def _header(self, record: bytes) -> None:
        name, _, value = record.partition(self._separator)
        if name.startswith(b"#separator"):
            self._separator = _unescape(record.partition(b" ")[2]) or b"\t"
        elif name == b"#path":
            self._path, self._places = value.decode("ascii", "replace"), []
        elif name in (b"#unset_field", b"#empty_field"):
            self._unset = (*self._unset[-1:], value)
        elif name == b"#fields":
            names = [field.decode("ascii", "replace") for field in value.split(self._separator)]
            kind = next((kind for kind, sign in _SIGNS.items() if sign in names), self._path) if self._path not in _FIELDS else self._path
            self._path = kind
            self._places = [names.index(wanted) if wanted in names else 1 << 20 for wanted in _FIELDS.get(kind, ())]

    def _said(self, record: bytes) -> tuple[Any, ...] | str:
        if record.startswith(b"{"):
            return self._from_json(record)
        if not record.strip():
            return "blank line"
        if not self._places:
            return f"{self._path[:30]} record" if self._path else Refused("no `#fields` before this line")
        parts = record.split(self._separator)
        if len(parts) <= 4:
            return Refused("fewer fields than `#fields` says")
        count, unset = len(parts), self._unset
        values = [parts[place] if place < count and parts[place] not in unset else None for place in self._places]
        return self._judge.judge(self._path, values)

    def _from_json(self, record: bytes) -> tuple[Any, ...] | str:
        try:
            entry = _JSON.decode(record)
        except UNREADABLE:
            return Refused("not a JSON object")
        entry = _flat_ids(entry)
        kind = _kind_of(entry)
        if kind not in _FIELDS:
            return f"{kind[:30]} record"
        return self._judge.judge(kind, [_flat(entry.get(field)) for field in _FIELDS[kind]])


def _flat_ids(entry: dict[str, Any]) -> dict[str, Any]:
    """`id.orig_h` also where a shipper made an object of `id`, or underscores of the dots."""
    inner = entry.get("id")
    if isinstance(inner, dict):
        return entry | {f"id.{name}": value for name, value in inner.items()}
    if "id_orig_h" in entry:
        return {name.replace("id_", "id.", 1) if name.startswith("id_") else name: value for name, value in entry.items()}
    return entry


def _kind_of(entry: dict[str, Any]) -> str:
    if "conn_state" in entry:
        return "conn"
    return str(entry.get("_path") or next((kind for kind, sign in _SIGNS.items() if sign in entry), _path_by_guess(entry)))


def _path_by_guess(entry: dict[str, Any]) -> str:
    return "http" if "method" in entry else "smtp" if "helo" in entry else "ssh" if "auth_attempts" in entry else "other"


def _flat(value: Any) -> bytes | None:
    if type(value) is int and -1 < value < 1 << 64:
        return b"%d" % value
    if type(value) is float and 0 <= value < 1e-3:
        return b"%.9f" % value  # else it might be written with an exponent
    return text(",".join(map(str, value))) if isinstance(value, list) else text(value)


def _unescape(value: bytes) -> bytes:
    if b"\\x" not in value:
        return value
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), value)


class _Judge:
    def __init__(self, options: ReadOptions) -> None:
        self._iso = IsoTimes(options.zone)
        self._packed = Packed()
        self._kinds: dict[str, Callable[[list[Any]], tuple[Any, ...] | str]] = {
            "conn": self._connection, "http": self._request, "ssh": self._ssh, "smtp": self._mail,
        }  # fmt: skip

    def judge(self, kind: str, values: list[bytes | None]) -> tuple[Any, ...] | str:
        at, uid, address, source_port, port, *rest = values
        source, instant = self._packed[address or b""], self._at(at or b"")
        if source is None:
            return Refused(address_reason(address or b""))
        if instant is None:
            return Refused("impossible time")
        return self._kinds[kind]([instant, source, _number(source_port), _number(port), (uid or b"").decode("ascii", "replace")[:64] or None, *rest])

    def _at(self, value: bytes) -> int | None:
        seconds, _, fraction = value.partition(b".")
        if seconds.isdigit() and len(seconds) == 13 and not fraction:  # JSON::TS_MILLIS
            return int(seconds) * 1000
        if seconds.isdigit() and len(seconds) < 12 and (fraction.isdigit() or not fraction):
            return int(seconds) * 1_000_000 + micros(fraction)
        return self._iso.at(value)

    def _connection(self, values: list[Any]) -> tuple[Any, ...] | str:
        at, source, source_port, port, uid, proto, state, duration = values
        number = protocol_number((proto or b"").decode("ascii", "replace"))
        if number is None:
            return "connection of an unknown protocol"
        is_icmp = number in (1, 58)
        if number == 1 and len(source) == 16:
            number = 58  # Zeek says icmp for both
        here = joined_port(number, source_port, port) if is_icmp else joined_port(number, port)
        kind, category, target = say_flow(number, here)
        if number == 6 and state in UNOPENED:
            kind, category = UNOPENED[state]
        seconds, _, fraction = (duration or b"").partition(b".")
        length = (
            int(seconds) * 1_000_000 + micros(fraction) if seconds.isdigit() and len(seconds) < 9 and (fraction.isdigit() or not fraction) else None
        )
        return (
            at, "packet", kind, source, target, category, _PROTOCOL_NAMES.get(number, f"proto{number}"), None if is_icmp else source_port,
            None if is_icmp else here, number == 6 and state is not None and state[:2] in (b"SF", b"S1", b"S2", b"S3", b"RS") and state != b"RSTOS0",
            None, None, None, None, None, None, uid, (state or b"").decode("ascii", "replace")[:20] or None, length,
        )  # fmt: skip

    def _request(self, values: list[Any]) -> tuple[Any, ...] | str:
        at, source, source_port, port, uid, method, _, uri, version, agent, status, user = values
        if method is None and uri is None:
            return "answer without a request"
        target = ((method or b"") + b" " + _unescape(uri or b""))[:FIELD_BYTES]
        line = target + (b" HTTP/" + version if version else b"")
        return (
            at, "web", "request", source, target, "access", "tcp", source_port, port, True, user,
            _unescape(agent)[:FIELD_BYTES] if agent else None, None, line, None, None, uid,
            (status or b"").decode("ascii", "replace")[:8] or None, None,
        )  # fmt: skip

    def _ssh(self, values: list[Any]) -> tuple[Any, ...] | str:
        at, source, source_port, port, uid, client, hassh, success = values
        outcome = {b"T": "accepted", b"true": "accepted", b"F": "refused", b"false": "refused"}.get(success or b"")
        print_ = hassh.decode("ascii", "replace") if hassh is not None and len(hassh) == 32 else None
        return (
            at, "ssh", "connection", source, b"", "other", "tcp", source_port, port, True, None, _unescape(client)[:FIELD_BYTES] if client else None,
            print_, None, None, None, uid, outcome, None,
        )  # fmt: skip

    def _mail(self, values: list[Any]) -> tuple[Any, ...] | str:
        at, source, source_port, port, uid, helo, sender, recipients, subject, _ = values
        if subject is None and sender is None:
            kind, category, target = "connection", "other", b""
        else:
            kind, category, target = "mail", "access", decode_subject(_unescape(subject or b""))
        return (
            at, "mail", kind, source, target, category, "tcp", source_port, port, True, None, helo, None, subject, sender,
            recipients.replace(b",", b"\n")[:FIELD_BYTES] if recipients else None, uid, None, None,
        )  # fmt: skip


def _number(value: bytes | None) -> int | None:
    return int(value) if value is not None and value.isdigit() and len(value) < 6 and int(value) < 65536 else None
