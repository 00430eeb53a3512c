# SPDX-License-Identifier: Apache-2.0
"""Writes a report's files: FOLDER/2007-08/ja/report-2007-08-ja.html and so on. The same report gives the same bytes.

A report's folder is replaced as a whole: who reads it beside the writer sees the old report or the new one.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from teiten.report.model import Report, figures_of
from teiten.report.page import to_page
from teiten.report.pdf import to_pdf
from teiten.report.plain import to_text
from teiten.report.tabular import to_csv, to_json

FORMATS = ("html", "pdf", "txt", "csv", "json")


def write_reports(reports: Sequence[Report], folder: Path, formats: Sequence[str] = FORMATS, *, embed_fonts: bool = False) -> list[Path]:
    """`reports` are one report in its languages. The files, in order; with a part of the formats, the others that were there go."""
    name = reports[0].period
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.{secrets.token_hex(4)}"
    written = []
    try:
        for report in reports:
            place = draft / report.language
            place.mkdir(parents=True)
            for file, content in _files(report, formats, embed_fonts):
                (place / file).write_bytes(content)
                written.append(folder / name / report.language / file)
        _replace(draft, folder / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return written


def open_to_all(folder: Path) -> None:
    """Published reports can be read by everybody, whatever the mask of the process that made them."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _files(report: Report, formats: Sequence[str], embed_fonts: bool) -> Iterator[tuple[str, bytes]]:
    name = f"report-{report.period}-{report.language}"
    if "html" in formats:
        yield f"{name}.html", to_page(report, embed_fonts).encode()
    if "pdf" in formats:
        yield f"{name}.pdf", to_pdf(report)
    if "txt" in formats:
        yield f"{name}.txt", to_text(report).encode()
    if "json" in formats:
        yield f"{name}.json", to_json(report)
    if "csv" in formats:
        for figure in figures_of(report.sections):
            yield f"figure-{report.period}-{figure.number}-{report.language}.csv", ("\ufeff" + to_csv(figure)).encode()


def _replace(draft: Path, place: Path) -> None:
    old = draft.with_name(f"{draft.name}.old")
    try:
        if place.exists():
            place.rename(old)
        draft.rename(place)
    finally:
        shutil.rmtree(old, ignore_errors=True)
