# SPDX-License-Identifier: Apache-2.0
"""The home's `imports`: one JSON file for each import, written whole or not at all; nothing else changes them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

from teiten.clock import to_datetime
from teiten.importers.report import FileReport, ImportReport

FILES_KEPT: Final = 1_000  # reports of single files in one record; those with something to tell come first


class Record(msgspec.Struct, frozen=True):
    name: str
    began_at: int  # microseconds UTC
    ended_at: int | None  # None while it is following, or was cut off
    sensor: str
    paths: list[str]
    report: ImportReport


def new_name(at: int) -> str:
    return f"{to_datetime(at):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def write_record(folder: Path, record: Record) -> None:
    """Whole or not at all; the same name again replaces it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / f"{record.name}.json"
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, report=_bounded(record.report))))
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(path)


def read_records(folder: Path) -> tuple[list[Record], list[Path]]:
    """All records, oldest first, and the files that are none."""
    records, unreadable = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            records.append(msgspec.json.decode(path.read_bytes(), type=Record))
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            unreadable.append(path)
    return records, unreadable


def _bounded(report: ImportReport) -> ImportReport:
    if len(report.files) <= FILES_KEPT:
        return report
    telling = sorted(report.files, key=_tells_nothing)[:FILES_KEPT]
    return msgspec.structs.replace(report, files=telling, files_left_out=len(report.files) - FILES_KEPT)


def _tells_nothing(file: FileReport) -> bool:
    return not (file.problem or file.rejected)
