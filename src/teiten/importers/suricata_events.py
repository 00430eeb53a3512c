# SPDX-License-Identifier: Apache-2.0
"""What one Suricata event means: flows and alerts are arrivals, HTTP transactions requests, the rest kinds of other."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import ReadOptions
from teiten.importers.json_records import Judged, Refused, port, text, whole
from teiten.importers.packet_rows import joined_port, protocol_number, say_flow
from teiten.importers.rows import Packed, address_reason

NAMES = (
    "observed_at", "channel", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "handshake", "client", "request",
    "session", "outcome", "duration_us",
)  # fmt: skip
MINUTE_US = 60_000_000
COUNTED_FLOW = "alert of a flow that is counted"
OTHER_DIRECTION = "other direction of a flow"
_REMEMBERED_FLOWS = 50_000
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}


class Told(NamedTuple):
    """What the whole file tells before its first event is read."""

    flows: frozenset[int] = frozenset()  # of which both an alert and a flow event tell
    by_netflow: bool = False  # it has netflow events and no flow events


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


class Entry(msgspec.Struct):
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
    netflow: _Flow | None = None
    http: _Http | None = None


class Judge:
    def __init__(self, options: ReadOptions, told: Told) -> None:
        self._times = IsoTimes(options.zone)
        self._packed = Packed()
        self._told = told
        self._begun: OrderedDict[int, None] = OrderedDict()  # flows of netflow events, newest last
        self.shown: set[int] = set()  # Suricata says with its `stats` that it is at work

    def judge(self, entry: Entry) -> Judged:
        event = entry.event_type
        if event == "alert":
            if isinstance(entry.flow_id, int) and entry.flow_id in self._told.flows:
                return COUNTED_FLOW
            return self._row(entry, entry.flow, entry.timestamp, "alert")
        if event == "flow":
            return self._row(entry, entry.flow, (entry.flow.start if entry.flow else "") or entry.timestamp, "flow")
        if event == "netflow" and self._told.by_netflow:
            return self._netflow(entry)
        if event == "http":
            return self._request(entry)
        if event == "stats" and (at := self._times.at(entry.timestamp.encode("utf-8", "replace"))) is not None:
            self.shown.add(at - at % MINUTE_US)
        return kind_of_other(event)

    def _place(self, entry: Entry, timestamp: str) -> tuple[int, bytes] | Refused:
        address = entry.src_ip.encode("utf-8", "replace")
        source, at = self._packed[address], self._times.at(timestamp.encode("utf-8", "replace"))
        if source is None:
            return Refused(address_reason(address) if address else "no source address")
        return (at, source) if at is not None else Refused("impossible time")

    def _netflow(self, entry: Entry) -> Judged:
        """Suricata writes one for each direction, the opener's first; both have the number of their flow."""
        if isinstance(entry.flow_id, int):
            if entry.flow_id in self._begun:
                return OTHER_DIRECTION
            if len(self._begun) >= _REMEMBERED_FLOWS:
                self._begun.popitem(last=False)
            self._begun[entry.flow_id] = None
        return self._row(entry, entry.netflow, (entry.netflow.start if entry.netflow else "") or entry.timestamp, "netflow")

    def _row(self, entry: Entry, flow: _Flow | None, timestamp: str, event: str) -> Judged:
        place, protocol = self._place(entry, timestamp), protocol_number(entry.proto)
        if isinstance(place, Refused):
            return place
        if protocol is None:
            return Refused("unknown protocol")
        is_icmp = protocol in (1, 58)
        here = joined_port(protocol, whole(entry.icmp_type) if is_icmp else port(entry.dest_port), whole(entry.icmp_code))
        kind, category, target = say_flow(protocol, here)
        answered = protocol == 6 and flow is not None and bool(whole(flow.pkts_toclient)) and flow.state in ("established", "closed")
        end = self._times.at(flow.end.encode("utf-8", "replace")) if flow is not None and event != "alert" else None
        duration = end - place[0] if end is not None and end >= place[0] else None
        return (
            place[0], "packet", kind, place[1], target, category, _PROTOCOLS.get(protocol, f"proto{protocol}"), port(entry.src_port),
            None if is_icmp else here, answered, None, None, _session(entry), event, duration,
        )  # fmt: skip

    def _request(self, entry: Entry) -> Judged:
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


def _session(entry: Entry) -> str | None:
    return str(entry.flow_id) if isinstance(entry.flow_id, int) else None


def kind_of_other(event: str) -> str:
    return f"{event[:30]} event" if event.isascii() and event.isidentifier() else "event of an odd type"
