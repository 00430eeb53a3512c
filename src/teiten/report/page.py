# SPDX-License-Identifier: Apache-2.0
"""A written report -> one HTML file that needs nothing else: style inside, drawings inside, no script. Everything but our drawings is escaped."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from teiten.fonts import FAMILY, FOLDER
from teiten.report.model import Figure, Report, Table

_FOLDER: Final = Path(__file__).parent / "templates"


def to_page(report: Report, embed_fonts: bool = False) -> str:
    style = (_FOLDER / "report.css").read_text(encoding="utf-8")
    letters = _letters() if embed_fonts else ""
    # Markup: both come from this package
    return _environment().get_template("report.html").render(report=report, style=Markup(letters + style))  # noqa: S704


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"drawing": _drawing, "fill": _fill, "as_table": _as_table}
    environment.tests["safe_url"] = _is_safe
    return environment


def _drawing(svg: str, alt: str) -> Markup:
    """A drawing of our own as an image with a text alternative; its parts are hidden from screen readers, which have the table."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", body)
    # Markup: made by drawing/, which escapes the texts in it
    return Markup(body.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1))  # noqa: S704


def _fill(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _as_table(figure: Figure) -> Table:
    rows = tuple(tuple(_cell(value) for value in row) for row in figure.data)
    numeric = tuple(n for n in range(len(figure.columns)) if figure.data and isinstance(figure.data[0][n], int | float))
    return Table(figure.columns, rows, "", numeric)


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)


def _is_safe(url: str) -> bool:
    return re.match(r"https?://", url) is not None


def _letters() -> str:
    faces = []
    for weight, name in ((400, "Regular"), (700, "Bold")):
        data = base64.b64encode((FOLDER / f"BIZUDPGothic-{name}.woff2").read_bytes()).decode("ascii")
        faces.append(f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};src:url(data:font/woff2;base64,{data}) format("woff2")}}')
    return "".join(faces)
