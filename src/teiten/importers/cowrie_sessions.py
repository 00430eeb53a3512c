# SPDX-License-Identifier: Apache-2.0
"""What Cowrie's log told of a session before each of its connections and logins, for a whole batch of events at once.

Events are put in the order of their sessions, and within one in that of the log; then the last telling event before each is where the running
maximum of their places stands. Says what `cowrie_events.Judge` says when it is asked event by event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from teiten.importers.cowrie_events import SHELL, Judge, Session
from teiten.importers.field_layout import Array

CONNECT, FAILED, SUCCESS, VERSION, KEX = range(5)


class Told(NamedTuple):
    """Of each event of a session, in the order of the log."""

    kind: Array  # CONNECT … KEX
    session: list[str]
    protocol: Array  # text of connections; the rest is not looked at
    source_port: Array  # likewise
    client: Array  # of versions
    fingerprint: Array  # of key exchanges


class Known(NamedTuple):
    """Of each connection and login, in the order of the log."""

    is_shell: Array
    source_port: Array
    client: Array
    fingerprint: Array


def follow(told: Told, judge: Judge) -> Known:
    """What is known at each connection and login; the judge remembers all for what comes later."""
    sessions = dict.fromkeys(told.session)
    numbers = {name: number for number, name in enumerate(sessions)}
    owner = np.fromiter(map(numbers.__getitem__, told.session), np.int64, len(told.session))
    order = np.argsort(owner, kind="stable")
    owner, kind = owner[order], told.kind[order]
    ends = np.append(np.flatnonzero(np.diff(owner)), len(owner) - 1)
    begins = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))[owner]
    before = list(map(judge.sessions.get, sessions))
    is_new = not any(before)

    def earlier(name: str, none: str | None = None) -> Array:
        """What was known before the batch."""
        return np.full(len(before), none, dtype=object) if is_new else _column([none if one is None else getattr(one, name) for one in before])

    def last(event: int, values: Array, earlier: Array) -> Array:
        """The newest value of such an event at each event."""
        places = np.maximum.accumulate(np.where(kind == event, np.arange(len(kind)), -1))
        newest: Array = np.where(places >= begins, values[order][places], earlier[owner])
        return newest

    protocol = last(CONNECT, told.protocol, earlier("protocol", "ssh"))
    client, fingerprint = last(VERSION, told.client, earlier("client")), last(KEX, told.fingerprint, earlier("fingerprint"))
    port = last(CONNECT, told.source_port, earlier("source_port"))
    final = (column[ends].tolist() for column in (protocol, client, fingerprint, port))
    judge.remember(zip(sessions, map(Session, *final), strict=True))
    wanted = np.flatnonzero(kind <= SUCCESS)
    wanted = wanted[np.argsort(order[wanted], kind="stable")]
    protocol = protocol[wanted]
    is_shell = (protocol == SHELL[0]) | (protocol == SHELL[1])
    return Known(is_shell, port[wanted], client[wanted], fingerprint[wanted])


def follow_one_by_one(told: Told, judge: Judge, lines: list[int], is_left: list[bool], leave: Callable[[int], None]) -> Known:
    """The same where many lines are left to the judge: `told` is of the others, in their order."""
    rows = []
    events = zip(told.kind.tolist(), told.session, *(column.tolist() for column in told[2:]), strict=True)
    for line, skip in zip(lines, is_left, strict=True):
        if skip:
            leave(line)
            continue
        kind, name, protocol, port, client, fingerprint = next(events)
        session = judge.session(name)
        if kind == CONNECT:
            session.protocol, session.source_port = protocol, port
        elif kind == VERSION:
            session.client = client
        elif kind == KEX:
            session.fingerprint = fingerprint
        if kind <= SUCCESS:
            rows.append((session.protocol in SHELL, session.source_port, session.client, session.fingerprint))
    shells, *rest = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Known(np.array(shells, np.bool_), *(_column(list(values)) for values in rest))


def _column(values: list[object]) -> Array:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
