# SPDX-License-Identifier: Apache-2.0
"""Rows as CSV (RFC 4180, UTF-8): every cell quoted, none that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from teiten import texts

CSV: Final = "text/csv; charset=utf-8"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LONGEST: Final = 32_000  # what a cell of the usual spreadsheets holds


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> bytes:
    """A header and a line for each row; None is an empty cell. `columns` for a table that may have no rows."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    names = list(columns) or list(rows[0] if rows else ())
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return out.getvalue().encode()


def _cell(value: object) -> str:
    shown = "" if value is None else texts.visible(str(value), _LONGEST)
    return "'" + shown if shown.lstrip(" ").startswith(_FORMULA) else shown
