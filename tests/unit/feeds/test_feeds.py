# SPDX-License-Identifier: Apache-2.0
"""Feeds are valid whatever strangers sent, say the same, and stay at their places (M-20, A-10, B8)."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import feedparser
import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as some

from teiten import texts
from teiten.feeds import FORMATS, all_feeds
from teiten.feeds.csv import COLUMNS, safe
from tests.unit.feeds.documents import document, finding
from tests.unit.site.polyglots import POLYGLOTS

FEEDS = {feed.place: feed for feed in all_feeds()}
SCHEMA = xmlschema.XMLSchema(FEEDS["schema/attention-1.xsd"].write(document([])).decode())
HOSTILE = document([finding(target, number) for number, target in enumerate(POLYGLOTS)], name="<b>\x1b[31m\u202e")
FORMULA = tuple("=+-@\t\r\n")


def written(place: str, told: object = HOSTILE) -> bytes:
    return FEEDS[place].write(told)  # type: ignore[arg-type]


def test_places_stay_for_ever() -> None:
    assert sorted(FEEDS) == [
        "feeds/attention.csv", "feeds/attention.json", "feeds/attention.xml", "feeds/findings.en.atom", "feeds/findings.ja.atom",
        "schema/attention-1.xsd",
    ]  # fmt: skip


def test_each_format_is_one_file_and_told_in_the_docs() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "publication.md").read_text(encoding="utf-8")
    for name, module in FORMATS.items():
        assert module == f"teiten.feeds.{name}"
        assert f"`feeds/{name}.py`" in docs


def test_hostile_xml_is_valid_and_exact() -> None:
    """M-20: valid against the published XSD; nothing hidden; the bytes can be had."""
    content = written("feeds/attention.xml")
    SCHEMA.validate(content.decode())
    items = SCHEMA.to_dict(content.decode())["item"]
    assert len(items) == len(POLYGLOTS)
    for item, target in zip(items, POLYGLOTS, strict=True):
        shown = item["target"]
        assert (bytes.fromhex(shown["@hex"]) if isinstance(shown, dict) else (shown or "").encode()) == target


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="xmllint is not installed (Debian package libxml2-utils)")
def test_another_validator_agrees(tmp_path: Path) -> None:
    (tmp_path / "a.xsd").write_bytes(written("schema/attention-1.xsd"))
    (tmp_path / "a.xml").write_bytes(written("feeds/attention.xml"))
    (tmp_path / "e.xml").write_bytes(written("feeds/attention.xml", document([])))
    done = subprocess.run(["xmllint", "--noout", "--huge", "--schema", "a.xsd", "a.xml", "e.xml"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_only_attention_is_exported_and_atom_has_both_levels() -> None:
    told = document([finding(b"445/tcp", 1, channel="packet"), finding(b"root", 2, "risk", "ssh")])
    assert [item["target"] for item in json.loads(written("feeds/attention.json", told))["items"]] == ["445/tcp"]
    assert len(SCHEMA.to_dict(written("feeds/attention.xml", told).decode())["item"]) == 1
    assert written("feeds/attention.csv", told).count(b"\r\n") == 2
    assert len(feedparser.parse(written("feeds/findings.ja.atom", told)).entries) == 2


def test_the_formats_say_the_same() -> None:
    told = document([finding(b"445/tcp", 1, channel="packet")])
    (as_json,) = json.loads(written("feeds/attention.json", told))["items"]
    (as_xml,) = SCHEMA.to_dict(written("feeds/attention.xml", told).decode())["item"]
    (as_csv,) = csv.DictReader(io.StringIO(written("feeds/attention.csv", told).decode()))
    assert (as_json["accesses"], as_json["sources"]) == (130, None)
    assert (as_xml["accesses"], "sources" in as_xml) == (130, False)
    assert (as_csv["accesses"], as_csv["sources"]) == ("130", "")
    assert as_json["page"] == as_xml["page"][0]["@href"] == as_csv["page"] == f"https://observation.example/ja/detail/{as_json['target_id']}/"
    assert as_xml["evidence"]["@networks"] == as_json["networks"] == int(as_csv["networks"])


def test_hostile_csv_has_no_formula_and_no_hidden_character() -> None:
    rows = list(csv.reader(io.StringIO(written("feeds/attention.csv").decode(), newline="")))
    assert rows[0] == list(COLUMNS)
    assert len(rows) == len(POLYGLOTS) + 1
    for row in rows[1:]:
        assert len(row) == len(COLUMNS)
        assert not [cell for cell in row if cell.lstrip(" ").startswith(FORMULA)]
        assert all(char.isprintable() or ord(char) > 0x2FF for cell in row for char in cell)


@given(some.text(max_size=50))
def test_no_cell_is_a_formula(text: str) -> None:
    assert not safe(text).lstrip(" ").startswith(FORMULA)
    assert texts.visible(text, 32_000) in safe(text)


def test_hostile_json_gives_the_bytes_back() -> None:
    items = json.loads(written("feeds/attention.json"))["items"]
    assert [texts.parse(item["target"]) for item in items] == POLYGLOTS


@pytest.mark.parametrize("language", ["ja", "en"])
def test_hostile_atom_is_read(language: str) -> None:
    told = feedparser.parse(written(f"feeds/findings.{language}.atom"))
    assert not told.bozo
    assert len(told.entries) == len(POLYGLOTS)
    assert len({entry.id for entry in told.entries}) == len(POLYGLOTS)
    assert told.feed.language == language
    assert all(entry.updated == "2026-08-20T12:00:00Z" for entry in told.entries)


@settings(max_examples=40, deadline=None)
@given(some.binary(max_size=60))
def test_any_target_gives_valid_documents(target: bytes) -> None:
    told = document([finding(target)])
    SCHEMA.validate(written("feeds/attention.xml", told).decode())
    assert not feedparser.parse(written("feeds/findings.en.atom", told)).bozo
    assert texts.parse(json.loads(written("feeds/attention.json", told))["items"][0]["target"]) == target


def test_same_document_same_bytes() -> None:
    assert [feed.write(HOSTILE) for feed in FEEDS.values()] == [feed.write(HOSTILE) for feed in FEEDS.values()]
