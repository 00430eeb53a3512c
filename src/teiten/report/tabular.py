# SPDX-License-Identifier: Apache-2.0
"""A written report -> CSV of every figure (RFC 4180, harmless in spreadsheets) and JSON of every number with the question behind it."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import msgspec

from teiten.report.model import Figure, Report, figures_of, sentences_of

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(figure: Figure) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in figure.columns])
    writer.writerows([[_cell(value) for value in row] for row in figure.data])
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if isinstance(value, str):
        return "'" + value if value.lstrip()[:1] in _FORMULA and value.strip() else value
    return "" if value is None else value


def to_json(report: Report) -> bytes:
    """Plain ASCII, so that no program that shows it can be misled by a character."""
    told = {
        "title": report.title,
        "month": report.period,
        "language": report.language,
        "policy": report.policy,
        "sentences": [
            {"rule": one.rule, "text": one.text, "inputs": {name: _number(value) for name, value in one.inputs.items()}}
            for one in sentences_of(report.sections)
        ],
        "figures": [
            {"number": one.number, "title": one.title, "columns": one.columns, "rows": one.data, "question": one.question}
            for one in figures_of(report.sections)
        ],
    }
    plain = msgspec.to_builtins(told)
    return _ascii(msgspec.json.format(msgspec.json.encode(plain), indent=1))


def _number(number: Any) -> dict[str, Any]:
    return {"value": number.value, "kind": number.kind, "question": number.question}


def _ascii(encoded: bytes) -> bytes:
    return "".join(char if char.isascii() else _escaped(ord(char)) for char in encoded.decode("utf-8")).encode("ascii") + b"\n"


def _escaped(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
