# SPDX-License-Identifier: Apache-2.0
"""Drives an import: finds files, tells their format, cuts them into batches, delivers each under a key that the same content always gets.

A file's epoch is named by its importer and its first record; a batch spans BATCH_RECORDS records, its `seq` is twice the index of its
first record (plus one for a last record without an end, which may still grow), its hash is over the unpacked bytes. So a file that comes
again, renamed or compressed, is all duplicates; one that has grown continues; an import that was cut off goes on where it ended.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from teiten.columnar import Columns, distinct, length
from teiten.gathering import Deliver, Gathering, Prepare
from teiten.importers import IMPORTERS
from teiten.importers.batching import Batch, Batches, Known, first_record, name_epoch
from teiten.importers.coverage import Coverage
from teiten.importers.interface import Chunk, Importer, Reading, ReadOptions, Recognition
from teiten.importers.lines import weight
from teiten.importers.reading import STDIN, Cut, Opened, find_files
from teiten.importers.report import NOT_RECOGNISED, FileReport, ImportReport, widen
from teiten.importers.rows import joined
from teiten.importers.siblings import ImportedTogether
from teiten.importers.strangers import describe
from teiten.model import BatchKey, Receipt

KnownBatches = Callable[[str, str], list[tuple[int, bytes, int]]]
Progress = Callable[[str, int, int, int], None]
"""Called after each batch with the file's name, bytes done, bytes in all (of the file as it lies on disk) and records so far."""

_SURE = 0.5
_FILES_PER_COLLECTION = 200
_SLACK_US = 86_400_000_000  # a file's own date bounds its times, but zones and clocks may differ by a day
_OLDEST_DATE_US = 946_684_800_000_000  # an earlier date of a file is no date (archives set 1970 or 1980)


def run_import(
    paths: Iterable[str | Path],
    *,
    sensor: str,
    options: ReadOptions,
    prepare: Prepare,
    known: KnownBatches,
    progress: Progress | None = None,
    dry_run: bool = False,
    may_grow: bool = False,
    importers: Mapping[str, Importer] | None = None,
    day_zone: ZoneInfo | None = None,
) -> ImportReport:
    """Import all files behind `paths` (files, folders, globs, `-`) as observations of `sensor`.

    Raises only what `prepare`, the delivery and `known` raise; a file that can't be read is in the report. With `dry_run` nothing is delivered; with
    `may_grow` a last record without an end waits for it. `importers` are tried instead of all that are known. Days are
    those of `day_zone` (the zone of `options` if not given).
    """
    report, named = ImportReport(), [str(path) for path in paths]
    prepare = prepare if not dry_run else _deliver_nothing
    intake = _Intake(sensor, options, prepare, known, progress or _be_silent, may_grow, importers or IMPORTERS, named, day_zone or options.zone)
    with _collecting_rarely() as collect:
        for path in find_files(named):
            intake.take(path, report.add)
            collect()
        intake.finish()
    return report


@contextmanager
def _collecting_rarely() -> Iterator[Callable[[], None]]:
    """Rows are no cycles, but each batch of them would make Python look through everything it holds for some: a fifth of an import's time.

    So it looks when it is asked to, after files, and by its own rule again afterwards.
    """
    was_enabled, files = gc.isenabled(), 0

    def collect() -> None:
        nonlocal files
        files += 1
        if files % _FILES_PER_COLLECTION == 0:
            gc.collect()

    gc.disable()
    try:
        yield collect
    finally:
        if was_enabled:
            gc.enable()


def recognise(head: bytes, file_name: str, importers: Mapping[str, Importer] = IMPORTERS) -> tuple[Importer | None, str]:
    """The surest importer and why, or None and what each said."""
    found = [(importer, said) for importer in importers.values() if (said := importer.recognise(head, file_name)) is not None]
    best: tuple[Importer, Recognition] | None = max(found, key=lambda pair: pair[1].confidence, default=None)
    if best is not None and best[1].confidence >= _SURE:
        return best[0], best[1].why
    unsure = "; ".join(f"{importer.label}: {said.why}" for importer, said in found)
    return None, unsure or describe(head)


class _Intake:
    def __init__(
        self,
        sensor: str,
        options: ReadOptions,
        prepare: Prepare,
        known: KnownBatches,
        progress: Progress,
        may_grow: bool,
        importers: Mapping[str, Importer],
        paths: list[str],
        day_zone: ZoneInfo,
    ) -> None:
        self._day_zone = day_zone
        self._paths = paths
        self._memory: dict[str, Any] = {}
        self._sensor = sensor
        self._options = options
        self._gathering = Gathering(prepare)
        self._unsettled: list[Callable[[], None]] = []
        self._known = known
        self._progress = progress
        self._may_grow = may_grow
        self._importers = importers

    def take(self, path: str, done: Callable[[FileReport], None]) -> None:
        """`done` is called once the file's last batch is durable, which may be with a later file, in the order of the files."""
        report = FileReport("(standard input)" if path == STDIN else path)
        try:
            opened = Opened(path, self._options.zone.key or "UTC")
        except OSError as error:
            report.problem = f"cannot be read: {error.strerror or error}"
        else:
            with closing(opened):
                report.packing = opened.packing
                self._take_opened(opened, report)
        self._unsettled.append(partial(done, report))
        if self._gathering.is_empty:
            self.finish()

    def finish(self) -> None:
        self._gathering.flush()
        while self._unsettled:
            self._unsettled.pop(0)()

    def _take_opened(self, opened: Opened, report: FileReport) -> None:
        head = opened.head()
        if not head:
            report.why, report.problem = "empty file", opened.problem
            return
        importer, report.why = recognise(head, Path(opened.name).name, self._importers)
        if importer is None:
            report.problem = opened.conversion_problem or opened.problem or NOT_RECOGNISED
            return
        report.format = importer.name
        options = self._options_for(opened, importer)
        survey = None
        if importer.surveys:
            survey = importer.survey(Cut(opened, importer.records), options)
            opened.rewind()
        cut = Cut(opened, importer.records)
        self._take_batches(opened, importer, cut, importer.start(options, survey), report)
        report.problem = opened.problem

    def _options_for(self, opened: Opened, importer: Importer) -> ReadOptions:
        changed_at, newest_at = opened.changed_at, self._options.newest_at
        if changed_at is not None and changed_at > _OLDEST_DATE_US:
            newest_at = min(newest_at, changed_at + _SLACK_US)
        return ReadOptions(self._options.zone, newest_at, ImportedTogether(opened.name, importer, self._paths, self._memory))

    def _take_batches(self, opened: Opened, importer: Importer, cut: Cut, reading: Reading, report: FileReport) -> None:
        batches = Batches(cut)
        epoch, known = self._choose_epoch(importer, batches)
        coverage = Coverage(self._day_zone)
        for batch in batches.along(known):
            if self._may_grow and batch.is_unfinished:
                break
            chunk = reading.take(batch.records, batch.first + 1)
            tail = reading.finish() if batch.ends_file else None
            chunks = [part for part in (chunk, tail) if part is not None]
            for part in chunks:
                coverage.see(part)
            self._settle(batch, chunks, epoch, report)
            self._progress(report.path, opened.done_bytes(), opened.size, report.read)
        report.days, report.channels = coverage.runs(), coverage.channels()

    def _choose_epoch(self, importer: Importer, batches: Batches) -> tuple[str, Known]:
        """The epoch under which the beginning of this file is already known, or the first one that is free."""
        opening = batches.peek()
        first = first_record(opening, importer.is_preamble)
        variant = 0
        while True:
            epoch = name_epoch(importer.name, first, variant)
            if self._gathering.holds(self._sensor, epoch):
                self._gathering.flush()
            known = Known(self._known(self._sensor, epoch))
            if known.is_empty or known.begins(opening, batches.opening_is_unfinished):
                return epoch, known
            variant += 1

    def _settle(self, batch: Batch, chunks: list[Chunk], epoch: str, report: FileReport) -> None:
        report.read += len(batch.records)
        for chunk in chunks:
            report.add(chunk)
        taken = sum(chunk.taken for chunk in chunks)
        columns = joined([chunk.columns for chunk in chunks])
        _cover(columns, report)
        if batch.is_known or batch.was_taken_unfinished:
            report.duplicates += taken
        is_trace = bool(columns) or batch.was_taken_unfinished or batch.first > 0 or not batch.ends_file
        if batch.is_known or not is_trace:  # a file of which nothing is stored may come again when more is known of it
            return
        key = BatchKey(self._sensor, epoch, batch.seq, batch.content_hash)
        if batch.was_taken_unfinished:
            self._gathering.add(key, {}, lambda _: None)
        else:
            self._gathering.add(key, columns, partial(_account, report, columns, taken), weight(batch.records))


def _account(report: FileReport, columns: Columns, taken: int, receipt: Receipt) -> None:
    if receipt.status == "duplicate":
        report.duplicates += taken
        return
    report.conflicts += receipt.status == "conflict"
    report.taken += taken
    report.accesses += accesses_in(columns)


def accesses_in(columns: Columns) -> int:
    if not columns:
        return 0
    times, category = columns["times"], columns["category"]
    if category.strides == (0,):
        return int(times.sum()) if category[0] == "access" else 0
    return int(times[category == "access"].sum())


def _cover(columns: Columns, report: FileReport) -> None:
    if not columns:
        return
    at, channels = columns["observed_at"], columns["channel"]
    told = distinct(channels)
    for channel in told:
        times = at[channels == channel] if len(told) > 1 else at
        widen(report.spans, channel, int(times.min()), int(times.max()))


def _deliver_nothing(batches: Sequence[tuple[BatchKey, Columns]]) -> Deliver:
    return lambda: [Receipt("stored", length(columns)) for _, columns in batches]


def _be_silent(name: str, done_bytes: int, all_bytes: int, records: int) -> None:
    return None
