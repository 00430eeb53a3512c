# SPDX-License-Identifier: Apache-2.0
"""Which finished reports there are, in which order, and that nothing else can be had by their names (M-23, U-27)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from teiten.site import finished
from teiten.site.finished import FinishedReports


def put(folder: Path, period: str, *languages: str) -> None:
    for language in languages:
        place = folder / period / language
        place.mkdir(parents=True)
        for name in (f"report-{period}-{language}.html", f"report-{period}-{language}.pdf", f"figure-{period}-1.1-{language}.csv"):
            (place / name).write_text(f"{period} {language}")


def test_newest_first_by_the_last_day_and_the_longer_one_before_its_parts(tmp_path: Path) -> None:
    for period in ("2026-06", "2026-W26", "2026-06-30", "2025-12", "2026-W01", "2026-13", "2026-02-30"):
        put(tmp_path, period, "en")
    put(tmp_path, "2026-07", "en", "ja")
    listed = FinishedReports(tmp_path).listed()
    assert [(one.period, one.language) for one in listed] == [
        *(("2026-07", "ja"), ("2026-07", "en"), ("2026-06", "en"), ("2026-06-30", "en"), ("2026-W26", "en")),
        *(("2026-W01", "en"), ("2025-12", "en")),
    ]
    assert [file.kind for file in listed[0].files] == ["html", "pdf"]
    assert [file.place for file in listed[0].figures] == ["2026-07/ja/figure-2026-07-1.1-ja.csv"]


def test_only_what_is_listed_can_be_had(tmp_path: Path) -> None:
    """Neither a draft, nor what a link leads to, nor a name nobody could write into a link."""
    folder = tmp_path / "reports"
    put(folder, "2026-07", "ja")
    put(folder, ".2026-08.0a1b2c3d", "ja")
    (tmp_path / "2026-05.html").write_text("secret")
    (folder / "2026-05.html").symlink_to(tmp_path / "2026-05.html")
    (folder / "2026-04").symlink_to(tmp_path)
    (folder / "2026-07" / "notes.doc").write_text("no form of ours")
    (folder / os.fsdecode(b"2026-03\xff.html")).write_text("no text")
    reports = FinishedReports(folder)
    assert {one.period for one in reports.listed()} == {"2026-07"}
    outside = (
        "../2026-05.html",
        "2026-05.html",
        "2026-04/2026-05.html",
        "2026-07/../../2026-05.html",
        str(tmp_path / "2026-05.html"),
        "",
        "2026-07/ja",
    )
    assert [reports.page(place) for place in outside] == [None] * len(outside)
    assert reports.page("2026-07/ja/report-2026-07-ja.html") is not None
    assert FinishedReports(tmp_path / "nowhere").listed() == []


def test_the_oldest_are_left_out_whole_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for period in ("2026-05", "2026-06", "2026-07"):
        put(tmp_path, period, "en")
    monkeypatch.setattr(finished, "MOST_FILES", 7)
    reports = FinishedReports(tmp_path)
    assert [one.period for one in reports.listed()] == ["2026-07", "2026-06"]
    assert reports.older == 3
