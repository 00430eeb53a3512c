# SPDX-License-Identifier: Apache-2.0
"""Zeek's conn log by columns: the fast way for plain IPv4 connections, saying of each line what `zeek.py` says of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from teiten.columnar import Columns, same
from teiten.importers.field_layout import NONE, Array, Look, Read
from teiten.importers.fields import NOTHING, Fields, Reads, is_port, looked_up, optional, packed
from teiten.importers.packet_rows import joined_port, say_flow

CONNECTION = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_p", "proto", "conn_state", "duration")
_PROTOCOLS = ((b"tcp", 6), (b"udp", 17), (b"icmp", 1))
_STATES = (b"S0", b"S1", b"SF", b"REJ", b"S2", b"S3", b"RSTO", b"RSTR", b"RSTOS0", b"RSTRH", b"SH", b"SHR", b"OTH")
_PROTOCOL_TEXTS = tuple(name for name, _ in _PROTOCOLS)
READS = (
    Reads("ts", Read.SECONDS), Reads("duration", Read.SECONDS), Reads("id.orig_h", Read.ADDRESS), Reads("id.orig_p", Read.INTEGER),
    Reads("id.resp_p", Read.INTEGER), Reads("proto", Read.CHOICE, _PROTOCOL_TEXTS), Reads("conn_state", Read.CHOICE, _STATES),
)  # fmt: skip
_SHAKEN = np.array([state in (b"S1", b"SF", b"S2", b"S3", b"RSTO", b"RSTR", b"RSTRH") for state in _STATES] + [False])
_STATE_NAMES = np.array([state.decode() for state in _STATES] + [None], dtype=object)
# Zeek's documentation of conn_state: in these the originator's SYN was not seen.
UNOPENED = {b"SHR": ("syn-ack", "backscatter"), b"RSTRH": ("syn-ack", "backscatter"), b"OTH": ("segment", "other")}
_LONGEST_US = 10**14  # as the careful reader: eight digits of seconds


def connections(fields: Fields) -> tuple[Columns, Array]:
    """Columns of the plain connections, and which lines they are."""
    at, source = fields.seconds("ts"), fields.addresses("id.orig_h")
    there, here = fields.integers("id.orig_p"), fields.integers("id.resp_p")
    protocol = fields.chosen("proto", _PROTOCOL_TEXTS)
    state, duration = fields.chosen("conn_state", _STATES), fields.seconds("duration")
    taken = fields.plain & (at >= 0) & (source >= 0) & is_port(there) & is_port(here) & (protocol >= 0) & (state >= NONE)
    taken &= (duration >= NONE) & (duration < _LONGEST_US) & (fields.sizes("id.orig_p") < 6) & (fields.sizes("id.resp_p") < 6)
    taken &= fields.are("uid", Look.STRING, *NOTHING) & (fields.sizes("uid") <= 64)
    lines = np.flatnonzero(taken)
    if not len(lines):
        return {}, lines
    number = np.array([value for _, value in _PROTOCOLS])[protocol[lines]]
    return _columns(fields, lines, number, state[lines], (at[lines], source[lines], there[lines], here[lines], duration[lines])), lines


def _columns(fields: Fields, lines: Array, number: Array, state: Array, found: tuple[Array, ...]) -> Columns:
    at, source, there, here, duration = found
    is_tcp, is_icmp = number == 6, number == 1
    kind, category, target, name = looked_up(number << 34 | there * is_icmp << 17 | here, _say, 4)
    for index, unopened in ((_STATES.index(key), value) for key, value in UNOPENED.items()):
        kind[is_tcp & (state == index)], category[is_tcp & (state == index)] = unopened
    session = np.array([uid or None for uid in fields.texts("uid", lines)], dtype=object)
    ports = [optional(np.where(is_icmp, NONE, port)) for port in (there, here)]
    return {
        "observed_at": at, "channel": same("packet", len(lines)), "kind": kind, "source": packed(source), "target": target,
        "category": category, "protocol": name, "source_port": ports[0], "destination_port": ports[1], "handshake": is_tcp & _SHAKEN[state],
        "session": session, "outcome": _STATE_NAMES[state], "duration_us": optional(duration), "times": same(1, len(lines)),
        "encrypted": same(False, len(lines)), "truncated": same(False, len(lines)),
    }  # fmt: skip


def _say(key: int) -> tuple[Any, ...]:
    number, there, here = key >> 34, key >> 17 & 0x1FFFF, key & 0x1FFFF
    name = {1: "icmp", 6: "tcp", 17: "udp"}[number]
    return *say_flow(number, joined_port(number, there, here) if number == 1 else joined_port(number, here)), name
