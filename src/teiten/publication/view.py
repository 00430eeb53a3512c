# SPDX-License-Identifier: Apache-2.0
"""The view: everything a reader outside may see, as plain values that become one JSON file. No code of a page or feed sees more.

A count that is None is withheld as too small; a number that the policy does not publish at all is None as well. Text of strangers is in the
lossless form of texts.py.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Literal

import msgspec

from teiten.model import Period
from teiten.publication.findings import Level, State

MarkName = Literal["up", "level", "down", "few", "none"]
Reach = Literal["few", "part", "half", "most"]
"""In how large a part of the sensors: fewer than three, less than half, half or more, nine tenths or more."""


class Counted(msgspec.Struct, frozen=True):
    """`key`: a region or channel; "" for the whole."""

    key: str
    accesses: int | None
    sources: int | None


class Day(msgspec.Struct, frozen=True):
    """`observed` sensors; 1 stands for "some" where the policy does not publish how many; 0: nothing is known of the day."""

    day: date
    accesses: int | None
    sources: int | None
    observed: int


class PerDay(msgspec.Struct, frozen=True):
    """Per sensor and observed day."""

    accesses_per_sensor_day: float | None
    sources_per_sensor_day: float | None
    sensor_days: int | None


class Listed(msgspec.Struct, frozen=True):
    id: str
    channel: str
    target: str
    rank: int
    mark: MarkName
    accesses: int | None
    sources: int | None
    sensors: int | None
    reach: Reach
    first_on: date


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`id` names the finding, `target_id` the page of its target. Numbers as far as the policy lets them out."""

    id: str
    target_id: str
    channel: str
    target: str
    level: Level
    states: tuple[State, ...]
    since_on: date
    raised_on: date
    last_on: date
    days: float
    networks: int | None
    usual: int | None
    ratio: float | None
    sensors: int | None
    live: int | None
    reach: Reach
    rule: str
    accesses: int | None  # of the window
    sources: int | None
    regions: tuple[Counted, ...]
    sentence: dict[str, str] = {}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one target in the window."""

    listed: Listed
    live: int  # sensors registered
    days: tuple[Day, ...]
    reaches: tuple[int | None, ...]  # sensors that met it on each of the days
    regions: tuple[Counted, ...]
    networks: tuple[Counted, ...]  # the operator's only
    last_on: date
    findings: tuple[Finding, ...]


class View(msgspec.Struct, frozen=True, kw_only=True):
    policy: str
    partner: str
    address: str
    made_on: date
    as_of: date  # the day after the last one in it
    period: Period
    zone: str
    region_data_on: date | None
    observed_since: date | None
    observed: dict[str, date]  # per channel: observed since
    demo: str  # all, some or ""
    sensors: int  # registered
    total: Counted
    per_day: PerDay
    channels: dict[str, Counted]
    series: dict[str, tuple[Day, ...]]  # by channel, "" for all together
    regions: tuple[Counted, ...]
    lists: dict[str, tuple[Listed, ...]]
    others: dict[str, Counted]  # by channel: all that is not named
    fresh: dict[str, tuple[Listed, ...]]  # by channel: named targets first seen in the window
    findings: tuple[Finding, ...]
    targets: dict[str, Target]  # by id
    channel_regions: dict[str, tuple[Counted, ...]] = {}  # by channel, each by itself: sources of channels overlap


def target_id(channel: str, target: bytes) -> str:
    """Stable for ever; tells nothing that the target's text doesn't."""
    return hashlib.blake2b(channel.encode() + b"\0" + target, digest_size=10, person=b"teiten target").hexdigest()


def encode(view: View) -> bytes:
    return msgspec.json.format(msgspec.json.encode(view), indent=1) + b"\n"


def decode(content: bytes) -> View:
    """Raises msgspec.ValidationError or DecodeError for anything else than a view."""
    return msgspec.json.decode(content, type=View)
