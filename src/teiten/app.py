# SPDX-License-Identifier: Apache-2.0
"""Composition root: puts store, collector, couriers, pages and sensor processes together. The only file that knows everything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import uvicorn

from teiten.centre.control import create_control
from teiten.centre.here import Here
from teiten.centre.interface import Centre
from teiten.clock import day_of, system_clock
from teiten.collector import Collector
from teiten.enrichers.region import data_on, regions
from teiten.errors import PortTaken, TeitenError
from teiten.home import Home
from teiten.marks import StoreMarks
from teiten.model import SensorEntry
from teiten.settings import NodeSettings
from teiten.store.node import NodeStore
from teiten.supervision import keep_running
from teiten.transport.courier import in_thread, run_couriers
from teiten.worlds import load

log = logging.getLogger("teiten")
_CARE_SECONDS = 600


def open_here(home: Home, settings: NodeSettings) -> Here:
    """Open the store in this process. Raises StoreBusy if another process holds it without answering."""
    zone = settings.zone_info()
    store = NodeStore.open(home.store, zone)
    return Here(store, Collector(store, regions, system_clock, home.store / "quarantine"), zone, system_clock)


def load_world(centre: Centre, name: str, ends_on: date | None, progress: Callable[[float], None] = lambda _: None) -> int:
    """Load a world's sensors, coverage and accesses; returns rows stored (0 when it was there already)."""
    world = load(name)
    for entry in world.sensors():
        centre.register(entry)
    period = world.period(ends_on)
    stored = 0
    for batch in world.batches(ends_on):
        stored += centre.take(batch.key, batch.columns).rows
        progress(0.0)
    if stored:
        for covered in world.coverage(ends_on):
            centre.cover(*covered)
        centre.seal(period.to_on)
    progress(1.0)
    return stored


class Node:
    """One running centre with this machine's sensors. `run` until cancelled; everything it started ends with it."""

    def __init__(self, home: Home, settings: NodeSettings, say: Callable[[str], None]) -> None:
        self.home, self.settings, self.say = home, settings, say
        self.here = open_here(home, settings)

    async def run(self) -> None:
        self.here.register(SensorEntry(self.settings.sensor, self.settings.group))
        site = _server(self._site(), host=self.settings.site.host, port=self.settings.site.port)
        self.home.socket.unlink(missing_ok=True)
        control = _server(create_control(self.here, self.home.incoming), uds=str(self.home.socket))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_serve(control, "control socket"))
                group.create_task(_serve(site, f"site, {self.settings.site.host}:{self.settings.site.port}"))
                group.create_task(run_couriers(lambda: self.home.spools, in_thread(self.here.collector.take), system_clock, self.settings.courier))
                group.create_task(self._receive())
                group.create_task(self._care())
                for kind in self.settings.channels:
                    group.create_task(keep_running(self._sense_command(kind), kind, self.say))
        finally:
            self.home.socket.unlink(missing_ok=True)
            await asyncio.to_thread(self.here.close)

    def _site(self) -> Any:
        from teiten.site.asking import StoreAnswers
        from teiten.site.pages import create_site

        zone = self.settings.zone_info()
        return create_site(StoreAnswers(self.here.store, zone, data_on()), self.settings.site, zone, system_clock, StoreMarks(self.here.store))

    def _sense_command(self, kind: str) -> list[str]:
        return ["-m", "teiten", "--home", str(self.home.root), "sense", kind]

    async def _receive(self) -> None:
        wanted = self.settings.receiver_settings()
        if wanted is None:
            return
        from teiten.transport.listening import make_server
        from teiten.transport.receiver import Receiver
        from teiten.transport.tokens import TokenRegistry

        receiver = Receiver(self.here.collector.take, TokenRegistry(self.home.keys / "tokens.json"))
        await _serve(make_server(receiver, wanted), f"receiver, {wanted.host}:{wanted.port}")

    async def _care(self) -> None:
        """Seal days that are over and keep to the retention, now and every ten minutes."""
        while True:
            try:
                await asyncio.to_thread(self._care_once)
            except (TeitenError, OSError) as error:
                log.warning("care of the store: %s", error)
            await asyncio.sleep(_CARE_SECONDS)

    def _care_once(self) -> None:
        today = day_of(system_clock(), self.here.zone)
        self.here.seal(today)
        keep = self.settings.retention
        self.here.store.apply_retention(keep_days=keep.raw_days, keep_bytes=keep.raw_bytes)


def yesterday(settings: NodeSettings) -> date:
    return day_of(system_clock(), settings.zone_info()) - timedelta(days=1)


def _server(app: Any, **where: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=2,
        limit_concurrency=500,
        **where,
    )
    return uvicorn.Server(config)


async def _serve(server: uvicorn.Server, what: str) -> None:
    """uvicorn exits the process on a taken port; here that becomes an error that says what to do."""
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    try:
        await server.serve()
    except SystemExit:
        raise PortTaken(f"{what}: this port is taken by another program.", "See who has it (ss -ltnp), or set another port in teiten.toml.") from None
