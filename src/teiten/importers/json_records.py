# SPDX-License-Identifier: Apache-2.0
"""The loop that all importers of JSON records share: decode many at once, judge each, account for all. Knows no format.

A `judge` says of a record: a tuple (one row), a list of tuples (several; none is no observation), a str (kind of no observation), or
`Refused` with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from teiten.columnar import Columns, length
from teiten.importers.fields import are_worth_it
from teiten.importers.interface import Chunk
from teiten.importers.lines import Lines, as_text
from teiten.importers.reading import is_array, is_envelope, objects_of_array
from teiten.importers.rows import FIELD_BYTES, Tally, joined, turn
from teiten.importers.wrapping import bared, may_wrap

E = TypeVar("E")
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_HEAD_RECORDS = 50
_PLAIN = msgspec.json.Decoder(dict[str, Any])


class Refused(NamedTuple):
    reason: str


Judged = tuple[Any, ...] | list[tuple[Any, ...]] | str | Refused


class ByColumns(Protocol):
    """What a format can say of many plain lines at once, without making an object of each; it must say what its judge says."""

    def take(self, lines: Lines, leave: Callable[[int], None]) -> tuple[Columns, Counter[str]]:
        """Rows, and kinds of other with their counts; `leave` is called with the index of each line that is left to the judge."""
        ...


class JsonReading(Generic[E]):
    """A `Reading` of JSON records decoded as struct `E`."""

    def __init__(
        self, entry: type[E] | Any, judge: Callable[[E], Judged], names: tuple[str, ...], by_columns: ByColumns | None = None,
        shown: dict[str, set[int]] | None = None, **constants: Any,
    ) -> None:  # fmt: skip
        self._decoder = msgspec.json.Decoder(entry)
        self._judge = judge
        self._names = names
        self._by_columns = by_columns
        self._constants = constants
        self._shown = shown or {}

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        chunk = self._take(records, first)
        chunk.shown = {channel: set(instants) for channel, instants in self._shown.items()}
        for instants in self._shown.values():
            instants.clear()
        return chunk

    def _take(self, records: Sequence[bytes], first: int) -> Chunk:
        if self._by_columns is None or not isinstance(records, Lines) or not are_worth_it(records):
            return self._careful(records, first)
        judging = _Judging(self._judge, self._names)
        columns, other = self._by_columns.take(records, lambda index: judging.judge(first + index, records[index], self._one(records[index])))
        chunk = judging.chunk(self._constants)
        return Chunk(
            joined([columns, chunk.columns]), chunk.taken + length(columns), dict(other + Counter(chunk.other)), chunk.rejected, chunk.damaged
        )

    def _careful(self, records: Sequence[bytes], first: int) -> Chunk:
        judging = _Judging(self._judge, self._names)
        for number, (record, entry) in enumerate(zip(records, self._decoded(records), strict=True), first):
            judging.judge(number, record, entry)
        return judging.chunk(self._constants)

    def finish(self) -> Chunk | None:
        return None

    def _decoded(self, records: Sequence[bytes]) -> list[E | None]:
        text = as_text(records)
        try:
            entries: list[E | None] = list(self._decoder.decode_lines(text))
        except UNREADABLE:
            entries = []
        return entries if len(entries) == len(records) and not may_wrap(text) else [self._one(record) for record in records]

    def _one(self, record: bytes) -> E | None:
        try:
            entry: E = self._decoder.decode(bared(record))
        except UNREADABLE:
            return None
        return entry


class _Judging(Generic[E]):
    """What becomes of the records of one chunk."""

    def __init__(self, judge: Callable[[E], Judged], names: tuple[str, ...]) -> None:
        self._judge = judge
        self._names = names
        self._rows: list[tuple[Any, ...]] = []
        self._tally = Tally()
        self._taken = 0

    def judge(self, number: int, record: bytes, entry: E | None) -> None:
        if entry is None:
            _account_unreadable(self._tally, number, record)
            return
        said = self._judge(entry)
        if isinstance(said, Refused):
            self._tally.reject(number, said.reason, record)
        elif isinstance(said, tuple):
            self._rows.append(said)
            self._taken += 1
        elif isinstance(said, list):
            self._rows += said
            self._taken += 1
        else:
            self._tally.count(said)

    def chunk(self, constants: dict[str, Any]) -> Chunk:
        return self._tally.chunk(turn(self._names, self._rows, **constants), self._taken)


def _account_unreadable(tally: Tally, number: int, record: bytes) -> None:
    if not record.strip():
        tally.count("blank line")
    elif is_envelope(record):
        tally.count("envelope of a search answer")
    elif _readable(bared(record)) is None:
        tally.reject(number, "not a JSON object", record)
    else:
        tally.reject(number, "a field has another type than this format gives it", record)


def _readable(record: bytes) -> dict[str, Any] | None:
    try:
        return _PLAIN.decode(record)
    except UNREADABLE:
        return None


def first_objects(head: bytes) -> list[dict[str, Any]]:
    """The JSON objects with which a file begins, be it lines, an array or an answer of Elasticsearch; broken ones left out."""
    if b"{" not in head:  # most logs are no JSON, and each format asks
        return []
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    records = objects_of_array(head) if is_array(head) else head.split(b"\n")
    return [found for record in records[:_HEAD_RECORDS] if (found := _readable(bared(record))) is not None]


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
