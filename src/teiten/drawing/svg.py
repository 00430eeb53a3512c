# SPDX-License-Identifier: Apache-2.0
"""Vega-Lite -> SVG, the same bytes each time: vl-convert with our letters only, nothing fetched, patterns put in where areas touch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import vl_convert

from teiten.drawing.palette import Ink
from teiten.fonts import FOLDER

_LOCALE: Final = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""]}
_ID: Final = re.compile(r'(\bid="|url\(#|href="#)([^")]+)')
_STROKES: Final = {
    "rising": '<path d="M-1 1 1 -1M0 8 8 0M7 9 9 7" stroke="#fff" stroke-opacity=".6" stroke-width="1.6"/>',
    "falling": '<path d="M-1 7 1 9M0 0 8 8M7 -1 9 1" stroke="#fff" stroke-opacity=".6" stroke-width="1.6"/>',
    "dots": '<circle cx="2" cy="2" r="1.25" fill="#fff" fill-opacity=".6"/><circle cx="6" cy="6" r="1.25" fill="#fff" fill-opacity=".6"/>',
    "lines": '<path d="M0 2H8M0 6H8" stroke="#fff" stroke-opacity=".6" stroke-width="1.4"/>',
    "grid": '<path d="M0 4H8M4 0V8" stroke="#fff" stroke-opacity=".6" stroke-width="1.2"/>',
}


@cache
def _letters() -> None:
    vl_convert.register_font_directory(str(FOLDER))


def to_svg(spec: dict[str, Any], name: str, inks: Iterable[Ink] = ()) -> str:
    """The drawing as one `<svg>` element. Ids in it begin with `name`, so that many drawings share a page."""
    _letters()
    drawn = vl_convert.vegalite_to_svg(spec, vl_version="6.4", format_locale=_LOCALE, allowed_base_urls=[])
    return _ID.sub(rf"\g<1>{name}-\g<2>", _patterned(drawn, inks))


def _patterned(drawn: str, inks: Iterable[Ink]) -> str:
    found = []
    for ink in dict.fromkeys(inks):
        if ink.pattern and f'fill="{ink.colour}"' in drawn:
            key = f"p{ink.colour[1:]}"
            drawn = drawn.replace(f'fill="{ink.colour}"', f'fill="url(#{key})"')
            found.append(
                f'<pattern id="{key}" width="8" height="8" patternUnits="userSpaceOnUse">'
                f'<rect width="8" height="8" fill="{ink.colour}"/>{_STROKES[ink.pattern]}</pattern>'
            )
    start = drawn.index(">", drawn.index("<svg")) + 1
    return f"{drawn[:start]}<defs>{''.join(found)}</defs>{drawn[start:]}" if found else drawn
