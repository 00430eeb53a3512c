# SPDX-License-Identifier: Apache-2.0
"""Rows on their way into columns: importers append plain tuples in their hot loop, and turn a chunk of them at once.

Also the cached way from an address in a log to its packed form. Nothing here knows a format.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teiten.addresses import pack
from teiten.columnar import Columns, length
from teiten.columns import COLUMNS
from teiten.importers.interface import SAMPLE_BYTES, Chunk, Rejected

FIELD_BYTES = 4096
"""Cap of a value from a log; what is longer is cut and the row says so."""
_TYPES = {column.name: column.type for column in COLUMNS}
_ALWAYS: dict[str, Any] = {"category": "access", "times": 1, "protocol": "tcp", "handshake": False, "encrypted": False, "truncated": False}
TELNET = ("telnet-password", "other")
"""Kind and category of a login over telnet: kept with what was tried, but no channel counts it; its connection is the access."""
_CACHED_ADDRESSES = 50_000
_MOST_KINDS = 200


def turn(names: tuple[str, ...], rows: list[tuple[Any, ...]], **constants: Any) -> Columns:
    """Columns `names` from tuples in that order, `constants` and the model's defaults for the rest; an empty dict for no rows."""
    if not rows:
        return {}
    columns = {name: _array(name, values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    for name, value in {**_ALWAYS, **constants}.items():
        if name not in columns:
            columns[name] = _same(name, value, len(rows))
    return columns


def _array(name: str, values: tuple[Any, ...]) -> NDArray[Any]:
    kind = _TYPES[name]
    if kind == "instant":
        return np.array(values, dtype=np.int64)
    if kind == "boolean":
        return np.array(values, dtype=np.bool_)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _same(name: str, value: Any, count: int) -> NDArray[Any]:
    return np.full(count, value, dtype=np.bool_ if _TYPES[name] == "boolean" else object)


def joined(parts: list[Columns]) -> Columns:
    """One after the other; a column that some parts lack is empty there."""
    parts = [part for part in parts if part]
    if len(parts) < 2:
        return parts[0] if parts else {}
    names = dict.fromkeys(chain.from_iterable(parts))
    return {name: np.concatenate([part.get(name, np.full(length(part), None, dtype=object)) for part in parts]) for name in names}


class Packed(dict[bytes, bytes | None]):
    """Address in text -> packed, or None when it is no address; forgets all when it has grown too large."""

    def __missing__(self, text: bytes) -> bytes | None:
        if len(self) >= _CACHED_ADDRESSES:
            self.clear()
        packed: bytes | None
        try:
            packed = pack(text.decode("ascii").strip("[]"))
        except ValueError:
            packed = None
        self[text] = packed
        return packed


class Tally:
    """What a chunk holds so far besides its rows; one per `take`."""

    __slots__ = ("damaged", "other", "rejected")

    def __init__(self) -> None:
        self.other: dict[str, int] = {}
        self.rejected: list[Rejected] = []
        self.damaged: list[Rejected] = []

    def count(self, kind: str) -> None:
        if len(self.other) >= _MOST_KINDS and kind not in self.other:
            kind = "other kinds"  # kinds may come from the log itself
        self.other[kind] = self.other.get(kind, 0) + 1

    def reject(self, line: int, reason: str, record: bytes) -> None:
        self.rejected.append(Rejected(line, reason, record[:SAMPLE_BYTES]))

    def damage(self, line: int, reason: str, record: bytes) -> None:
        self.damaged.append(Rejected(line, reason, record[:SAMPLE_BYTES]))

    def chunk(self, columns: Columns, taken: int, shown: dict[str, set[int]] | None = None) -> Chunk:
        return Chunk(columns, taken, self.other, self.rejected, self.damaged, shown or {})


def address_reason(text: bytes) -> str:
    """Why `text` is not taken as a source: names are never resolved (a lookup would tell their owner, and answer for today)."""
    return "host name, not an address" if any(chr(byte).isalpha() for byte in text if byte < 128) and b":" not in text else "not an address"


def capped(value: bytes | None) -> bytes | None:
    return value if value is None or len(value) <= FIELD_BYTES else value[:FIELD_BYTES]
