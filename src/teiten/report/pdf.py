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
_EPOCH: Final = 0  # the file's creation time would be the only thing that differs between two runs


def to_pdf(report: Report) -> bytes:
    with tempfile.TemporaryDirectory(prefix="teiten-report-") as name:
        folder = Path(name)
        (folder / "report.json").write_bytes(msgspec.json.encode(report))
        (folder / "report.typ").write_bytes(_TEMPLATE.read_bytes())
        compiler = typst.Compiler(input=folder / "report.typ", root=folder, font_paths=[FOLDER], ignore_system_fonts=True)
        made = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=_EPOCH)
    if not isinstance(made, bytes):
        raise TypeError("one document was asked for")
    return made
