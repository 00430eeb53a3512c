# SPDX-License-Identifier: Apache-2.0
"""The look that all drawings share: letters, lines, sizes. Sizes are pixels of a drawing 600 wide, which a page shows at 170 mm."""

from __future__ import annotations

from typing import Any, Final

from teiten.fonts import FAMILY

WIDTH: Final = 600
HALF: Final = 292  # two beside each other, at the same size of letters
TEXT: Final = "#1d2733"
QUIET: Final = "#5a6572"
HAIR: Final = "#d5dae0"
PAPER: Final = "#ffffff"
SIZE: Final = 11.5

CONFIG: Final[dict[str, Any]] = {
    "background": None,
    "font": FAMILY,
    "view": {"stroke": None},
    "axis": {
        "labelFont": FAMILY,
        "titleFont": FAMILY,
        "labelFontSize": SIZE,
        "titleFontSize": SIZE,
        "titleFontWeight": "normal",
        "labelColor": QUIET,
        "titleColor": QUIET,
        "domainColor": "#8b95a1",
        "tickColor": "#8b95a1",
        "gridColor": HAIR,
        "titlePadding": 8,
        "labelLimit": 150,
    },
    "axisY": {"domain": False, "ticks": False, "labelPadding": 6},
    "axisX": {"grid": False},
    "legend": {
        "labelFont": FAMILY,
        "titleFont": FAMILY,
        "labelFontSize": SIZE,
        "labelColor": TEXT,
        "symbolType": "square",
        "symbolSize": 150,
        "symbolStrokeWidth": 0,
        "title": None,
        "labelLimit": 170,
        "rowPadding": 4,
    },
    "text": {"font": FAMILY, "fontSize": SIZE, "fill": TEXT},
}

# titles of y axes lie flat above the axis: they are read without turning the head
FLAT_TITLE: Final[dict[str, Any]] = {
    "titleAngle": 0,
    "titleAlign": "left",
    "titleAnchor": "end",
    "titleBaseline": "bottom",
    "titleX": 0,
    "titleY": -9,
}


def finished(spec: dict[str, Any], width: int = WIDTH, height: int | None = None) -> dict[str, Any]:
    size: dict[str, Any] = {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    if height is not None:
        size["height"] = height
    return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": CONFIG, "padding": 4, **size, **spec}
