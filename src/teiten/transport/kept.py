# SPDX-License-Identifier: Apache-2.0
"""Delivered segments that stay for a while, so that a collector whose disk is lost can have everything again.

One folder per hour of delivery. Forgotten by age, by size, and when a full disk would otherwise refuse a new access; the segment with
the highest number always stays, because it tells a restarted writer which number is next.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from teiten.metrics import problems
from teiten.transport.segments import Segment, put_back

_HOUR = 3600 * 1_000_000


class Kept:
    def __init__(self, folder: Path, hours: float, max_bytes: int) -> None:
        self._place = folder / "kept"
        self._hours = hours
        self._max_bytes = max_bytes
        self._sizes: dict[str, int] = {}  # of hours that are over; bounded by `hours`

    def add(self, segment: Segment, now: int) -> None:
        """Not synced: if the move is lost, the segment is sent again and changes nothing."""
        hour = self._place / f"{now // _HOUR:08d}"
        try:
            hour.mkdir(parents=True, exist_ok=True)
            segment.path.rename(hour / segment.path.name)
        except OSError as error:  # a full disk: it is stored, so rather forget it than stop the way out
            problems.labels("courier", f"not kept: {error.strerror}").inc()
            segment.path.unlink(missing_ok=True)

    def prune(self, now: int) -> None:
        hours = _hours(self._place)
        self._sizes = {name: size for name, size in self._sizes.items() if name in {hour.name for hour in hours[:-1]}}
        for hour in hours[:-1]:
            self._sizes.setdefault(hour.name, _size_of(hour))
        total = sum(self._sizes.values()) + (_size_of(hours[-1]) if hours else 0)
        for hour in hours[:-1]:
            if now - int(hour.name) * _HOUR > (self._hours + 1) * _HOUR or total > self._max_bytes:
                total -= self._sizes.pop(hour.name)
                shutil.rmtree(hour, ignore_errors=True)
        if total > self._max_bytes:
            _thin(hours[-1], total - self._max_bytes)


def drop_oldest(folder: Path) -> bool:
    """Make room on a full disk; False when there is nothing left to drop."""
    hours = _hours(folder / "kept")
    if not hours:
        return False
    problems.labels("spool", "kept segments dropped for space").inc()
    if len(hours) > 1:
        shutil.rmtree(hours[0], ignore_errors=True)
        return True
    return _thin(hours[0], max(1, _size_of(hours[0]) // 2))


def rewind(folder: Path) -> int:
    """Send again all that is kept; what the collector still has changes nothing. Returns how many segments."""
    return put_back(folder, list((folder / "kept").glob("*/*.seg")))


def _hours(place: Path) -> list[Path]:
    return sorted(hour for hour in place.glob("*") if hour.name.isdigit())


def _thin(hour: Path, excess: int) -> bool:
    files = sorted((entry.stat().st_mtime_ns, entry.name) for entry in os.scandir(hour))
    removed = False
    for _, name in files[:-1]:
        if excess <= 0:
            break
        excess -= _blocks(hour / name)
        (hour / name).unlink(missing_ok=True)
        removed = True
    return removed


def _size_of(hour: Path) -> int:
    return sum(_blocks(Path(entry.path)) for entry in os.scandir(hour))


def _blocks(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:  # writer and courier both make room
        return 0
