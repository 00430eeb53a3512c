# SPDX-License-Identifier: Apache-2.0
"""Writes a month's report into a folder: HTML and PDF in each language, CSV of each figure, JSON of each number. Same input, same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from teiten.report.compose import compose
from teiten.report.facts import Facts
from teiten.report.model import figures_of
from teiten.report.operator_part import Topic
from teiten.report.page import to_page
from teiten.report.pdf import to_pdf
from teiten.report.settings import Language, ReportSettings
from teiten.report.tabular import to_csv, to_json

FORMATS = ("html", "pdf", "csv", "json")


def write_report(
    facts: Facts,
    settings: ReportSettings,
    topics: Sequence[Topic],
    folder: Path,
    languages: Sequence[Language],
    policy: str,
    formats: Sequence[str] = FORMATS,
) -> list[Path]:
    """The files, in order. Names are report-2007-08-ja.html and figure-2.4.1-ja.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []

    def write(name: str, content: bytes) -> None:
        path = folder / name
        path.write_bytes(content)
        written.append(path)

    for language in languages:
        report = compose(facts, language, settings, topics, policy)
        name = f"report-{report.period}-{language}"
        if "html" in formats:
            write(f"{name}.html", to_page(report, settings.embed_fonts).encode())
        if "pdf" in formats:
            write(f"{name}.pdf", to_pdf(report))
        if "json" in formats:
            write(f"{name}.json", to_json(report))
        if "csv" in formats:
            for figure in figures_of(report.sections):
                write(f"figure-{report.period}-{figure.number}-{language}.csv", ("\ufeff" + to_csv(figure)).encode())
    return written
