# SPDX-License-Identifier: Apache-2.0
"""T-Pot's documents (Logstash JSON, plain or as `_source` of an Elasticsearch dump, `_search` answer or bulk request) -> what its honeypots saw.

Suricata, P0f and Fatt see the same packets as the honeypots and NGINX is T-Pot's own console: counted as other, never added up. Several
events of one connection count once. Cowrie's logins go to the ssh channel, requests of web honeypots to the web channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import JsonReading, Judged, Refused, first_objects, port, text
from teiten.importers.packet_rows import protocol_number, say_flow
from teiten.importers.rows import TELNET, Packed, address_reason
from teiten.importers.seen_connections import FURTHER, SeenConnections
from teiten.importers.tpot_columns import BULK, CONSOLE, LOGINS, METHODS, OBSERVERS, URIS, TPotColumns

_NAMES = (
    "observed_at", "channel", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "handshake", "account",
    "credential", "client", "request", "session", "outcome",
)  # fmt: skip


class TPot:
    name = "tpot"
    label = "T-Pot export (Logstash JSON)"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = [_source(entry) for entry in first_objects(head)]
        ours = sum(1 for entry in entries if "type" in entry and any(name.startswith("t-pot_") for name in entry))
        return Recognition(0.99, f"{ours} of the first {len(entries)} objects have `type` and `t-pot_…` fields") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        judge = _Judge()
        return JsonReading(dict[str, Any], judge.judge, _NAMES, TPotColumns(judge.seen))

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


def _source(entry: dict[str, Any]) -> dict[str, Any]:
    inner = entry.get("_source")
    return inner if isinstance(inner, dict) else entry


class _Judge:
    def __init__(self) -> None:
        self._times = IsoTimes(ZoneInfo("UTC"))
        self._packed = Packed()
        self.seen = SeenConnections()

    def judge(self, entry: dict[str, Any]) -> Judged:
        if "type" not in entry and len(entry) == 1 and entry.keys() <= BULK:
            return "action of a bulk request"
        entry = _source(entry)
        kind = str(entry.get("type", ""))
        if kind in OBSERVERS or kind in CONSOLE:
            return (OBSERVERS | CONSOLE)[kind]
        address = text(entry.get("src_ip")) or b""
        if not address:
            return f"{kind[:30] or 'object'} without a source"
        source, at = self._packed[address], self._times.at(text(entry.get("@timestamp")) or b"")
        if source is None:
            return Refused(address_reason(address))
        if at is None:
            return Refused("impossible time")
        if entry.get("eventid") in LOGINS:
            return _login(entry, at, source)
        method, uri = _any(entry, METHODS), _any(entry, URIS)
        if method is not None and uri is not None:
            return _request(entry, at, source, method, uri)
        return self._connection(entry, at, source)

    def _connection(self, entry: dict[str, Any], at: int, source: bytes) -> Judged:
        here, there = port(entry.get("dest_port")), port(entry.get("src_port"))
        if here is None:
            return f"{str(entry.get('type', ''))[:30]} event without a port"
        if self.seen.before((source, there, here), at):
            return FURTHER
        named = str(entry.get("proto") or entry.get("transport") or entry.get("ip_protocol") or "tcp")
        number = protocol_number(named) if protocol_number(named) in (6, 17) else 6
        kind, category, target = say_flow(number or 6, here)
        proto = target.rpartition(b"/")[2].decode()
        kind = "connection" if number == 6 else kind
        return (at, "packet", kind, source, target, category, proto, there, here, number == 6, None, None, None, None, _session(entry), None)


def _login(entry: dict[str, Any], at: int, source: bytes) -> Judged:
    account = text(entry.get("username")) or b""
    kind, category = TELNET if entry.get("protocol") == "telnet" else ("password", "access")
    outcome = "accepted" if entry["eventid"].endswith("success") else "refused"
    return (
        at, "ssh", kind, source, account, category, "tcp", port(entry.get("src_port")), port(entry.get("dest_port")), True, account,
        text(entry.get("password")), None, None, _session(entry), outcome,
    )  # fmt: skip


def _request(entry: dict[str, Any], at: int, source: bytes, method: bytes, uri: bytes) -> Judged:
    target = method + b" " + uri
    agent = _any(entry, ("http_user_agent", "user_agent", "USERAGENT", "headers.user-agent"))
    ports = (port(entry.get("src_port")), port(entry.get("dest_port")))
    return (at, "web", "request", source, target, "access", "tcp", *ports, True, None, None, agent, target, _session(entry), None)


def _any(entry: dict[str, Any], names: tuple[str, ...]) -> bytes | None:
    return next((text(entry[name]) for name in names if isinstance(entry.get(name), str) and entry[name]), None)


def _session(entry: dict[str, Any]) -> str | None:
    session = entry.get("session")
    return session[:64] if isinstance(session, str) else None
