# SPDX-License-Identifier: Apache-2.0
"""Where sources are registered: land without any border, circles whose area is the number of sources, the Pacific in the middle.

One projection serves both forms: `placed` gives circles for a page that draws its own SVG (dark mode, no drawing engine in the process),
`source_map_spec` the Vega-Lite specification for reports and interactive pages. A region is where an address is registered, not a person.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from functools import cache
from math import cos, pi, radians, sin, sqrt
from pathlib import Path
from typing import Any, Final

import msgspec

MAP: Final = Path(__file__).resolve().parent / "vendor" / "map"
WIDTH: Final = 960
HEIGHT: Final = 430
CENTRE_LONGITUDE: Final = 150.0
_SCALE: Final = 174.0
_MIDDLE_Y: Final = 248.0
LARGEST_RADIUS: Final = 34.0
SMALLEST_RADIUS: Final = 2.5
LARGEST_NETWORK: Final = 9.0
_STEP: Final = 4.2  # between the circles of a region's networks
_TURN: Final = pi * (3 - sqrt(5))


class Place(msgspec.Struct, frozen=True):
    """`longitude` None: a region without a place on the map; it stands in the table alone."""

    region: str
    longitude: float | None
    latitude: float | None
    ja: str
    en: str


class Circle(msgspec.Struct, frozen=True):
    region: str
    sources: int
    x: float
    y: float
    radius: float
    network: str = ""


@cache
def places() -> dict[str, Place]:
    with (MAP / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = [Place(r["region"], _number(r["longitude"]), _number(r["latitude"]), r["ja"], r["en"]) for r in csv.DictReader(file)]
    return {row.region: row for row in rows}


@cache
def outline() -> str:
    """The land as SVG path data in a box of WIDTH by HEIGHT."""
    return (MAP / "land-110m.path").read_text(encoding="ascii").strip()


def placed(regions: Iterable[tuple[str, int]]) -> list[Circle]:
    """Circles for (region code, sources), largest first so that small ones lie on top; codes without a place are left out."""
    rows = sorted(((code, sources) for code, sources in regions if sources > 0), key=lambda row: (-row[1], row[0]))
    most = rows[0][1] if rows else 1
    found = []
    for code, sources in rows:
        place = places().get(code)
        if place is not None and place.longitude is not None and place.latitude is not None:
            x, y = project(place.longitude, place.latitude)
            found.append(Circle(code, sources, x, y, round(max(SMALLEST_RADIUS, LARGEST_RADIUS * sqrt(sources / most)), 1)))
    return found


def scattered(networks: Iterable[tuple[str, str, int]]) -> list[Circle]:
    """Circles for (network, region code, sources): those of a region around its place, the largest in the middle. Where in a region a network
    is, nobody knows here; networks of regions without a place are left out."""
    rows = sorted((row for row in networks if row[2] > 0), key=lambda row: (-row[2], row[0]))
    most = rows[0][2] if rows else 1
    found: list[Circle] = []
    met: dict[str, int] = {}
    for network, region, sources in rows:
        place = places().get(region)
        if place is None or place.longitude is None or place.latitude is None:
            continue
        number = met[region] = met.get(region, -1) + 1
        x, y = project(place.longitude, place.latitude)
        away = _STEP * sqrt(number)
        radius = max(SMALLEST_RADIUS, LARGEST_NETWORK * sqrt(sources / most))
        found.append(
            Circle(region, sources, round(x + away * cos(number * _TURN), 1), round(y + away * sin(number * _TURN), 1), round(radius, 1), network)
        )
    return found


def project(longitude: float, latitude: float) -> tuple[float, float]:
    """Natural Earth projection (Patterson, Šavrič; its polynomial form), as d3's geoNaturalEarth1 has it."""
    turned = radians((longitude - CENTRE_LONGITUDE + 540) % 360 - 180)
    phi = radians(latitude)
    p2 = phi * phi
    p4 = p2 * p2
    x = turned * (0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4)))
    y = phi * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4)))
    return round(WIDTH / 2 + _SCALE * x, 1), round(_MIDDLE_Y - _SCALE * y, 1)


def land_spec(colour: str = "#dfe4e9") -> dict[str, Any]:
    """Vega-Lite: the land alone."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "height": HEIGHT,
        "padding": 0,
        "autosize": "none",
        "config": {"view": {"stroke": None}},
        "projection": _projection(),
        "layer": [_land(colour)],
    }


def source_map_spec(regions: Iterable[tuple[str, int]], names: dict[str, str], land: str = "#dfe4e9", ink: str = "#0a5a8c") -> dict[str, Any]:
    """Vega-Lite: land and circles. `names`: region code -> the name to say in the reader's language."""
    rows = [(circle, places()[circle.region]) for circle in placed(regions)]
    values = [
        {"region": names.get(circle.region, circle.region), "sources": circle.sources, "longitude": place.longitude, "latitude": place.latitude}
        for circle, place in rows
    ]
    circles = {
        "data": {"values": values},
        "mark": {"type": "circle", "color": ink, "opacity": 0.55, "stroke": ink, "strokeWidth": 1},
        "encoding": {
            "longitude": {"field": "longitude", "type": "quantitative"},
            "latitude": {"field": "latitude", "type": "quantitative"},
            "size": {"field": "sources", "type": "quantitative", "scale": {"range": [0, pi * LARGEST_RADIUS**2], "zero": True}, "legend": None},
            "order": {"field": "sources", "sort": "descending"},
            "tooltip": [{"field": "region"}, {"field": "sources"}],
        },
    }
    spec = land_spec(land)
    return {**spec, "layer": [*spec["layer"], circles]}


def _projection() -> dict[str, Any]:
    return {
        "type": "naturalEarth1",
        "rotate": [-CENTRE_LONGITUDE, 0, 0],
        "scale": _SCALE,
        "translate": [WIDTH / 2, _MIDDLE_Y],
        "clipExtent": [[0, 0], [WIDTH, HEIGHT]],
    }


def _land(colour: str) -> dict[str, Any]:
    atlas = json.loads((MAP / "land-110m.json").read_text(encoding="utf-8"))
    return {"data": {"values": atlas, "format": {"type": "topojson", "feature": "land"}}, "mark": {"type": "geoshape", "fill": colour}}


def _number(text: str) -> float | None:
    return float(text) if text else None
