# SPDX-License-Identifier: Apache-2.0
"""A finding: a claim about a target with the numbers behind it, from the tick that opened it to the one that closed it."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from teiten.detectors.annotations import Annotation
from teiten.detectors.evidence import Evidence
from teiten.detectors.levels import Held, Level
from teiten.detectors.rules import LEVEL, RISE, STATE
from teiten.detectors.states import State

What = Literal["opened", "confirmed", "escalated", "lowered", "closed"]
RULES: tuple[str, ...] = (RISE.version, LEVEL.version, STATE.version)


class Event(msgspec.Struct, frozen=True):
    at: int  # microseconds UTC, a tick
    what: What
    level: Level | None
    score: float


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`evidence` is that of the last tick at which the level was earned; `best_score` the highest of all."""

    id: str
    channel: str
    group: str
    target: bytes
    held: Held | None  # None: closed
    highest: Level
    states: tuple[State, ...]
    annotations: tuple[Annotation, ...] = ()
    opened_at: int
    closed_at: int | None = None
    evidence: Evidence
    best_score: float
    wave: str | None = None  # id of the finding whose sources are the same
    history: tuple[Event, ...] = ()
    rules: tuple[str, ...] = RULES

    @property
    def level(self) -> Level | None:
        return self.held.level if self.held else None


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A target of the lists of states at the last tick; it needn't have a level. Numbers are of the last 24 hours, or since `first_at` if new."""

    channel: str
    group: str
    target: bytes
    states: tuple[State, ...]
    confirmed: bool = False
    first_at: int | None = None
    networks: int = 0
    sensors: int = 0
    score: float = 0.0
    annotations: tuple[Annotation, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """Of one tick: the findings that were open before or are open now, and the lists of states."""

    at: int
    findings: tuple[Finding, ...]
    noted: tuple[Noted, ...]


def name(channel: str, group: str, target: bytes, opened_at: int) -> str:
    """Stable: the same finding has the same id whenever it is computed."""
    content = msgspec.json.encode([channel, group, target, opened_at])
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def urgency(finding: Finding) -> tuple[int, float, int, float, int, bytes]:
    """Attention before risk; then score, sensors, ratio, earlier onset, name."""
    one = finding.evidence
    place = {"attention": 0, "risk": 1, None: 2}[finding.level]
    return (place, -round(one.score, 1), -one.sensors, -one.ratio, one.onset_at, finding.target)
