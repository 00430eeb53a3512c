# SPDX-License-Identifier: Apache-2.0
"""A written report -> plain text for a mail or a terminal: 76 columns, full-width letters taken as two, tables aligned by them."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from teiten.report.model import Block, Figure, Items, Paragraph, Report, Section, Table

WIDTH: Final = 76
_MOST_ROWS: Final = 16  # longer tables are in the CSV file
_NEVER_FIRST: Final = "、。,.)」』〉》】〕)]}ぁぃぅぇぉっゃゅょァィゥェォッャュョー・:;?!%々"


def to_text(report: Report) -> str:
    """Ends with a newline; lines hold nothing that could command a terminal, as no text of a report does."""
    heads = [part for part in (report.title, report.subtitle, report.dated, report.demo) if part]
    lines = [line for head in heads for line in _wrapped(head, report.language)]
    lines += ["=" * WIDTH, ""]
    for section in report.sections:
        lines += _section(report, section)
    ends = [*report.contact, report.note, report.policy, report.footer]
    lines += ["-" * WIDTH, *(line for end in ends if end for line in _wrapped(end, report.language))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" and not char.isascii() else 1 for char in text)


def _section(report: Report, section: Section) -> list[str]:
    lines = [f"{section.number}. {section.title}", ""]
    for block in section.blocks:
        lines += [*_block(report, block), ""]
    for inner in section.sections:
        lines += _section(report, inner)
    return lines


def _block(report: Report, block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        gap = "" if report.language == "ja" else " "
        return _wrapped(gap.join(one.text for one in block.sentences), report.language)
    if isinstance(block, Items):
        entries = [f"- {entry.text}{f' ({entry.detail})' if entry.detail else ''}{f' {entry.url}' if entry.url else ''}" for entry in block.entries]
        return ([block.title] if block.title else []) + entries
    if isinstance(block, Table):
        return ([f"[{block.caption}]"] if block.caption else []) + _table(block)
    return _figure(report, block)


def _figure(report: Report, figure: Figure) -> list[str]:
    lines = [f"{report.labels['figure'].replace('{number}', figure.number)}  {figure.title}"]
    for table in figure.tables:
        lines += ["", f"[{table.caption}]", *_table(table)]
    if not figure.tables and len(figure.data) <= _MOST_ROWS:
        rows = tuple(tuple(_cell(value) for value in row) for row in figure.data)
        numeric = tuple(n for n in range(len(figure.columns)) if figure.data and isinstance(figure.data[0][n], int | float))
        lines += _table(Table(figure.columns, rows, "", numeric))
    return lines


def _table(table: Table) -> list[str]:
    """The widest column gives way, so that a line keeps to the width where it can; what doesn't fit goes on below."""
    rows = (table.head, *table.rows)
    wide = [max(width(row[n]) for row in rows) for n in range(len(table.head))]
    last = table.wide if table.wide >= 0 else wide.index(max(wide))
    wide[last] = max(10, min(wide[last], WIDTH - sum(wide) + wide[last] - 2 * (len(wide) - 1)))
    lines: list[str] = []
    for row in rows:
        cells = [_cut(cell, wide[n]) if n == last else [cell] for n, cell in enumerate(row)]
        for place in range(max(len(cell) for cell in cells)):
            parts = [_padded(cell[place] if place < len(cell) else "", wide[n], n in table.numeric) for n, cell in enumerate(cells)]
            lines.append("  ".join(parts).rstrip())
        if row is table.head:
            lines.append("  ".join("-" * one for one in wide))
    return lines


def _padded(text: str, to: int, right: bool) -> str:
    gap = " " * max(0, to - width(text))
    return gap + text if right else text + gap


def _wrapped(text: str, language: str) -> list[str]:
    return _cut(text, WIDTH) if language == "ja" else textwrap.wrap(text, WIDTH, break_long_words=True) or [""]


def _cut(text: str, to: int) -> list[str]:
    """At any letter, as Japanese is, but no closing sign begins a line and no word of Latin letters or digits is torn if it fits on one."""
    lines, line = [], ""
    for word in _words(text):
        for piece in [word] if width(word) <= to else list(word):
            if line and width(line + piece) > to and piece not in _NEVER_FIRST:
                lines.append(line)
                line = ""
            line += piece if line or piece != " " else ""
    return [*lines, line] if line or not lines else lines


def _words(text: str) -> Sequence[str]:
    words: list[str] = []
    for char in text:
        if words and char.isascii() and char != " " and words[-1][-1].isascii() and words[-1][-1] != " ":
            words[-1] += char
        else:
            words.append(char)
    return words


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)
