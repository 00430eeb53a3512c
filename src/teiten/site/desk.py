# SPDX-License-Identifier: Apache-2.0
"""What lies on the operator's desk beside the store: import records, finished reports, mute rules. It writes mute rules only."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from teiten.clock import to_microseconds
from teiten.home import Home
from teiten.importers.records import Record, read_records
from teiten.site.muting import MuteFile

MEDIA: Final = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_PERIOD: Final = re.compile(r"(\d{4}-(?:W\d{2}|\d{2}(?:-\d{2})?))")
_LANGUAGE: Final = re.compile(r"(?:^|[-/])(ja|en)(?:[-./]|$)")
_MOST_FILES: Final = 5_000


class ReportFile(msgspec.Struct, frozen=True):
    """`place`: its path below the reports, with slashes. `period`: 2007-08, 2007-W34 or 2007-08-24."""

    place: str
    period: str
    language: str  # ja, en or ""
    kind: str  # html, pdf, json, csv, txt
    size: int  # bytes
    made_at: int  # microseconds UTC


class Report(msgspec.Struct, frozen=True):
    """All files of one period and language; `figures` its tables as CSV."""

    period: str
    language: str
    files: list[ReportFile]
    figures: list[ReportFile]
    made_at: int


class Desk:
    def __init__(self, home: Home) -> None:
        self._home = home
        self.mutes = MuteFile(home.root / "mutes.json")

    def imports(self) -> tuple[list[Record], int]:
        """Newest first, and how many files there can't be read."""
        records, unreadable = read_records(self._home.imports)
        return records[::-1], len(unreadable)

    def reports(self) -> list[Report]:
        """Newest period first, Japanese before English."""
        found: dict[tuple[str, str], list[ReportFile]] = {}
        for file in self._report_files():
            found.setdefault((file.period, file.language), []).append(file)
        made = [_report(period, language, files) for (period, language), files in found.items()]
        return sorted(sorted(made, key=lambda one: one.language, reverse=True), key=lambda one: one.period, reverse=True)

    def report(self, place: str) -> tuple[bytes, str] | None:
        """Content and media type of a file that `reports` names; None for anything else."""
        file = next((one for one in self._report_files() if one.place == place), None)
        if file is None:
            return None
        try:
            return (self._home.reports / place).read_bytes(), MEDIA[f".{file.kind}"]
        except OSError:
            return None  # it was replaced just now

    def _report_files(self) -> list[ReportFile]:
        paths = sorted(path for path in self._home.reports.rglob("*") if path.suffix in MEDIA and path.is_file() and not path.is_symlink())
        finished = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(self._home.reports).parts)]
        return [file for path in finished[:_MOST_FILES] if (file := self._described(path))]

    def _described(self, path: Path) -> ReportFile | None:
        place = path.relative_to(self._home.reports).as_posix()
        period, language = _PERIOD.search(place), _LANGUAGE.search(place)
        if period is None:
            return None
        told = path.stat()
        made_at = to_microseconds(datetime.fromtimestamp(told.st_mtime, UTC))
        return ReportFile(place, period[1], language[1] if language else "", path.suffix[1:], told.st_size, made_at)


def _report(period: str, language: str, files: list[ReportFile]) -> Report:
    order = ("html", "pdf", "txt", "json")
    whole = sorted((file for file in files if file.kind in order), key=lambda file: order.index(file.kind))
    return Report(period, language, whole, [file for file in files if file.kind == "csv"], max(file.made_at for file in files))
