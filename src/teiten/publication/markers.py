# SPDX-License-Identifier: Apache-2.0
"""Marker watch (P8): signs that somebody marks sensors to find them in what we publish. Pure; an operator's finding, never published."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from teiten.publication.vocabulary import marker_bits
from teiten.questions.breadth import Breadth

Kind = Literal["strings", "ports"]

_RUN = re.compile(r"[^\W_]+")
# How many in one period raise the alarm: an ordinary month has a few singular strings, a marking has one for every sensor it meets.
STRINGS: Final = 20
PORTS: Final = 40
GROWTH: Final = 2.0  # and so many times what the period before had
MARKER_BITS: Final = 28.0  # enough to number a /4 of all IPv4 addresses


class Marker(msgspec.Struct, frozen=True):
    """`examples` at most ten, in order; `targets` how many look alike."""

    kind: Kind
    channel: str
    shape: str
    targets: int
    examples: tuple[bytes, ...]


def watch(channel: str, seen: Iterable[tuple[Breadth, int]], before: Iterable[tuple[Breadth, int]] = ()) -> list[Marker]:
    """`seen`: each target with the number of sensors that met it; `before`: the same for the period before.

    A long tail is ordinary where it always was; its sudden growth is the sign.
    """
    usual = {shape: len(targets) for shape, targets in _alike(channel, before).items()}
    kind: Kind = "ports" if channel == "packet" else "strings"
    least = PORTS if channel == "packet" else STRINGS
    return [
        Marker(kind, channel, shape, len(targets), tuple(sorted(targets)[:10]))
        for shape, targets in sorted(_alike(channel, seen).items())
        if len(targets) >= max(least, GROWTH * usual.get(shape, 0))
    ]


def _alike(channel: str, seen: Iterable[tuple[Breadth, int]]) -> dict[str, list[bytes]]:
    """Targets that one sensor met from hardly any source, by shape; ports, and texts with room for a code."""
    shapes: dict[str, list[bytes]] = {}
    for row, sensors in seen:
        target = row.keys[0]
        if sensors == 1 and row.networks <= 2 and isinstance(target, bytes) and (channel == "packet" or marker_bits(target) >= MARKER_BITS):
            shapes.setdefault(shape_of(target), []).append(target)
    return shapes


def shape_of(target: bytes) -> str:
    """What stays when the code in a text is changed: digits as 9, words as a, mixtures of both as #."""
    return _RUN.sub(lambda run: "9" if run[0].isdigit() else "a" if run[0].isalpha() else "#", target.decode("utf-8", "replace")[:200])
