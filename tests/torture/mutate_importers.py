# SPDX-License-Identifier: Apache-2.0
"""Seeded mutation of logs, whole files through the whole importer: nothing escapes, every record is taken, other or rejected, and every byte
of the file lies in a record or between two of them where the format puts its separators (mission row 7).

`./run torture mutated-logs --rounds 2000` runs a million lines over all importers.
"""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from teiten.gathering import at_once
from teiten.importers import IMPORTERS, fields
from teiten.importers.intake import run_import
from teiten.importers.interface import Importer, Recognition
from teiten.importers.reading import Cut, Opened
from tests.unit.importers.ledger import Ledger, options
from tests.unit.importers.test_mutations import CASES, mutated, records_of

LINES_PER_FILE = 5_000
_WHOLE = ("capture", "avro", "exports", "mails")  # files that are more than their lines
_FILE_WEIGHT = 50  # a mutated whole file stands for as many lines
_SEPARATORS = {"json": b" \t\r\n,[]\xef\xbb\xbf", "mails": b"\r\n"}


class Outcome(NamedTuple):
    records: int
    taken: int
    other: int
    rejected: int
    size: int  # bytes of the files
    between: int  # bytes between records
    stray: int  # bytes that are in no record and no separator


class _Certain:
    """The importer, whatever the mutated file looks like."""

    def __init__(self, importer: Importer) -> None:
        self._importer = importer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._importer, name)

    def recognise(self, head: bytes, file_name: str) -> Recognition:
        return Recognition(1.0, "it is said to be")


def mutate(name: str, lines: int, seed: int, folder: Path) -> Outcome:
    """Sums over all files; raises what an importer raises."""
    importer, total = IMPORTERS[name], Outcome(0, 0, 0, 0, 0, 0, 0)
    chance = random.Random(f"{name} {seed}")
    for data in (_whole_files if importer.records in _WHOLE else _line_files)(name, lines, chance):
        path = folder / name
        path.write_bytes(data)
        outcome = _take(importer, path, data)
        total = Outcome(*(a + b for a, b in zip(total, outcome, strict=True)))
    return total


def _line_files(name: str, lines: int, chance: random.Random) -> Iterator[bytes]:
    records = records_of(name)
    for at in range(0, lines, LINES_PER_FILE):
        end = chance.choice((b"\n", b"", b"\r\n"))
        changed = mutated(records, min(LINES_PER_FILE, lines - at), chance)
        yield b"\n".join(line if chance.random() < 0.5 else chance.choice(records) for line in changed) + end  # half of them as they were


def _whole_files(name: str, lines: int, chance: random.Random) -> Iterator[bytes]:
    wholes = [path.read_bytes() for path in sorted((CASES / name).iterdir()) if path.name not in ("README.md", "expected.json")]
    for _ in range(max(lines // _FILE_WEIGHT, 1)):
        yield next(mutated(wholes, 1, chance))


def _take(importer: Importer, path: Path, data: bytes) -> Outcome:
    ledger = Ledger()
    report = run_import(
        [path], sensor="s", options=options(), prepare=at_once(ledger.deliver), known=ledger.known, importers={importer.name: _Certain(importer)}
    )  # type: ignore[dict-item]
    between, stray = account(importer, path, data)
    return Outcome(report.read, report.taken, report.other, report.rejected, len(data), between, stray)


def account(importer: Importer, path: Path, data: bytes) -> tuple[int, int]:
    """Bytes between records, and bytes that got lost. Data of an Avro file are unpacked, so bytes tell nothing there."""
    if importer.records == "avro" or not data:
        return 0, 0
    data = data.removeprefix(b"\xef\xbb\xbf")
    opened = Opened(str(path))
    cut = Cut(opened, importer.records)
    records = [record for block in cut for record in block]
    opened.close()
    if importer.records in ("capture", "exports"):
        return 0, abs(len(data) - len(b"".join(records))) if b"".join(records) != data else 0
    separators = _SEPARATORS["mails"] if importer.records == "mails" else _SEPARATORS["json"] if cut.is_array else b"\n"
    return _walk(records, data, separators)


def _walk(records: Sequence[bytes], data: bytes, separators: bytes) -> tuple[int, int]:
    at, between, stray = 0, 0, 0
    for record in records:
        place = data.find(record, at)
        if place < 0:
            return between, len(data) - at
        between, stray = between + place - at, stray + len(data[at:place].strip(separators))
        at = place + len(record)
    return between + len(data) - at, stray + len(data[at:].strip(separators))


def run(folder: Path, lines: int, seed: int, by_columns: bool = True) -> tuple[Outcome, int]:
    """`lines` over all importers, and the peak of memory in MiB."""
    worth = fields.WORTH_COMPILING_BYTES, fields.WORTH_CALLING_BYTES
    fields.WORTH_COMPILING_BYTES, fields.WORTH_CALLING_BYTES = (0, 0) if by_columns else (1 << 40, 1 << 40)
    total = Outcome(0, 0, 0, 0, 0, 0, 0)
    try:
        for name in IMPORTERS:
            outcome = mutate(name, max(lines // len(IMPORTERS), 1), seed, folder)
            total = Outcome(*(a + b for a, b in zip(total, outcome, strict=True)))
    finally:
        fields.WORTH_COMPILING_BYTES, fields.WORTH_CALLING_BYTES = worth
    return total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
