# SPDX-License-Identifier: Apache-2.0
"""How much a spool may still write: quota, free space, and a reserve file that is given up so that sealing works on a full disk."""

from __future__ import annotations

import os
from pathlib import Path

from teiten.metrics import problems
from teiten.transport import kept

_SLACK_BYTES = 256 << 10


class Room:
    """`backlog_bytes` and `waiting` are as of the last `measure`; sizes of sealed files are remembered, so measuring costs one listing."""

    def __init__(self, folder: Path, quota_bytes: int, reserve_bytes: int) -> None:
        self._folder = folder
        self._quota_bytes = quota_bytes
        self._reserve_bytes = reserve_bytes
        self._reserve = folder / "reserve"
        self._sizes: dict[str, int] = {}
        self.backlog_bytes = 0
        self.waiting = 0
        self.measure()

    def measure(self) -> None:
        sizes: dict[str, int] = {}
        for entry in os.scandir(self._folder):
            if entry.name.endswith(".seg"):
                sizes[entry.name] = self._sizes.get(entry.name) or _size(entry)
        self._sizes = sizes
        self.backlog_bytes = sum(sizes.values())
        self.waiting = len(sizes)

    def over_quota(self, unmeasured_bytes: int) -> bool:
        return self.backlog_bytes + unmeasured_bytes > self._quota_bytes

    def returned(self) -> bool:
        """True when writing may go on; drops kept segments for it if it must."""
        if self.over_quota(self._quota_bytes // 20):  # some way below the quota, or a full spool would fill with tiny segments
            return False
        while self._free() < self._needed():
            if not kept.drop_oldest(self._folder):
                return False
        self.hold_reserve()
        return True

    def make(self) -> None:
        """A seal did not fit: give up what can be given up."""
        self.give_up_reserve()
        kept.drop_oldest(self._folder)

    def hold_reserve(self) -> None:
        if self._reserve.exists() and self._reserve.stat().st_size >= self._reserve_bytes:
            return
        try:
            descriptor = os.open(self._reserve, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, self._reserve_bytes)
            finally:
                os.close(descriptor)
        except OSError:
            problems.labels("spool", "no room for the reserve").inc()
            self.give_up_reserve()

    def give_up_reserve(self) -> None:
        self._reserve.unlink(missing_ok=True)

    def _free(self) -> int:
        status = os.statvfs(self._folder)
        return status.f_bavail * status.f_frsize

    def _needed(self) -> int:
        return _SLACK_BYTES + (0 if self._reserve.exists() else self._reserve_bytes)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:  # delivered in this moment
        return 0
