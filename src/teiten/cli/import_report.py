# SPDX-License-Identifier: Apache-2.0
"""What `teiten import` and `teiten imports NAME` print: files read, files with trouble, files not read and why, then the sums.

The sums are an equation: read = taken + already there + no observation + rejected. Bytes of strangers pass through texts.visible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from teiten import texts
from teiten.importers.report import NOT_RECOGNISED, FileReport, ImportReport

_FILES_NAMED = 30  # of those that were not read; all are in --format json
_FILES_SHOWN = 200
_KINDS_SHOWN = 12


def lines(report: ImportReport) -> list[str]:
    read = [file for file in report.files if file.format]
    unread = [file for file in report.files if not file.format and file.problem]
    quiet = [file for file in read if not (file.rejected or file.damaged or file.problem)]
    shown = [line for file in quiet[:_FILES_SHOWN] for line in _file(file)]
    if len(quiet) > _FILES_SHOWN:
        shown.append(f"… and {len(quiet) - _FILES_SHOWN:,} more files that were read without trouble (--format json names all)")
    for file in read:  # behind the others, where a terminal shows them
        if file.rejected or file.damaged or file.problem:
            shown += _file(file)
    return [*shown, *_unread(unread), *_sums(report, read, unread)]


def _file(file: FileReport) -> Iterator[str]:
    packing = "" if file.packing == "plain" else f", {file.packing}"
    yield f"{texts.visible(file.path)}: {file.format}{packing} ({file.why})"
    yield f"  read {file.read:,}  taken {file.taken:,}  accesses {file.accesses:,}  duplicates {file.duplicates:,}{_days(file)}"
    yield from (f"  other, {kind}: {count:,}" for kind, count in sorted(file.other.items()))
    for name, counts, samples in (("rejected", file.rejected, file.samples), ("taken though damaged", file.damaged, file.damaged_samples)):
        for reason, count in sorted(counts.items()):
            yield f"  {name}, {reason}: {count:,}"
            yield from (f"    record {sample.line}: {texts.visible(sample.sample, 120)}" for sample in samples if sample.reason == reason)
    if file.problem:
        yield f"  problem: {file.problem}"


def _days(file: FileReport) -> str:
    """`2024-02-28…2024-03-01 (3 days), packet and ssh`: what the file covers."""
    if not file.days:
        return ""
    count = sum((last - first).days + 1 for first, last in file.days)
    first, last = file.days[0][0], file.days[-1][1]
    holes = (last - first).days + 1 - count
    span = f"{first}" if first == last else f"{first}…{last} ({count:,} days{f', {holes:,} between them without a record' if holes else ''})"
    return f"  {' and '.join(file.channels)}, {span}"


def _unread(files: list[FileReport]) -> Iterator[str]:
    if not files:
        return
    yield f"{len(files):,} file{'s were' if len(files) != 1 else ' was'} not read:"
    for file in files[:_FILES_NAMED]:
        yield f"  {texts.visible(file.path)}: problem: {file.problem}{f' ({texts.visible(file.why.encode(), 200)})' if file.why else ''}"
    if len(files) > _FILES_NAMED:
        yield f"  … and {len(files) - _FILES_NAMED:,} more (--format json names all)"
    if any(file.problem == NOT_RECOGNISED for file in files):
        yield "  What is read: docs/formats.md. Any other CSV or JSON lines: --mapping FILE says what their fields mean."


def _sums(report: ImportReport, read: list[FileReport], unread: list[FileReport]) -> Iterator[str]:
    formats = Counter(str(file.format) for file in read)
    other: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for file in report.files:
        other.update(file.other)
        rejected.update(file.rejected)
    named = ", ".join(f"{name} {count:,}" for name, count in sorted(formats.items()))
    empty = len(report.files) - len(read) - len(unread)
    files = len(report.files) + report.files_left_out
    yield f"{files:,} file{'s' if files != 1 else ''}: {len(read):,} read ({named or 'none'}), {len(unread):,} not read, {empty:,} empty"
    yield (
        f"read {report.read:,} = taken {report.taken:,} + duplicates {report.duplicates:,} (stored before) + other {report.other:,} (no observation) "
        f"+ rejected {report.rejected:,}"
    )
    yield f"accesses {report.accesses:,}"
    yield from _kinds("other", other)
    yield from _kinds("rejected", rejected)


def _kinds(name: str, counts: Counter[str]) -> Iterator[str]:
    if counts:
        shown = [f"{kind} {count:,}" for kind, count in counts.most_common(_KINDS_SHOWN)]
        more = [f"{len(counts) - _KINDS_SHOWN:,} more kinds"] if len(counts) > _KINDS_SHOWN else []
        yield f"  {name}: {', '.join(shown + more)}"
