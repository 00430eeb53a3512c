# SPDX-License-Identifier: Apache-2.0
"""What PDF/UA-1 (ISO 14289-1) asks of a file and a program can see: everything painted is tagged or an artifact, headings, tables, links, letters."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from typing import Any

import pypdf
import pytest
from pypdf.generic import ContentStream

from teiten.report.model import Report
from teiten.report.pdf import to_pdf

PAINTED = (b"Tj", b"TJ", b"Do", b"f", b"S", b"B", b"sh")


@pytest.fixture(scope="module", params=["ja", "en"])
def document(request: pytest.FixtureRequest, reports: dict[str, Report]) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(to_pdf(reports[request.param])))


def roles(node: Any) -> Iterator[str]:
    """Structure types in the order of reading."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for kid in node:
            yield from roles(kid)
    elif isinstance(node, dict):
        if "/S" in node:
            yield str(node["/S"])
        yield from roles(node.get("/K"))


def test_structure(document: pypdf.PdfReader) -> None:
    found = list(roles(document.trailer["/Root"]["/StructTreeRoot"]))
    levels = [int(role[2:]) for role in found if role[:2] == "/H" and role[2:].isdigit()]
    assert levels[0] == 1 and all(after <= before + 1 for before, after in pairwise(levels))  # none is skipped
    assert found.count("/THead") == found.count("/Table") == 5 and "/TH" in found
    assert found.count("/Caption") == 20 and found.count("/Figure") >= 19


def test_pages_links_and_letters(document: pypdf.PdfReader) -> None:
    for page in document.pages:
        assert page["/Tabs"] == "/S"
        links = [one.get_object() for one in page.get("/Annots", [])]
        assert all("/Contents" in link and "/StructParent" in link for link in links)
        assert all("/ToUnicode" in font.get_object() for font in page["/Resources"]["/Font"].values())
    assert not document.is_encrypted


def test_everything_painted_is_marked(document: pypdf.PdfReader) -> None:
    for page in document.pages[:2]:
        depth = painted = 0
        for _, operator in ContentStream(page["/Contents"].get_object(), document).operations:
            depth += 1 if operator in (b"BDC", b"BMC") else -1 if operator == b"EMC" else 0
            painted += operator in PAINTED
            assert depth > 0 or operator not in PAINTED
        assert painted > 100 and depth == 0
