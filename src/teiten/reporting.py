# SPDX-License-Identifier: Apache-2.0
"""The running node's reports: each one that is due is made by a process of its own, whose memory ends with it and which may fail alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from teiten.clock import MICROSECONDS, Clock, to_datetime
from teiten.home import Home
from teiten.metrics import problems
from teiten.model import Period
from teiten.publication.policies import POLICIES
from teiten.questions.observation import observed_sensors
from teiten.report.operator_part import read_operator_part
from teiten.report.schedule import Due, Shelf, due
from teiten.store.interface import Store
from teiten.supervision import run_once

log = logging.getLogger("teiten")
_AFTER_SECONDS: Final = 300.0  # a start is not slowed by a report
_EVERY_SECONDS: Final = 600.0
_AGAIN_US: Final = 3600 * MICROSECONDS  # one that failed is tried again after an hour


class Reporter:
    """`policy`: the one that others' reports are made by."""

    def __init__(self, home: Home, zone: ZoneInfo, policy: str, store: Store, clock: Clock, say: Callable[[str], None]) -> None:
        self._home, self._zone, self._policy, self._store, self._clock, self._say = home, zone, policy, store, clock, say
        self._tried: dict[Due, int] = {}

    async def run(self) -> None:
        """Until cancelled. Whatever fails in it, the observation goes on."""
        await asyncio.sleep(_AFTER_SECONDS)
        while True:
            try:
                for one in await asyncio.to_thread(self.due):
                    await self.make(one)
            except Exception as error:
                problems.labels("report", type(error).__name__).inc()
                log.warning("reports, to be looked at again in ten minutes: %s", error)
            await asyncio.sleep(_EVERY_SECONDS)

    def due(self) -> list[Due]:
        """Raises ConfigurationError for a report.toml that is wrong."""
        now = self._clock()
        settings, _ = read_operator_part(self._home.root / "report")
        local: datetime = to_datetime(now).astimezone(self._zone)

        def observed(period: Period) -> bool:
            return bool(observed_sensors(self._store, period, group=settings.group or None))

        found = due(local, settings, self._shelves(), observed)
        return [one for one in found if now - self._tried.get(one, 0) >= _AGAIN_US]

    def _shelves(self) -> list[Shelf]:
        published = POLICIES[self._policy]
        shelves = [Shelf("operator", self._home.reports, 0)]
        if published.name != "operator":
            shelves.append(Shelf(published.name, self._home.public_reports, published.delay_hours))
        return shelves

    async def make(self, one: Due) -> None:
        self._tried[one] = self._clock()
        arguments = ["-m", "teiten", "--home", str(self._home.root), "report", one.span.name, "--policy", one.policy]
        if await run_once(arguments, "report", self._say):
            problems.labels("report", one.span.kind).inc()
            self._say(f"report {one.span.name} ({one.policy}): not made, to be tried again in an hour")
