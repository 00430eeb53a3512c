# SPDX-License-Identifier: Apache-2.0
"""A segment of a spool while it is being written: frames behind one another, in memory too until they are durable."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from teiten.transport import frames, segments


class OpenSegment:
    """The segment being written. `payloads` stay in memory until it is durable, so that a failed fsync can be answered with a new file."""

    def __init__(self, folder: Path, header: frames.SegmentHeader, began: float) -> None:
        self.header = header
        self.seed = frames.seed_of(header.epoch, header.seq)
        self.path = segments.open_path(folder, header.epoch, header.seq)
        self.payloads: list[bytes] = []
        self.began = began
        self.linked = False
        self.suspect = False
        self.digest = b""
        beginning = frames.opening(header)
        self.offset = len(beginning)
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            segments.write_all(self.fd, beginning, 0)
        except OSError:
            self.close()
            self.path.unlink()
            raise

    def write(self, payload: bytes) -> None:
        segments.write_all(self.fd, frames.frame(payload, self.offset, self.seed), self.offset)
        self.offset += len(payload) + frames.OVERHEAD_BYTES
        self.payloads.append(payload)

    def write_together(self, payloads: Sequence[bytes], most_bytes: int, most_records: int) -> int:
        """How many of the first payloads went in with one write: until the segment is full, or one is too long. The same bytes as one by one.

        After an OSError nothing counts as written; the same payloads may be tried again.
        """
        made: list[bytes] = []
        offset, seed, room = self.offset, self.seed, most_records - len(self.payloads)
        for payload in payloads[:room]:
            if len(payload) > frames.MAX_FRAME_BYTES or offset >= most_bytes:
                break
            made.append(frames.frame(payload, offset, seed))
            offset += len(payload) + frames.OVERHEAD_BYTES
        segments.write_all(self.fd, b"".join(made), self.offset)
        self.offset = offset
        self.payloads += payloads[: len(made)]
        return len(made)

    def close(self) -> None:
        if self.fd >= 0:
            descriptor, self.fd = self.fd, -1
            os.close(descriptor)
