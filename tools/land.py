# SPDX-License-Identifier: Apache-2.0
"""Vendors what maps are made of: land-110m of npm world-atlas, its outline projected once, and a point and names for each region code.

Run by hand when a version changes: `python tools/land.py FOLDER`, with the unpacked npm package world-atlas in FOLDER. Needs Babel (CLDR names).
Borders are not kept: the atlas draws several of them as one side sees them.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import sys
from itertools import pairwise
from math import cos, radians
from pathlib import Path
from typing import Any

import vl_convert
from babel import Locale
from babel.core import get_global

from teiten.drawing.source_map import HEIGHT, MAP, land_spec

VERSION = "2.0.2"
SHORT = {"HK": ("香港", "Hong Kong"), "MO": ("マカオ", "Macao")}  # CLDR's long forms don't fit a table
ORIGIN = (
    f"npm world-atlas {VERSION} (ISC), from Natural Earth 4.1 (public domain).\nregions.csv: points from countries-50m of the same package, "
    "names from Unicode CLDR (Unicode-3.0) through Babel.\n"
)
# Places of regions that the atlas has no shape for, or that lie across its edge.
SMALL = {
    "RU": (97.0, 62.0),
    "XK": (20.9, 42.6),
    "HK": (114.2, 22.3),
    "MO": (113.5, 22.2),
    "GI": (-5.35, 36.14),
    "TV": (179.2, -8.5),
    "GF": (-53.2, 3.9),
    "GP": (-61.5, 16.2),
    "MQ": (-61.0, 14.6),
    "RE": (55.5, -21.1),
    "YT": (45.2, -12.8),
    "SJ": (16.0, 78.5),
    "BQ": (-68.3, 12.2),
    "EU": (4.4, 50.8),
    "AP": (103.8, 1.35),
}


def main() -> int:
    source = Path(sys.argv[1])
    MAP.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "land-110m.json", MAP / "land-110m.json")
    shutil.copy(source / "LICENSE", MAP / "LICENSE")
    (MAP / "land-110m.path").write_text(outline() + "\n", encoding="ascii")
    write_regions(json.loads((source / "countries-50m.json").read_text()))
    sums = [f"{hashlib.sha256((MAP / name).read_bytes()).hexdigest()}  {name}" for name in ("land-110m.json", "land-110m.path", "regions.csv")]
    (MAP / "ORIGIN.txt").write_text(ORIGIN + "\n".join(sums) + "\n", encoding="utf-8")
    return 0


def outline() -> str:
    """The land as SVG path data in whole units, cut at the lower edge of the map."""
    drawn = vl_convert.vegalite_to_svg(land_spec(), vl_version="6.4")
    data = re.findall(r'<path[^>]* d="([^"]+)"', drawn)
    return rounded(max(data, key=len))


def rounded(path: str) -> str:
    """Relative whole numbers; points that fall together are one."""
    rings = []
    for ring in filter(None, path.replace("Z", "").split("M")):
        points = [(round(float(x)), min(HEIGHT, round(float(y)))) for x, y in (pair.split(",") for pair in ring.split("L"))]
        kept = [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]
        if len(kept) > 2:
            steps = (f"{x - a} {y - b}" for (a, b), (x, y) in pairwise(kept))
            rings.append(f"M{kept[0][0]} {kept[0][1]}l" + " ".join(steps).replace(" -", "-") + "z")
    return "".join(rings)


def write_regions(atlas: dict[str, Any]) -> None:
    aliases = {code: names[0] for code, names in get_global("territory_aliases").items() if code.isdigit() and len(names) == 1}
    shapes = [(aliases[shape["id"]], shape) for shape in atlas["objects"]["countries"]["geometries"] if shape.get("id") in aliases]
    # Islands far away carry the code of their country too: the largest part of all is the place.
    points = {code: max(largest(atlas, other) for same, other in shapes if same == code)[1] for code, _ in shapes} | SMALL
    names = {language: Locale(language).territories for language in ("ja", "en")}
    with (MAP / "regions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["region", "longitude", "latitude", "ja", "en"])
        for code in sorted(
            code
            for code in names["en"].keys() & names["ja"].keys()
            if re.fullmatch(r"[A-Z]{2}", code) and code not in ("EZ", "QO", "UN", "XA", "XB", "ZZ")
        ):
            place = points.get(code)
            writer.writerow(
                [code, *([f"{part:.1f}" for part in place] if place else ["", ""]), *SHORT.get(code, (names["ja"][code], names["en"][code]))]
            )


def largest(atlas: dict[str, Any], shape: dict[str, Any]) -> tuple[float, tuple[float, float]]:
    """(area, centre) of the largest part."""
    parts = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    centres = [centre(ring(atlas, part[0])) for part in parts]
    return max(centres)


def ring(atlas: dict[str, Any], arcs: list[int]) -> list[tuple[float, float]]:
    (kx, ky), (dx, dy) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    found: list[tuple[float, float]] = []
    for index in arcs:
        x = y = 0
        line = []
        for step_x, step_y in atlas["arcs"][index if index >= 0 else ~index]:
            x, y = x + step_x, y + step_y
            line.append((x * kx + dx, y * ky + dy))
        found += line if index >= 0 else line[::-1]
    return found


def centre(points: list[tuple[float, float]]) -> tuple[float, tuple[float, float]]:
    """(area, middle) of a ring; area in square degrees as large as they are at that latitude."""
    doubled = middle_x = middle_y = 0.0
    for (x, y), (u, v) in zip(points, points[1:] + points[:1], strict=True):
        cross = x * v - u * y
        doubled += cross
        middle_x += (x + u) * cross
        middle_y += (y + v) * cross
    if not doubled:
        return 0.0, points[0]
    place = (middle_x / (3 * doubled), middle_y / (3 * doubled))
    return abs(doubled) * cos(radians(place[1])), place


if __name__ == "__main__":
    sys.exit(main())
