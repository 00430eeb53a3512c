# SPDX-License-Identifier: Apache-2.0
"""Cowrie's log by columns: the fast way for plain events, saying of each what `cowrie_events.py` says of it.

What belongs to a session goes through the judge's memory in the order of the lines, and so do the lines that are left to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from teiten.columnar import Columns, same
from teiten.importers.cowrie_events import Judge
from teiten.importers.cowrie_sessions import CONNECT, FAILED, KEX, SUCCESS, VERSION, Known, Told, follow, follow_one_by_one
from teiten.importers.field_layout import NONE, Array, Look, Read
from teiten.importers.fields import NOTHING, TEXTS, Fields, Reads, is_port, looked_up, objects, optional, packed
from teiten.importers.lines import Lines
from teiten.importers.rows import TELNET

_FIELDS = (
    "eventid", "timestamp", "session", "src_ip", "src_port", "dst_port", "protocol", "username", "password", "fingerprint", "version", "hassh",
)  # fmt: skip
_LEFT = -9
_MANY_LEFT = 50  # lines of a batch that part it; beyond that, events one by one cost less
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

_NOTHING_KNOWN = Known(np.zeros(0, np.bool_), *(np.zeros(0, dtype=object) for _ in range(3)))


class CowrieColumns:
    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def take(self, lines: Lines, leave: Callable[[int], None]) -> tuple[Columns, Counter[str]]:
        fields = Fields.of_objects(lines, _FIELDS, reads=_READS)
        event = fields.chosen("eventid", (*_EVENTS, *_COUNTED))
        plain = fields.plain & fields.are("eventid", Look.STRING) & _are_usual(fields)
        at, source = fields.instants("timestamp"), fields.addresses("src_ip")
        is_login, is_connect = (event == FAILED) | (event == SUCCESS), event == CONNECT
        here, there = fields.integers("dst_port"), fields.integers("src_port")
        placed = (at >= 0) & (source >= 0)
        ready = (~is_login | (placed & _logins(fields))) & (~is_connect | (placed & is_port(here) & is_port(there, none=True)))
        ready &= (fields.sizes("session") <= 64) & ((event != VERSION) | fields.short("version"))
        ready &= (event != KEX) | fields.are("hassh", Look.STRING, *NOTHING)
        taken = plain & ready
        steps = np.flatnonzero(~taken | ((event >= 0) & (event <= KEX)))
        memory = self._follow(fields, np.where(taken, event, _LEFT), there, steps, leave)
        rows = np.flatnonzero(taken & (event >= 0) & (event <= SUCCESS))
        columns = _columns(fields, rows, event[rows], (at[rows], source[rows], here[rows]), memory)
        return columns, self._count_others(fields, event, taken)

    def _count_others(self, fields: Fields, event: Array, taken: Array) -> Counter[str]:
        counts: Counter[str] = Counter()
        for index, name in enumerate((*_EVENTS, *_COUNTED)):
            if index > SUCCESS and (count := int((taken & (event == index)).sum())):
                counts[name.decode()[:60]] += count
        for kind, count in Counter(fields.texts("eventid", np.flatnonzero(taken & (event < 0)))).items():
            counts[kind[:60] if kind.startswith("cowrie.") else "event that is not Cowrie's"] += count
        return counts

    def _follow(self, fields: Fields, event: Array, there: Array, steps: Array, leave: Callable[[int], None]) -> Known:
        """What is known of the session at each connection and login; lines that need care are judged where they stand."""
        left = np.flatnonzero(event[steps] == _LEFT)
        if len(left) > _MANY_LEFT:
            is_left = event[steps] == _LEFT
            return follow_one_by_one(_told(fields, event, there, steps[~is_left]), self._judge, steps.tolist(), is_left.tolist(), leave)
        parts, begin = [], 0
        for end in (*left.tolist(), len(steps)):
            if end > begin:
                parts.append(follow(_told(fields, event, there, steps[begin:end]), self._judge))
            if end < len(steps):
                leave(int(steps[end]))
            begin = end + 1
        return Known(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) if parts else _NOTHING_KNOWN


def _told(fields: Fields, event: Array, there: Array, steps: Array) -> Told:
    kind = event[steps]
    client, fingerprint, protocol, port = (np.full(len(steps), None, dtype=object) for _ in range(4))
    connects, versions, exchanges = (np.flatnonzero(kind == one) for one in (CONNECT, VERSION, KEX))
    protocol[connects] = fields.texts("protocol", steps[connects])
    port[connects] = optional(there[steps[connects]])
    client[versions] = fields.values("version", steps[versions])
    fingerprint[exchanges] = [text if len(text) == 32 else None for text in fields.texts("hassh", steps[exchanges])]
    return Told(kind, fields.texts("session", steps), protocol, port, client, fingerprint)


def _are_usual(fields: Fields) -> Array:
    usual: Array = fields.are("timestamp", Look.STRING)
    for name in ("session", "src_ip", "protocol"):
        usual &= fields.are(name, Look.STRING, Look.MISSING)
    return usual


def _logins(fields: Fields) -> Array:
    return fields.are("protocol", Look.MISSING) & fields.short("username") & fields.short("password") & fields.short("fingerprint")


def _columns(fields: Fields, rows: Array, event: Array, found: tuple[Array, ...], memory: Known) -> Columns:
    if not len(rows):
        return {}
    at, source, here = found
    is_shell, ports, clients, prints = memory
    is_login = event != CONNECT
    is_key = fields.are("fingerprint", *TEXTS)[rows] & fields.are("password", *NOTHING)[rows]
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
