# SPDX-License-Identifier: Apache-2.0
"""Marker watch (P8): signs that somebody marks sensors to find them in what we publish. Pure; an operator's finding, never published."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from teiten.publication.vocabulary import marker_bits
from teiten.questions.breadth import Breadth

Kind = Literal["strings", "ports", "sources"]

_RUN = re.compile(r"[^\W_]+")
# How many in one period raise the alarm: an ordinary month has a few singular strings, a marking has one for every sensor it meets.
STRINGS: Final = 20
PORTS: Final = 40
MARKER_BITS: Final = 28.0  # enough to number a /4 of all IPv4 addresses


class Marker(msgspec.Struct, frozen=True):
    """`examples` at most ten, in order; `targets` how many look alike."""

    kind: Kind
    channel: str
    shape: str
    targets: int
    examples: tuple[bytes, ...]


def watch(channel: str, seen: Iterable[tuple[Breadth, int]]) -> list[Marker]:
    """`seen`: each target with the number of sensors that met it. Once-only strings of one shape, and one-port-per-address sweeps."""
    singular = [row for row, sensors in seen if sensors == 1 and row.networks <= 2]
    targets = [row.keys[0] for row in singular if isinstance(row.keys[0], bytes)]
    if channel == "packet":
        return _ports(targets)
    shapes: dict[str, list[bytes]] = {}
    for target in targets:
        if marker_bits(target) >= MARKER_BITS:
            shapes.setdefault(shape_of(target), []).append(target)
    return [
        Marker("strings", channel, shape, len(found), tuple(sorted(found)[:10])) for shape, found in sorted(shapes.items()) if len(found) >= STRINGS
    ]


def shape_of(target: bytes) -> str:
    """What stays when the code in a text is changed: digits as 9, words as a, mixtures of both as #."""
    return _RUN.sub(lambda run: "9" if run[0].isdigit() else "a" if run[0].isalpha() else "#", target.decode("utf-8", "replace")[:200])


def _ports(targets: list[bytes]) -> list[Marker]:
    """Many ports that one sensor each met once: the port is the mark."""
    protocols = Counter(target.rpartition(b"/")[2] for target in targets)
    return [
        Marker(
            "ports",
            "packet",
            f"9/{protocol.decode('ascii', 'replace')}",
            count,
            tuple(sorted(t for t in targets if t.endswith(b"/" + protocol))[:10]),
        )
        for protocol, count in sorted(protocols.items())
        if count >= PORTS
    ]
