# SPDX-License-Identifier: Apache-2.0
"""Marker watch (P8): signs that somebody marks sensors to find them in what we publish. Pure; an operator's finding, never published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Final, Literal

import msgspec

from teiten import texts
from teiten.publication.vocabulary import marker_bits
from teiten.questions.breadth import Breadth

Kind = Literal["strings", "ports", "volume"]

_RUN = re.compile(r"[^\W_]+")
# How many in one period raise the alarm: an ordinary month has a few singular strings, a marking has one for every sensor it meets.
STRINGS: Final = 20
PORTS: Final = 40
POOLED: Final = 20  # the same where several networks name it and yet only a part of the sensors meets it: group tests
GROWTH: Final = 2.0  # and so many times what the period before had
MARKER_BITS: Final = 28.0  # enough to number a /4 of all IPv4 addresses
# Volume: one sensor's day stands out by so much from the other sensors and from its own day before. A published count moves by 10 % of noise.
VOLUME: Final = 500
VOLUME_TIMES: Final = 8.0


class Marker(msgspec.Struct, frozen=True):
    """`examples` at most ten, in order; `targets` how many look alike; `sensor`: the one that stands out, for kind `volume`."""

    kind: Kind
    channel: str
    shape: str
    targets: int
    examples: tuple[bytes, ...]
    sensor: str = ""

    def told(self) -> str:
        """One line for the operator; safe to print."""
        where = f" at {self.sensor}" if self.sensor else ""
        return f"{self.channel}: {self.targets} {self.kind} like {texts.visible(self.shape, 80)}{where}"


class Alarms(msgspec.Struct, frozen=True):
    """The markers of one look; `at` microseconds UTC."""

    at: int
    markers: tuple[Marker, ...]


def watch(channel: str, seen: Iterable[tuple[Breadth, int]], before: Iterable[tuple[Breadth, int]] = (), live: int = 0) -> list[Marker]:
    """`seen`: each target with the number of sensors that met it, of `live`; `before`: the same for the period before.

    A long tail is ordinary where it always was; its sudden growth is the sign.
    """
    usual = {shape: len(targets) for shape, targets in _alike(channel, before, live).items()}
    kind: Kind = "ports" if channel == "packet" else "strings"
    return [
        Marker(kind, channel, shape, len(targets), tuple(sorted(targets)[:10]))
        for (shape, pooled), targets in sorted(_alike(channel, seen, live).items())
        if len(targets) >= max(POOLED if pooled else PORTS if channel == "packet" else STRINGS, GROWTH * usual.get((shape, pooled), 0))
    ]


def heavy(channel: str, target: bytes, today: Mapping[str, int], before: Mapping[str, int], live: int) -> Marker | None:
    """A target whose day at one sensor stands out: accesses by sensor of the day and of the day before; sensors without any may be left out."""
    if not today or live < 3:
        return None
    most = max(today, key=lambda sensor: (today[sensor], sensor))
    others = [count for sensor, count in today.items() if sensor != most] + [0] * (live - len(today))
    if today[most] < max(VOLUME, VOLUME_TIMES * median(others), VOLUME_TIMES * before.get(most, 0)):
        return None
    return Marker("volume", channel, shape_of(target), 1, (target,), most)


def _alike(channel: str, seen: Iterable[tuple[Breadth, int]], live: int) -> dict[tuple[str, bool], list[bytes]]:
    """Targets with room for a code, by shape: those that one sensor met from hardly any source, and those that several networks name while
    half of the sensors or fewer meet them."""
    shapes: dict[tuple[str, bool], list[bytes]] = {}
    for row, sensors in seen:
        target = row.keys[0]
        single, pooled = sensors == 1 and row.networks <= 2, live >= 4 and row.networks > 2 and sensors * 2 <= live
        if isinstance(target, bytes) and (single or pooled) and (channel == "packet" or marker_bits(target) >= MARKER_BITS):
            shapes.setdefault((shape_of(target), pooled), []).append(target)
    return shapes


def shape_of(target: bytes) -> str:
    """What stays when the code in a text is changed: digits as 9, words as a, mixtures of both as #."""
    return _RUN.sub(lambda run: "9" if run[0].isdigit() else "a" if run[0].isalpha() else "#", target.decode("utf-8", "replace")[:200])
