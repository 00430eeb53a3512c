# SPDX-License-Identifier: Apache-2.0
"""The map: land without borders, circles where they belong, both forms alike (M-16, M-24), and the vendored files as they were pinned."""

from __future__ import annotations

import hashlib
import re

import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as some

from teiten.drawing.source_map import HEIGHT, LARGEST_RADIUS, MAP, WIDTH, outline, placed, places, project, source_map_spec


def test_vendored_files_are_the_pinned_ones() -> None:
    sums = dict(reversed(line.split()) for line in (MAP / "ORIGIN.txt").read_text(encoding="utf-8").splitlines() if re.match(r"[0-9a-f]{64} ", line))
    assert len(sums) == 3
    assert {name: hashlib.sha256((MAP / name).read_bytes()).hexdigest() for name in sums} == sums


def test_the_outline_stays_in_its_box() -> None:
    x = y = 0
    for command, numbers in re.findall(r"([Ml])([-0-9 ]+)", outline()):
        pairs = [int(number) for number in re.findall(r"-?\d+", numbers)]
        for dx, dy in zip(pairs[::2], pairs[1::2], strict=True):
            x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
            assert -1 <= x <= WIDTH + 1
            assert -1 <= y <= HEIGHT + 1
    assert len(outline()) < 20_000


def test_the_pacific_is_in_the_middle() -> None:
    assert project(150, 0)[0] == WIDTH / 2
    assert project(*_place("JP"))[0] < WIDTH / 2 < project(*_place("US"))[0]
    assert project(*_place("ZA"))[0] < project(*_place("IN"))[0]


def test_area_is_the_number_of_sources_and_small_ones_lie_on_top() -> None:
    circles = placed([("KR", 25), ("CN", 100), ("unknown", 50), ("other", 5), ("JP", 0)])
    assert [circle.region for circle in circles] == ["CN", "KR"]
    assert circles[0].radius == LARGEST_RADIUS
    assert circles[1].radius == LARGEST_RADIUS / 2
    assert placed([]) == []


@given(some.lists(some.tuples(some.sampled_from([*places(), "??", ""]), some.integers(-5, 10**9))))
def test_circles_lie_on_the_map(rows: list[tuple[str, int]]) -> None:
    for circle in placed(rows):
        assert -5 <= circle.x <= WIDTH + 5
        assert -5 <= circle.y <= HEIGHT + 40
        assert 0 < circle.radius <= LARGEST_RADIUS


def test_vega_draws_the_circles_where_the_page_does() -> None:
    rows = [("CN", 100), ("JP", 60), ("US", 30), ("AU", 10)]
    drawn = vl_convert.vegalite_to_svg(source_map_spec(rows, {"JP": "日本"}), vl_version="6.4")
    assert "日本" in drawn
    found = [(float(x), float(y)) for x, y in re.findall(r'aria-roledescription="circle"[^>]*transform="translate\(([-\d.]+),([-\d.]+)\)"', drawn)]
    assert sorted(found) == [pytest.approx((circle.x, circle.y), abs=0.2) for circle in sorted(placed(rows), key=lambda one: one.x)]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_region_has_a_name(language: str) -> None:
    assert len(places()) > 240
    assert all(getattr(place, language) for place in places().values())


def _place(region: str) -> tuple[float, float]:
    place = places()[region]
    assert place.longitude is not None
    assert place.latitude is not None
    return place.longitude, place.latitude
