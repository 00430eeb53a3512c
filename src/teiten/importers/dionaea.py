# SPDX-License-Identifier: Apache-2.0
"""Dionaea's log_json -> connections (packet channel). Times are UTC without saying so.

`accept` and `reject` are arrivals; `connect` went out and `listen` is its own. The shape is the one its code writes, not the one of its
documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import JsonReading, Judged, Refused, first_objects, port
from teiten.importers.packet_rows import protocol_number, say_flow
from teiten.importers.rows import Packed, address_reason

_NAMES = (
    "observed_at", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "handshake", "outcome",
)  # fmt: skip


class _Connection(msgspec.Struct):
    type: str = ""
    transport: str = "tcp"


class _Entry(msgspec.Struct):
    connection: _Connection
    timestamp: str
    src_ip: str
    src_port: Any = None
    dst_port: Any = None


class Dionaea:
    name = "dionaea"
    label = "Dionaea JSON log"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = first_objects(head)
        ours = sum(1 for entry in entries if isinstance(entry.get("connection"), dict) and {"transport", "type"} <= entry["connection"].keys())
        return Recognition(0.95, f"{ours} of the first {len(entries)} objects have a `connection` with `transport` and `type`") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return JsonReading(_Entry, _Judge().judge, _NAMES, channel="packet")

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


class _Judge:
    def __init__(self) -> None:
        self._times = IsoTimes(ZoneInfo("UTC"))
        self._packed = Packed()

    def judge(self, entry: _Entry) -> Judged:
        if entry.connection.type not in ("accept", "reject"):
            return "connection that came from here" if entry.connection.type == "connect" else "no arrival"
        address = entry.src_ip.encode("utf-8", "replace")
        source, at = self._packed[address], self._times.at(entry.timestamp.encode("utf-8", "replace"))
        number, here = protocol_number("tcp" if entry.connection.transport == "tls" else entry.connection.transport), port(entry.dst_port)
        if source is None:
            return Refused(address_reason(address))
        if at is None or number is None or here is None:
            return Refused("impossible time" if at is None else "no port")
        kind, category, target = say_flow(number, here)
        proto, accepted = target.rpartition(b"/")[2].decode(), entry.connection.type == "accept"
        shaken = number == 6 and accepted
        return (at, "connection" if shaken else kind, source, target, category, proto, port(entry.src_port), here, shaken, entry.connection.type)
