# SPDX-License-Identifier: Apache-2.0
"""Calendar days of a zone for whole arrays of instants: exact for any IANA zone, with its daylight saving and its missing days.

A zone's offset is asked once for each UTC day that a batch touches, never once for each row.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from teiten.clock import MICROSECONDS, to_microseconds

DAY_US: Final = 86_400 * MICROSECONDS
EPOCH: Final = date(1970, 1, 1)
# Instants outside are put into the first or last of these days: a broken clock must not stop a batch.
_FIRST_US: Final = to_microseconds(datetime(1900, 1, 1, tzinfo=UTC))
_LAST_US: Final = to_microseconds(datetime(2200, 1, 1, tzinfo=UTC))


class Stretch(NamedTuple):
    """From `from_at` on (microseconds UTC) the zone is `offset_us` ahead of UTC."""

    from_at: int
    offset_us: int


def stretches(first_at: int, last_at: int, zone: ZoneInfo) -> list[Stretch]:
    """The zone's offsets that hold between two instants, in order; the first one holds at `first_at`."""
    first_at, last_at = _within(first_at), _within(last_at)
    found = [Stretch(first_at, _offset(first_at, zone))]
    for day in range(first_at // DAY_US, last_at // DAY_US + 1):
        change = _change(day, zone)
        if change is not None and first_at < change.from_at <= last_at:
            found.append(change)
    return found


def days_of(observed_at: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int32]:
    """Days since 1970-01-01 of the zone's calendar, one for each instant."""
    if not len(observed_at):
        return np.empty(0, np.int32)
    instants = np.clip(observed_at, _FIRST_US, _LAST_US)
    held = stretches(int(instants.min()), int(instants.max()), zone)
    offsets = np.array([stretch.offset_us for stretch in held], np.int64)
    if len(held) > 1:
        starts = np.array([stretch.from_at for stretch in held], np.int64)
        offsets = offsets[np.searchsorted(starts, instants, side="right") - 1]
    days: NDArray[Any] = (instants + offsets) // DAY_US
    return days.astype(np.int32)


def dates_of(days: NDArray[np.int32]) -> list[date]:
    """The distinct days, as dates, in order."""
    return [EPOCH + timedelta(days=int(day)) for day in np.unique(days)]


def day_expression(column: str, first_at: int, last_at: int, zone: ZoneInfo) -> str:
    """The same as SQL, for rows that never become arrays; only whole numbers enter the text."""
    clipped = f"greatest({_FIRST_US}, least({_LAST_US}, {column}))"
    held = stretches(first_at, last_at, zone)
    offset = str(held[0].offset_us)
    for stretch in held[1:]:
        offset = f"case when {clipped} >= {stretch.from_at} then {stretch.offset_us} else {offset} end"
    return f"date '1970-01-01' + cast(floor(({clipped} + {offset}) / {DAY_US}.0) as integer)"


def start_of(day: date, zone: ZoneInfo) -> int:
    """The first instant of a calendar day. Where midnight was skipped this is the instant of the change."""
    midnight = datetime.combine(day, time(), zone)
    start = to_microseconds(midnight.replace(fold=0))
    # A wall time that was skipped maps to an instant of the day before or after; the change itself is where the day begins.
    for change in (_change(start // DAY_US + step, zone) for step in (-1, 0, 1)):
        if change is not None and _skips(change, midnight):
            return change.from_at
    return start


def split_by_day(from_at: int, to_at: int, zone: ZoneInfo) -> list[tuple[date, int, int]]:
    """A half-open interval cut at the zone's midnights: (day, from, to)."""
    first, last = (EPOCH + timedelta(days=int(day)) for day in days_of(np.array([from_at, max(from_at, to_at - 1)], np.int64), zone))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    cuts = [from_at, *(start_of(day, zone) for day in days[1:]), to_at]
    return [(day, low, high) for day, (low, high) in zip(days, pairwise(cuts), strict=True) if low < high]


def _within(instant: int) -> int:
    return max(_FIRST_US, min(_LAST_US, instant))


def _offset(instant: int, zone: ZoneInfo) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return (offset.days * 86_400 + offset.seconds) * MICROSECONDS


@lru_cache(maxsize=100_000)
def _change(utc_day: int, zone: ZoneInfo) -> Stretch | None:
    """The change of offset within one UTC day (start excluded, end included), found by halving."""
    low, high = utc_day * DAY_US, (utc_day + 1) * DAY_US
    before, after = _offset(low, zone), _offset(high, zone)
    if before == after:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return Stretch(high, after)


def _skips(change: Stretch, midnight: datetime) -> bool:
    wall = to_microseconds(midnight.replace(tzinfo=UTC))
    before = _offset(change.from_at - 1, midnight.tzinfo) if isinstance(midnight.tzinfo, ZoneInfo) else change.offset_us
    return change.from_at + before <= wall < change.from_at + change.offset_us
