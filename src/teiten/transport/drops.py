# SPDX-License-Identifier: Apache-2.0
"""Counts what could not be kept while the disk takes nothing more, in a small file whose blocks were allocated beforehand.

So the count survives the death of the process even then. The writer turns it into Gap records as soon as there is room.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import msgspec

from teiten.metrics import problems
from teiten.model import Gap
from teiten.transport.segments import write_all

_SIZE = 4096
_MAX_REASONS = 16
_decoder = msgspec.msgpack.Decoder(list[Gap])


class Drops:
    """Not thread-safe: the writer's lock covers it."""

    def __init__(self, path: Path, channel: str) -> None:
        self._channel = channel
        self._gaps = {gap.reason: gap for gap in _read(path)}
        self._fd = _open(path)

    @property
    def pending(self) -> list[Gap]:
        return list(self._gaps.values())

    def count(self, at: int, records: int, reason: str) -> None:
        before = self._gaps.get(reason)
        if before is None and len(self._gaps) >= _MAX_REASONS:
            reason = "other"
            before = self._gaps.get(reason)
        self._gaps[reason] = Gap(
            from_at=min(before.from_at, at) if before else at,
            to_at=max(before.to_at, at) if before else at,
            channel=self._channel,
            records=(before.records if before else 0) + records,
            reason=reason,
        )
        self._save()

    def remove(self, gap: Gap) -> None:
        """It has been written as a record."""
        self._gaps.pop(gap.reason, None)
        self._save()

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _save(self) -> None:
        if self._fd is None:
            return
        body = msgspec.msgpack.encode(self.pending)
        try:
            write_all(self._fd, (len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little") + body).ljust(_SIZE, b"\0"), 0)
        except OSError:  # the count stays in memory and is tried again with the next one
            problems.labels("spool", "drop count not saved").inc()


def _open(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(descriptor).st_size < _SIZE:
            write_all(descriptor, bytes(_SIZE), 0)
            os.fsync(descriptor)
    except OSError:  # no room even for this: count in memory only
        problems.labels("spool", "no room for the drop count").inc()
        return None
    return descriptor


def _read(path: Path) -> list[Gap]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    body = data[8 : 8 + int.from_bytes(data[:4], "little")]
    if not body or zlib.crc32(body) != int.from_bytes(data[4:8], "little"):
        return []
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
