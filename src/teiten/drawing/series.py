# SPDX-License-Identifier: Apache-2.0
"""Drawings over time: months as bars with a line, days as bars with gaps, days stacked by kind or region."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import Any, Final

from teiten.drawing.palette import ACCESSES, SOURCES, Ink
from teiten.drawing.rows import Series, Words
from teiten.drawing.style import FLAT_TITLE, PAPER, QUIET, SIZE, TEXT, WIDTH, finished

Spec = dict[str, Any]
_STACK_HEIGHT: Final = 150
_NAME_HEIGHT: Final = 14.5
_FAR: Final = 45  # a line from a piece to its name that climbs further says nothing


def months(columns: Sequence[str], accesses: Series, sources: Series, words: Words) -> Spec:
    """Bars for accesses and a line for sources on one scale, every value written at its place; a month that wasn't observed stays empty."""
    rows = [{"column": column, "accesses": high, "sources": low} for column, high, low in zip(columns, accesses.values, sources.values, strict=True)]
    x: Spec = {"field": "column", "type": "nominal", "sort": None, "axis": {"labelAngle": 0, "title": None, "ticks": False, "labelPadding": 8}}
    x["scale"] = {"domain": list(columns)}
    keys = [accesses.name, sources.name]
    colour = {"datum": "", "scale": {"domain": keys, "range": [ACCESSES.colour, SOURCES.colour]}, "legend": {"orient": "top"}}
    y = {"type": "quantitative", "axis": {"title": None, "tickCount": 5, "format": ",d"}, "scale": {"zero": True, "nice": True}}
    labels = {"type": "text", "dy": -8, "fontSize": SIZE}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "width": {"band": 0.55}}, "encoding": {"y": {"field": "accesses", **y}, "color": {**colour, "datum": keys[0]}}},
        {"mark": labels, "encoding": {"y": {"field": "accesses", **y}, "text": _text("accesses")}},
        {"mark": {"type": "line", "strokeWidth": 2.5}, "encoding": {"y": {"field": "sources", **y}, "color": {**colour, "datum": keys[1]}}},
        {
            "mark": {"type": "point", "filled": True, "size": 70, "fill": SOURCES.colour, "stroke": PAPER, "strokeWidth": 1.5, "opacity": 1},
            "encoding": {"y": {"field": "sources", **y}},
        },
        {"mark": {**labels, "dy": 15, "fontWeight": "bold", "fill": PAPER}, "encoding": {"y": {"field": "sources", **y}, "text": _text("sources")}},
        _missing([column for column, value in zip(columns, accesses.values, strict=True) if value is None], words.gap),
    ]
    return finished({"description": words.alt, "data": {"values": rows}, "encoding": {"x": x}, "layer": layers}, height=190)


def days(columns: Sequence[str], series: Series, average: float | None, words: Words, every: int = 5, width: int = WIDTH) -> Spec:
    """One bar for each day, every fifth labelled; days that nobody observed are shaded, and the mean is a line, named at its end. A drawing
    of half the width has no room for that: the name is above, instead of what the caption says as well."""
    rows = [{"column": column, "value": value} for column, value in zip(columns, series.values, strict=True)]
    layers: list[Spec] = [
        *_shaded(columns, series.values),
        {
            "mark": {"type": "bar", "fill": series.ink.colour, "width": {"band": 0.72}},
            "encoding": {
                "x": _day_axis(words, every),
                "y": {"field": "value", "type": "quantitative", "axis": _value_axis(words if width == WIDTH else Words(words.alt))},
            },
        },
    ]
    if average is not None:
        layers.append({"data": {"values": [{"mean": average}]}, "mark": _rule(), "encoding": {"y": {"field": "mean", "type": "quantitative"}}})
        layers.append(_mean_name(average, words.average, width))
    spec = {"description": words.alt, "data": {"values": rows}, "layer": layers}
    return finished(spec, width, height=132)


def _mean_name(average: float, name: str, width: int) -> Spec:
    text: Spec = {"type": "text", "fill": TEXT, "fontSize": SIZE}
    if width == WIDTH:
        place = {"y": {"field": "mean", "type": "quantitative"}}
        mark = {**text, "align": "left", "baseline": "middle", "x": {"expr": "width + 6"}}
        return {"data": {"values": [{"mean": average, "words": name}]}, "mark": mark, "encoding": {**place, "text": {"field": "words"}}}
    mark = {**text, "align": "right", "baseline": "bottom", "x": {"expr": "width"}, "y": -9}
    return {"data": {"values": [{"words": f"- - {name}"}]}, "mark": mark, "encoding": {"text": {"field": "words"}}}


def stacked_days(columns: Sequence[str], series: Sequence[Series], words: Words, height: int = _STACK_HEIGHT) -> Spec:
    """Days stacked by series, the first one at the bottom; each is named at the right, beside its piece of the last day that was observed."""
    rows = [
        {"column": column, "name": one.name, "value": value, "place": place}
        for place, one in enumerate(series)
        for column, value in zip(columns, one.values, strict=True)
        if value
    ]
    observed = [None if all(one.values[n] is None for one in series) else 0.0 for n in range(len(columns))]
    top = nice(max((sum(one.values[n] or 0 for one in series) for n in range(len(columns))), default=0))
    bars: Spec = {
        "mark": {"type": "bar", "width": {"band": 0.86}, "stroke": PAPER, "strokeWidth": 0.6},
        "encoding": {
            "x": _day_axis(words),
            "y": {
                "field": "value",
                "type": "quantitative",
                "stack": "zero",
                "axis": _value_axis(words),
                "scale": {"domain": [0, top], "nice": False},
            },
            "color": {"field": "name", "type": "nominal", "scale": _scale(series), "legend": None},
            "order": {"field": "place", "type": "quantitative"},
        },
    }
    last = next((n for n in reversed(range(len(columns))) if observed[n] is not None), 0)
    names = beside([(one.name, (one.values[last] or 0) / top, one.ink.colour) for one in series], height)
    spec = {"description": words.alt, "data": {"values": rows}, "layer": [*_shaded(columns, observed), bars, *names]}
    return finished(spec, height=height)


def beside(pieces: Sequence[tuple[str, float, str]], height: int) -> list[Spec]:
    """Names of the pieces of a stack at its right, as near to them as they have room, with a line to each. Pieces from below: name, part of the
    height, colour."""
    middles, start = [], 0.0
    for _, part, _ in pieces:
        middles.append(height * (1 - start - part / 2))
        start += part
    places = _spread(middles, height)
    rows = [{"name": name, "at": at, "from": middle, "colour": colour} for (name, _, colour), middle, at in zip(pieces, middles, places, strict=True)]
    y: Spec = {"field": "at", "type": "quantitative", "scale": None}
    colour: Spec = {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    line: Spec = {"type": "rule", "stroke": "#8b95a1", "strokeWidth": 0.7}
    ends: Spec = {"x": {"value": {"expr": "width + 1"}}, "x2": {"value": {"expr": "width + 14"}}}
    swatch: Spec = {"type": "rect", "x": {"expr": "width + 17"}, "x2": {"expr": "width + 28"}, "height": 11}
    text: Spec = {"type": "text", "align": "left", "baseline": "middle", "x": {"expr": "width + 33"}, "fill": TEXT, "fontSize": SIZE, "limit": 105}
    data: Spec = {"data": {"values": rows}}
    near = all(abs(at - middle) <= _FAR for at, middle in zip(places, middles, strict=True))
    lines = [{**data, "mark": line, "encoding": {**ends, "y": {**y, "field": "from"}, "y2": {"field": "at"}}}] if near else []
    return [
        *lines,
        {**data, "mark": swatch, "encoding": {"y": y, "fill": colour}},
        {**data, "mark": text, "encoding": {"y": y, "text": {"field": "name"}}},
    ]


def _spread(middles: Sequence[float], height: int) -> list[float]:
    """The same from below upwards, moved apart where they would touch, within the drawing as far as there is room."""
    apart = min(_NAME_HEIGHT, height / max(1, len(middles) - 1)) if len(middles) * _NAME_HEIGHT > height else _NAME_HEIGHT
    places: list[float] = []
    for middle in middles:
        places.append(min(middle, places[-1] - apart) if places else min(middle, height - 6.0))
    low = 2.0
    for n in reversed(range(len(places))):  # what was pushed out at the top comes back, and pushes the ones below it
        places[n] = max(places[n], low)
        low = places[n] + apart
    return places


def nice(value: float) -> float:
    """The next round number above, for the end of an axis."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** floor(log10(value))
    return next(step * unit for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * unit >= value * 1.02 or step == 10)


def _scale(series: Sequence[Series]) -> Spec:
    return {"domain": _names(series), "range": [one.ink.colour for one in series]}


def _names(series: Sequence[Series]) -> list[str]:
    return [one.name for one in series]


def inks_of(series: Sequence[Series]) -> list[Ink]:
    return [one.ink for one in series]


def _text(field: str) -> Spec:
    return {"field": field, "type": "quantitative", "format": ",.0f"}


def _value_axis(words: Words) -> Spec:
    return {"title": words.y, **FLAT_TITLE, "tickCount": 4, "format": ",~r"}


def _day_axis(words: Words, every: int = 5) -> Spec:
    shown = "datum.label" if every == 1 else f"datum.index === 0 || (toNumber(datum.label) % {every} === 0) ? datum.label : ''"
    axis = {"labelAngle": 0, "title": words.x, "labelExpr": shown, "ticks": False, "labelPadding": 9, "labelOverlap": False}
    return {"field": "column", "type": "nominal", "sort": None, "axis": axis}


def _rule() -> Spec:
    return {"type": "rule", "stroke": TEXT, "strokeWidth": 1.2, "strokeDash": [5, 3]}


def _shaded(columns: Sequence[str], values: Sequence[float | None]) -> list[Spec]:
    """The full range of columns, in order, with the ones that were not observed as grey bands."""
    rows = [{"column": column, "gap": value is None} for column, value in zip(columns, values, strict=True)]
    band: Spec = {
        "data": {"values": rows},
        "mark": {"type": "bar", "width": {"band": 1}, "y": 0, "y2": {"expr": "height"}, "fill": "#e9ecef"},
        "encoding": {
            "x": {"field": "column", "type": "nominal", "sort": None},
            "opacity": {"condition": {"test": "datum.gap", "value": 1}, "value": 0},
        },
    }
    return [band]


def _missing(columns: Sequence[str], text: str) -> Spec:
    rows = [{"column": column, "words": text} for column in columns]
    return {
        "data": {"values": rows},
        "mark": {"type": "text", "fill": QUIET, "y": {"expr": "height - 12"}, "fontSize": SIZE - 1},
        "encoding": {"x": {"field": "column", "type": "nominal", "sort": None}, "text": {"field": "words"}},
    }
