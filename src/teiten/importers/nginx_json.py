# SPDX-License-Identifier: Apache-2.0
"""Access logs that a web server writes as JSON lines (each site names its fields itself) -> web requests.

Known names of nginx, Apache, Caddy and T-Pot are tried in order; `request` holds the whole line where it is there. Forwarded addresses
(X-Forwarded-For) are what a stranger claims and are not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from teiten.importers.instants import MONTHS, IsoTimes, micros, minute_at, offset
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import JsonReading, Judged, Refused, first_objects, port, text, whole
from teiten.importers.nginx_columns import (
    ADDRESSES,
    AGENTS,
    METHODS,
    NESTED,
    PORTS,
    STATUSES,
    TIMES,
    URIS,
    VERSIONS,
    NginxColumns,
)
from teiten.importers.rows import Packed, address_reason
from teiten.importers.web_requests import kind_and_target

_NAMES = ("observed_at", "kind", "source", "target", "request", "client", "outcome", "source_port", "account")


class NginxJson:
    name = "nginx_json"
    label = "web access log as JSON lines"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = [_flat(entry) for entry in first_objects(head)]
        ours = sum(1 for entry in entries if _first(entry, ADDRESSES) and _first(entry, TIMES) is not None and ("request" in entry or _uri(entry)))
        return Recognition(0.7, f"{ours} of the first {len(entries)} objects have an address, a time and a request") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return JsonReading(dict[str, Any], _Judge(options).judge, _NAMES, NginxColumns(), channel="web", protocol="tcp", handshake=True)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


def _first(entry: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((entry[name] for name in names if entry.get(name) not in (None, "")), None)


def _flat(entry: dict[str, Any]) -> dict[str, Any]:
    """What stands in an object of its own beside the rest, headers by their first value."""
    inner = next((entry[name] for name in NESTED if isinstance(entry.get(name), dict)), None)
    if inner is None:
        return entry
    headers = inner.get("headers")
    agents = headers.get("User-Agent") if isinstance(headers, dict) else None
    agent = {"user_agent": agents[0]} if isinstance(agents, list) and agents else {}
    flat: dict[str, Any] = {name: value for name, value in entry.items() if name not in NESTED} | inner | agent
    return flat


def _uri(entry: dict[str, Any]) -> Any:
    return _first(entry, URIS) if _first(entry, METHODS) is not None else None


class _Judge:
    def __init__(self, options: ReadOptions) -> None:
        self._times = IsoTimes(options.zone)
        self._packed = Packed()

    def judge(self, entry: dict[str, Any]) -> Judged:
        entry = _flat(entry)
        address = text(_first(entry, ADDRESSES)) or b""
        if not address:
            return "object without an address"
        source, at = self._packed[address], self._at(_first(entry, TIMES))
        if source is None:
            return Refused(address_reason(address))
        if at is None:
            return Refused("impossible time")
        request = _request(entry)
        if request is None:
            return Refused("no request")
        kind, target = kind_and_target(request)
        status = whole(_first(entry, STATUSES))
        user = text(entry.get("remote_user"))
        return (
            at, kind, source, target, request, text(_first(entry, AGENTS)), None if status is None else str(status)[:4],
            port(_first(entry, PORTS)), None if user in (b"", b"-") else user,
        )  # fmt: skip

    def _at(self, value: Any) -> int | None:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1 << 36:
            return round(value * 1_000_000)
        written = text(value) or b""
        seconds, _, fraction = written.partition(b".")
        if seconds.isdigit() and 9 <= len(seconds) <= 10 and (fraction.isdigit() or not fraction):
            return int(seconds) * 1_000_000 + micros(fraction)
        return self._times.at(written) if written[:4].isdigit() else _local_at(written)


def _local_at(written: bytes) -> int | None:
    """nginx's `$time_local`: `10/Oct/2000:13:55:36 -0700`; Apache puts it into brackets."""
    parts = written.removeprefix(b"[").removesuffix(b"]").replace(b"/", b" ").replace(b":", b" ").split()
    if len(parts) != 7 or not all(part.isdigit() and len(part) <= 4 for part in (parts[0], *parts[2:6])) or parts[6][:1] not in (b"+", b"-"):
        return None
    there, month = offset(parts[6]) if len(parts[6]) == 5 and parts[6][1:].isdigit() else None, MONTHS.get(parts[1])
    if there is None or month is None or int(parts[5]) > 60:
        return None
    start = minute_at(int(parts[2]), month, int(parts[0]), int(parts[3]), int(parts[4]), there)
    return None if start is None else start + int(parts[5]) * 1_000_000


def _request(entry: dict[str, Any]) -> bytes | None:
    whole_line = entry.get("request")
    if isinstance(whole_line, str):
        method = text(_first(entry, METHODS)) if whole_line.startswith("/") else None  # a path without its method, which stands beside it
        return (method + b" " if method else b"") + (text(whole_line) or b"")
    uri = _uri(entry)
    if uri is None:
        return None
    version = text(_first(entry, VERSIONS)) or b""
    return (text(_first(entry, METHODS)) or b"") + b" " + (text(uri) or b"") + (b" " + version if version.startswith(b"HTTP/") else b"")
