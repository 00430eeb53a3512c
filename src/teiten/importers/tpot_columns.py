# SPDX-License-Identifier: Apache-2.0
"""T-Pot's documents by columns: the fast way for plain connections over IPv4 and for what is no observation, saying what `tpot.py` says.

Logins, requests and Elasticsearch dumps are left to the judge; connections are compared with former ones in the order of the lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from teiten.columnar import Columns, same
from teiten.importers.field_layout import Array, Look, Read
from teiten.importers.fields import NOTHING, Fields, Reads, is_port, looked_up, objects, optional, packed
from teiten.importers.lines import Lines
from teiten.importers.packet_rows import say_flow
from teiten.importers.seen_connections import FURTHER, SeenConnections

OBSERVERS = {"Suricata": "same packets as the honeypots", "P0f": "same packets as the honeypots", "Fatt": "same packets as the honeypots"}
CONSOLE = {"NGINX": "console of T-Pot itself"}
BULK = frozenset(("index", "create", "update", "delete"))
LOGINS = ("cowrie.login.failed", "cowrie.login.success")
URIS = ("request_uri", "uri", "url", "URL", "path", "http.url")
METHODS = ("request_method", "method", "http.http_method")
_NO_SENSORS = tuple((OBSERVERS | CONSOLE).items())
_OTHER_PROTOCOLS = ("transport", "ip_protocol")
_FIELDS = ("type", "src_ip", "src_port", "dest_port", "@timestamp", "eventid", "proto", "session", "_source", *_OTHER_PROTOCOLS, *URIS, *METHODS)

_NAMES_OF_NO_SENSORS = tuple(name.encode() for name, _ in _NO_SENSORS)
_LOGIN_EVENTS = tuple(name.encode() for name in LOGINS)
_KNOWN = (b"tcp", b"TCP", b"udp", b"UDP")
_READS = (
    Reads("type", Read.CHOICE, _NAMES_OF_NO_SENSORS), Reads("eventid", Read.CHOICE, _LOGIN_EVENTS), Reads("proto", Read.CHOICE, _KNOWN),
    Reads("@timestamp", Read.UTC_INSTANT), Reads("src_ip", Read.ADDRESS), Reads("src_port", Read.INTEGER), Reads("dest_port", Read.INTEGER),
)  # fmt: skip


class TPotColumns:
    def __init__(self, seen: SeenConnections) -> None:
        self._seen = seen

    def take(self, lines: Lines, leave: Callable[[int], None]) -> tuple[Columns, Counter[str]]:
        fields = Fields.of_objects(lines, _FIELDS, reads=_READS)
        told = fields.plain & ~fields.are("_source", Look.OBJECT) & fields.are("type", Look.STRING)
        kind = fields.chosen("type", _NAMES_OF_NO_SENSORS)
        at, source = fields.instants("@timestamp", naive_is_utc=True), fields.addresses("src_ip")
        here, there = fields.integers("dest_port"), fields.integers("src_port")
        proto = fields.chosen("proto", _KNOWN)
        ready = told & (kind < 0) & (at >= 0) & (source >= 0) & is_port(here) & is_port(there, none=True) & _is_connection(fields, proto)
        is_other = told & (kind >= 0)
        rows = self._fresh(np.flatnonzero(~is_other), ready, (source, there, here, at), leave)
        counts = Counter({FURTHER: int(ready.sum()) - len(rows)} if int(ready.sum()) > len(rows) else {})
        for index, (_, why) in enumerate(_NO_SENSORS):
            if count := int((is_other & (kind == index)).sum()):
                counts[why] += count
        return _columns(fields, rows, at, source, here, there, proto >= 2), counts

    def _fresh(self, steps: Array, ready: Array, found: tuple[Array, Array, Array, Array], leave: Callable[[int], None]) -> Array:
        """The lines of new connections."""
        if bool(ready[steps].all()):
            fresh: Array = steps[self._seen.fresh(*(values[steps] for values in found))]
            return fresh
        rows: list[int] = []
        before, append = self._seen.before, rows.append
        source, there, here, at = found
        values = (packed(source[steps]).tolist(), optional(there[steps]).tolist(), here[steps].tolist(), at[steps].tolist(), ready[steps].tolist())
        for index, origin, its, ours, when, is_ready in zip(steps.tolist(), *values, strict=True):
            if not is_ready:
                leave(index)
            elif not before((origin, its, ours), when):
                append(index)
        return np.array(rows, np.int64)


def _is_connection(fields: Fields, proto: Array) -> Array:
    """No login, no request, a protocol that needs no thought."""
    fits = (fields.are("eventid", Look.STRING, *NOTHING)) & (fields.chosen("eventid", _LOGIN_EVENTS) < 0)
    fits &= fields.are("session", Look.STRING, *NOTHING) & (fields.sizes("session") <= 64)
    fits &= (proto >= 0) | (fields.are("proto", *NOTHING) & fields.are("transport", *NOTHING) & fields.are("ip_protocol", *NOTHING))
    asked: Array = np.zeros(len(proto), np.bool_)
    for name in METHODS:
        asked |= ~fields.are(name, *NOTHING)
    return fits & ~asked


def _columns(fields: Fields, rows: Array, at: Array, source: Array, here: Array, there: Array, is_udp: Array) -> Columns:
    if not len(rows):
        return {}
    kind, category, target, name = looked_up(is_udp[rows].astype(np.int64) << 16 | here[rows], _say, 4)
    session = objects(fields.texts("session", rows))
    session[fields.are("session", *NOTHING)[rows]] = None
    return {
        "observed_at": at[rows], "channel": same("packet", len(rows)), "kind": kind, "source": packed(source[rows]),
        "target": target, "category": category, "protocol": name, "source_port": optional(there[rows]), "destination_port": optional(here[rows]),
        "handshake": ~is_udp[rows], "session": session, "times": same(1, len(rows)), "encrypted": same(False, len(rows)),
        "truncated": same(False, len(rows)),
    }  # fmt: skip


def _say(key: int) -> tuple[str, str, bytes, str]:
    number = 17 if key >> 16 else 6
    kind, category, target = say_flow(number, key & 0xFFFF)
    return "connection" if number == 6 else kind, category, target, target.rpartition(b"/")[2].decode()
