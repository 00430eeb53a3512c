# SPDX-License-Identifier: Apache-2.0
"""Lines of a file that stay one piece of memory until somebody wants them one by one: a sequence of bytes like a list of lines.

Most of an import is moving lines about; cutting, hashing and slicing them here costs nearly nothing a line. Knows no format.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

_NEWLINE = 10


class Lines(Sequence[bytes]):
    """`text` without a newline at its end; `ends` are the places of the newlines in it, and its length. Never empty."""

    __slots__ = ("ends", "text")

    def __init__(self, text: bytes, ends: NDArray[np.int64] | None = None) -> None:
        self.text = text
        self.ends = _ends(text) if ends is None else ends

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.concatenate((np.zeros(1, np.int64), self.ends[:-1] + 1))

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.text.split(b"\n"))

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return self._part(*index.indices(len(self)))
        index = range(len(self))[index]
        return self.text[int(self.ends[index - 1]) + 1 if index else 0 : int(self.ends[index])]

    def _part(self, first: int, last: int, step: int) -> Sequence[bytes]:
        if step != 1 or first >= last:
            return list(self)[first:last:step] if first < last else []
        if (first, last) == (0, len(self)):
            return self
        start = int(self.ends[first - 1]) + 1 if first else 0
        return Lines(self.text[start : int(self.ends[last - 1])], self.ends[first:last] - start)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def _ends(text: bytes) -> NDArray[np.int64]:
    found: NDArray[Any] = np.flatnonzero(np.frombuffer(text, np.uint8) == _NEWLINE)
    return np.append(found, len(text))


def weight(records: Sequence[bytes]) -> int:
    """Bytes in all, without newlines between lines."""
    return len(records.text) - len(records) + 1 if isinstance(records, Lines) else sum(map(len, records))


def as_text(records: Sequence[bytes]) -> bytes:
    """All records with newlines between them."""
    return records.text if isinstance(records, Lines) else b"\n".join(records)


def chained(parts: list[Sequence[bytes]]) -> Sequence[bytes]:
    """One after the other; lines stay in one piece when all of them are."""
    parts = [part for part in parts if len(part)]
    if len(parts) < 2:
        return parts[0] if parts else []
    whole = [part for part in parts if isinstance(part, Lines)]
    if len(whole) < len(parts):
        return [record for part in parts for record in part]
    offsets = np.cumsum([0, *(len(part.text) + 1 for part in whole[:-1])])
    return Lines(b"\n".join(part.text for part in whole), np.concatenate([part.ends + at for part, at in zip(whole, offsets, strict=True)]))
