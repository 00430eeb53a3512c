# SPDX-License-Identifier: Apache-2.0
"""What PDF/UA-1 (ISO 14289-1) asks of a file and a program can see, by the numbers of its clauses: everything painted is tagged or an artifact,
headings, tables, figures, lists, links, letters, title and language. What only a person can judge is looked at in docs/images/report."""

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


TYPES = (
    "Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6 L LI Lbl LBody Table TR TH TD THead"
    " TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby RB RT RP Warichu WT WP Figure Formula Form"
)
STANDARD = frozenset(f"/{name}" for name in TYPES.split())


@pytest.fixture(scope="module", params=["ja", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def document(language: str, reports: dict[str, Report]) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(to_pdf(reports[language])))


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


def elements(node: Any, parent: str = "") -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """Parent's type, structure element and its kids, in the order of reading."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for kid in node:
            yield from elements(kid, parent)
    elif isinstance(node, dict) and "/S" in node:
        kids = node.get("/K", [])
        yield parent, node, [kid.get_object() for kid in kids] if isinstance(kids, list) else [kids.get_object()]
        yield from elements(kids, str(node["/S"]))
    elif isinstance(node, dict) and node.get("/Type") == "/StructTreeRoot":
        yield from elements(node["/K"])


def attribute(node: dict[str, Any], name: str) -> Any:
    owned = [one.get_object() for one in node.get("/A", [])]
    return next((one[name] for one in owned if name in one), None)


def test_structure(document: pypdf.PdfReader) -> None:
    found = list(roles(document.trailer["/Root"]["/StructTreeRoot"]))
    levels = [int(role[2:]) for role in found if role[:2] == "/H" and role[2:].isdigit()]
    assert levels[0] == 1 and all(after <= before + 1 for before, after in pairwise(levels))  # none is skipped
    assert found.count("/THead") == found.count("/Table") == 5 and "/TH" in found
    assert found.count("/Caption") == 20 and found.count("/Figure") >= 19


def test_title_language_and_identifier(document: pypdf.PdfReader, language: str) -> None:
    """7.1: a title that is shown, 7.2: a language, 5: the file says that it is PDF/UA-1."""
    root = document.trailer["/Root"]
    described = root["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in described and "<dc:title>" in described
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] and root["/Lang"] == language
    assert root["/MarkInfo"]["/Marked"].value and not root["/MarkInfo"]["/Suspects"].value
    assert document.metadata is not None and "TALOT2" in (document.metadata.title or "")


def test_figures_tables_and_lists(document: pypdf.PdfReader) -> None:
    """7.3: every figure has an alternative and its place; 7.5: header cells say what they head, rows are of one length; 7.6: lists are lists."""
    tree = list(elements(document.trailer["/Root"]["/StructTreeRoot"]))
    assert {str(parent) for parent, node, _ in tree if node["/S"] == "/LI"} <= {"/L"}
    assert {str(parent) for parent, node, _ in tree if node["/S"] in ("/Lbl", "/LBody")} <= {"/LI"}
    assert {str(parent) for parent, node, _ in tree if node["/S"] in ("/TH", "/TD")} == {"/TR"}
    for _, node, kids in tree:
        if node["/S"] == "/Figure":
            assert len(str(node["/Alt"])) > 20 and len(attribute(node, "/BBox")) == 4
        if node["/S"] == "/TH":
            assert attribute(node, "/Scope") == "/Column"
        if node["/S"] == "/Table":
            rows = [row for part in kids for row in (kid.get_object() for kid in part["/K"])]
            assert len({len(row["/K"]) for row in rows}) == 1
            assert [cell.get_object()["/S"] for cell in rows[0]["/K"]] == ["/TH"] * len(rows[0]["/K"])


def test_types_are_standard_ones_or_mapped_to_them(document: pypdf.PdfReader) -> None:
    """7.1: ISO 32000-1, 14.8.4; what isn't in there has an entry in the role map that is."""
    tree = document.trailer["/Root"]["/StructTreeRoot"]
    mapped = {str(own): str(standard) for own, standard in tree["/RoleMap"].items()}
    assert {mapped.get(role, role) for role in roles(tree)} <= STANDARD


def test_pages_links_and_letters(document: pypdf.PdfReader) -> None:
    """7.18: links are in the structure and say where they go; 7.21: every letter is in the file and has its character."""
    tree = list(elements(document.trailer["/Root"]["/StructTreeRoot"]))
    tagged = {id_of(kid) for _, node, kids in tree if node["/S"] == "/Link" for kid in kids if isinstance(kid, dict) and "/Obj" in kid}
    links = set()
    for page in document.pages:
        assert page["/Tabs"] == "/S" and "/StructParents" in page
        for one in page.get("/Annots", []):
            link = one.get_object()
            assert link["/Subtype"] == "/Link" and link.get("/Contents") and "/StructParent" in link
            links.add(one.idnum)
        for font in page["/Resources"]["/Font"].values():
            assert "/ToUnicode" in font.get_object()
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            assert "/FontFile2" in inner["/FontDescriptor"] or "/FontFile3" in inner["/FontDescriptor"]
    assert links and links == tagged and not document.is_encrypted


def test_everything_painted_is_in_the_structure_or_an_artifact(document: pypdf.PdfReader) -> None:
    """7.1: of every page each painting operator stands in marked content; what is not an artifact has a place in the structure, and once only."""
    held: dict[int, list[int]] = {}
    pages = {page.indirect_reference.idnum: n for n, page in enumerate(document.pages) if page.indirect_reference is not None}
    for _, node, kids in elements(document.trailer["/Root"]["/StructTreeRoot"]):
        for kid in kids:
            if isinstance(kid, int):
                held.setdefault(pages[node.raw_get("/Pg").idnum], []).append(int(kid))
            elif isinstance(kid, dict) and kid.get("/Type") == "/MCR":
                held.setdefault(pages[kid.raw_get("/Pg").idnum], []).append(int(kid["/MCID"]))
    for number, page in enumerate(document.pages):
        painted, marked = 0, []
        stack: list[Any] = []
        for operands, operator in ContentStream(page["/Contents"].get_object(), document).operations:
            if operator in (b"BDC", b"BMC"):
                stack.append(operands[0])
                if len(operands) > 1 and isinstance(operands[1], dict) and "/MCID" in operands[1]:
                    marked.append(int(operands[1]["/MCID"]))
            elif operator == b"EMC":
                stack.pop()
            painted += operator in PAINTED
            assert stack or operator not in PAINTED
        assert painted > 20 and not stack
        assert sorted(held.get(number, [])) == sorted(marked) and len(set(marked)) == len(marked)


def id_of(reference: dict[str, Any]) -> int:
    number: int = reference.raw_get("/Obj").idnum  # type: ignore[attr-defined]
    return number
