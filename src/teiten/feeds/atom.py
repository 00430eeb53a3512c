# SPDX-License-Identifier: Apache-2.0
"""Findings of both levels as Atom (RFC 4287), one entry each with an id that stays, in both languages."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Tree  # writes only, parses nothing

from teiten import texts
from teiten.dictionary.entries import usual_check
from teiten.publication.document import Document, Feed
from teiten.publication.view import Finding

LOCALE: Final = Path(__file__).resolve().parent.parent / "locale"
LONGEST: Final = 2_000


def write(document: Document, language: str) -> bytes:
    root = Tree.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": language})
    _text(root, "id", f"urn:teiten:findings:{language}")
    _text(root, "title", texts.visible(document.name))
    _text(root, "updated", _instant(max((item.last_on for item in document.items), default=document.made_on)))
    Tree.SubElement(root, "link", {"rel": "self", "href": f"{document.address}/feeds/findings.{language}.atom"})
    Tree.SubElement(root, "link", {"rel": "alternate", "href": f"{document.address}/{language}/attention/"})
    _text(Tree.SubElement(root, "author"), "name", texts.visible(document.name))
    for item in document.items:
        root.append(_entry(document, item, language))
    Tree.indent(root, " ")
    body: bytes = Tree.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _entry(document: Document, item: Finding, language: str) -> Tree.Element:
    words = _words(language)
    entry = Tree.Element("entry")
    _text(entry, "id", f"urn:teiten:finding:{texts.visible(item.id)}")
    _text(entry, "title", f"{words(f'level.{item.level}')}: {texts.visible(item.target, LONGEST)}")
    _text(entry, "published", _instant(item.raised_on))
    _text(entry, "updated", _instant(item.last_on))
    Tree.SubElement(entry, "category", {"term": item.level, "label": words(f"level.{item.level}")})
    Tree.SubElement(entry, "link", {"rel": "alternate", "href": document.page_of(item, language)})
    _text(entry, "summary", _summary(item, language))
    return entry


def _summary(item: Finding, language: str) -> str:
    if item.sentence.get(language):
        return texts.visible(item.sentence[language], LONGEST)
    words = _words(language)
    networks = str(item.networks) if item.networks is not None else "–"
    told = [words("urgent.line").format(networks=networks, on=item.since_on), *(words(f"state.{state}") for state in item.states)]
    return f"{words(f'channel.{item.channel}')} {texts.visible(item.target, LONGEST)}: {', '.join(told)}. {usual_check(item.channel).of(language)}"


@cache
def _catalogue(language: str) -> gettext.GNUTranslations:
    return gettext.translation("teiten", LOCALE, languages=[language])


def _words(language: str) -> Callable[[str], str]:
    return _catalogue(language).gettext


def _text(parent: Tree.Element, name: str, text: str) -> None:
    Tree.SubElement(parent, name).text = text


def _instant(on: date) -> str:
    """Days have no time of day here; noon UTC is the same date nearly everywhere."""
    return f"{on}T12:00:00Z"


FEEDS: Final = tuple(
    Feed(f"Atom ({language})", f"feeds/findings.{language}.atom", "application/atom+xml", "feeds.atom", partial(write, language=language))
    for language in ("ja", "en")
)
