# SPDX-License-Identifier: Apache-2.0
"""What one event of Cowrie's log means, with what earlier events of its session told. Sessions are bounded; the oldest are forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import msgspec

from teiten.importers.instants import IsoTimes
from teiten.importers.interface import ReadOptions
from teiten.importers.json_records import Judged, Refused, port, text
from teiten.importers.rows import TELNET, Packed, address_reason

SHELL = ("ssh", "")
_SESSIONS = 20_000


class Entry(msgspec.Struct):
    eventid: str
    timestamp: str = ""
    shipped_at: str = msgspec.field(default="", name="@timestamp")  # where a shipper has taken the other one away
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


class Session(msgspec.Struct, gc=False):
    protocol: str = "ssh"
    client: bytes | None = None
    fingerprint: str | None = None
    source_port: int | None = None


class Judge:
    def __init__(self, options: ReadOptions) -> None:
        self._times = IsoTimes(options.zone)
        self._packed = Packed()
        self.sessions: OrderedDict[str, Session] = OrderedDict()  # a plain dict finds its oldest by passing all that were there

    def judge(self, entry: Entry) -> Judged:
        event = entry.eventid
        if event == "cowrie.session.connect":
            return self._connect(entry)
        if event in ("cowrie.login.failed", "cowrie.login.success"):
            return self._login(entry)
        if event == "cowrie.client.version":
            self.session(entry.session).client = text(entry.version)
        elif event == "cowrie.client.kex":
            self.session(entry.session).fingerprint = entry.hassh if isinstance(entry.hassh, str) and len(entry.hassh) == 32 else None
        return event[:60] if event.startswith("cowrie.") else "event that is not Cowrie's"

    def session(self, name: str) -> Session:
        session = self.sessions.get(name)
        if session is None:
            if len(self.sessions) >= _SESSIONS:
                self.sessions.popitem(last=False)
            session = self.sessions[name] = Session()
        return session

    def remember(self, sessions: Iterable[tuple[str, Session]]) -> None:
        """Many at once; those that were there keep their age."""
        self.sessions.update(sessions)
        for _ in range(len(self.sessions) - _SESSIONS):
            self.sessions.popitem(last=False)

    def _place(self, entry: Entry) -> tuple[int, bytes] | Refused:
        address = entry.src_ip.encode("utf-8", "replace")
        source, at = self._packed[address], self._times.at((entry.timestamp or entry.shipped_at).encode("utf-8", "replace"))
        if source is None:
            return Refused(address_reason(address))
        return (at, source) if at is not None else Refused("impossible time")

    def _connect(self, entry: Entry) -> Judged:
        place = self._place(entry)
        if isinstance(place, Refused):
            return place
        here = port(entry.dst_port)
        if here is None:
            return Refused("no port")
        session = self.session(entry.session)
        session.protocol, session.source_port = entry.protocol, port(entry.src_port)
        at, source = place
        return (
            at, "packet", "connection", source, b"%d/tcp" % here, "access", session.source_port, here, None, None, None, None,
            entry.session[:64], None,
        )  # fmt: skip

    def _login(self, entry: Entry) -> Judged:
        session = self.session(entry.session)
        place = self._place(entry)
        if isinstance(place, Refused):
            return place
        at, source = place
        key = entry.fingerprint is not None and entry.password is None
        account = text(entry.username) or b""
        credential = text(entry.fingerprint) if key else text(entry.password)
        outcome = "accepted" if entry.eventid.endswith("success") else "refused"
        kind, category = ("publickey" if key else "password", "access") if (entry.protocol or session.protocol) in SHELL else TELNET
        return (
            at, "ssh", kind, source, account, category, session.source_port, None, account, credential, session.client, session.fingerprint,
            entry.session[:64], outcome,
        )  # fmt: skip
