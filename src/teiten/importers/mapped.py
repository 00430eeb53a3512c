# SPDX-License-Identifier: Apache-2.0
"""Any CSV or JSON-lines log, by a mapping that its operator wrote (`--mapping FILE`): which field is the time, the source, the target.

One line is one arrival; a quoted line break is not supported and shows as rejected lines. Nothing is guessed: a field that is named and
missing is no value, a line without time or source is rejected.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from teiten.clock import to_microseconds
from teiten.config import Settings
from teiten.importers.instants import IsoTimes, is_plausible
from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import UNREADABLE, Refused, port, text, whole
from teiten.importers.packet_rows import joined_port, protocol_number, say_flow
from teiten.importers.rows import Packed, Tally, address_reason, turn
from teiten.importers.web_requests import kind_and_target
from teiten.protocols.subject import decode_subject

_NAMES = (
    "observed_at", "kind", "source", "target", "category", "times", "protocol", "source_port", "destination_port", "account", "credential",
    "client", "request", "session", "outcome",
)  # fmt: skip
_JSON = msgspec.json.Decoder(dict[str, Any])
_SCALES = {"epoch": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}


class Mapping(Settings, frozen=True):
    """Values are names of columns (CSV) or of fields (JSON; `a.b` is `b` inside `a`), but for those that say otherwise."""

    format: Literal["csv", "json"]
    channel: Literal["packet", "web", "ssh", "mail"]
    time: str
    source: str
    time_format: str = "iso"  # iso, epoch, epoch_ms, epoch_us, or a pattern such as %d.%m.%Y %H:%M:%S
    target: str = ""  # web: path or whole request line; ssh: account; mail: subject; packet: not used
    method: str = ""  # web, where the target is a path
    protocol: str = ""  # packet: name or number; without it, tcp
    destination_port: str = ""
    source_port: str = ""
    account: str = ""
    credential: str = ""
    client: str = ""
    session: str = ""
    outcome: str = ""
    times: str = ""  # how many arrivals a line stands for
    delimiter: str = ","  # csv: the character itself
    columns: tuple[str, ...] = ()  # csv without a header line: the names of its columns
    only: dict[str, str] = {}  # field = value, all of them; other lines are no observations


class Mapped:
    name = "mapped"
    label = "log with a mapping file"
    surveys = False

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self.records: Records = "json" if mapping.format == "json" else "lines"

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        return Recognition(1.0, f"the mapping says that it is {self._mapping.format}")

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading(self._mapping, options)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


class _Reading:
    def __init__(self, mapping: Mapping, options: ReadOptions) -> None:
        self._mapping = mapping
        self._columns = list(mapping.columns)
        self._judge = _Judge(mapping, options)

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        rows: list[tuple[Any, ...]] = []
        tally = Tally()
        for number, record in enumerate(records, first):
            said = self._said(record.rstrip(b"\r"))
            if isinstance(said, Refused):
                tally.reject(number, said.reason, record)
            elif isinstance(said, str):
                tally.count(said)
            else:
                rows.append(said)
        shaken = self._mapping.channel != "packet"
        return tally.chunk(turn(_NAMES, rows, channel=self._mapping.channel, handshake=shaken), len(rows))

    def finish(self) -> Chunk | None:
        return None

    def _said(self, record: bytes) -> tuple[Any, ...] | str | Refused:
        if not record.strip():
            return "blank line"
        if self._mapping.format == "json":
            try:
                return self._judge.judge(_JSON.decode(record))
            except UNREADABLE:
                return Refused("not a JSON object")
        try:
            cells = next(csv.reader([record.decode("utf-8", "surrogateescape")], delimiter=self._mapping.delimiter, strict=True))
        except (csv.Error, StopIteration):
            return Refused("not a line of CSV")
        if not self._columns:
            self._columns = [cell.strip().lstrip("\ufeff") for cell in cells]
            return "header line"
        return self._judge.judge(dict(zip(self._columns, cells, strict=False)))


class _Judge:
    def __init__(self, mapping: Mapping, options: ReadOptions) -> None:
        self._mapping = mapping
        self._zone = options.zone
        self._times = IsoTimes(options.zone)
        self._packed = Packed()

    def judge(self, entry: dict[str, Any]) -> tuple[Any, ...] | str | Refused:
        mapping = self._mapping
        for name, value in mapping.only.items():
            if _text(entry, name) != value.encode():
                return f"{name} is not {value}"[:60]
        address = _text(entry, mapping.source) or b""
        source, at = self._packed[address], self._at(_value(entry, mapping.time))
        if source is None:
            return Refused(address_reason(address) if address else f"no {mapping.source}")
        if at is None:
            return Refused("impossible time" if _value(entry, mapping.time) not in (None, "") else f"no {mapping.time}")
        said = self._target(entry)
        if isinstance(said, Refused):
            return said
        kind, category, target, protocol, request = said
        times = whole(_value(entry, mapping.times)) if mapping.times else 1
        if not times:
            return Refused(f"no count in {mapping.times}")
        session, outcome = (_text(entry, name) for name in (mapping.session, mapping.outcome))
        there, here = port(_value(entry, mapping.source_port)), port(_value(entry, mapping.destination_port))
        return (
            at, kind, source, target, category, times, protocol, there, here,
            _text(entry, mapping.account) or (target if mapping.channel == "ssh" else None), _text(entry, mapping.credential),
            _text(entry, mapping.client), request, None if session is None else session.decode("utf-8", "replace")[:64],
            None if outcome is None else outcome.decode("utf-8", "replace")[:40],
        )  # fmt: skip

    def _target(self, entry: dict[str, Any]) -> tuple[str, str, bytes, str, bytes | None] | Refused:
        """Kind, category, target, protocol, request."""
        mapping, target = self._mapping, _text(entry, self._mapping.target) or b""
        if mapping.channel == "packet":
            number = protocol_number((_text(entry, mapping.protocol) or b"tcp").decode("ascii", "replace"))
            here = port(_value(entry, mapping.destination_port))
            if number is None or (here is None and number in (6, 17)):
                return Refused("unknown protocol" if number is None else "no port")
            kind, category, target = say_flow(number, joined_port(number, here))
            return kind, category, target, {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}.get(number, f"proto{number}"), None
        if mapping.channel == "web":
            request = (_text(entry, mapping.method) or b"GET") + b" " + target if mapping.method else target
            kind, named = kind_and_target(request)
            return kind, "access", named, "tcp", request
        if mapping.channel == "mail":
            return "mail", "access", decode_subject(target), "tcp", target
        return ("password" if _text(entry, mapping.credential) is not None else "attempt"), "access", target, "tcp", None

    def _at(self, value: Any) -> int | None:
        form = self._mapping.time_format
        if form in _SCALES:
            return _epoch(value, _SCALES[form])
        written = text(value) or b""
        if form == "iso":
            return self._times.at(written.strip())
        try:
            found = datetime.strptime(written.decode("utf-8", "replace").strip(), form)  # noqa: DTZ007 (gets its zone in the next line)
            at = to_microseconds(found if found.tzinfo is not None else found.replace(tzinfo=self._zone))
        except (ValueError, OverflowError):
            return None
        return at if is_plausible(at) else None


def _epoch(value: Any, scale: int) -> int | None:
    try:
        at = round(float(value) * scale) if not isinstance(value, int) else value * scale
    except (TypeError, ValueError, OverflowError):
        return None
    return at if is_plausible(at) else None


def _value(entry: dict[str, Any], name: str) -> Any:
    if not name:
        return None
    if name in entry:
        return entry[name]
    found: Any = entry
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(entry: dict[str, Any], name: str) -> bytes | None:
    value = _value(entry, name)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape" if any("\udc80" <= char <= "\udcff" for char in value) else "surrogatepass")[:4096]
    return text(value)
