# SPDX-License-Identifier: Apache-2.0
"""What can be asked and what comes back. A question is a value, so that it can travel to a running node, be a link, and be a cache key."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

import msgspec

By = Literal["target", "source", "day", "hour", "sensor", "region", "network", "channel"]
BYS: tuple[By, ...] = get_args(By)
Order = Literal["accesses", "sources"]


class CountQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many accesses, from how many distinct sources, at how many sensors; over `[from_on, to_on)` calendar days of the zone.

    Open ends mean all time. Ordered by `order` descending, ties by key; days and hours by time. `top` keeps the first N.
    """

    by: By | None = None
    channel: str | None = None
    group: str | None = None
    sensor: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    target: bytes | None = None
    source: bytes | None = None  # 4 or 16 bytes
    category: str | None = "access"  # None: every category
    top: int | None = None
    order: Order = "accesses"


class Count(msgspec.Struct, frozen=True):
    """`key`: bytes for target and source; text for sensor, region, network, channel; date for day; aware datetime for hour; None without `by`.

    `sources` are distinct over the whole row; they never add up over rows.
    """

    key: bytes | str | date | None
    accesses: int
    sources: int
    sensors: int
