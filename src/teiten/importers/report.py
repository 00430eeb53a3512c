# SPDX-License-Identifier: Apache-2.0
"""What an import says at its end, per file and in all: every record is taken, a duplicate, other or rejected; nothing is dropped unsaid.

Units are records (lines) except `accesses`, which counts what the lines stand for (`message repeated 5 times` is one line).
"""

from __future__ import annotations

from datetime import date

import msgspec

from teiten.importers.interface import Chunk, Rejected

SAMPLES_PER_REASON = 5
SAMPLES_IN_ALL = 2_000
"""Files after that many samples keep their counts only: ten thousand bad files must fit in memory."""
_MOST_REASONS = 200
NOT_RECOGNISED = "format not recognised"
"""The problem of a file that no importer knows; `why` says what it seems to be."""


class FileReport(msgspec.Struct):
    path: str
    format: str | None = None
    why: str = ""  # why it was taken for this format, or what spoke against each
    packing: str = "plain"
    read: int = 0
    taken: int = 0
    accesses: int = 0  # arrivals of category access among the rows taken
    duplicates: int = 0  # records that a former import has already stored
    other: dict[str, int] = {}
    rejected: dict[str, int] = {}  # reason -> records
    samples: list[Rejected] = []  # up to SAMPLES_PER_REASON of each reason
    damaged: dict[str, int] = {}  # reason -> records taken although something in them was missing
    damaged_samples: list[Rejected] = []
    problem: str | None = None  # why the file could not be read, or not to its end
    conflicts: int = 0  # batches that differ from what was stored under their key
    spans: dict[str, tuple[int, int]] = {}  # channel -> first and last time seen in the file, microseconds UTC
    days: list[tuple[date, date]] = []  # days that the file shows, as runs of days with both ends
    channels: list[str] = []  # those that the file tells of on these days

    def add(self, chunk: Chunk) -> None:
        """Account for records that are no observation (those that are count as taken or duplicates)."""
        for kind, count in chunk.other.items():
            self.other[kind] = self.other.get(kind, 0) + count
        _sample(chunk.rejected, self.rejected, self.samples)
        _sample(chunk.damaged, self.damaged, self.damaged_samples)


class ImportReport(msgspec.Struct):
    files: list[FileReport] = []
    read: int = 0
    taken: int = 0
    accesses: int = 0
    duplicates: int = 0
    other: int = 0
    rejected: int = 0
    damaged: int = 0
    problems: int = 0  # files that could not be read, not to the end, or not recognised
    spans: dict[str, tuple[int, int]] = {}
    samples_kept: int = 0
    files_left_out: int = 0  # of `files`, where a record keeps only some

    @property
    def is_complete(self) -> bool:
        """Everything was understood: nothing rejected, no file with a problem."""
        return not (self.rejected or self.problems)

    def add(self, file: FileReport) -> None:
        self.files.append(file)
        if self.samples_kept >= SAMPLES_IN_ALL:
            file.samples, file.damaged_samples = [], []
        self.samples_kept += len(file.samples) + len(file.damaged_samples)
        self.read += file.read
        self.taken += file.taken
        self.accesses += file.accesses
        self.duplicates += file.duplicates
        self.other += sum(file.other.values())
        self.rejected += sum(file.rejected.values())
        self.damaged += sum(file.damaged.values())
        self.problems += file.problem is not None
        for channel, (first, last) in file.spans.items():
            widen(self.spans, channel, first, last)


def widen(spans: dict[str, tuple[int, int]], channel: str, first: int, last: int) -> None:
    before = spans.get(channel, (first, last))
    spans[channel] = (min(first, before[0]), max(last, before[1]))


def _sample(rejected: list[Rejected], counts: dict[str, int], samples: list[Rejected]) -> None:
    for one in rejected:
        reason = one.reason if one.reason in counts or len(counts) < _MOST_REASONS else "other reasons"
        counts[reason] = counts.get(reason, 0) + 1
        if counts[reason] <= SAMPLES_PER_REASON:
            samples.append(one)
