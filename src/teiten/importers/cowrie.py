# SPDX-License-Identifier: Apache-2.0
"""Cowrie's JSON log -> connections (packet channel, to the port Cowrie itself listened on) and SSH logins (ssh channel).

A login's client and fingerprint come from earlier events of its session. Logins over telnet have no channel and are counted as other.
`src_ip` of `direct-tcpip` events is what the client claims, never a source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import JsonReading, Judged, Refused, first_objects, port, text
from teiten.importers.rows import Packed, address_reason

_NAMES = (
    "observed_at", "channel", "kind", "source", "target", "source_port", "destination_port", "account", "credential", "client", "fingerprint",
    "session", "outcome",
)  # fmt: skip
_SESSIONS = 20_000


class _Entry(msgspec.Struct):
    eventid: str
    timestamp: str
    session: str = ""
    src_ip: str = ""
    src_port: Any = None
    dst_port: Any = None
    protocol: str = ""
    username: Any = None
    password: Any = None
    fingerprint: Any = None
    version: Any = None
    hassh: Any = None


class _Session(msgspec.Struct):
    protocol: str = "ssh"
    client: bytes | None = None
    fingerprint: str | None = None
    source_port: int | None = None


class Cowrie:
    name = "cowrie"
    label = "Cowrie JSON log"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = first_objects(head)
        ours = sum(1 for entry in entries if str(entry.get("eventid", "")).startswith("cowrie."))
        return Recognition(0.97, f"{ours} of the first {len(entries)} objects have an `eventid` of cowrie") if ours else None

    def survey(self, blocks: Iterable[list[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return JsonReading(_Entry, _Judge(options).judge, _NAMES, protocol="tcp", handshake=True)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


class _Judge:
    def __init__(self, options: ReadOptions) -> None:
        self._times = IsoTimes(options.zone)
        self._packed = Packed()
        self._sessions: dict[str, _Session] = {}

    def judge(self, entry: _Entry) -> Judged:
        event = entry.eventid
        if event == "cowrie.session.connect":
            return self._connect(entry)
        if event in ("cowrie.login.failed", "cowrie.login.success"):
            return self._login(entry)
        if event == "cowrie.client.version":
            self._session(entry.session).client = text(entry.version)
        elif event == "cowrie.client.kex":
            self._session(entry.session).fingerprint = entry.hassh if isinstance(entry.hassh, str) and len(entry.hassh) == 32 else None
        return event[:60] if event.startswith("cowrie.") else "event that is not Cowrie's"

    def _session(self, name: str) -> _Session:
        session = self._sessions.get(name)
        if session is None:
            if len(self._sessions) >= _SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            session = self._sessions[name] = _Session()
        return session

    def _place(self, entry: _Entry) -> tuple[int, bytes] | Refused:
        address = entry.src_ip.encode("utf-8", "replace")
        source, at = self._packed[address], self._times.at(entry.timestamp.encode("utf-8", "replace"))
        if source is None:
            return Refused(address_reason(address))
        return (at, source) if at is not None else Refused("impossible time")

    def _connect(self, entry: _Entry) -> Judged:
        place = self._place(entry)
        if isinstance(place, Refused):
            return place
        here = port(entry.dst_port)
        if here is None:
            return Refused("no port")
        session = self._session(entry.session)
        session.protocol, session.source_port = entry.protocol, port(entry.src_port)
        at, source = place
        return (at, "packet", "connection", source, b"%d/tcp" % here, session.source_port, here, None, None, None, None, entry.session[:64], None)

    def _login(self, entry: _Entry) -> Judged:
        session = self._session(entry.session)
        if session.protocol not in ("ssh", ""):
            return "login over telnet"
        place = self._place(entry)
        if isinstance(place, Refused):
            return place
        at, source = place
        key = entry.fingerprint is not None and entry.password is None
        account = text(entry.username) or b""
        credential = text(entry.fingerprint) if key else text(entry.password)
        outcome = "accepted" if entry.eventid.endswith("success") else "refused"
        return (
            at, "ssh", "publickey" if key else "password", source, account, session.source_port, None, account, credential, session.client,
            session.fingerprint, entry.session[:64], outcome,
        )  # fmt: skip
