# SPDX-License-Identifier: Apache-2.0
"""Heralding's session log (JSON or CSV) and authentication log (CSV) -> connections and SSH logins. Times are UTC.

`log_session.json` holds the attempts that `log_auth.csv` repeats: import the JSON file, or the two CSV files, not all three. Logins over
protocols without a channel of their own count through their connection; those over telnet are kept as rows of category other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import JsonReading, Judged, Refused, first_objects, port, text
from teiten.importers.rows import TELNET, Packed, Tally, address_reason, turn

_NAMES = (
    "observed_at", "channel", "kind", "source", "target", "category", "source_port", "destination_port", "account", "credential", "session",
    "duration_us",
)  # fmt: skip
_LOGINS = {"ssh": ("password", "access"), "telnet": TELNET}
_SESSION_HEAD = b"timestamp,duration,session_id,source_ip,"
_AUTH_HEAD = b"timestamp,auth_id,session_id,source_ip,"


class _Attempt(msgspec.Struct):
    timestamp: str = ""
    username: Any = None
    password: Any = None


class _Entry(msgspec.Struct):
    timestamp: str
    session_id: str
    source_ip: str
    source_port: Any = None
    destination_port: Any = None
    protocol: str = ""
    duration: Any = None
    auth_attempts: list[_Attempt] | None = None


class Heralding:
    name = "heralding"
    label = "Heralding session or authentication log"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        if head.startswith((_SESSION_HEAD, _AUTH_HEAD)):
            return Recognition(0.97, "begins with the header of Heralding's CSV")
        entries = first_objects(head)
        ours = sum(1 for entry in entries if "session_id" in entry and ("auth_attempts" in entry or "num_auth_attempts" in entry))
        return Recognition(0.96, f"{ours} of the first {len(entries)} objects have `session_id` and `num_auth_attempts`") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading()

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip() or record.startswith((_SESSION_HEAD, _AUTH_HEAD))


class _Reading:
    """Chooses between CSV and JSON by the first record."""

    def __init__(self) -> None:
        self._judge = _Judge()
        self._json = JsonReading(_Entry, self._judge.judge, _NAMES, protocol="tcp", handshake=True)
        self._columns: list[str] | None = None

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        if self._columns is None and not (records and records[0].startswith((_SESSION_HEAD, _AUTH_HEAD))):
            return self._json.take(records, first)
        rows: list[tuple[Any, ...]] = []
        tally = Tally()
        for number, record in enumerate(records, first):
            self._line(number, record.rstrip(b"\r"), rows, tally)
        return tally.chunk(turn(_NAMES, rows, channel="ssh", protocol="tcp", handshake=True), len(rows))

    def finish(self) -> Chunk | None:
        return None

    def _line(self, number: int, record: bytes, rows: list[tuple[Any, ...]], tally: Tally) -> None:
        if record.startswith((_SESSION_HEAD, _AUTH_HEAD)):
            self._columns = record.decode("ascii", "replace").split(",")
            tally.count("header line")
            return
        if not record.strip():
            tally.count("blank line")
            return
        said = self._judge.from_csv(self._columns or [], record)
        if isinstance(said, Refused):
            tally.reject(number, said.reason, record)
        elif isinstance(said, str):
            tally.count(said)
        else:
            rows.append(said)


class _Judge:
    def __init__(self) -> None:
        self._times = IsoTimes(ZoneInfo("UTC"))
        self._packed = Packed()

    def judge(self, entry: _Entry) -> Judged:
        place = self._place(entry.source_ip, entry.timestamp)
        here = port(entry.destination_port)
        if isinstance(place, Refused) or here is None:
            return place if isinstance(place, Refused) else Refused("no port")
        at, source = place
        rows = [self._connection(at, source, entry, here)]
        if entry.protocol in _LOGINS:
            for attempt in (entry.auth_attempts or [])[:10_000]:
                tried_at = self._times.at(attempt.timestamp.encode("utf-8", "replace"))
                rows.append(_login(at if tried_at is None else tried_at, source, entry, here, attempt))
        return rows

    def from_csv(self, columns: list[str], record: bytes) -> tuple[Any, ...] | str | Refused:
        try:
            values = next(csv.reader([record.decode("utf-8", "backslashreplace")]))
        except (csv.Error, StopIteration):
            return Refused("not a line of CSV")
        fields = dict(zip(columns, values, strict=False))
        entry = _Entry(
            fields.get("timestamp", ""), fields.get("session_id", ""), fields.get("source_ip", ""), fields.get("source_port"),
            fields.get("destination_port"), fields.get("protocol", ""), fields.get("duration"),
        )  # fmt: skip
        place, here = self._place(entry.source_ip, entry.timestamp), port(entry.destination_port)
        if isinstance(place, Refused) or here is None:
            return place if isinstance(place, Refused) else Refused("no port")
        if "auth_id" not in columns:
            return self._connection(*place, entry, here)
        if entry.protocol not in _LOGINS:
            return "login that its connection counts"
        return _login(*place, entry, here, _Attempt("", fields.get("username"), fields.get("password")))

    def _place(self, source_ip: str, timestamp: str) -> tuple[int, bytes] | Refused:
        address = source_ip.encode("utf-8", "replace")
        source, at = self._packed[address], self._times.at(timestamp.encode("utf-8", "replace"))
        if source is None:
            return Refused(address_reason(address))
        return (at, source) if at is not None else Refused("impossible time")

    def _connection(self, at: int, source: bytes, entry: _Entry, here: int) -> tuple[Any, ...]:
        duration = int(entry.duration * 1_000_000) if isinstance(entry.duration, int | float) and 0 <= entry.duration < 1 << 31 else None
        return (
            at,
            "packet",
            "connection",
            source,
            b"%d/tcp" % here,
            "access",
            port(entry.source_port),
            here,
            None,
            None,
            entry.session_id[:64],
            duration,
        )


def _login(at: int, source: bytes, entry: _Entry, here: int, attempt: _Attempt) -> tuple[Any, ...]:
    account, (kind, category) = text(attempt.username) or b"", _LOGINS[entry.protocol]
    return (at, "ssh", kind, source, account, category, port(entry.source_port), here, account, text(attempt.password), entry.session_id[:64], None)
