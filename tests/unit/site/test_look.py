# SPDX-License-Identifier: Apache-2.0
"""Colours keep the contrast of WCAG 2.2 AA in light and dark; nothing in the style comes from elsewhere."""

from __future__ import annotations

import re

import pytest

from teiten.site.serving import STATIC

CSS = (STATIC / "site.css").read_text(encoding="utf-8")
ROOTS = re.findall(r":root \{([^}]*--page[^}]*)\}", CSS)
TEXT = [(ink, ground) for ink in ("ink", "soft", "accent") for ground in ("page", "sheet", "wash", "fresh")] + [
    ("accent-ink", "accent"),
    ("notice-ink", "notice"),
]
SHAPES = [("accent", "sheet"), ("quiet", "sheet")]


def colours(root: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", root))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("root", ROOTS, ids=["light", "dark", "print"])
def test_contrast(root: str) -> None:
    found = colours(ROOTS[0]) | colours(root)
    for ink, ground in TEXT:
        assert contrast(found[ink], found[ground]) >= 4.5, (ink, ground)
    for shape, ground in SHAPES:
        assert contrast(found[shape], found[ground]) >= 3, (shape, ground)


def test_style_and_script_are_our_own() -> None:
    assert not re.search(r"url\(|@import|https?:", CSS)
    script = (STATIC / "live.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|https?:", script)
