# SPDX-License-Identifier: Apache-2.0
"""A written report in one language: sections of blocks. Writers (HTML, PDF, CSV, JSON) know only this and add no word of their own.

Every text here is final and plain: writers escape it for their format, and none of it is ever markup.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import msgspec

from teiten.report.settings import Language

Kind = Literal["count", "mean", "share", "ratio"]


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to get a number again: the question's name in teiten.questions, its filters, and the field of the answer.

    `by` month or channel first: the question is asked for each of them. `key`: one row of the answer (several with " + ", or "top": the first
    ten), or, where `by` isn't the target, the one target that is asked about."""

    ask: str
    field: str
    from_on: date
    to_on: date
    group: str | None = None
    channel: str | None = None
    by: tuple[str, ...] = ()
    key: str = ""


class Number(msgspec.Struct, frozen=True):
    """A value with the question behind it. `kind` says how it is shown: whole, rounded mean, percent, rounded ratio."""

    value: int | float | None
    kind: Kind
    question: Question


class Sentence(msgspec.Struct, frozen=True):
    """`rule` names the wording; `inputs` are the numbers it was chosen and filled by."""

    rule: str
    text: str
    inputs: dict[str, Number] = {}
    strong: bool = False


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph"):
    sentences: tuple[Sentence, ...]


class Items(msgspec.Struct, frozen=True, tag="items"):
    """A list; an entry is text with an optional second line and address."""

    entries: tuple[Entry, ...]
    title: str = ""


class Entry(msgspec.Struct, frozen=True):
    text: str
    detail: str = ""
    url: str = ""


class Table(msgspec.Struct, frozen=True, tag="table"):
    """`numeric`: columns that are aligned at the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    numeric: tuple[int, ...] = ()
    wide: int = -1  # the column that takes the rest of the width


class Figure(msgspec.Struct, frozen=True, tag="figure"):
    """`number` as printed (2.3.1); `data` are its rows as they go to CSV, under the names in `columns`."""

    number: str
    title: str
    svg: str
    alt: str
    columns: tuple[str, ...]
    data: tuple[tuple[Any, ...], ...]
    question: Question
    tables: tuple[Table, ...] = ()  # a figure made of tables has no svg
    note: str = ""
    half: bool = False  # two of them in a row stand beside each other where there is room


Block = Paragraph | Items | Table | Figure


class Section(msgspec.Struct, frozen=True):
    number: str
    title: str
    blocks: tuple[Block, ...]
    sections: tuple[Section, ...] = ()


class Report(msgspec.Struct, frozen=True):
    language: Language
    title: str
    subtitle: str
    period: str
    dated: str
    labels: dict[str, str]  # words of the frame: figure, contents, page, contact, ...
    sections: tuple[Section, ...]
    contact: tuple[str, ...]
    footer: str
    policy: str
    demo: str = ""
    note: str = ""


def figures_of(sections: tuple[Section, ...]) -> list[Figure]:
    found: list[Figure] = []
    for section in sections:
        found += [block for block in section.blocks if isinstance(block, Figure)]
        found += figures_of(section.sections)
    return found


def sentences_of(sections: tuple[Section, ...]) -> list[Sentence]:
    found: list[Sentence] = []
    for section in sections:
        found += [sentence for block in section.blocks if isinstance(block, Paragraph) for sentence in block.sentences]
        found += sentences_of(section.sections)
    return found
