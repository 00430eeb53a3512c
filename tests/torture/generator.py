# SPDX-License-Identifier: Apache-2.0
"""A sensor process that only emits. Writes a ledger: `i` number before each emit, `d` number after it returned; both survive a kill."""

from __future__ import annotations

import os
import random
import signal
import struct
import sys
import time
from pathlib import Path

from teiten.clock import system_clock
from teiten.transport.spool import SpoolSettings, SpoolWriter
from tests.torture.records import access_of

ENTRY = struct.Struct("<cQ")


def read_ledger(path: Path) -> tuple[set[int], set[int]]:
    """Numbers that were about to be emitted, and numbers whose emit returned."""
    data = path.read_bytes() if path.exists() else b""
    entries = list(ENTRY.iter_unpack(data[: len(data) - len(data) % ENTRY.size]))
    return {number for mark, number in entries if mark == b"i"}, {number for mark, number in entries if mark == b"d"}


def main(spool: Path, ledger: Path, first: int, limit: int, quota_bytes: int, reserve_bytes: int) -> None:
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    settings = SpoolSettings(seal_seconds=0.1, segment_records=400, quota_bytes=quota_bytes, reserve_bytes=reserve_bytes, heartbeat_seconds=3600.0)
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    pace = random.Random(first)
    number = first
    with SpoolWriter(spool, "s1", "web", system_clock, settings) as writer:
        while not stopped and number < first + limit:
            for _ in range(pace.randrange(1, 40)):
                os.write(descriptor, ENTRY.pack(b"i", number))
                writer.emit(access_of(number))
                os.write(descriptor, ENTRY.pack(b"d", number))
                number += 1
            time.sleep(pace.random() * 0.01)  # pace of the load, not a synchronisation


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:7]))
