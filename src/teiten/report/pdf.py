# SPDX-License-Identifier: Apache-2.0
"""A written report -> PDF/UA-1 through Typst: tagged, letters inside, the same bytes each time. Texts are handed over as data, never as markup."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import msgspec
import typst

from teiten.fonts import FOLDER
from teiten.report.model import Report

_TEMPLATE: Final = Path(__file__).parent / "templates" / "report.typ"
# Of figures, as a part of the width: the first of those that need fewest pages and leave least white. Below four fifths letters are too small.
_SIZES: Final = ("1", "0.96", "0.92", "0.88", "0.85", "0.82")
_BOTTOM: Final = 780.0  # points; about where text ends on a page
_EPOCH: Final = 0  # the file's creation time would be the only thing that differs between two runs


class _End(msgspec.Struct):
    """Where a paragraph or a caption ends."""

    page: int
    y: float  # points from the top


def to_pdf(report: Report) -> bytes:
    with tempfile.TemporaryDirectory(prefix="teiten-report-") as name:
        folder = Path(name)
        (folder / "report.json").write_bytes(msgspec.json.encode(report))
        (folder / "report.typ").write_bytes(_TEMPLATE.read_bytes())
        compiler = min((_compiler(folder, size) for size in _SIZES), key=_white)
        made = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=_EPOCH)
    if not isinstance(made, bytes):
        raise TypeError("one document was asked for")
    return made


def _compiler(folder: Path, size: str) -> typst.Compiler:
    return typst.Compiler(input=folder / "report.typ", root=folder, font_paths=[FOLDER], ignore_system_fonts=True, sys_inputs={"size": size})


def _white(compiler: typst.Compiler) -> tuple[int, float]:
    """Pages, and how unevenly they are filled. A figure that doesn't fit leaves its page white, and somewhat smaller ones often do fit."""
    lowest: dict[int, float] = {}
    for end in msgspec.json.decode(compiler.query("<end>", field="value"), type=list[_End]):
        lowest[end.page] = max(lowest.get(end.page, 0.0), end.y)
    last = max(lowest, default=1)
    return last, sum((_BOTTOM - lowest.get(page, _BOTTOM)) ** 2 for page in range(1, last))
