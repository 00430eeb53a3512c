# SPDX-License-Identifier: Apache-2.0
"""Wanted fields of many lines as arrays: the fast way through JSON and tab-separated logs, a hundred times less work than objects.

A line is taken this way only if it is plain and its fields look as usual; `Fields.plain` says so, and the rest goes to the careful reader,
which decides alone what is odd, other or rejected. Both must say the same of the same line.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np

from teiten.importers.field_layout import LOOK_AT, NONE, START_BITS, Array, Look, Names, Read, prepare
from teiten.importers.instants import MONTHS
from teiten.importers.lines import Lines
from teiten.importers.rows import FIELD_BYTES
from teiten.packets.captures import use_numba

WORTH_COMPILING_BYTES, WORTH_CALLING_BYTES = 500_000, 10_000
"""Loading the compiled code costs half a second; less text than this is read in less. Once it is there, short blocks are worth it too."""
_PLACE = (1 << START_BITS) - 1
_WIDEST = 80  # a table of longer texts would be mostly empty
_MONTHS = np.array([int.from_bytes(name, "big") for name in MONTHS], np.int64)
TEXTS = (Look.STRING, Look.ESCAPED)
NOTHING = (Look.MISSING, Look.NULL)


def are_worth_it(records: object) -> bool:
    if not isinstance(records, Lines) or not use_numba():
        return False
    is_loaded = "teiten.importers.compiled_fields" in sys.modules
    return records.end - records.start >= (WORTH_CALLING_BYTES if is_loaded else WORTH_COMPILING_BYTES)


class Reads(NamedTuple):
    """A field, and what its values are read as (0: by a method of `Fields` alone)."""

    name: str
    kind: int = 0
    choices: tuple[bytes, ...] = ()


class Fields:
    """Arrays by name, one entry a line; where `plain` is False they say nothing."""

    def __init__(self, lines: Lines, names: tuple[str, ...], count: int) -> None:
        self._lines = lines
        self._index = {name: index for index, name in enumerate(names)}
        self._memory = np.frombuffer(lines.text, np.uint8)
        self._base = int(self._memory.ctypes.data)
        self._places: Array = np.zeros((len(names), count), np.int64)
        self._cut: dict[str, tuple[Array, Array, Array]] = {}  # starts, ends and looks of the names that were asked for
        self._looks: dict[str, Array] = {}
        self._read_already: dict[Reads, Array] = {}
        self.plain: Array = np.ones(count, np.bool_)

    @classmethod
    def of_objects(
        cls, lines: Lines, names: tuple[str, ...], objects: tuple[str, ...] = (), enough: int = 1 << 30, only: Array | None = None,
        reads: tuple[Reads, ...] = (),
    ) -> Fields:  # fmt: skip
        """Of all lines or `only` those; what `reads` says is read on the way, and costs little when it is asked for.

        After `enough` values of a line the rest of it is not looked at, and `plain` says nothing of that rest.
        """
        from teiten.importers.compiled_fields import find_in_objects

        starts, ends = (lines.starts, lines.ends) if only is None else (lines.starts[only], lines.ends[only])
        found, wanted = cls(lines, names, len(starts)), _prepared(names, objects)
        planned = _planned(names, reads)
        values = np.empty((len(reads), len(starts)), np.int64)
        where = (found._base, len(lines.text), starts, ends, wanted.table.ctypes.data, wanted.text.ctypes.data)
        find_in_objects(*where, found._places, found.plain, enough, planned[0], planned[1:], values)
        found._read_already = dict(zip(reads, values, strict=True))
        return found

    @classmethod
    def of_cells(cls, lines: Lines, names: tuple[str, ...], places: list[int], separator: bytes, unset: tuple[bytes, ...]) -> Fields:
        """`places` are the numbers of the cells of `names`; one that no line has is left out."""
        from teiten.importers.compiled_values import split_cells

        found = cls(lines, names, len(lines))
        by_cell = np.full(max([place for place in places if place < 10_000], default=0) + 1, -1, np.int64)
        for field, place in enumerate(places):
            if place < len(by_cell):
                by_cell[place] = field
        joined, ends = np.frombuffer(b"".join(unset) + b"\0", np.uint8), np.cumsum([len(text) for text in unset])
        cut = np.zeros((2, *found._places.shape), np.int64), np.zeros(found._places.shape, np.uint8)
        split_cells(found._base, lines.starts, lines.ends, separator[0], by_cell, (joined, ends), cut[0][0], cut[0][1], cut[1])
        found._cut = {name: (cut[0][0][index], cut[0][1][index], cut[1][index]) for name, index in found._index.items()}
        return found

    def _of(self, name: str) -> tuple[Array, Array, Array]:
        cut = self._cut.get(name)
        if cut is None:
            places = self._places[self._index[name]]
            starts, ends = places & _PLACE, (places >> START_BITS) & _PLACE
            cut = self._cut[name] = starts, ends, self.look(name)
        return cut

    def look(self, name: str) -> Array:
        look = self._looks.get(name)
        if look is None:
            cut = self._cut.get(name)
            look = self._looks[name] = cut[2] if cut is not None else (self._places[self._index[name]] >> LOOK_AT).astype(np.uint8)
        return look

    def have(self, name: str) -> bool:
        """Whether any line has it."""
        return bool(self.look(name).any())

    def sizes(self, name: str) -> Array:
        """Bytes as written (escapes not decoded)."""
        starts, ends, _ = self._of(name)
        sizes: Array = ends - starts
        return sizes

    def are(self, name: str, *looks: Look) -> Array:
        found = self.look(name)
        are: Array = found == looks[0]
        for look in looks[1:]:
            are |= found == look
        return are

    def short(self, name: str) -> Array:
        """Where it is missing or a text that no cap would cut."""
        return self.are(name, *NOTHING) | (self.are(name, *TEXTS) & (self.sizes(name) <= FIELD_BYTES))

    def integers(self, name: str) -> Array:
        from teiten.importers.compiled_values import read_integers

        return self._read(read_integers, Reads(name, Read.INTEGER))

    def seconds(self, name: str) -> Array:
        """Seconds with a fraction as microseconds."""
        from teiten.importers.compiled_values import read_seconds

        return self._read(read_seconds, Reads(name, Read.SECONDS))

    def instants(self, name: str, naive_is_utc: bool = False) -> Array:
        from teiten.importers.compiled_values import read_instants

        return self._read(read_instants, Reads(name, Read.UTC_INSTANT if naive_is_utc else Read.INSTANT), naive_is_utc)

    def local_instants(self, name: str) -> Array:
        """`05/Nov/2024:10:00:00 +0100`, as web servers write it."""
        from teiten.importers.compiled_values import read_local_instants

        return self._read(read_local_instants, Reads(name), _MONTHS)

    def addresses(self, name: str) -> Array:
        """IPv4 as numbers; IPv6 is ODD."""
        from teiten.importers.compiled_values import read_addresses

        return self._read(read_addresses, Reads(name, Read.ADDRESS))

    def chosen(self, name: str, choices: tuple[bytes, ...]) -> Array:
        """Which of `choices` a text is; ODD for another value."""
        from teiten.importers.compiled_values import choose

        return self._read(choose, Reads(name, Read.CHOICE, choices), np.frombuffer(b"".join(choices), np.uint8), np.cumsum([0, *map(len, choices)]))

    def texts(self, name: str, lines: Array) -> list[str]:
        """Plain texts of these lines, the empty one where there is none."""
        return self._values(name, lines, np.uint32, "U")

    def values(self, name: str, lines: Array) -> Array:
        """Texts of these lines as bytes, None where there is none; escapes are decoded."""
        array = np.empty(len(lines), dtype=object)
        array[:] = self._values(name, lines, np.uint8, "S")
        looks = self.look(name)[lines]
        array[(looks == Look.MISSING) | (looks == Look.NULL)] = None
        for place in np.flatnonzero(looks == Look.ESCAPED).tolist():
            array[place] = _decoded(array[place])
        return array

    def _read(self, kernel: Any, reads: Reads, *more: Any) -> Array:
        found = self._read_already.get(reads)
        if found is None:
            found = self._read_already[reads] = np.empty(len(self.plain), np.int64)
            kernel(self._base, *self._of(reads.name), *more, found)
        return found

    def _values(self, name: str, lines: Array, unit: Any, letter: str) -> list[Any]:
        starts, ends = (places[lines] for places in self._of(name)[:2])
        width = int((ends - starts).max(initial=0))
        if width <= _WIDEST:
            from teiten.importers.compiled_values import fill

            table = np.zeros((len(lines), max(width, 1)), unit)
            fill(self._base, starts, ends, table)
            listed: list[Any] = table.view(f"{letter}{max(width, 1)}")[:, 0].tolist()
            return listed
        text = self._lines.text
        cut = [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        return cut if letter == "S" else [value.decode("latin-1") for value in cut]


@lru_cache(maxsize=32)
def _planned(names: tuple[str, ...], reads: tuple[Reads, ...]) -> tuple[Array, Array, Array]:
    """For `find_in_objects`: what to read, and the letters of all choices with their ends."""
    choices = [choice for read in reads for choice in read.choices]
    ends = np.cumsum([len(read.choices) for read in reads])
    rows = [(names.index(read.name), read.kind, end - len(read.choices), end) for read, end in zip(reads, ends, strict=True)]
    return (
        np.array(rows, np.int64).reshape(-1, 4), np.frombuffer(b"".join(choices) or b"\0", np.uint8),
        np.cumsum([0, *map(len, choices)], dtype=np.int64),
    )  # fmt: skip


@lru_cache(maxsize=32)
def _prepared(names: tuple[str, ...], objects: tuple[str, ...]) -> Names:
    return prepare(names, objects)


def _decoded(written: bytes) -> bytes:
    value: str = msgspec.json.decode(b'"' + written + b'"')
    return value.encode("utf-8", "surrogatepass")


def packed(addresses: Array) -> Array:
    """IPv4 numbers as four bytes each."""
    as_bytes: Array = addresses.astype(">u4").view("V4").astype(object)
    return as_bytes


def optional(numbers: Array) -> Array:
    """Numbers, None for NONE; without any they stay plain numbers."""
    missing = numbers == NONE
    if not missing.any():
        return numbers
    array = numbers.astype(object)
    array[missing] = None
    return array


def objects(values: list[Any]) -> Array:
    """A column of what has no type of its own."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def is_port(numbers: Array, none: bool = False) -> Array:
    fits: Array = (numbers >= (NONE if none else 0)) & (numbers < 65_536)
    return fits


def looked_up(keys: Array, say: Any, parts: int) -> list[Array]:
    """`say(key)` gives `parts` values; asked once for each different key."""
    unique, places = np.unique(keys, return_inverse=True)
    tables = [np.empty(len(unique), dtype=object) for _ in range(parts)]
    for index, key in enumerate(unique.tolist()):
        for table, value in zip(tables, say(key), strict=True):
            table[index] = value
    return [table[places] for table in tables]
