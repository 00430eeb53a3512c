# SPDX-License-Identifier: Apache-2.0
"""Finished reports as `teiten report` wrote them: which there are, and their files. The operator's and the published ones alike."""

from __future__ import annotations

import os
import re
import stat
import threading
import time
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from teiten.clock import to_microseconds
from teiten.site.caching import Page, page_of
from teiten.site.gate import REPORT_POLICY
from teiten.site.serving import respond

MEDIA: Final = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
MOST_FILES: Final = 5_000  # nine years of monthly reports; what is older stays on disk, and the page says how many files that are
_PERIOD: Final = re.compile(r"(\d{4}-(?:W\d{2}|\d{2}(?:-\d{2})?))", re.ASCII)
_LANGUAGE: Final = re.compile(r"(?:^|[-/])(ja|en)(?:[-./]|$)")


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


class FinishedReports:
    """The reports below `folder`, which need not be there. Thread-safe."""

    def __init__(self, folder: Path, seconds: float = 0.0) -> None:
        """`seconds`: how long what was found is taken as it is, so that many readers cost one look."""
        self.folder = folder
        self._seconds = seconds
        self._lock = threading.Lock()
        self._files: dict[str, ReportFile] = {}
        self._looked_at = float("-inf")
        self.older = 0  # files that are too old to be listed, when `files` was asked last

    def files(self) -> dict[str, ReportFile]:
        """By place, newest period first; the same object for as long as nothing has changed."""
        with self._lock:
            if time.monotonic() - self._looked_at >= self._seconds:
                places = report_places(self.folder)
                newest = _newest(places)
                found = {file.place: file for place in newest if (file := _described(self.folder, place))}
                self.older = len(places) - len(newest)
                self._files = self._files if found == self._files else found
                self._looked_at = time.monotonic()
            return self._files

    def listed(self) -> list[Report]:
        """Newest period first, Japanese before English."""
        found: dict[tuple[str, str], list[ReportFile]] = {}
        for file in self.files().values():
            found.setdefault((file.period, file.language), []).append(file)
        return [_report(period, language, files) for (period, language), files in found.items()]

    def page(self, place: str) -> Page | None:
        """A file that `listed` names; None for anything else."""
        file = self.files().get(place)
        if file is None:
            return None
        try:
            return page_of((self.folder / place).read_bytes(), MEDIA[f".{file.kind}"])
        except OSError:
            return None  # it was replaced just now


def respond_report(request: Request, page: Page, keep: str = "private, no-cache") -> Response:
    """A report's page has a style of its own and nothing that runs."""
    answer = respond(request, page, keep)
    if page.media_type.startswith("text/html"):
        answer.headers["content-security-policy"] = REPORT_POLICY
    return answer


def report_places(folder: Path) -> list[str]:
    """Places of all files, newest period first. What begins with a dot is being written just now.

    Links are not followed: what is served lies in the folder.
    """
    names = sorted(
        (Path(parent) / name).relative_to(folder).as_posix() for parent, _, files in os.walk(folder) for name in files if name.endswith(tuple(MEDIA))
    )
    dated = [(age, _language(name), name) for name in names if (age := _age_of(name))]
    return [name for _, _, name in sorted(dated, key=lambda one: one[:2], reverse=True)]


def _newest(places: list[str]) -> list[str]:
    """As many whole reports as may be listed."""
    if len(places) <= MOST_FILES:
        return places
    cut = places[MOST_FILES].rpartition("/")[0]
    return [place for place in places[:MOST_FILES] if place.rpartition("/")[0] != cut]


def _age_of(place: str) -> tuple[date, int] | None:
    period = _PERIOD.search(place)
    return _age(period[1]) if period and place.isprintable() and not place.startswith(".") and "/." not in place else None


def _language(place: str) -> str:
    found = _LANGUAGE.search(place)
    return found[1] if found else ""


def _age(period: str) -> tuple[date, int] | None:
    """Its last day, then its length; None for what only looks like a period."""
    try:
        if "W" in period:
            return date.fromisocalendar(int(period[:4]), int(period[6:]), 7), 7
        if len(period) > len("2007-08"):
            return date.fromisoformat(period), 1
        year, month = int(period[:4]), int(period[5:])
        return date(year, month, monthrange(year, month)[1]), 31
    except ValueError:
        return None


def _described(folder: Path, place: str) -> ReportFile | None:
    try:
        told = (folder / place).lstat()
    except OSError:
        return None  # it was replaced just now
    period = _PERIOD.search(place)
    if period is None or not stat.S_ISREG(told.st_mode):
        return None
    made_at = to_microseconds(datetime.fromtimestamp(told.st_mtime, UTC))
    return ReportFile(place, period[1], _language(place), Path(place).suffix[1:], told.st_size, made_at)


def _report(period: str, language: str, files: Sequence[ReportFile]) -> Report:
    order = ("html", "pdf", "txt", "json")
    whole = sorted((file for file in files if file.kind in order), key=lambda file: order.index(file.kind))
    return Report(period, language, whole, [file for file in files if file.kind == "csv"], max(file.made_at for file in files))
