# SPDX-License-Identifier: Apache-2.0
"""Drawings of parts of a whole: bars with their share written beside them, months stacked to 100 %, now beside before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from teiten.drawing.rows import Bar, Pair, Series, Words
from teiten.drawing.series import _scale, beside
from teiten.drawing.style import FLAT_TITLE, HALF, PAPER, SIZE, TEXT, WIDTH, finished

Spec = dict[str, Any]
_MONTHS_HEIGHT: Final = 215
_LEAST_LABELLED: Final = 0.052  # a share below this has no room for its number inside its piece


def shares(rows: Sequence[Bar], words: Words, width: int = WIDTH) -> Spec:
    """Horizontal bars in the order given. Bars compare better than the slices of a pie, in grey as well."""
    values = [{"name": row.name, "value": row.value, "label": row.label, "place": place} for place, row in enumerate(rows)]
    y = {"field": "name", "type": "nominal", "sort": None, "axis": {"title": None, "labelColor": TEXT, "domain": False}}
    top = max((row.value for row in rows), default=0) or 1
    x = {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": [0, top * (1.45 if width == WIDTH else 2.4)]}}
    colour = {"field": "name", "type": "nominal", "legend": None, "scale": {"domain": [r.name for r in rows], "range": [r.ink.colour for r in rows]}}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "height": {"band": 0.72}}, "encoding": {"x": x, "color": colour}},
        {
            "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": SIZE if width == WIDTH else SIZE - 1},
            "encoding": {"x": x, "text": {"field": "label"}},
        },
    ]
    spec = {"description": words.alt, "data": {"values": values}, "encoding": {"y": y}, "layer": layers}
    return finished(spec, width, height=max(54, 18 * len(rows)))


def stacked_months(columns: Sequence[str], series: Sequence[Series], words: Words) -> Spec:
    """100 % for each month that was observed. Values are shares (0..1)."""
    rows = []
    for column_number, column in enumerate(columns):
        start = 0.0
        for one in series:
            value = one.values[column_number]
            if value:
                label = f"{value * 100:.0f}" if value >= _LEAST_LABELLED else ""
                ink = PAPER if _dark(one.ink.colour) else TEXT
                middle = start + value / 2
                rows.append(
                    {
                        "column": column,
                        "name": one.name,
                        "from": start,
                        "to": start + value,
                        "middle": middle,
                        "label": label,
                        "ink": ink,
                        "ground": one.ink.colour,
                    }
                )
                start += value
    last = next((n for n in reversed(range(len(columns))) if any(one.values[n] for one in series)), 0)
    x: Spec = {"field": "column", "type": "nominal", "sort": None, "axis": {"labelAngle": 0, "title": None, "ticks": False, "labelPadding": 8}}
    x |= {"scale": {"domain": list(columns)}}
    axis = {"title": words.y, **FLAT_TITLE, "format": ".0%", "tickCount": 5}
    y = {"type": "quantitative", "axis": axis, "scale": {"domain": [0, 1]}}
    bars: Spec = {
        "mark": {"type": "bar", "width": {"band": 0.76}, "stroke": PAPER, "strokeWidth": 0.8},
        "encoding": {
            "y": {"field": "from", **y},
            "y2": {"field": "to"},
            "color": {"field": "name", "type": "nominal", "scale": _scale(series), "legend": None},
        },
    }
    text: Spec = {"type": "text", "fontSize": SIZE - 0.5, "fontWeight": "bold"}
    place: Spec = {"y": {"field": "middle", **y}, "text": {"field": "label"}}
    halo: Spec = {"mark": {**text, "strokeWidth": 4, "strokeJoin": "round"}, "encoding": {**place, "stroke": _own("ground")}}
    numbers: Spec = {"mark": text, "encoding": {**place, "fill": _own("ink")}}
    spec = {
        "description": words.alt,
        "data": {"values": rows},
        "layer": [
            *({**one, "encoding": {**one["encoding"], "x": x}} for one in (bars, halo, numbers)),
            *beside([(one.name, one.values[last] or 0, one.ink.colour) for one in series], _MONTHS_HEIGHT),
        ],
        "resolve": {"scale": {"color": "independent"}},
    }
    return finished(spec, height=_MONTHS_HEIGHT)


def compared(rows: Sequence[Pair], words: Words) -> Spec:
    """Two bars for each name: this month in its colour, the month before in grey outline below it."""
    values = [
        {"name": row.name, "which": which, "value": value, "label": label, "colour": row.ink.colour}
        for row in rows
        for which, value, label in ((words.now, row.now, row.now_label), (words.before, row.before, row.before_label))
    ]
    top = max((max(row.now, row.before) for row in rows), default=0) or 1
    x = {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": [0, top * 1.3]}}
    y = {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "labelColor": TEXT, "domain": False},
        "scale": {"paddingInner": 0.16},
    }
    offset = {"field": "which", "type": "nominal", "sort": [words.now, words.before]}
    shades = {"domain": [words.now, words.before], "range": ["#1f5a94", "#b9c3ce"]}
    colour = {"field": "which", "type": "nominal", "scale": shades, "legend": {"orient": "top", "values": [words.now, words.before]}}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "height": {"band": 0.92}}, "encoding": {"x": x, "color": colour}},
        {
            "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": SIZE - 1.5, "baseline": "middle"},
            "encoding": {"x": x, "text": {"field": "label"}},
        },
    ]
    spec = {"description": words.alt, "data": {"values": values}, "encoding": {"y": y, "yOffset": offset}, "layer": layers}
    return finished(spec, width=HALF, height=max(70, 27 * len(rows)))


def _own(field: str) -> Spec:
    return {"field": field, "type": "nominal", "scale": None, "legend": None}


def _dark(colour: str) -> bool:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 150
