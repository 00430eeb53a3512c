# SPDX-License-Identifier: Apache-2.0
"""Lines of a file that stay one piece of memory until somebody wants them one by one: a sequence of bytes like a list of lines.

Most of an import is moving lines about; cutting, hashing and slicing them here costs nearly nothing a line. Knows no format.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

_NEWLINE = 10


class Lines(Sequence[bytes]):
    """Lines of `text` from `start` on; `ends` are the places in it where each of them ends (a newline, or the end). Never empty."""

    __slots__ = ("ends", "start", "text")

    def __init__(self, text: bytes, ends: NDArray[np.int64] | None = None, start: int = 0) -> None:
        self.text = text
        self.ends = np.append(newlines(text), len(text)) if ends is None else ends
        self.start = start

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.concatenate((np.full(1, self.start, np.int64), self.ends[:-1] + 1))

    @property
    def end(self) -> int:
        return int(self.ends[-1])

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.text[self.start : self.end].split(b"\n"))

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return self._part(*index.indices(len(self)))
        index = range(len(self))[index]
        return self.text[self._start_of(index) : int(self.ends[index])]

    def _start_of(self, index: int) -> int:
        return int(self.ends[index - 1]) + 1 if index else self.start

    def _part(self, first: int, last: int, step: int) -> Sequence[bytes]:
        if step != 1 or first >= last:
            return list(self)[first:last:step] if first < last else []
        return Lines(self.text, self.ends[first:last], self._start_of(first))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def newlines(text: bytes) -> NDArray[np.int64]:
    """Their places; by compiled code where it is loaded anyway."""
    memory = np.frombuffer(text, np.uint8)
    compiled = sys.modules.get("teiten.importers.compiled_fields")
    if compiled is None:
        found: NDArray[np.int64] = np.flatnonzero(memory == _NEWLINE)
        return found
    places = np.empty(len(text), np.int64)  # memory that is not touched costs nothing; counting first would
    count = compiled.find_newlines(memory.ctypes.data, len(text), places)
    return places[:count].copy()


def weight(records: Sequence[bytes]) -> int:
    """Bytes in all, without newlines between lines."""
    return records.end - records.start - len(records) + 1 if isinstance(records, Lines) else sum(map(len, records))


def as_text(records: Sequence[bytes]) -> bytes | memoryview:
    """All records with newlines between them; lines without copying them."""
    return memoryview(records.text)[records.start : records.end] if isinstance(records, Lines) else b"\n".join(records)


def chained(parts: list[Sequence[bytes]]) -> Sequence[bytes]:
    """One after the other; lines stay in one piece when all of them are."""
    parts = [part for part in parts if len(part)]
    if len(parts) < 2:
        return parts[0] if parts else []
    whole = [part for part in parts if isinstance(part, Lines)]
    if len(whole) < len(parts):
        return [record for part in parts for record in part]
    offsets = np.cumsum([0, *(part.end - part.start + 1 for part in whole[:-1])])
    ends = np.concatenate([part.ends - part.start + at for part, at in zip(whole, offsets, strict=True)])
    return Lines(b"\n".join([as_text(part) for part in whole]), ends)
