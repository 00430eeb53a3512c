# SPDX-License-Identifier: Apache-2.0
"""Flowtuples -> accesses as columns: each row one source, one target, one kind and one minute, `times` the packets it stands for.

Destinations are added up: which of a sensor's addresses was hit is never stored (the registry alone knows them). Kind, category and
target come from headers.py, so a packet is called the same whether it was captured live or read from a file.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from teiten.addresses import unmap
from teiten.columnar import Columns
from teiten.packets.flowtuple import FlowBatch
from teiten.packets.headers import ICMP, ICMP6, TCP, Packet, classify, protocol_name, target_of
from teiten.packets.layout import Array, Doubt

_MOST_REMEMBERED: Final = 200_000


class Meaning(NamedTuple):
    """What a flow key says, in the order of _NAMES."""

    kind: str
    category: str
    target: bytes
    protocol: str
    destination_port: int | None
    tcp_flags: int | None


_NAMES: Final = Meaning._fields


def meaning_of(key: int) -> Meaning:
    doubt, port, protocol, flags = key >> 32, key >> 16 & 0xFFFF, key >> 8 & 0xFF, key & 0xFF
    known_port = None if doubt & Doubt.PORT_UNKNOWN else port
    known_flags = flags if protocol == TCP and not doubt & (Doubt.FLAGS_UNKNOWN | Doubt.PORT_UNKNOWN) else None
    packet = Packet(b"", b"", protocol, None, known_port, known_flags, bool(doubt & Doubt.LATER_FRAGMENT))
    kind, category = classify(packet)
    destination = None if protocol in (ICMP, ICMP6) else known_port
    return Meaning(kind, category, target_of(protocol, known_port), protocol_name(protocol), destination, known_flags)


class Accesses:
    """Turns batches into columns; remembers the meaning of keys between batches."""

    def __init__(self) -> None:
        self._meanings: dict[int, Meaning] = {}

    def columns(self, batch: FlowBatch) -> Columns:
        """Rows in the order in which their first packet stands in the batch; an empty dict for no rows."""
        if not len(batch.words):
            return {}
        rows, times, first_at = _without_destinations(batch)
        columns: Columns = {"observed_at": first_at, "channel": _same("packet", len(rows)), "source": _sources(batch, rows), "times": times}
        columns |= self._meant(batch.key[rows])
        for name in ("handshake", "encrypted", "truncated"):
            columns[name] = np.zeros(len(rows), np.bool_)
        return columns

    def _meant(self, keys: Array) -> Columns:
        distinct, which = np.unique(keys, return_inverse=True)
        if len(self._meanings) > _MOST_REMEMBERED:
            self._meanings.clear()
        found = [self._meanings.get(key) or self._meanings.setdefault(key, meaning_of(key)) for key in distinct.tolist()]
        return {name: _objects(values)[which] for name, values in zip(_NAMES, zip(*found, strict=True), strict=True)}


def _without_destinations(batch: FlowBatch) -> tuple[Array, Array, Array]:
    """(row that stands for the group, packets, earliest time) of each group of minute, source and key."""
    source = [batch.words[:, 0] >> 32] if batch.version == 4 else [batch.words[:, 0], batch.words[:, 1]]
    parts = [batch.minute, *source, batch.key]
    order = np.lexsort(parts)
    changed = np.zeros(len(order), np.bool_)
    changed[0] = True
    for part in parts:
        changed[1:] |= np.diff(part[order]) != 0
    starts = np.flatnonzero(changed)
    rows, times, first_at = order[starts], np.add.reduceat(batch.packets[order], starts), np.minimum.reduceat(batch.first_at[order], starts)
    by_place = np.argsort(rows, kind="stable")
    return rows[by_place], times[by_place], first_at[by_place]


def _sources(batch: FlowBatch, rows: Array) -> NDArray[Any]:
    size = 4 if batch.version == 4 else 16
    raw = FlowBatch(batch.version, batch.words[rows]).source.tobytes()
    packed = (raw[at : at + size] for at in range(0, len(raw), size))
    return _objects(packed if size == 4 else map(unmap, packed))


def _objects(values: Any) -> NDArray[Any]:
    held = list(values)
    array = np.empty(len(held), dtype=object)
    array[:] = held
    return array


def _same(value: str, count: int) -> NDArray[Any]:
    return np.full(count, value, dtype=object)
