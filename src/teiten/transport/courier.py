# SPDX-License-Identifier: Apache-2.0
"""Takes sealed segments of a spool to a collector, in order, until it says that it has them. Has no listening port.

A segment leaves the spool only on a receipt. Trouble means back-off and another try, for ever; only a batch that the collector refuses
for itself goes to `dead/`, where a person finds it. Sending twice is harmless, so in doubt it is sent again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Annotated

import msgspec

from teiten.clock import Clock
from teiten.config import Settings
from teiten.errors import TeitenError
from teiten.metrics import problems, undelivered
from teiten.model import Receipt
from teiten.transport import segments
from teiten.transport.batches import Batch, make_batch
from teiten.transport.kept import Kept
from teiten.transport.segments import Segment

log = logging.getLogger("teiten.courier")

Deliver = Callable[[Batch], Awaitable[Receipt]]
"""Returns when the batch is stored. Raises Undelivered (try again), Refused (never this one), or anything else (try again)."""

_REFUSALS_BEFORE_DEAD = 3
_FAILURES_BEFORE_DOUBT = 10
_UPKEEP_SECONDS = 60.0


class CourierSettings(Settings, frozen=True):
    poll_seconds: Annotated[float, msgspec.Meta(gt=0)] = 0.2
    first_pause_seconds: Annotated[float, msgspec.Meta(gt=0)] = 0.5
    longest_pause_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    kept_hours: Annotated[float, msgspec.Meta(ge=0)] = 48.0
    kept_bytes: Annotated[int, msgspec.Meta(ge=0)] = 512 << 20


class Undelivered(Exception):
    """Not now: no connection, busy, no right (yet). `retry_after` seconds if the collector named a time."""

    def __init__(self, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Refused(Exception):
    """The collector will not take this batch, whatever the time."""


def in_thread(take: Callable[[Batch], Receipt]) -> Deliver:
    """A collector in this process as the other end."""

    async def deliver(batch: Batch) -> Receipt:
        return await asyncio.to_thread(take, batch)

    return deliver


class Courier:
    """One spool's way out. `run` until cancelled; being killed at any point loses nothing."""

    def __init__(
        self, folder: Path, deliver: Deliver, clock: Clock, settings: CourierSettings | None = None, jitter: random.Random | None = None
    ) -> None:
        self._folder = folder
        self._deliver = deliver
        self._clock = clock
        self._settings = settings or CourierSettings()
        self._jitter = jitter or random.Random()
        self._kept = Kept(folder, self._settings.kept_hours, self._settings.kept_bytes)
        self._failures = 0
        self._refusals = 0
        self._doubtful = False  # the last failure was neither the network nor a refusal
        self._retry_after = 0.0
        self._upkeep_at = 0.0
        self._said = ""
        self.delivered = 0

    async def run(self) -> None:
        while True:
            moved = await self.sweep()
            if self._failures:
                await asyncio.sleep(self._pause())
            elif not moved:
                await asyncio.sleep(self._settings.poll_seconds)

    async def sweep(self) -> int:
        """Deliver what is sealed now, up to the first failure; returns how many segments left the spool."""
        moved = 0
        try:
            await asyncio.to_thread(self._upkeep)
            waiting = await asyncio.to_thread(segments.sealed, self._folder)
            for place, segment in enumerate(waiting):
                if not await self._move(segment, waiting[place + 1 : place + 2]):
                    break
                moved += 1
        except FileNotFoundError:  # no spool yet, or another courier was here
            return moved
        except OSError as error:
            self._fail(f"spool: {error.strerror}")
        return moved

    async def _move(self, segment: Segment, successor: list[Segment]) -> bool:
        if await self._try(segment):
            self._failures = self._refusals = 0
            return True
        if self._refusals >= _REFUSALS_BEFORE_DEAD:
            return self._bury(segment, self._said)
        if self._doubtful and self._failures >= _FAILURES_BEFORE_DOUBT and successor:
            # Is it the collector or this batch? If the next one is taken and this one fails once more, it is this batch.
            why = self._said
            if await self._try(successor[0]) and not await self._try(segment) and self._doubtful:
                return self._bury(segment, f"fails while its successor is taken: {why}")
        return False

    async def _try(self, segment: Segment) -> bool:
        if not segment.path.exists():
            return True
        batch = await asyncio.to_thread(self._read, segment)
        if batch is None:
            return True
        try:
            receipt = await self._deliver(batch)
        except Undelivered as error:
            self._fail(str(error), retry_after=error.retry_after)
            return False
        except Refused as error:
            self._refusals += 1
            self._fail(str(error))
            return False
        except TeitenError as error:  # the centre's store says in words what it lacks, such as room: that is not this batch's fault
            self._fail(error.problem)
            return False
        except Exception as error:  # whatever a store fails with, the batch has no receipt: count it, keep it, try again
            self._fail(f"{type(error).__name__}: {error}", doubtful=True)
            return False
        if receipt.status == "conflict":
            problems.labels("courier", "conflict").inc()
            log.warning("%s: another batch had the name of %s; both are kept", self._folder, segment.path.name)
        await asyncio.to_thread(self._kept.add, segment, self._clock())
        self.delivered += 1
        return True

    def _read(self, segment: Segment) -> Batch | None:
        content = segments.read_sealed(segment, segments.read_identity(self._folder))
        if content is None:
            segments.set_aside(segment.path)
            return None
        if content.damage:
            problems.labels("courier", "damaged segment").inc()
            segments.quarantine_bytes(segment, content.damage)
        return make_batch(content.key, content.channel, content.payloads, content.gaps)

    def _fail(self, why: str, retry_after: float = 0.0, doubtful: bool = False) -> None:
        self._failures += 1
        self._retry_after, self._doubtful = retry_after, doubtful
        problems.labels("courier", "delivery failed").inc()
        if why != self._said:
            log.warning("%s: not delivered (%s); trying again", self._folder, why)
        self._said = why

    def _bury(self, segment: Segment, why: str) -> bool:
        log.error("%s: %s put into dead/: %s", self._folder, segment.path.name, why)
        segments.bury(segment, why)
        self._failures = self._refusals = 0
        return True

    def _pause(self) -> float:
        """Exponential with full jitter; never shorter than the collector asked for, never longer than the setting."""
        limit = min(self._settings.longest_pause_seconds, self._settings.first_pause_seconds * 2.0 ** min(self._failures - 1, 20))
        return min(self._settings.longest_pause_seconds, max(self._retry_after, limit * self._jitter.uniform(0.5, 1.0)))

    def _upkeep(self) -> None:
        now = time.monotonic()
        if now < self._upkeep_at:
            return
        self._upkeep_at = now + _UPKEEP_SECONDS
        self._kept.prune(self._clock())
        identity = segments.read_identity(self._folder)
        waiting = segments.sealed(self._folder)
        undelivered.labels(identity.sensor if identity else self._folder.name).set(sum(_size(segment.path) for segment in waiting))
        self._adopt(identity)

    def _adopt(self, identity: segments.Identity | None) -> None:
        """Seal what a sensor that never came back left open."""
        held = segments.lock_folder(self._folder)
        if held is None:
            return
        try:
            segments.recover(self._folder, identity.channel if identity else "", self._clock())
        finally:
            os.close(held)


async def run_couriers(folders: Callable[[], Iterable[Path]], deliver: Deliver, clock: Clock, settings: CourierSettings | None = None) -> None:
    """A courier for each spool folder that there is or comes to be; until cancelled."""
    running: dict[Path, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            for folder in await asyncio.to_thread(lambda: list(folders())):
                if folder not in running:
                    running[folder] = group.create_task(Courier(folder, deliver, clock, settings).run(), name=f"courier {folder}")
            await asyncio.sleep(1.0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
