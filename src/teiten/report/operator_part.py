# SPDX-License-Identifier: Apache-2.0
"""What people write for a report, from HOME/report: report.toml, and topics/*.md with a TOML head between `+++` lines.

A topic's text is plain: paragraphs, and lines that begin with `- ` as a list, under `## ja` and `## en`. It is never HTML or markup.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from teiten.config import Settings, from_mapping, read_settings
from teiten.errors import ConfigurationError
from teiten.report.settings import LANGUAGES, Bilingual, Language, Reference, ReportSettings

_LARGEST: Final = 1 << 20


class TopicHead(Settings, frozen=True):
    month: str  # 2007-08
    target: str = ""  # belongs to the surge of this target; "" makes a topic of its own
    title: Bilingual = Bilingual()  # "" keeps the title made by rule
    replace: bool = False  # True: instead of the sentences made by rule; False: after them
    advice: Bilingual = Bilingual()  # instead of the usual advice
    references: tuple[Reference, ...] = ()


class Topic(Settings, frozen=True):
    name: str
    head: TopicHead
    text: dict[str, tuple[tuple[str, ...], ...]] = {}  # by language: paragraphs; a list is a paragraph whose lines begin with "- "

    def paragraphs(self, language: Language) -> tuple[tuple[str, ...], ...]:
        other: Language = "en" if language == "ja" else "ja"
        return self.text.get(language) or self.text.get(other, ())


def read_operator_part(folder: Path) -> tuple[ReportSettings, tuple[Topic, ...]]:
    """Settings and topics in the order of their file names. Raises ConfigurationError that names the file."""
    settings = read_settings(folder / "report.toml", ReportSettings)
    return settings, tuple(read_topic(path) for path in sorted((folder / "topics").glob("*.md")))


def read_topic(path: Path) -> Topic:
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigurationError(f"{path}: larger than 1 MiB.", "A topic is a page of text.")
        return parse_topic(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}", "Write it in UTF-8.") from error


def parse_topic(content: str, name: str) -> Topic:
    before, _, rest = content.partition("+++\n")
    head, mark, body = rest.partition("\n+++")
    if before.strip() or not mark:
        raise ConfigurationError(f"{name}: no TOML head between two lines of +++.", "See docs/report.md for an example.")
    try:
        raw = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}: {error}", "Correct the lines between +++.") from error
    return Topic(name=name, head=from_mapping(raw, TopicHead, name), text=_bodies(body))


def _bodies(body: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    texts: dict[str, list[list[str]]] = {}
    language = ""
    for line in body.splitlines():
        if line.strip().removeprefix("## ").strip() in LANGUAGES and line.startswith("## "):
            language = line[3:].strip()
            texts[language] = [[]]
        elif language and line.strip():
            texts[language][-1].append(line.strip())
        elif language:
            texts[language].append([])
    return {name: tuple(tuple(lines) for lines in paragraphs if lines) for name, paragraphs in texts.items()}
