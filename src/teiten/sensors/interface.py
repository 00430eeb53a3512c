# SPDX-License-Identifier: Apache-2.0
"""What a sensor kind is: settings, and an object whose `run` observes until it is cancelled.

A sensor receives all it needs as arguments. It calls `emit` for each record *before* it lets the peer know that it got something,
so that whatever a peer saw answered is on disk. It opens no connection of its own, reads no store and knows no collector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from teiten.model import Record

Emit = Callable[[Record], None]
"""Takes one record; returns when its bytes are handed to the operating system (they survive the death of this process)."""


class EmitMany(Protocol):
    """The same for records that were observed together, in one go."""

    def __call__(self, *records: Record) -> None: ...


class Sensor(Protocol):
    """One running observation of one channel."""

    async def run(self) -> None:
        """Observe until cancelled. Raises PortTaken with the next step if it can't listen."""
        ...

    def listening(self) -> list[str]:
        """What is observed, for people: `0.0.0.0:2222/tcp`, `eth0 (live capture)`."""
        ...

    def dropped(self) -> int:
        """Accesses counted but not kept, since the start; goes into the heartbeat."""
        ...
