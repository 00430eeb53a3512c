# SPDX-License-Identifier: Apache-2.0
"""Suricata EVE (lines or an array) -> flows and alerts (packet channel), HTTP transactions (web channel).

An arrival is counted from its flow event; an alert counts only where no flow event with the same `flow_id` follows in the file, so the
file is looked through once before. Other events are kinds of other. Sources are as Suricata gives them, also where the alert is
about an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import UNREADABLE, JsonReading, Judged, Refused, first_objects, port, text, whole
from teiten.importers.packet_rows import joined_port, protocol_number, say_flow
from teiten.importers.rows import Packed, address_reason

_NAMES = (
    "observed_at", "channel", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "handshake", "client", "request",
    "session", "outcome", "duration_us",
)  # fmt: skip
_MOST_FLOWS = 500_000
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}


class _Flow(msgspec.Struct):
    start: str = ""
    end: str = ""
    state: str = ""
    pkts_toclient: Any = 0


class _Http(msgspec.Struct):
    hostname: Any = None
    url: Any = None
    http_method: Any = None
    http_user_agent: Any = None
    protocol: Any = None
    status: Any = None


class _Entry(msgspec.Struct):
    event_type: str
    timestamp: str = ""
    flow_id: Any = None
    src_ip: str = ""
    src_port: Any = None
    dest_ip: str = ""
    dest_port: Any = None
    proto: str = ""
    icmp_type: Any = None
    icmp_code: Any = None
    flow: _Flow | None = None
    http: _Http | None = None


class _Brief(msgspec.Struct):
    event_type: str = ""
    flow_id: Any = None


class SuricataEve:
    name = "suricata_eve"
    label = "Suricata EVE JSON"
    records: Records = "json"
    surveys = True

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = first_objects(head)
        ours = sum(1 for entry in entries if isinstance(entry.get("event_type"), str) and ("flow_id" in entry or entry["event_type"] == "stats"))
        return Recognition(0.95, f"{ours} of the first {len(entries)} objects have `event_type` and `flow_id`") if ours else None

    def survey(self, blocks: Iterable[list[bytes]], options: ReadOptions) -> frozenset[int]:
        """Flows that both an alert and a flow event tell of."""
        decoder = msgspec.json.Decoder(_Brief)
        alerted: set[int] = set()
        told: set[int] = set()
        for block in blocks:
            for record in block:
                if b'"alert"' in record or b'"flow"' in record:
                    _follow(decoder, record, alerted, told)
        return frozenset(told)

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        told = survey if isinstance(survey, frozenset) else frozenset()
        return JsonReading(_Entry, _Judge(options, told).judge, _NAMES)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


def _follow(decoder: msgspec.json.Decoder[_Brief], record: bytes, alerted: set[int], told: set[int]) -> None:
    try:
        brief = decoder.decode(record)
    except UNREADABLE:
        return
    if not isinstance(brief.flow_id, int):
        return
    if brief.event_type == "alert" and len(alerted) < _MOST_FLOWS:
        alerted.add(brief.flow_id)
    elif brief.event_type == "flow" and brief.flow_id in alerted:
        told.add(brief.flow_id)


class _Judge:
    def __init__(self, options: ReadOptions, told: frozenset[int]) -> None:
        self._times = IsoTimes(options.zone)
        self._packed = Packed()
        self._told = told

    def judge(self, entry: _Entry) -> Judged:
        event = entry.event_type
        if event == "alert":
            if isinstance(entry.flow_id, int) and entry.flow_id in self._told:
                return "alert of a flow that is counted"
            return self._row(entry, entry.timestamp, "alert")
        if event == "flow":
            return self._row(entry, (entry.flow.start if entry.flow else "") or entry.timestamp, "flow")
        if event == "http":
            return self._request(entry)
        return f"{event[:30]} event" if event.isascii() and event.isidentifier() else "event of an odd type"

    def _place(self, entry: _Entry, timestamp: str) -> tuple[int, bytes] | Refused:
        address = entry.src_ip.encode("utf-8", "replace")
        source, at = self._packed[address], self._times.at(timestamp.encode("utf-8", "replace"))
        if source is None:
            return Refused(address_reason(address) if address else "no source address")
        return (at, source) if at is not None else Refused("impossible time")

    def _row(self, entry: _Entry, timestamp: str, event: str) -> Judged:
        place, protocol = self._place(entry, timestamp), protocol_number(entry.proto)
        if isinstance(place, Refused):
            return place
        if protocol is None:
            return Refused("unknown protocol")
        is_icmp = protocol in (1, 58)
        here = joined_port(protocol, whole(entry.icmp_type) if is_icmp else port(entry.dest_port), whole(entry.icmp_code))
        kind, category, target = say_flow(protocol, here)
        flow = entry.flow
        answered = protocol == 6 and flow is not None and bool(whole(flow.pkts_toclient)) and flow.state in ("established", "closed")
        end = self._times.at(flow.end.encode("utf-8", "replace")) if flow is not None and event == "flow" else None
        duration = end - place[0] if end is not None and end >= place[0] else None
        return (
            place[0], "packet", kind, place[1], target, category, _PROTOCOLS.get(protocol, f"proto{protocol}"), port(entry.src_port),
            None if is_icmp else here, answered, None, None, _session(entry), event, duration,
        )  # fmt: skip

    def _request(self, entry: _Entry) -> Judged:
        place, http = self._place(entry, entry.timestamp), entry.http
        if isinstance(place, Refused):
            return place
        if http is None or http.url is None:
            return "http event without a request"
        target = (text(http.http_method) or b"") + b" " + (text(http.url) or b"")
        version = text(http.protocol)
        return (
            place[0], "web", "request", place[1], target.lstrip(), "access", "tcp", port(entry.src_port), port(entry.dest_port), True,
            text(http.http_user_agent), target.lstrip() + (b" " + version if version else b""), _session(entry),
            None if whole(http.status) is None else str(whole(http.status)), None,
        )  # fmt: skip


def _session(entry: _Entry) -> str | None:
    return str(entry.flow_id) if isinstance(entry.flow_id, int) else None
