# SPDX-License-Identifier: Apache-2.0
"""The loop that all importers of JSON records share: decode many at once, judge each, account for all. Knows no format.

A `judge` says of a record: a tuple (one row), a list of tuples (several; none is no observation), a str (kind of no observation), or
`Refused` with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from teiten.importers.interface import Chunk
from teiten.importers.reading import objects_of_array
from teiten.importers.rows import FIELD_BYTES, Tally, turn

E = TypeVar("E")
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_HEAD_RECORDS = 50
_PLAIN = msgspec.json.Decoder(dict[str, Any])


class Refused(NamedTuple):
    reason: str


Judged = tuple[Any, ...] | list[tuple[Any, ...]] | str | Refused


class JsonReading(Generic[E]):
    """A `Reading` of JSON records decoded as struct `E`."""

    def __init__(self, entry: type[E] | Any, judge: Callable[[E], Judged], names: tuple[str, ...], **constants: Any) -> None:
        self._decoder = msgspec.json.Decoder(entry)
        self._judge = judge
        self._names = names
        self._constants = constants

    def take(self, records: list[bytes], first: int) -> Chunk:
        rows: list[tuple[Any, ...]] = []
        tally, taken, judge = Tally(), 0, self._judge
        for index, entry in enumerate(self._decoded(records)):
            if entry is None:
                _account_unreadable(tally, first + index, records[index])
                continue
            said = judge(entry)
            if isinstance(said, Refused):
                tally.reject(first + index, said.reason, records[index])
            elif isinstance(said, tuple):
                rows.append(said)
                taken += 1
            elif isinstance(said, list):
                rows += said
                taken += 1
            else:
                tally.count(said)
        return tally.chunk(turn(self._names, rows, **self._constants), taken)

    def finish(self) -> Chunk | None:
        return None

    def _decoded(self, records: list[bytes]) -> list[E | None]:
        try:
            entries: list[E | None] = list(self._decoder.decode_lines(b"\n".join(records)))
        except UNREADABLE:
            entries = []
        return entries if len(entries) == len(records) else [self._one(record) for record in records]

    def _one(self, record: bytes) -> E | None:
        try:
            entry: E = self._decoder.decode(record)
        except UNREADABLE:
            return None
        return entry


def _account_unreadable(tally: Tally, number: int, record: bytes) -> None:
    if not record.strip():
        tally.count("blank line")
    elif _readable(record) is None:
        tally.reject(number, "not a JSON object", record)
    else:
        tally.reject(number, "a field has another type than this format gives it", record)


def _readable(record: bytes) -> dict[str, Any] | None:
    try:
        return _PLAIN.decode(record)
    except UNREADABLE:
        return None


def first_objects(head: bytes) -> list[dict[str, Any]]:
    """The JSON objects with which a file begins, be it lines or an array; broken ones left out."""
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    records = objects_of_array(head) if head[:1] == b"[" else head.split(b"\n")
    return [found for record in records[:_HEAD_RECORDS] if (found := _readable(record)) is not None]


def text(value: Any) -> bytes | None:
    """A JSON value as the bytes it stands for, capped; None for none."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")[:FIELD_BYTES]
    return msgspec.json.encode(value)[:FIELD_BYTES]


def whole(value: Any) -> int | None:
    """A number, also one written as text; None for anything else (OpenCanary writes -1 and "" for none)."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def port(value: Any) -> int | None:
    number = whole(value)
    return number if number is not None and number < 65536 else None
