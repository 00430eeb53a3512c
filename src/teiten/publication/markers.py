# SPDX-License-Identifier: Apache-2.0
"""Marker watch (P8): signs that somebody marks sensors to find them in what we publish. Pure; an operator's finding, never published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import exp, lgamma, log
from statistics import median
from typing import Final, Literal

import msgspec

from teiten import texts
from teiten.publication.vocabulary import marker_bits
from teiten.questions.breadth import Breadth

Kind = Literal["strings", "ports", "volume", "days", "sources"]

_RUN = re.compile(r"[^\W_]+")
# How many in one period raise the alarm: an ordinary month has a few singular strings, a marking has one for every sensor it meets, so that
# few sensors lower the limits for texts to FEWEST.
STRINGS: Final = 20
PORTS: Final = 40
POOLED: Final = 20  # the same where several networks name it and yet only a part of the sensors meets it: group tests
FEWEST: Final = 6
GROWTH: Final = 2.0  # and so many times what the period before had
MARKER_BITS: Final = 28.0  # enough to number a /4 of all IPv4 addresses
# Volume: one sensor's day stands out by so much from the other sensors and from its own day before. A published count moves by 10 % of noise.
VOLUME: Final = 500
VOLUME_TIMES: Final = 8.0
# Days: what many sensors know comes to one or two of them alone, and from as many networks as a published count needs: bits of an address.
WIDE: Final = 3  # sensors in the period
AIMED: Final = 2  # sensors on the day, at most
AIMED_NETWORKS: Final = 10
AIMED_DAYS: Final = 2
AIMED_LIVE: Final = 6  # with fewer sensors chance does the same
# Sources: singular ones, as many to each sensor. Who addresses at random doesn't, by so small a chance.
EVEN: Final = 1e-4


class Marker(msgspec.Struct, frozen=True):
    """`examples` at most ten, in order; `targets` how many look alike, for kind `days` how many days, for `sources` how many sources.

    `sensor`: the one that stands out, for kind `volume`.
    """

    kind: Kind
    channel: str
    shape: str
    targets: int
    examples: tuple[bytes, ...]
    sensor: str = ""

    def told(self) -> str:
        """One line for the operator; safe to print."""
        example = texts.visible(self.examples[0], 80) if self.examples else ""
        if self.kind == "days":
            return f"{self.channel}: {self.targets} days on which {example} came to one or two sensors alone, from many networks"
        if self.kind == "sources":
            return f"{self.channel}: {self.targets} sources that came once, as many to each sensor, for {example}"
        where = f" at {self.sensor}" if self.sensor else ""
        return f"{self.channel}: {self.targets} {self.kind} like {texts.visible(self.shape, 80)}{where}"


class Alarms(msgspec.Struct, frozen=True):
    """The markers of one look; `at` microseconds UTC."""

    at: int
    markers: tuple[Marker, ...]


def watch(channel: str, seen: Iterable[Breadth], before: Iterable[Breadth] = (), live: int = 0) -> list[Marker]:
    """`seen`: each target of the period, `before`: of the period before; `live`: sensors of the channel, 0 where that isn't known.

    A long tail is ordinary where it always was; its sudden growth is the sign.
    """
    usual = {shape: len(targets) for shape, targets in _alike(channel, before, live).items()}
    kind: Kind = "ports" if channel == "packet" else "strings"
    return [
        Marker(kind, channel, shape, len(targets), tuple(sorted(targets)[:10]))
        for (shape, pooled), targets in sorted(_alike(channel, seen, live).items())
        if len(targets) >= max(_limit(channel, pooled, live), GROWTH * usual.get((shape, pooled), 0))
    ]


def _limit(channel: str, pooled: bool, live: int) -> int:
    """From how many on: a text for each sensor is as many as there are sensors. Ports are too few to say the same of them."""
    if channel == "packet":
        return POOLED if pooled else PORTS
    usual = POOLED if pooled else STRINGS
    return min(usual, max(FEWEST, live // 2 if pooled else live)) if live >= FEWEST else usual


def aimed(channel: str, days: Iterable[Breadth], before: Iterable[Breadth], live: int) -> list[Marker]:
    """`days`: targets that at least WIDE sensors met in the period, by day, keys (target, day); `before`: the same of the period before."""
    if live < AIMED_LIVE:
        return []
    usual = _aimed_days(before)
    return [
        Marker("days", channel, shape_of(target), count, (target,))
        for target, count in sorted(_aimed_days(days).items())
        if count >= max(AIMED_DAYS, GROWTH * usual.get(target, 0))
    ]


def _aimed_days(days: Iterable[Breadth]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for row in days:
        target = row.keys[0]
        if isinstance(target, bytes) and row.sensors <= AIMED and row.networks >= AIMED_NETWORKS:
            found[target] = found.get(target, 0) + 1
    return found


def even(channel: str, single: Mapping[bytes, Mapping[str, int]], live: int) -> list[Marker]:
    """`single`: by target and sensor, how many sources came once and never again."""
    return [
        Marker("sources", channel, shape_of(target), sum(by_sensor.values()), (target,))
        for target, by_sensor in sorted(single.items())
        if live and len(by_sensor) == live and len({*by_sensor.values()}) == 1 and _chance(live, next(iter(by_sensor.values()))) < EVEN
    ]


def _chance(sensors: int, each: int) -> float:
    """That so many sources, addressing at random, come to each sensor equally often (multinomial)."""
    whole = sensors * each
    return exp(lgamma(whole + 1) - sensors * lgamma(each + 1) - whole * log(sensors))


def heavy(channel: str, target: bytes, today: Mapping[str, int], before: Mapping[str, int], live: int) -> Marker | None:
    """A target whose day at one sensor stands out: accesses by sensor of the day and of the day before; sensors without any may be left out."""
    if not today or live < 3:
        return None
    most = max(today, key=lambda sensor: (today[sensor], sensor))
    others = [count for sensor, count in today.items() if sensor != most] + [0] * (live - len(today))
    if today[most] < max(VOLUME, VOLUME_TIMES * median(others), VOLUME_TIMES * before.get(most, 0)):
        return None
    return Marker("volume", channel, shape_of(target), 1, (target,), most)


def _alike(channel: str, seen: Iterable[Breadth], live: int) -> dict[tuple[str, bool], list[bytes]]:
    """Targets with room for a code, by shape: those that one sensor met from hardly any source, and those that several networks name while
    half of the sensors or fewer meet them."""
    shapes: dict[tuple[str, bool], list[bytes]] = {}
    for row in seen:
        target, sensors = row.keys[0], row.sensors
        single, pooled = sensors == 1 and row.networks <= 2, live >= 4 and row.networks > 2 and sensors * 2 <= live
        if isinstance(target, bytes) and (single or pooled) and (channel == "packet" or marker_bits(target) >= MARKER_BITS):
            shapes.setdefault((shape_of(target), pooled), []).append(target)
    return shapes


def shape_of(target: bytes) -> str:
    """What stays when the code in a text is changed: digits as 9, words as a, mixtures of both as #."""
    return _RUN.sub(lambda run: "9" if run[0].isdigit() else "a" if run[0].isalpha() else "#", target.decode("utf-8", "replace")[:200])
