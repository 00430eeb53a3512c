# SPDX-License-Identifier: Apache-2.0
"""Composition root: puts store, collector, couriers, pages and sensor processes together. The only file that knows everything."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from teiten.centre.control import create_control
from teiten.centre.here import Here
from teiten.centre.interface import Centre
from teiten.claims import BookClaims
from teiten.clock import MICROSECONDS, day_of, system_clock, to_datetime
from teiten.collector import Collector
from teiten.enrichers.region import data_on, with_regions
from teiten.errors import ConfigurationError, StoreBusy
from teiten.gathering import Gathering
from teiten.home import Home
from teiten.marks import StoreMarks
from teiten.metrics import problems
from teiten.model import Receipt, SensorEntry
from teiten.publishing import Publisher, plain
from teiten.reporting import Reporter
from teiten.sensors.listener import bind
from teiten.settings import NodeSettings
from teiten.store.days import start_of
from teiten.store.node import NodeStore
from teiten.supervision import keep_running
from teiten.transport.courier import in_thread, run_couriers
from teiten.transport.listening import Server, make_server
from teiten.transport.receiver import Receiver
from teiten.transport.tokens import TokenRegistry
from teiten.worlds import load

if TYPE_CHECKING:  # a verb that only counts does not load the pages
    from teiten.site.asking import StoreAnswers
    from teiten.site.lookup import StoreLookup

log = logging.getLogger("teiten")
_CARE_SECONDS = 600
_SETTLED_SECONDS = 10.0  # after midnight, until the spools' last rows of the day have come
_LEFT_BEHIND_US = 3600 * MICROSECONDS  # a batch handed over as a file is taken within seconds, or its verb was killed
_LONGEST_SOCKET_PATH = 107  # bytes, Linux


def open_here(home: Home, settings: NodeSettings) -> Here:
    """Open the store in this process. Raises StoreBusy if another process holds it without answering."""
    zone = settings.zone_info()
    store = NodeStore.open(home.store, zone)
    here = Here(store, Collector(store, with_regions, system_clock, home.store / "quarantine"), zone, system_clock)
    here.publisher = lambda policy: plain(publisher(here, home, settings).publish(policy))
    return here


def publisher(here: Here, home: Home, settings: NodeSettings) -> Publisher:
    return Publisher(
        here.store, here.book, here.zone, settings.publication, folder=home.public, keys=home.keys, alarms=home.findings, clock=system_clock
    )


def load_world(centre: Centre, name: str, ends_on: date | None, progress: Callable[[float], None] = lambda _: None) -> int:
    """Load a world's sensors, coverage and accesses; returns rows stored (0 when it was there already)."""
    world = load(name)
    for entry in world.sensors():
        centre.register(entry)
    period, sensors = world.period(ends_on), len(world.sensors())
    receipts: list[Receipt] = []
    gathering, begun = Gathering(centre.prepare), set()
    for batch in world.batches(ends_on):
        gathering.add(batch.key, batch.columns, receipts.append)
        begun.add(batch.key.sensor)
        progress(len(begun) / sensors / 2)  # sealing takes about as long again
    gathering.flush()
    stored = sum(receipt.rows for receipt in receipts)
    if stored:
        for covered in world.coverage(ends_on):
            centre.cover(*covered)
        centre.seal(period.to_on)
    progress(1.0)
    return stored


class Node:
    """One running centre with this machine's sensors. `run` until cancelled; everything it started ends with it.

    It holds its ports and the store from the beginning: raises PortTaken, StoreBusy or ConfigurationError when made, not later.
    """

    def __init__(self, home: Home, settings: NodeSettings, say: Callable[[str], None]) -> None:
        self.home, self.settings, self.say = home, settings, say
        if len(os.fsencode(home.socket)) > _LONGEST_SOCKET_PATH:
            raise ConfigurationError(f"{home.socket}: too long a path for a socket.", "Choose a home with a shorter path, with --home.")
        receiver = settings.receiver_settings()
        with ExitStack() as undo:
            self._site_sockets = _bound(undo, settings.site.host, settings.site.port, "site.port")
            self._receiver_sockets: list[socket.socket] | None = None
            if receiver is not None and not receiver.unix_socket:
                self._receiver_sockets = _bound(undo, receiver.host, receiver.port, "receiver.port")
            self.here = open_here(home, settings)
            undo.pop_all()
        self._care_due = asyncio.Event()
        self._receiver = make_server(Receiver(self.here.collector.take, TokenRegistry(home.keys / "tokens.json")), receiver) if receiver else None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self.here.register(SensorEntry(self.settings.sensor, self.settings.group, addresses=self.settings.secrets()))
        self.home.socket.unlink(missing_ok=True)
        after_seal = partial(loop.call_soon_threadsafe, self._care_due.set)
        control = _server(create_control(self.here, self.home.incoming, after_seal), uds=str(self.home.socket), limit_concurrency=500)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(control.serve())
                group.create_task(_server(self._site(), http=_pages_protocol()).serve(self._site_sockets))
                if self._receiver:
                    group.create_task(self._receiver.serve(self._receiver_sockets))
                group.create_task(run_couriers(lambda: self.home.spools, in_thread(self.here.collector.take), system_clock, self.settings.courier))
                group.create_task(self._care())
                group.create_task(self._reporter().run())
                for kind in self.settings.channels:
                    group.create_task(keep_running(self._sense_command(kind), kind, self.say))
        finally:
            self.home.socket.unlink(missing_ok=True)
            for sock in (*self._site_sockets, *(self._receiver_sockets or ())):
                sock.close()
            await asyncio.to_thread(self.here.close)

    def _site(self) -> Any:
        from teiten.feeds import all_feeds
        from teiten.site.desk import Desk
        from teiten.site.pages import create_site
        from teiten.site.sources import StoreSources

        ask, marks, lookup = self._asking()
        sources, desk = StoreSources(self.here.store, self.here.zone), Desk(self.home)
        return create_site(ask, self.settings.site, self.here.zone, system_clock, marks, lookup, all_feeds(), sources, desk)

    def _asking(self) -> tuple[StoreAnswers, StoreMarks, StoreLookup]:
        """What the pages ask through, and what asks ahead for them."""
        from teiten.site.asking import StoreAnswers
        from teiten.site.lookup import StoreLookup

        store, zone = self.here.store, self.here.zone
        marks = StoreMarks(store)
        lookup = StoreLookup(store, zone, marks, BookClaims(self.here.book, zone, early=True), data_on())
        return StoreAnswers(store, zone, data_on()), marks, lookup

    def _reporter(self) -> Reporter:
        policy = self.settings.publication.policy
        return Reporter(self.home, self.settings.zone_info(), policy, self.here.store, system_clock, self.say)

    def _sense_command(self, kind: str) -> list[str]:
        return ["-m", "teiten", "--home", str(self.home.root), "sense", kind]

    async def _care(self) -> None:
        """Seal days that are over, keep to the retention, detect, publish; again and again. Whatever fails in it, the observation goes on."""
        while True:
            try:
                await asyncio.to_thread(self.care_once)
            except Exception as error:
                _failed("care", error)
            await self._rest()

    async def _rest(self) -> None:
        """Until ten minutes have passed, or a day has, or a verb had days sealed: then its pages' questions are to be asked again."""
        now = system_clock()
        tomorrow = day_of(now, self.here.zone) + timedelta(days=1)
        left = (start_of(tomorrow, self.here.zone) - now) / MICROSECONDS + _SETTLED_SECONDS
        try:
            async with asyncio.timeout(min(_CARE_SECONDS, left)):
                await self._care_due.wait()
        except TimeoutError:
            return
        self._care_due.clear()

    def care_once(self) -> None:
        """Everything that is due. What fails is counted and tried again the next time, and keeps nothing else from being done."""
        now = self.here.clock()
        for name, work in (
            ("seal", lambda: self.here.seal(day_of(now, self.here.zone))),
            ("retention", self._retain),
            ("warm", lambda: self._warm(now)),
            ("detect", self.here.follow),  # before the view is made of it
            ("publish", lambda: self._publish_when_due(now)),
            ("incoming", lambda: self._clear_incoming(now)),
        ):
            try:
                work()
            except StoreBusy:
                raise  # it is being closed: nothing else can be done
            except Exception as error:
                _failed(name, error)

    def _retain(self) -> None:
        keep = self.settings.retention
        self.here.store.apply_retention(keep_days=keep.raw_days, keep_bytes=keep.raw_bytes)

    def _clear_incoming(self, now: int) -> None:
        for left in self.home.incoming.iterdir():
            if now - left.stat().st_mtime_ns // 1000 > _LEFT_BEHIND_US:
                left.unlink(missing_ok=True)

    def _warm(self, now: int) -> None:
        from teiten.site.sources import StoreSources
        from teiten.site.warming import warm

        ask, marks, lookup = self._asking()
        warm(ask, lookup, marks, day_of(now, self.here.zone), StoreSources(self.here.store, self.here.zone))

    def _publish_when_due(self, now: int) -> None:
        """Once a day, from the configured hour on; a missed day is made up for as soon as the node runs."""
        local = to_datetime(now).astimezone(self.here.zone)
        found = publisher(self.here, self.home, self.settings)
        if local.hour >= self.settings.publication.hour and found.made_on() != local.date():
            found.publish()


def _failed(work: str, error: Exception) -> None:
    problems.labels(work, type(error).__name__).inc()
    log.warning("%s, to be tried again in ten minutes: %s", work, error)


def yesterday(settings: NodeSettings) -> date:
    return day_of(system_clock(), settings.zone_info()) - timedelta(days=1)


def _bound(undo: ExitStack, host: str, port: int, setting: str) -> list[socket.socket]:
    sockets = bind(host, port, setting, ipv6=False)
    for sock in sockets:
        undo.callback(sock.close)
    return sockets


def _pages_protocol() -> Any:
    from teiten.site.listening import PagesProtocol

    return PagesProtocol


def _server(app: Any, **where: Any) -> Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=2,
        **where,
    )
    return Server(config)
