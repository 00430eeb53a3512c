# SPDX-License-Identifier: Apache-2.0
"""The files of a report: the same bytes each time, valid, tagged, searchable, and harmless whatever strangers sent as targets."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest

from teiten.model import SensorEntry
from teiten.questions.windows import month
from teiten.report.compose import compose
from teiten.report.digest import compose_digest
from teiten.report.digest_facts import gather_digest
from teiten.report.facts import Facts
from teiten.report.gather import Scope, gather
from teiten.report.model import Report
from teiten.report.periods import span_of
from teiten.report.settings import LANGUAGES, ReportSettings
from teiten.report.showing import showing_by
from teiten.report.writing import write_reports
from tests.unit.report.conftest import SETTINGS
from tests.unit.report.shapes import DAYS, HOSTILE, TOKYO, access, opened, put


class Elements(HTMLParser):
    """Start tags, attributes and text; unbalanced elements are a failure."""

    VOID = frozenset({"meta", "br", "rect", "path"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The files under both policies: name of the policy -> folder. The sensor's own address was sent as a target."""
    folder = tmp_path_factory.mktemp("hostile")
    for store in opened(folder / "store"):
        store.register(SensorEntry("a", "g", addresses=("203.0.113.77",)))
        dice = random.Random(1)
        targets = [*HOSTILE, b"GET /203.0.113.77", b"GET /"]
        put(store, "a", [access(day, target, dice, "web") for day in DAYS for target in targets for _ in range(2)], "web", DAYS)
        made = {}
        for policy in ("public", "operator"):
            facts = gather(store, Scope(month(2026, 6), TOKYO), showing_by(policy, store.sensors(), b"key"))
            write_reports([compose(facts, language, ReportSettings(), (), policy) for language in LANGUAGES], folder / policy)
            digest = gather_digest(store, span_of("2026-W25"), TOKYO, None, date(2027, 1, 1), showing_by(policy, store.sensors(), b"key"))
            write_reports([compose_digest(digest, language, ReportSettings(), policy) for language in LANGUAGES], folder / policy)
            made[policy] = folder / policy
        yield made


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*/*/*")):
        if path.suffix == ".pdf":
            yield path.name, "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
        elif path.suffix == ".json":
            yield path.name, json.dumps(json.loads(path.read_bytes()), ensure_ascii=False, indent=1)
        else:
            yield path.name, path.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("policy", ["public", "operator"])
def test_no_file_holds_a_character_that_moves_hides_or_reorders(hostile: dict[str, Path], policy: str) -> None:
    for name, text in texts_of(hostile[policy]):
        odd = {f"U+{ord(char):04X}" for char in text if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs") and char not in "\n\r\t\x0c"}
        assert odd == set(), name


@pytest.mark.parametrize("policy", ["public", "operator"])
@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", ["2026-06", "2026-W25"])
def test_html_holds_only_our_elements(hostile: dict[str, Path], policy: str, language: str, name: str) -> None:
    written = (hostile[policy] / name / language / f"report-{name}-{language}.html").read_text(encoding="utf-8")
    page = Elements(written)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "link", "b", "base", "foreignobject", "use", "image"}
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert not (attributes.get("href") or "#").startswith("javascript")
    assert not re.search(r"</figcaption>\s*<(?!/figure)", written)  # a caption is the first or last thing in its figure
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg")


def test_strangers_texts_are_shown_as_text(hostile: dict[str, Path]) -> None:
    """What was sent is visible to the operator, letter by letter, in page and PDF."""
    for name, text in texts_of(hostile["operator"]):
        if name.endswith((".pdf", ".html")):
            flat = "".join(text.split())
            assert "#eval(" in flat and "alert(1)" in flat, name
            assert len(max(text.split(), key=len)) < 200_000


def test_the_public_policy_shows_no_address_of_a_sensor(hostile: dict[str, Path]) -> None:
    for name, text in texts_of(hostile["public"]):
        assert "203.0.113" not in text and "<script>alert" not in text, name
    assert any("203.0.113.77" in text for _, text in texts_of(hostile["operator"]))


@pytest.mark.parametrize("policy", ["public", "operator"])
def test_csv_cells_are_no_formulas(hostile: dict[str, Path], policy: str) -> None:
    found = sorted(hostile[policy].glob("*/*/*.csv"))
    assert found
    for path in found:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
        assert len({len(row) for row in rows}) <= 1
        for cell in (cell for row in rows for cell in row):
            assert len(cell) < 2_000 and (cell[:1] not in ("=", "+", "-", "@") or cell.lstrip("-").replace(".", "", 1).isdigit())


@pytest.fixture(scope="module")
def written(reports: dict[str, Report], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write_reports([reports[language] for language in LANGUAGES], folder)
    return folder / "2007-08"


def test_same_input_same_bytes(facts: Facts, written: Path, folder: Path) -> None:
    again = write_reports([compose(facts, language, SETTINGS, (), "operator") for language in LANGUAGES], folder)
    assert len(again) == len(list(written.glob("*/*"))) == 48
    assert [path.name for path in again if path.read_bytes() != (written / path.parent.name / path.name).read_bytes()] == []


@pytest.mark.parametrize(("language", "words"), [("ja", ("発信元", "263,940", "ポップアップ")), ("en", ("sources", "263,940", "pop-up"))])
def test_pdf_is_tagged_searchable_and_carries_its_letters(written: Path, language: str, words: tuple[str, ...]) -> None:
    document = pypdf.PdfReader(written / language / f"report-2007-08-{language}.pdf")
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root and root["/Lang"].startswith(language)
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] and "TALOT2" in document.metadata.title
    assert b"pdfuaid:part" in root["/Metadata"].get_data().replace(b"<", b" ") or b"pdfuaid" in root["/Metadata"].get_data()
    text = "".join("".join(page.extract_text() for page in document.pages).split())
    assert all(word in text for word in words)
    for page in document.pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            assert "+BIZUDPGothic" in inner["/BaseFont"] and "/FontFile2" in inner["/FontDescriptor"]
    assert document.outline


def test_every_image_has_an_alternative(written: Path) -> None:
    document = pypdf.PdfReader(written / "en" / "report-2007-08-en.pdf")
    figures, waiting = [], [document.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, dict):
            if node.get("/S") == "/Figure":
                figures.append(node)
            kids = node.get("/K", [])
            waiting += [kid for kid in (kids if isinstance(kids, list) else [kids]) if hasattr(kid, "get_object")]
    assert len(figures) >= 19 and all(node.get("/Alt") for node in figures)


def test_json_gives_every_number_with_its_question(written: Path, facts: Facts) -> None:
    told = json.loads((written / "en" / "report-2007-08-en.json").read_bytes())
    total = next(one for one in told["sentences"] if one["rule"] == "lay.total")["inputs"]["accesses"]
    assert total["value"] == 263_940
    assert total["question"] == {
        "ask": "per_sensor_day", "field": "accesses", "from_on": "2007-08-01", "to_on": "2007-09-01", "group": "talot2", "channel": "packet",
    }  # fmt: skip
    assert len(told["figures"]) == 20 and all(one["rows"] and one["question"]["ask"] for one in told["figures"])
    for one in told["sentences"]:
        assert all(number["question"]["ask"] and number["kind"] for number in one["inputs"].values())


def test_letters_can_be_put_into_the_page(facts: Facts, folder: Path) -> None:
    (page,) = write_reports([compose(facts, "en", SETTINGS, (), "operator")], folder, ("html",), embed_fonts=True)
    assert "data:font/woff2;base64," in page.read_text(encoding="utf-8")
