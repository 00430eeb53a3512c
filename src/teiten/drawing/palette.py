# SPDX-License-Identifier: Apache-2.0
"""One colour and pattern for each name, the same through a whole report. Neighbours differ in lightness and pattern, not only in hue.

Hues keep apart for the three common kinds of colour blindness; dark and light alternate, so that a grey print can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Pattern = Literal["", "rising", "falling", "dots", "lines", "grid"]


class Ink(msgspec.Struct, frozen=True):
    colour: str
    pattern: Pattern = ""


ACCESSES: Final = Ink("#1f5a94")
SOURCES: Final = Ink("#d9822b")
REST: Final = Ink("#cfd4da")
UNKNOWN: Final = Ink("#7b828c", "dots")

_INKS: Final = (
    Ink("#1f4e85"),
    Ink("#efb45a"),
    Ink("#2f7f78", "rising"),
    Ink("#74b3dd"),
    Ink("#8c2f4b", "dots"),
    Ink("#d8cf8a", "falling"),
    Ink("#5c4a8f", "lines"),
    Ink("#8fc08a"),
    Ink("#b5532a", "rising"),
    Ink("#c9b8e0", "dots"),
    Ink("#34553b", "falling"),
    Ink("#f2b8a4", "lines"),
)
_FURTHER: Final = ("#1f4e86", "#efb45b", "#2f7f79", "#74b3de", "#8c2f4c", "#d8cf8b", "#5c4a90", "#8fc08b", "#b5532b", "#c9b8e1", "#34553c", "#f2b8a5")


class Inks:
    """Inks for names in the order of their importance: the first twelve are easiest to tell apart, the next twelve carry a grid."""

    def __init__(self, names: Iterable[str]) -> None:
        every = (*_INKS, *(Ink(colour, "grid") for colour in _FURTHER))
        self._inks = dict(zip(dict.fromkeys(names), every, strict=False))

    def of(self, name: str) -> Ink:
        return self._inks.get(name, REST)
