# SPDX-License-Identifier: Apache-2.0
"""Every text exists in both languages, is used, takes the same values, and is compiled."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo

from teiten.feeds import all_feeds
from teiten.model import CHANNELS
from teiten.publication.markers import Kind
from teiten.publication.policies import POLICIES
from teiten.site.contents import DEFINITIONS
from teiten.site.languages import LANGUAGES, LOCALE
from teiten.site.menu import MENU, MORE
from teiten.site.muting import Problem
from teiten.site.rendering import TEMPLATES
from tools.compile_texts import read

SOURCES = {language: LOCALE / language / "LC_MESSAGES" / "teiten.po" for language in LANGUAGES}
LITERAL = re.compile(r"""t\(\s*'([a-z0-9_.]+)'(?!\s*~)""")
PLACE = re.compile(r"\{(\w+)\}")
OPEN_FAMILIES = ("kind.", "error.", "api.")  # looked up when present, or by status; see the tests below


def texts(catalogue: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def used() -> set[str]:
    """Keys in templates, with the families that are put together from a fixed list written out."""
    found: set[str] = set()
    for template in TEMPLATES.glob("*.html"):
        found |= set(LITERAL.findall(template.read_text(encoding="utf-8")))
    families = dict.fromkeys(("channel", "key", "top5", "column.target", "targets.more"), CHANNELS) | {
        "measure": ("sources", "accesses"),
        "mark": ("up", "level", "down", "few"),
        "demo": ("all", "some"),
        "condition": ("observing", "silent", "none"),
        "level": ("attention", "risk"),
        "state": ("new", "active", "becoming"),
        "reach": ("few", "part", "half", "most"),
        "observed": ("yes", "no"),
        "type": ("instant", "date", "text", "bytes", "integer", "boolean"),
        "privacy": ("open", "personal", "restricted", "internal"),
        "feeds": tuple(feed.about.removeprefix("feeds.") for feed in all_feeds()),
        "fresh": CHANNELS,
        "fresh.own": ("web", "ssh"),
        "define": (*DEFINITIONS, *(f"{word}.text" for word in DEFINITIONS)),
        "mutes.what": ("target", "source"),
        **dict.fromkeys(("markers.kind", "markers.why", "markers.count"), get_args(Kind)),
        "mutes.problem": (*get_args(Problem), "seal"),
        "imports": ("read", "taken", "duplicates", "other", "rejected", "accesses", "damaged"),
        "foot.policy": tuple(POLICIES),
        "about.policy": tuple(POLICIES),
        "attention": ("title", "lead", "nothing"),
        "risk": ("title", "lead", "nothing"),
    }
    found |= {f"{family}.{name}" for family, names in families.items() for name in names}
    found |= {f"imports.{count}.note" for count in ("read", "taken", "duplicates", "other", "rejected", "accesses")}
    found |= {f"top5.{channel}.about" for channel in CHANNELS} | {f"menu.{entry.key}" for entry in (*MENU, *MORE)} | {"region.unknown", "count.few"}
    found |= {"measure.networks", "numbers.networks", "numbers.networks.note"}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_texts_are_fresh(language: str) -> None:
    source = SOURCES[language]
    assert texts(read_mo(io.BytesIO(source.with_suffix(".mo").read_bytes()))) == texts(read(source)), "run: python tools/compile_texts.py"


def test_both_languages_have_the_same_keys_and_values() -> None:
    ja, en = (texts(read(source)) for source in SOURCES.values())
    assert sorted(ja) == sorted(en)
    for key in ja:
        assert ja[key].strip()
        assert en[key].strip()
        assert set(PLACE.findall(ja[key])) == set(PLACE.findall(en[key])), key


def test_every_key_is_used_and_every_used_key_exists() -> None:
    there = set(texts(read(SOURCES["ja"])))
    assert used() - there == set()
    assert {key for key in there - used() if not key.startswith(OPEN_FAMILIES)} == set()


def test_every_refusal_has_title_and_text() -> None:
    there = texts(read(SOURCES["en"]))
    assert {key for key in there if key.startswith("error.")} == {
        f"error.{status}.{part}" for status in (400, 401, 403, 404, 405, 413, 421, 429, 500, 503) for part in ("title", "text")
    }


def test_templates_have_no_words_of_their_own() -> None:
    """All words are texts of both languages; only the names of the languages stand in a template."""
    for template in TEMPLATES.glob("*.html"):
        bare = re.sub(r"\{[{%].*?[%}]\}", "", Path(template).read_text(encoding="utf-8").replace("日本語", ""), flags=re.DOTALL)
        assert not re.search(r"[ぁ-んァ-ヶ一-龠]", bare), template.name
