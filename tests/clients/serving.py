# SPDX-License-Identifier: Apache-2.0
"""Runs one sensor in a thread with its own event loop while real client programs, which block, talk to it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from teiten.model import Access, Record
from teiten.sensors.interface import Emit, Sensor


@contextmanager
def observed(make: Callable[[Emit], Sensor]) -> Iterator[tuple[int, list[Access]]]:
    """(port, accesses). After the block every connection is closed and all records are in the list."""
    records: list[Record] = []
    accesses: list[Access] = []
    sensor = make(records.append)
    loop = asyncio.new_event_loop()
    running = loop.create_task(sensor.run())

    def serve() -> None:
        try:
            loop.run_until_complete(running)
        except asyncio.CancelledError:
            pass
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(sensor.listening()[0].rpartition(":")[2].removesuffix("/tcp")), accesses
    finally:
        loop.call_soon_threadsafe(running.cancel)
        thread.join(30)
        accesses += [record for record in records if isinstance(record, Access)]


def program(name: str) -> str:
    """Path of an installed client, or skip the test saying which is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"the client program {name} is not installed")
    return found


def talk(*command: str | Path, seconds: int = 60, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a client to its end without a terminal; what it prints is in the result."""
    arguments = [str(part) for part in command]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", **(env or {})}
    return subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False, env=environment, start_new_session=True
    )
