# SPDX-License-Identifier: Apache-2.0
"""Drawings: the same bytes each time, well-formed whatever the names are, gaps are no zeros, inks stay apart in grey and for the colour-blind."""

from __future__ import annotations

import itertools
import json
import re
import xml.etree.ElementTree as ET

import pytest

from teiten.drawing import series, shares
from teiten.drawing.palette import ACCESSES, REST, SOURCES, UNKNOWN, Ink, Inks
from teiten.drawing.rows import Bar, Pair, Series, Words
from teiten.drawing.style import CONFIG
from teiten.drawing.svg import to_svg

NAMES = ("中国", "日本", "</svg><script>x</script>", "a'b\"c&d", "datum.name", "その他(30)", "不明")
WORDS = Words(alt="図の説明 <&>", x="日", y="件", gap="なし", average="平均 5", now="8月", before="7月")
INKS = Inks(NAMES)
COLUMNS = tuple(str(day) for day in range(1, 32))


def every() -> dict[str, dict[str, object]]:
    rows = [Series(name, tuple(None if day == 9 else float(day % 5 + place) for day in range(31)), INKS.of(name)) for place, name in enumerate(NAMES)]
    halves = [Series(name, (0.5, None), INKS.of(name)) for name in NAMES[:2]]
    return {
        "months": series.months(
            ("3月", "4月", "5月"), Series("アクセス数", (9.0, None, 0.0), ACCESSES), Series("発信元数", (3.0, None, 0.0), SOURCES), WORDS
        ),
        "days": series.days(COLUMNS, rows[0], 5.0, WORDS),
        "stacked_days": series.stacked_days(COLUMNS, rows, WORDS),
        "shares": shares.shares([Bar(name, 1.0, "10.0%", INKS.of(name)) for name in NAMES], WORDS),
        "stacked_months": shares.stacked_months(("3月", "4月"), halves, WORDS),
        "compared": shares.compared([Pair(name, 2.0, 3.0, "2", "3", INKS.of(name)) for name in NAMES], WORDS),
    }


@pytest.mark.parametrize("kind", every())
def test_a_drawing_is_well_formed_and_the_same_each_time(kind: str) -> None:
    spec = every()[kind]
    json.dumps(spec)
    drawn = to_svg(spec, "f1-1", [INKS.of(name) for name in NAMES])
    assert drawn == to_svg(spec, "f1-1", [INKS.of(name) for name in NAMES])
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(drawn).iter()}
    assert tags <= {"svg", "g", "path", "rect", "text", "line", "defs", "pattern", "circle", "clipPath", "tspan"}
    ids = re.findall(r'\bid="([^"]+)"', drawn)
    assert len(ids) == len(set(ids)) and all(one.startswith("f1-1-") for one in ids)
    assert "http" not in drawn.replace("http://www.w3.org/", "")


def test_a_day_that_nobody_observed_is_a_band_and_not_a_bar() -> None:
    spec = series.days(("1", "2", "3"), Series("x", (4.0, None, 0.0), ACCESSES), None, WORDS)
    shaded = spec["layer"][0]["data"]["values"]
    assert [row["gap"] for row in shaded] == [False, True, False]
    assert [row["value"] for row in spec["data"]["values"]] == [4.0, None, 0.0]


def test_empty_series_can_be_drawn() -> None:
    for spec in (shares.shares([], WORDS), series.stacked_days((), [], WORDS), shares.stacked_months((), [], WORDS), shares.compared([], WORDS)):
        assert to_svg(spec, "f").startswith("<svg")


def test_a_name_keeps_its_ink_and_others_are_the_rest() -> None:
    inks = Inks(str(number) for number in range(24))
    assert len({inks.of(str(number)) for number in range(24)}) == 24
    assert inks.of("3") == Inks(str(number) for number in range(30)).of("3") and inks.of("unheard of") == REST


def luminance(colour: str) -> float:
    return sum(weight * int(colour[at : at + 2], 16) for weight, at in ((0.299, 1), (0.587, 3), (0.114, 5)))


# how the three kinds of colour blindness see a colour: linear RGB after Viénot, Brettel and Mollon (1999), simplified matrices
BLIND = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritan": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def seen(ink: Ink, kind: str) -> tuple[float, ...]:
    channels = [(int(ink.colour[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5)]
    mixed = [max(0.0, min(1.0, sum(a * b for a, b in zip(row, channels, strict=True)))) for row in BLIND[kind]]
    return tuple(255 * value ** (1 / 2.2) for value in mixed)


@pytest.mark.parametrize("kind", BLIND)
def test_inks_that_touch_differ_for_every_eye(kind: str) -> None:
    """The first eight and the rest: any two differ in colour as it is seen, or by their pattern."""
    inks = [*(Inks(str(n) for n in range(8)).of(str(n)) for n in range(8)), REST, UNKNOWN]
    for one, other in itertools.combinations(inks, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen(one, kind), seen(other, kind), strict=True)) ** 0.5
        assert distance > 30 or one.pattern != other.pattern, (one, other, distance)


def test_neighbours_in_a_stack_differ_in_grey() -> None:
    inks = [Inks(str(n) for n in range(10)).of(str(n)) for n in range(10)]
    for one, other in itertools.pairwise(inks):
        assert abs(luminance(one.colour) - luminance(other.colour)) > 25 or one.pattern != other.pattern
    assert CONFIG["font"] == "BIZ UDPGothic"
