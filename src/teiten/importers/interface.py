# SPDX-License-Identifier: Apache-2.0
"""What an importer is: it recognises a format from the first bytes and turns lines into chunks of accesses.

An imported log is a sensor that has already finished. An importer is pure: bytes in, chunks out; it never opens a file, asks the
time or guesses a zone by itself. Every line is accounted for: taken, other (of a kind that is no observation) or rejected.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from teiten.columnar import Columns


class Recognition(NamedTuple):
    """How sure an importer is that the bytes are its format (0..1), and why, in words for the report."""

    confidence: float
    why: str


class ReadOptions(msgspec.Struct, frozen=True):
    zone: ZoneInfo  # for times without an offset
    newest_at: int  # microseconds UTC; a time without a year is resolved to the latest year that is not after this


class Rejected(msgspec.Struct, frozen=True):
    line: int  # 1-based line (or record) number
    reason: str
    sample: bytes  # the line, capped


class Chunk(msgspec.Struct):
    """Consecutive lines of one file. Chunk boundaries depend only on the content, never on timing."""

    columns: Columns  # accesses, see columnar.py; empty dict when there are none
    lines: int  # lines (records) this chunk covers, whatever became of them
    other: dict[str, int]  # kind of line that is no observation -> how many
    rejected: list[Rejected]


class Importer(Protocol):
    name: str
    label: str

    def recognise(self, head: bytes, file_name: str) -> Recognition | None: ...

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]: ...
