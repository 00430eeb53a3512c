# SPDX-License-Identifier: Apache-2.0
"""Compact arrays of a world -> columns of a batch, with the batch's content hash. Knows nothing of what the accesses mean."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from teiten.columnar import Columns
from teiten.model import BatchKey
from teiten.worlds.dice import Dice, Integers
from teiten.worlds.interface import WorldBatch

DAY_US: Final = 86_400_000_000
JAPAN_US: Final = 9 * 3_600_000_000  # Asia/Tokyo is nine hours ahead of UTC, all year and since before 2007
_EPOCH: Final = date(1970, 1, 1)

# Accesses by hour of the day in Japan: people's infected machines near by are switched on in the evening.
_HOURS: Final = np.cumsum([88, 80, 74, 70, 68, 70, 76, 84, 92, 98, 102, 104, 104, 104, 106, 108, 110, 112, 114, 118, 122, 124, 116, 102])


class Kind(NamedTuple):
    """What all accesses to one target have in common; field names as in `model.Access`."""

    target: bytes
    channel: str = "packet"
    kind: str = "syn"
    protocol: str = "tcp"
    destination_port: int | None = None
    tcp_flags: int | None = None
    request: bytes | None = None
    account: bytes | None = None
    recipients: bytes | None = None
    size: int | None = None
    handshake: bool = False


def port_kind(text: str) -> Kind:
    """`445/tcp`, `1026/udp` or `ping/icmp` as the packet sensor would state it."""
    number, protocol = text.split("/")
    if protocol == "icmp":
        return Kind(target=text.encode(), kind="echo-request", protocol="icmp")
    kind, flags = ("syn", 2) if protocol == "tcp" else ("udp", None)
    return Kind(target=text.encode(), kind=kind, protocol=protocol, destination_port=int(number), tcp_flags=flags)


class Rows(NamedTuple):
    """Accesses as numbers: `kind` points into the list of kinds; `credential`, `client`, `sender` into their texts (-1: none)."""

    observed_at: Integers
    source: NDArray[np.uint32]
    source_port: Integers
    kind: Integers
    credential: Integers | None = None
    client: Integers | None = None
    sender: Integers | None = None

    def take(self, places: Any) -> Rows:
        return Rows._make([None if part is None else part[places] for part in self])


class Tables(NamedTuple):
    """What the pointers of `Rows` point to, one object array for each column; made once, used for all batches of a world."""

    by_kind: dict[str, NDArray[Any]]
    texts: dict[str, NDArray[Any]]
    digest: bytes


def tables(kinds: Sequence[Kind], credential: Sequence[bytes] = (), client: Sequence[bytes] = (), sender: Sequence[bytes] = ()) -> Tables:
    """Columns of kinds that no kind fills are left out. The last entry of each text table is None, for pointers of -1."""
    by_kind = {name: objects([getattr(kind, name) for kind in kinds]) for name in Kind._fields if name != "handshake"}
    filled = {name: column for name, column in by_kind.items() if any(value is not None for value in column)}
    filled["handshake"] = np.array([kind.handshake for kind in kinds], dtype=np.bool_)
    texts = {"credential": credential, "client": client, "sender": sender}
    digest = hashlib.blake2b(repr((tuple(kinds), credential, client, sender)).encode(), digest_size=16).digest()
    return Tables(filled, {name: objects([*values, None]) for name, values in texts.items()}, digest)


def instants(dice: Dice, days: Integers) -> Integers:
    """Microseconds UTC at a random moment of each day; days are counted from 1970-01-01 in Asia/Tokyo."""
    hour = np.searchsorted(_HOURS, dice.uniform(len(days)) * _HOURS[-1], side="right")
    inside = dice.below(3_600_000_000, len(days))
    return np.asarray(days * DAY_US - JAPAN_US + hour * 3_600_000_000 + inside, dtype=np.int64)


def day_number(day: date) -> int:
    return (day - _EPOCH).days


def batch(sensor: str, epoch: str, seq: int, rows: Rows, known: Tables) -> WorldBatch:
    """The rows in order of time (ties in the order given) under a key whose hash covers every number and text they use."""
    rows = rows.take(np.argsort(rows.observed_at, kind="stable"))
    return WorldBatch(BatchKey(sensor=sensor, epoch=epoch, seq=seq, content_hash=hash_of(rows, known)), columns_of(rows, known))


def hash_of(rows: Rows, known: Tables) -> bytes:
    digest = hashlib.blake2b(known.digest, digest_size=16)
    for part in rows:
        digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    return digest.digest()


def columns_of(rows: Rows, known: Tables, sources: NDArray[Any] | None = None) -> Columns:
    """All columns that can't be missing, and those optional ones that some row fills. `sources`: the packed addresses, if at hand."""
    count = len(rows.observed_at)
    columns: Columns = {
        "observed_at": rows.observed_at,
        "source": objects_of_addresses(rows.source) if sources is None else sources,
        "source_port": rows.source_port,
        "category": np.full(count, "access", dtype=object),
        "times": np.ones(count, dtype=np.int64),
        "encrypted": np.zeros(count, dtype=np.bool_),
        "truncated": np.zeros(count, dtype=np.bool_),
    }
    columns.update({name: table[rows.kind] for name, table in known.by_kind.items()})
    for name, table in known.texts.items():
        pointers = getattr(rows, name)
        if pointers is not None:
            columns[name] = table[pointers]
    return columns


def objects_of_addresses(addresses: NDArray[np.uint32]) -> NDArray[Any]:
    """Four bytes in network order for each address; equal addresses share one object."""
    unique, places = np.unique(addresses, return_inverse=True)
    return np.asarray(objects(packed(unique))[places], dtype=object)


def packed(addresses: NDArray[np.uint32]) -> list[bytes]:
    every = addresses.astype(">u4").tobytes()
    return [every[start : start + 4] for start in range(0, len(every), 4)]


def objects(values: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
