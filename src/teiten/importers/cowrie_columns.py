# SPDX-License-Identifier: Apache-2.0
"""Cowrie's log by columns: the fast way for plain events, saying of each what `cowrie_events.py` says of it.

What belongs to a session goes through the judge's memory in the order of the lines, and so do the lines that are left to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from teiten.columnar import Columns, same
from teiten.importers.cowrie_events import SHELL, Judge
from teiten.importers.field_layout import NONE, Array, Look, Read
from teiten.importers.fields import NOTHING, TEXTS, Fields, Reads, is_port, looked_up, objects, optional, packed
from teiten.importers.lines import Lines
from teiten.importers.rows import TELNET

_FIELDS = (
    "eventid", "timestamp", "session", "src_ip", "src_port", "dst_port", "protocol", "username", "password", "fingerprint", "version", "hassh",
)  # fmt: skip
_LEFT = -9
_CONNECT, _FAILED, _SUCCESS, _VERSION, _KEX = range(5)
_EVENTS = (b"cowrie.session.connect", b"cowrie.login.failed", b"cowrie.login.success", b"cowrie.client.version", b"cowrie.client.kex")
_COUNTED = (b"cowrie.session.closed", b"cowrie.session.params", b"cowrie.command.input", b"cowrie.command.failed", b"cowrie.log.closed")
_READS = (
    Reads("eventid", Read.CHOICE, (*_EVENTS, *_COUNTED)), Reads("timestamp", Read.INSTANT), Reads("src_ip", Read.ADDRESS),
    Reads("dst_port", Read.INTEGER), Reads("src_port", Read.INTEGER),
)  # fmt: skip

# by case: connection, password, public key, telnet
_CHANNEL = np.array(["packet", "ssh", "ssh", "ssh"], dtype=object)
_KIND = np.array(["connection", "password", "publickey", TELNET[0]], dtype=object)
_CATEGORY = np.array(["access", "access", "access", TELNET[1]], dtype=object)
_OUTCOME = np.array([None, "refused", "accepted"], dtype=object)  # by event

Remembered = tuple[list[bool], list[int | None], list[bytes | None], list[str | None]]
"""For each connection and login: whether it is over SSH, source port, client, fingerprint."""


class CowrieColumns:
    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def take(self, lines: Lines, leave: Callable[[int], None]) -> tuple[Columns, Counter[str]]:
        fields = Fields.of_objects(lines, _FIELDS, reads=_READS)
        event = fields.chosen("eventid", (*_EVENTS, *_COUNTED))
        plain = fields.plain & fields.are("eventid", Look.STRING) & _are_usual(fields)
        at, source = fields.instants("timestamp"), fields.addresses("src_ip")
        is_login, is_connect = (event == _FAILED) | (event == _SUCCESS), event == _CONNECT
        here, there = fields.integers("dst_port"), fields.integers("src_port")
        placed = (at >= 0) & (source >= 0)
        ready = (~is_login | (placed & _logins(fields))) & (~is_connect | (placed & is_port(here) & is_port(there, none=True)))
        ready &= (fields.sizes("session") <= 64) & ((event != _VERSION) | fields.short("version"))
        ready &= (event != _KEX) | fields.are("hassh", Look.STRING, *NOTHING)
        taken = plain & ready
        steps = np.flatnonzero(~taken | ((event >= 0) & (event <= _KEX)))
        memory = self._follow(fields, np.where(taken, event, _LEFT), there, steps, leave)
        rows = np.flatnonzero(taken & (event >= 0) & (event <= _SUCCESS))
        columns = _columns(fields, rows, event[rows], (at[rows], source[rows], here[rows]), memory)
        return columns, self._count_others(fields, event, taken)

    def _count_others(self, fields: Fields, event: Array, taken: Array) -> Counter[str]:
        counts: Counter[str] = Counter()
        for index, name in enumerate((*_EVENTS, *_COUNTED)):
            if index > _SUCCESS and (count := int((taken & (event == index)).sum())):
                counts[name.decode()[:60]] += count
        for kind, count in Counter(fields.texts("eventid", np.flatnonzero(taken & (event < 0)))).items():
            counts[kind[:60] if kind.startswith("cowrie.") else "event that is not Cowrie's"] += count
        return counts

    def _follow(self, fields: Fields, event: Array, there: Array, steps: Array, leave: Callable[[int], None]) -> Remembered:
        """What is known of the session at each connection and login."""
        versions = iter(fields.values("version", steps[event[steps] == _VERSION]).tolist())
        prints = iter(fields.texts("hassh", steps[event[steps] == _KEX]))
        connects = steps[event[steps] == _CONNECT]
        opened = zip(fields.texts("protocol", connects), optional(there[connects]).tolist(), strict=True)
        shells: list[bool] = []
        ports: list[int | None] = []
        clients: list[bytes | None] = []
        fingerprints: list[str | None] = []
        session_of, known = self._judge.session, self._judge.sessions.get
        for what, name, index in zip(event[steps].tolist(), fields.texts("session", steps), steps.tolist(), strict=True):
            if what == _LEFT:
                leave(index)
                continue
            session = known(name) or session_of(name)
            if what == _CONNECT:
                session.protocol, session.source_port = next(opened)
            elif what == _VERSION:
                session.client = next(versions)
                continue
            elif what == _KEX:
                fingerprint = next(prints)
                session.fingerprint = fingerprint if len(fingerprint) == 32 else None
                continue
            shells.append(session.protocol in SHELL)
            ports.append(session.source_port)
            clients.append(session.client)
            fingerprints.append(session.fingerprint)
        return shells, ports, clients, fingerprints


def _are_usual(fields: Fields) -> Array:
    usual: Array = fields.are("timestamp", Look.STRING)
    for name in ("session", "src_ip", "protocol"):
        usual &= fields.are(name, Look.STRING, Look.MISSING)
    return usual


def _logins(fields: Fields) -> Array:
    return fields.are("protocol", Look.MISSING) & fields.short("username") & fields.short("password") & fields.short("fingerprint")


def _columns(fields: Fields, rows: Array, event: Array, found: tuple[Array, ...], memory: Remembered) -> Columns:
    if not len(rows):
        return {}
    at, source, here = found
    shells, ports, clients, prints = (objects(values) for values in memory)
    is_login = event != _CONNECT
    is_key = fields.are("fingerprint", *TEXTS)[rows] & fields.are("password", *NOTHING)[rows]
    is_shell = shells.astype(np.bool_)
    case = np.where(is_login, np.where(is_shell, 1 + is_key, 3), 0)
    account = fields.values("username", rows)
    account[is_login & fields.are("username", *NOTHING)[rows]] = b""
    target, credential = account.copy(), fields.values("password", rows)
    target[~is_login] = looked_up(here[~is_login], lambda number: (b"%d/tcp" % number,), 1)[0]
    credential[is_key] = fields.values("fingerprint", rows[is_key])
    for column in (account, credential, clients, prints):
        column[~is_login] = None
    return {
        "observed_at": at, "channel": _CHANNEL[case], "kind": _KIND[case], "source": packed(source), "target": target, "category": _CATEGORY[case],
        "source_port": ports, "destination_port": optional(np.where(is_login, NONE, here)), "account": account, "credential": credential,
        "client": clients, "fingerprint": prints, "session": objects(fields.texts("session", rows)), "outcome": _OUTCOME[event],
        "protocol": same("tcp", len(rows)), "handshake": same(True, len(rows)), "times": same(1, len(rows)),
        "encrypted": same(False, len(rows)), "truncated": same(False, len(rows)),
    }  # fmt: skip
