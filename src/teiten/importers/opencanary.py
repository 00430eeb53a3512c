# SPDX-License-Identifier: Apache-2.0
"""OpenCanary's JSON log -> packets and connections, web requests, SSH logins.

Its times are UTC (`local_time` too, whatever its name says); missing values are "" or -1. Several events of one connection count
once: the first, unless they are logins or requests of a channel of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import JsonReading, Judged, Refused, first_objects, port, text
from teiten.importers.opencanary_columns import PROGRAM, OpenCanaryColumns
from teiten.importers.packet_rows import protocol_number, say_packet
from teiten.importers.rows import TELNET, Packed, address_reason
from teiten.importers.seen_connections import FURTHER, SeenConnections

_NAMES = (
    "observed_at", "channel", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "handshake", "account",
    "credential", "client", "request", "tcp_flags",
)  # fmt: skip
_SCANS = {5001: 2, 5002: 2, 5003: 0, 5004: 41, 5005: 1}  # log type -> TCP flags of the packet
_UDP = frozenset((10001, 11001, 13001, 15001))

_TELNET_LOGIN = 6001


class _Entry(msgspec.Struct):
    logtype: int
    src_host: str = ""
    src_port: Any = None
    dst_port: Any = None
    utc_time: str = ""
    local_time: str = ""
    logdata: Any = None


class OpenCanary:
    name = "opencanary"
    label = "OpenCanary JSON log"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = first_objects(head)
        ours = sum(1 for entry in entries if isinstance(entry.get("logtype"), int) and "node_id" in entry)
        return Recognition(0.96, f"{ours} of the first {len(entries)} objects have `logtype` and `node_id`") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return JsonReading(_Entry, _Judge().judge, _NAMES, OpenCanaryColumns())

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


class _Judge:
    def __init__(self) -> None:
        self._times = IsoTimes(ZoneInfo("UTC"))
        self._packed = Packed()
        self._seen = SeenConnections()

    def judge(self, entry: _Entry) -> Judged:
        kind = entry.logtype
        if 1000 <= kind < 2000 or kind >= 99_000:
            return PROGRAM
        address = entry.src_host.encode("utf-8", "replace")
        source, at = self._packed[address], self._times.at((entry.utc_time or entry.local_time).encode("utf-8", "replace"))
        if source is None:
            return Refused(address_reason(address) if address else "no source address")
        if at is None:
            return Refused("impossible time")
        data: dict[str, Any] = entry.logdata if isinstance(entry.logdata, dict) else {}
        if kind in _SCANS:
            return _scan(entry, at, source, data)
        if 3000 <= kind < 4000:
            return _request(entry, at, source, data)
        if 4000 <= kind < 5000:
            return _ssh(entry, at, source, data)
        said = self._connection(entry, at, source)
        if kind != _TELNET_LOGIN:
            return said
        if isinstance(said, Refused):
            return said
        return [*([said] if isinstance(said, tuple) else []), _telnet(entry, at, source, data)]

    def _connection(self, entry: _Entry, at: int, source: bytes) -> Judged:
        here, there = port(entry.dst_port), port(entry.src_port)
        if here is None:
            return Refused("no port")
        if self._seen.before((source, there, here), at):
            return FURTHER
        proto = "udp" if entry.logtype in _UDP else "tcp"
        kind = "udp" if proto == "udp" else "connection"
        target = b"%d/%s" % (here, proto.encode())
        return (at, "packet", kind, source, target, "access", proto, there, here, proto == "tcp", None, None, None, None, None)


def _telnet(entry: _Entry, at: int, source: bytes, data: dict[str, Any]) -> tuple[Any, ...]:
    account, here, there = text(data.get("USERNAME")) or b"", port(entry.dst_port), port(entry.src_port)
    kind, category = TELNET
    return (at, "ssh", kind, source, account, category, "tcp", there, here, True, account, text(data.get("PASSWORD")), None, None, None)


def _scan(entry: _Entry, at: int, source: bytes, data: dict[str, Any]) -> Judged:
    number = protocol_number(str(data.get("PROTO") or "TCP"))
    here = port(entry.dst_port) if port(entry.dst_port) is not None else port(data.get("DPT"))
    if number is None or here is None:
        return Refused("no port")
    flags = _SCANS[entry.logtype] if number == 6 else None
    kind, category, target = say_packet(number, here, flags)
    proto = target.rpartition(b"/")[2].decode()
    there = port(entry.src_port) if port(entry.src_port) is not None else port(data.get("SPT"))
    return (at, "packet", kind, source, target, category, proto, there, here, False, None, None, None, None, flags)


def _request(entry: _Entry, at: int, source: bytes, data: dict[str, Any]) -> Judged:
    method = text(data.get("REQUEST_TYPE")) or (b"POST" if entry.logtype == 3001 else b"GET")
    target = method + b" " + (text(data.get("PATH")) or b"/")
    return (
        at, "web", "request", source, target, "access", "tcp", port(entry.src_port), port(entry.dst_port), True, text(data.get("USERNAME")),
        text(data.get("PASSWORD")), text(data.get("USERAGENT")), target, None,
    )  # fmt: skip


def _ssh(entry: _Entry, at: int, source: bytes, data: dict[str, Any]) -> Judged:
    client, here, there = text(data.get("REMOTEVERSION")), port(entry.dst_port), port(entry.src_port)
    if entry.logtype != 4002:
        return (at, "ssh", "connection", source, b"", "other", "tcp", there, here, True, None, None, client, None, None)
    account = text(data.get("USERNAME")) or b""
    return (at, "ssh", "password", source, account, "access", "tcp", there, here, True, account, text(data.get("PASSWORD")), client, None, None)
