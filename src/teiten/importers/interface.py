# SPDX-License-Identifier: Apache-2.0
"""What an importer is: it recognises a format from the first bytes and turns records into chunks of accesses.

An imported log is a sensor that has already finished. An importer is pure: bytes in, chunks out; it never opens a file, asks the
time or guesses a zone by itself. Every record is accounted for: taken, other (of a kind that is no observation) or rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from teiten.columnar import Columns

SAMPLE_BYTES = 300
Records = Literal["lines", "json", "mails", "capture", "avro", "exports"]
"""How a stream is cut into records: at line ends; into the objects of a JSON array (JSON lines are cut at line ends); before the `From `
lines of an mbox (a file that begins otherwise is one mail); into the records of a packet capture; into the data of an Avro file; into the
messages of a flow exporter."""


class Recognition(NamedTuple):
    """How sure an importer is that the bytes are its format (0..1), and why, in words for the report."""

    confidence: float
    why: str


T = TypeVar("T")


class Siblings(Protocol):
    """The other files of the same format in this import: some formats tell in one file what another one needs."""

    name: str  # of the file that is being read

    def remembered(self, importer: str, gather: Callable[[Iterable[tuple[str, Iterable[Sequence[bytes]]]]], T]) -> T:
        """What `gather` makes of their names and records; it is called once an import."""
        ...


class ReadOptions(msgspec.Struct, frozen=True):
    zone: ZoneInfo  # for times without an offset
    newest_at: int  # microseconds UTC; a time without a year is resolved to the latest year that is not after this
    siblings: Siblings | None = None


class Rejected(msgspec.Struct, frozen=True):
    line: int  # 1-based line (or record) number
    reason: str
    sample: bytes  # the line, capped at SAMPLE_BYTES


class Chunk(msgspec.Struct):
    """What became of consecutive records. records = taken + other + rejected; `damaged` are taken, with something missing."""

    columns: Columns  # accesses, see columnar.py; empty dict when there are none
    taken: int  # records that became at least one row
    other: dict[str, int]  # kind of record that is no observation -> how many
    rejected: list[Rejected]
    damaged: list[Rejected] = []
    shown: dict[str, set[int]] = {}  # channel -> instants (whole minutes will do) of other records: the log was being written then, too


class Reading(Protocol):
    """One file on its way through an importer; state (years, headers, open connections) lives here and is bounded."""

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        """What `records` say; `first` is the 1-based number of the first of them. Never raises, whatever the bytes are."""
        ...

    def finish(self) -> Chunk | None:
        """What was still waiting for more when the file ended."""
        ...


class Importer(Protocol):
    name: str
    label: str
    records: Records
    surveys: bool  # True: needs to see the whole file once before reading it (years, what a host records at all)

    def recognise(self, head: bytes, file_name: str) -> Recognition | None: ...

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        """What must be known of the whole file before its first record can be read; called only when `surveys`."""
        ...

    def start(self, options: ReadOptions, survey: object | None) -> Reading: ...

    def is_preamble(self, record: bytes) -> bool:
        """True for records that many files of the format begin with (headers); they alone don't identify a file."""
        ...
