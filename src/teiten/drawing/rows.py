# SPDX-License-Identifier: Apache-2.0
"""What can be drawn: series over columns, and bars. Values are final numbers; None is "not observed" and is drawn as a gap, never as zero."""

from __future__ import annotations

import msgspec

from teiten.drawing.palette import Ink


class Series(msgspec.Struct, frozen=True):
    """One value for each column of its drawing."""

    name: str
    values: tuple[float | None, ...]
    ink: Ink


class Bar(msgspec.Struct, frozen=True):
    """One horizontal bar; `label` is the value in words, written at its end."""

    name: str
    value: float
    label: str
    ink: Ink


class Pair(msgspec.Struct, frozen=True):
    """The same thing now and before, as two bars on one line."""

    name: str
    now: float
    before: float
    now_label: str
    before_label: str
    ink: Ink


class Words(msgspec.Struct, frozen=True):
    """The words around a drawing. `alt` says in one sentence what is to be seen, for those who don't see it."""

    alt: str
    x: str = ""
    y: str = ""
    gap: str = ""  # what is written where nothing was observed
    average: str = ""
    now: str = ""
    before: str = ""
