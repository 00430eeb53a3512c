# SPDX-License-Identifier: Apache-2.0
"""Times as logs write them -> microseconds UTC, with a cache of minutes because logs repeat them.

Never asks what time it is. A time without offset is in the zone given; an hour that the clocks repeat counts as the first of the two.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_LATEST_US = 253_370_000_000_000_000
_CACHED_MINUTES = 20_000
_ISO = re.compile(rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?$")


def minute_at(year: int, month: int, day: int, hour: int, minute: int, zone: ZoneInfo | timezone) -> int | None:
    """Microseconds UTC of the start of a minute, None when there is no such day or no log could be of it."""
    try:
        at = (datetime(year, month, day, hour, minute, tzinfo=zone) - _EPOCH) // _MINUTE * 60_000_000
    except (ValueError, OverflowError):
        return None
    return at if is_plausible(at) else None


def is_plausible(at: int) -> bool:
    """Between 1970 and 9999, with room for every zone on both sides."""
    return 0 <= at < _LATEST_US


def offset(text: bytes | None) -> timezone | None:
    """`+0900`, `+09:00`, `+09`, `Z` as a zone; None for no text or an impossible one."""
    if not text:
        return None
    if text in (b"Z", b"UTC"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if hours > 23 or minutes > 59:
        return None
    return timezone((1 if text[:1] == b"+" else -1) * timedelta(hours=hours, minutes=minutes))


def micros(fraction: bytes | None) -> int:
    """`6121` after the point as microseconds, cut below one."""
    return int((fraction + b"00000")[:6]) if fraction else 0


class IsoTimes:
    """`2016-01-11T05:10:54.612110-0800` and its relatives -> microseconds UTC."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._minutes: dict[tuple[bytes, bytes | None], int | None] = {}
        self.shown: set[int] = set()  # minutes that were met; who wants them empties it

    def at(self, text: bytes) -> int | None:
        found = _ISO.match(text)
        return self.parts_at(*found.groups()) if found else None

    def parts_at(self, minute: bytes, second: bytes, fraction: bytes | None, zone: bytes | None) -> int | None:
        key = (minute, zone)
        start = self._minutes.get(key)
        if start is None:
            if len(self._minutes) >= _CACHED_MINUTES:
                self._minutes.clear()
            start = self._minutes[key] = self._start(minute, zone)
            if start is not None:
                self._show(start)
        if start is None or second > b"60":
            return None
        return start + int(second) * 1_000_000 + micros(fraction)

    def _show(self, minute: int) -> None:
        if len(self.shown) < _CACHED_MINUTES:
            self.shown.add(minute)

    def _start(self, minute: bytes, zone: bytes | None) -> int | None:
        there = offset(zone) if zone else self._zone
        if there is None:
            return None
        return minute_at(int(minute[:4]), int(minute[5:7]), int(minute[8:10]), int(minute[11:13]), int(minute[14:16]), there)
