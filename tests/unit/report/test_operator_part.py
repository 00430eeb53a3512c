# SPDX-License-Identifier: Apache-2.0
"""What people write: report.toml and topics. Errors name the file; what is written appears where it belongs (R-14, R-15, R-26)."""

from __future__ import annotations

from pathlib import Path

import pytest

from teiten.errors import ConfigurationError
from teiten.report.compose import compose
from teiten.report.facts import Facts
from teiten.report.model import Items, Paragraph, sentences_of
from teiten.report.operator_part import parse_topic, read_operator_part
from teiten.report.page import to_page

TOPIC = """+++
month = "2007-08"
target = "5168/tcp"
title = { ja = "管理製品を狙うアクセス", en = "Accesses to a management product" }
advice = { ja = "更新してください。", en = "Please update." }
[[references]]
title = { ja = "修正プログラム", en = "Patch" }
issuer = { ja = "製造元", en = "Maker" }
url = "https://vendor.example/patch?a=1&b=2"
[[references]]
title = { ja = "怪しい宛先", en = "Odd address" }
url = "javascript:alert(1)"
+++
## ja
一段落目です。
続きです。

- 一つ目
- 二つ目

## en
A paragraph with <b>no</b> markup and #panic("none").
"""

SETTINGS = """
system = { ja = "試験網", en = "Test net" }
environment = false
footer = { ja = "© 試験", en = "© Test" }
[contact]
organisation = { ja = "試験機構", en = "Test agency" }
people = { ja = "山田", en = "Yamada" }
phone = "03-0000-0000"
fax = "03-0000-0001"
email = "desk@example.org"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "topics").mkdir()
    (tmp_path / "report.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "topics" / "a.md").write_text(TOPIC, encoding="utf-8")
    (tmp_path / "topics" / "b.md").write_text('+++\nmonth = "2007-08"\ntitle = { ja = "別の話題" }\n+++\n## ja\n本文。\n', encoding="utf-8")
    (tmp_path / "topics" / "c.md").write_text('+++\nmonth = "2007-07"\n+++\n## ja\n先月の話。\n', encoding="utf-8")
    return tmp_path


def test_topics_complete_the_surge_or_stand_alone(home: Path, facts: Facts) -> None:
    """R-12, R-14, R-15: title, text, advice and references; another month's topic stays out; sections behind move on."""
    settings, topics = read_operator_part(home)
    report = compose(facts, "ja", settings, topics, "public")
    inner = report.sections[1].sections
    assert [one.title for one in inner[:2]] == ["管理製品を狙うアクセス", "別の話題"] and inner[2].number == "2.3"
    said = [one.text for one in sentences_of((inner[0],))]
    assert "一段落目です。続きです。" in said and "更新してください。" in said
    assert not any("先月の話" in one.text for one in sentences_of(report.sections))
    lists = [block for block in inner[0].blocks if isinstance(block, Items)]
    assert [entry.text for entry in lists[0].entries] == ["一つ目", "二つ目"]
    assert [(entry.text, entry.detail) for entry in lists[1].entries] == [("修正プログラム", "製造元"), ("怪しい宛先", "")]


def test_written_text_is_text_and_only_web_addresses_become_links(home: Path, facts: Facts) -> None:
    settings, topics = read_operator_part(home)
    page = to_page(compose(facts, "en", settings, topics, "public"))
    assert "&lt;b&gt;no&lt;/b&gt;" in page and "#panic(&#34;none&#34;)" in page
    assert 'href="https://vendor.example/patch?a=1&amp;b=2"' in page and 'href="javascript' not in page


def test_r05_r26_environment_contact_and_footer(home: Path, facts: Facts) -> None:
    settings, topics = read_operator_part(home)
    report = compose(facts, "ja", settings, topics, "public")
    rules = {one.rule for one in sentences_of(report.sections)}
    assert "lay.environment" not in rules and "lay.summary_points" in rules and "lay.summary" not in rules
    assert report.contact == ("試験機構", "山田", "電話: 03-0000-0000", "FAX: 03-0000-0001", "電子メール: desk@example.org")
    assert report.footer == "© 試験" and "試験網" in report.title


def test_a_text_in_one_language_serves_both(home: Path, facts: Facts) -> None:
    settings, topics = read_operator_part(home)
    report = compose(facts, "en", settings, topics, "public")
    own = report.sections[1].sections[1]
    assert own.title == "別の話題" and isinstance(own.blocks[0], Paragraph)


@pytest.mark.parametrize(
    "content", ["no head", "+++\nmonth = 3\n+++\n", '+++\nmonth = "2007-08"\nunknown = 1\n+++\n', "+++\nmonth = \n+++\n", "+++\n+++\n"]
)
def test_a_wrong_head_is_an_error_that_names_the_file(content: str) -> None:
    with pytest.raises(ConfigurationError, match=r"x\.md"):
        parse_topic(content, "x.md")


def test_a_topic_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "topics").mkdir()
    (tmp_path / "topics" / "x.md").write_bytes(b"+++\n\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"x\.md"):
        read_operator_part(tmp_path)


def test_nothing_needs_to_be_written(tmp_path: Path) -> None:
    settings, topics = read_operator_part(tmp_path)
    assert topics == () and settings.environment and settings.contact.email == ""
