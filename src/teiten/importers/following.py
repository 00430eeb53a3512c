# SPDX-License-Identifier: Apache-2.0
"""Follows logs that are still being written: looks which have changed, and has those taken again, as far as their last whole line.

What is stored of them already changes nothing, so nothing here remembers positions, and a stop at any moment loses nothing. A log that is
renamed away is read to its end through the open file before its successor is; of one that is truncated, what came after the last look is gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from teiten.importers.reading import find_files
from teiten.importers.report import FileReport, ImportReport

Take = Callable[[str, bool], FileReport]
"""Imports one file (a path that can be opened; whether it may still grow) and reports it."""
MOST_FILES = 500
"""Each followed file is held open."""


class _Log(msgspec.Struct):
    descriptor: int
    inode: tuple[int, int]
    seen: tuple[int, int] = (-1, -1)  # size and time of change at the last look
    reports: list[FileReport] = []  # of this file: the first and the last


class Follower:
    def __init__(self, paths: Iterable[str], take: Take) -> None:
        self._paths = list(paths)
        self._take = take
        self._logs: dict[str, _Log] = {}
        self._ended: list[FileReport] = []
        self.left_out = 0  # files beyond MOST_FILES

    def look(self) -> int:
        """Take what has changed since the last look; how many files that were."""
        names = [name for name in dict.fromkeys(find_files(self._paths)) if Path(name).is_file()]
        self.left_out = max(0, len(names) - MOST_FILES)
        changed = sum(self._look_at(name) for name in names[:MOST_FILES])
        gone = self._logs.keys() - set(names[:MOST_FILES])
        return changed + sum(self._end(name) for name in sorted(gone))

    def report(self) -> ImportReport:
        """All files so far: what was read and rejected of each, what was taken of it since the follower began."""
        report = ImportReport()
        for file in [*self._ended, *(_summed(log.reports) for log in self._logs.values() if log.reports)]:
            report.add(file)
        return report

    def close(self) -> None:
        """Ends all files: a last line without an end counts now."""
        for name in list(self._logs):
            self._end(name)

    def _look_at(self, name: str) -> int:
        try:
            found = Path(name).stat()
        except OSError:
            return 0
        log, changed = self._logs.get(name), 0
        if log is not None and ((found.st_dev, found.st_ino) != log.inode or found.st_size < log.seen[0]):
            changed = self._end(name)
            log = None
        if log is None:
            try:
                descriptor = os.open(name, os.O_RDONLY)
            except OSError:
                return changed
            held = os.fstat(descriptor)
            log = self._logs[name] = _Log(descriptor, (held.st_dev, held.st_ino))
        return changed + self._take_changed(name, log, may_grow=True)

    def _take_changed(self, name: str, log: _Log, may_grow: bool) -> int:
        held = os.fstat(log.descriptor)
        seen = (held.st_size, held.st_mtime_ns)
        if seen == log.seen and may_grow:
            return 0
        log.seen = seen
        report = self._take(f"/proc/self/fd/{log.descriptor}", may_grow)
        report.path = name
        log.reports = [*log.reports[:1], _with_taken(report, log.reports)]
        return 1

    def _end(self, name: str) -> int:
        log = self._logs.pop(name)
        before = log.seen
        try:
            self._take_changed(name, log, may_grow=False)
        finally:
            os.close(log.descriptor)
        self._ended.append(_summed(log.reports))
        return int(log.seen != before)


def _with_taken(report: FileReport, before: list[FileReport]) -> FileReport:
    """`report` with what former looks took of the same file added."""
    if before:
        report.taken += before[-1].taken
        report.accesses += before[-1].accesses
        report.conflicts += before[-1].conflicts
    return report


def _summed(reports: list[FileReport]) -> FileReport:
    """The last look's report; duplicates are those of the first look, later ones are what the follower itself had taken."""
    return msgspec.structs.replace(reports[-1], duplicates=reports[0].duplicates)
