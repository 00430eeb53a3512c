# SPDX-License-Identifier: Apache-2.0
"""EVE by columns: the fast way for plain events over IPv4, saying of each what `suricata_events.py` says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from teiten.columnar import Columns, same
from teiten.importers.field_layout import NONE, Array, Look, Read
from teiten.importers.fields import NOTHING, TEXTS, Fields, Reads, is_port, looked_up, optional, packed
from teiten.importers.lines import Lines
from teiten.importers.packet_rows import joined_port, say_flow
from teiten.importers.rows import joined
from teiten.importers.suricata_events import COUNTED_FLOW, MINUTE_US, Told, kind_of_other

_TEXT_FIELDS = ("timestamp", "src_ip", "dest_ip", "proto", "flow.start", "flow.end", "flow.state")
_HTTP = ("http.url", "http.http_method", "http.http_user_agent", "http.protocol")
_FIELDS = (
    "event_type", *_TEXT_FIELDS, "flow_id", "src_port", "dest_port", "icmp_type", "icmp_code", "flow", "flow.pkts_toclient", "http", *_HTTP,
    "http.status",
)  # fmt: skip
_FLOW, _ALERT, _REQUEST, _STATS, _NETFLOW = range(5)
_EVENTS = (b"flow", b"alert", b"http")
_PROTOCOLS = ((b"TCP", 6), (b"UDP", 17), (b"ICMP", 1))
_KINDS = (*_EVENTS, b"stats", b"netflow")
_INTEGERS = ("flow_id", "src_port", "dest_port", "icmp_type", "icmp_code", "flow.pkts_toclient", "http.status")
_READS = (
    Reads("event_type", Read.CHOICE, _KINDS), Reads("proto", Read.CHOICE, tuple(name for name, _ in _PROTOCOLS)), Reads("src_ip", Read.ADDRESS),
    *(Reads(name, Read.INSTANT) for name in ("timestamp", "flow.start", "flow.end")), *(Reads(name, Read.INTEGER) for name in _INTEGERS),
)  # fmt: skip
_SURVEYED = ("event_type", "flow_id")
_SURVEYED_READS = (Reads("event_type", Read.CHOICE, _EVENTS[:2]), Reads("flow_id", Read.INTEGER))
_SUSPECT_BITS = 1 << 20
MOST_FLOWS = 500_000
_TRANSPORT = {1: "icmp", 6: "tcp", 17: "udp"}


class Suspects:
    """Finds the flows that an alert and then a flow event tell of, in lines that are only looked at as far as both fields that matter.

    Lines that may be such are read whole, by `look` if they need care. Alerts are remembered by some bits of their flow's number: that lets a
    few lines too many through, and costs the same however many alerts there are.
    """

    def __init__(self, alerted: set[int], told: set[int], look: Callable[[bytes], None]) -> None:
        self._alerted, self._told, self._look = alerted, told, look
        self._bits: Array | None = None

    def add(self) -> None:
        """Alerts that were read without asking here."""
        if self._alerted:
            self._mark(np.fromiter((flow & (_SUSPECT_BITS - 1) for flow in self._alerted), np.int64, len(self._alerted)))  # of any size

    def _mark(self, flows: Array) -> Array:
        if self._bits is None:
            self._bits = np.zeros(_SUSPECT_BITS, np.bool_)
        self._bits[flows & (_SUSPECT_BITS - 1)] = True
        return self._bits

    def see(self, lines: Lines) -> None:
        if self._bits is None and b'"alert"' not in lines.text:
            return
        fields = Fields.of_objects(lines, _SURVEYED, enough=2, reads=_SURVEYED_READS)
        event, flow_id = fields.chosen("event_type", _EVENTS[:2]), fields.integers("flow_id")
        usual = fields.plain & fields.are("event_type", Look.STRING) & fields.are("flow_id", Look.INTEGER, *NOTHING)
        told = usual & (flow_id >= 0)
        bits = self._mark(flow_id[told & (event == _ALERT)])
        odd = [index for index in np.flatnonzero(~usual).tolist() if b'"alert"' in lines[index] or b'"flow"' in lines[index]]
        if any(b'"alert"' in lines[index] for index in odd):  # whose flow is not known yet
            self._read(lines, range(len(lines)))
            return
        suspect = told & ((event == _ALERT) | ((event == _FLOW) & bits[flow_id & (_SUSPECT_BITS - 1)]))
        suspect[odd] = True
        chosen = np.flatnonzero(suspect)
        if len(chosen) and (odd or not self._follow(lines, chosen)):
            self._read(lines, chosen.tolist())

    def _read(self, lines: Lines, chosen: Iterable[int]) -> None:
        for record in map(lines.__getitem__, chosen):
            if b'"alert"' in record or b'"flow"' in record:
                self._look(record)
        self.add()

    def _follow(self, lines: Lines, suspect: Array) -> bool:
        """What those lines tell; False, and nothing done, if one of them needs care or there are more alerts than can be remembered."""
        fields = Fields.of_objects(lines, _SURVEYED, only=suspect, reads=_SURVEYED_READS)
        event, flow_id = fields.chosen("event_type", _EVENTS[:2]), fields.integers("flow_id")
        if not fields.plain.all() or len(self._alerted) + len(suspect) > MOST_FLOWS:
            return False
        alerts, flows = np.flatnonzero(event == _ALERT), np.flatnonzero(event == _FLOW)
        self._told.update(self._alerted.intersection(flow_id[flows].tolist()))
        first = dict(zip(flow_id[alerts][::-1].tolist(), alerts[::-1].tolist(), strict=True))
        self._told.update(flow for flow, place in zip(flow_id[flows].tolist(), flows.tolist(), strict=True) if first.get(flow, place) < place)
        self._alerted.update(first)
        return True


class SuricataColumns:
    def __init__(self, told: Told, shown: set[int]) -> None:
        self._told = np.array(sorted(told.flows), np.int64)
        self._by_netflow = told.by_netflow
        self._shown = shown

    def take(self, lines: Lines, leave: Callable[[int], None]) -> tuple[Columns, Counter[str]]:
        fields = Fields.of_objects(lines, _FIELDS, ("flow", "http"), reads=_READS)
        event = fields.chosen("event_type", _KINDS)
        usual = fields.plain & fields.are("event_type", Look.STRING) & _are_usual(fields)
        flow_id = fields.integers("flow_id")
        told = usual & (event == _ALERT) & np.isin(flow_id, self._told) & fields.are("flow_id", Look.INTEGER)
        other = usual & ((event < 0) | (event == _STATS) | ((event == _NETFLOW) & (not self._by_netflow)))
        if (stats := usual & (event == _STATS)).any():
            at = fields.instants("timestamp")[stats]
            stats[stats] = at >= 0  # a time without an offset is the judge's to read
            other &= stats | (event != _STATS)
            self._shown.update(np.unique(at[at >= 0] // MINUTE_US * MINUTE_US).tolist())
        arrivals, arrived = _arrivals(fields, usual & ((event == _FLOW) | ((event == _ALERT) & ~told)), event, flow_id)
        requests, asked = _requests(fields, usual & (event == _REQUEST), flow_id)
        counts = Counter({COUNTED_FLOW: int(told.sum())}) if told.any() else Counter()
        for name, count in Counter(fields.texts("event_type", np.flatnonzero(other))).items():
            counts[kind_of_other(name)] += count
        for index in np.flatnonzero(~(told | other | arrived | asked)).tolist():
            leave(index)
        return joined([arrivals, requests]), counts


def _are_usual(fields: Fields) -> Array:
    usual: Array = fields.are("flow", Look.OBJECT, *NOTHING) & fields.are("http", Look.OBJECT, *NOTHING)
    for name in _TEXT_FIELDS:
        usual &= fields.are(name, Look.STRING, Look.MISSING)
    return usual & fields.are("flow_id", Look.INTEGER, *NOTHING)


def _arrivals(fields: Fields, wanted: Array, event: Array, flow_id: Array) -> tuple[Columns, Array]:
    """Flows, and alerts that no flow event tells of; and which lines they are."""
    seen_at, began_at, end = fields.instants("timestamp"), fields.instants("flow.start"), fields.instants("flow.end")
    at = np.where((event == _FLOW) & (fields.sizes("flow.start") > 0), began_at, seen_at)
    source, protocol = fields.addresses("src_ip"), fields.chosen("proto", tuple(name for name, _ in _PROTOCOLS))
    there, here, answers = fields.integers("src_port"), fields.integers("dest_port"), fields.integers("flow.pkts_toclient")
    icmp_type, icmp_code = fields.integers("icmp_type"), fields.integers("icmp_code")
    is_icmp = protocol == 2
    ready = wanted & (at >= 0) & (source >= 0) & (protocol >= 0) & is_port(there, none=True) & (answers >= NONE)
    ready &= (~is_icmp & is_port(here)) | (is_icmp & (icmp_type >= 0) & (icmp_type < 256) & (icmp_code >= NONE) & (icmp_code < 256))
    ready &= (event != _FLOW) | (end >= 0) | fields.are("flow.end", Look.MISSING)
    rows = np.flatnonzero(ready)
    if not len(rows):
        return {}, ready
    at, end, is_flow, number = at[rows], end[rows], event[rows] == _FLOW, np.array([value for _, value in _PROTOCOLS])[protocol[rows]]
    port = np.where(is_icmp, np.maximum(icmp_type, 0) << 8 | np.maximum(icmp_code, 0), here)[rows]
    kind, category, target, name = looked_up(number << 16 | port, _say, 4)
    state = fields.chosen("flow.state", (b"established", b"closed"))[rows]
    return _base(fields, rows, at, source, there, flow_id) | {
        "channel": same("packet", len(rows)), "kind": kind, "target": target, "category": category, "protocol": name,
        "destination_port": optional(np.where(number == 1, NONE, port)), "handshake": (number == 6) & (answers[rows] > 0) & (state >= 0),
        "outcome": np.array(["flow", "alert"], dtype=object)[np.where(is_flow, 0, 1)],
        "duration_us": optional(np.where(is_flow & (end >= at), end - at, NONE)),
    }, ready  # fmt: skip


def _base(fields: Fields, rows: Array, at: Array, source: Array, there: Array, flow_id: Array) -> Columns:
    session = np.empty(len(rows), dtype=object)
    session[:] = fields.texts("flow_id", rows)  # a number of JSON is written one way only
    session[flow_id[rows] < 0] = None
    return {
        "observed_at": at, "source": packed(source[rows]), "source_port": optional(there[rows]), "session": session,
        "times": same(1, len(rows)), "encrypted": same(False, len(rows)), "truncated": same(False, len(rows)),
    }  # fmt: skip


def _say(key: int) -> tuple[Any, ...]:
    number, port = key >> 16, key & 0xFFFF
    return *say_flow(number, joined_port(number, port >> 8, port & 0xFF) if number == 1 else joined_port(number, port)), _TRANSPORT[number]


def _requests(fields: Fields, wanted: Array, flow_id: Array) -> tuple[Columns, Array]:
    at, source = fields.instants("timestamp"), fields.addresses("src_ip")
    there, here, status = fields.integers("src_port"), fields.integers("dest_port"), fields.integers("http.status")
    ready = (
        wanted & (at >= 0) & (source >= 0) & is_port(there, none=True) & is_port(here, none=True) & (status >= NONE) & fields.are("http.url", *TEXTS)
    )
    for name in _HTTP:
        ready &= fields.short(name)
    rows = np.flatnonzero(ready)
    if not len(rows):
        return {}, ready
    method, url, version = (fields.values(name, rows) for name in ("http.http_method", "http.url", "http.protocol"))
    target, request = np.empty(len(rows), dtype=object), np.empty(len(rows), dtype=object)
    target[:] = [((a or b"") + b" " + b).lstrip() for a, b in zip(method.tolist(), url.tolist(), strict=True)]
    request[:] = [a + b" " + b if b else a for a, b in zip(target.tolist(), version.tolist(), strict=True)]
    return _base(fields, rows, at[rows], source, there, flow_id) | {
        "channel": same("web", len(rows)), "kind": same("request", len(rows)), "target": target,
        "category": same("access", len(rows)), "protocol": same("tcp", len(rows)),
        "destination_port": optional(here[rows]), "handshake": same(True, len(rows)), "client": fields.values("http.http_user_agent", rows),
        "request": request, "outcome": looked_up(status[rows], lambda code: (str(code) if code >= 0 else None,), 1)[0],
    }, ready  # fmt: skip
