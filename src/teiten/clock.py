# SPDX-License-Identifier: Apache-2.0
"""The only place that asks what time it is, so that tests can hand in another clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], int]
"""Returns microseconds since 1970-01-01 UTC."""

MICROSECONDS = 1_000_000


def system_clock() -> int:
    return time.time_ns() // 1000


def to_datetime(observed_at: int) -> datetime:
    """Aware UTC instant, exact to the microsecond (no float in between)."""
    seconds, micros = divmod(observed_at, MICROSECONDS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def to_microseconds(instant: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exact."""
    delta = instant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * MICROSECONDS + delta.microseconds


def day_of(observed_at: int, zone: ZoneInfo) -> date:
    """Calendar day in the configured zone (design: days are days of the zone, times are UTC)."""
    return to_datetime(observed_at).astimezone(zone).date()
