# SPDX-License-Identifier: Apache-2.0
"""`teiten sense KIND`: one sensor process. It writes its spool and nothing else; it can't read the store or open a connection."""

from __future__ import annotations

import asyncio
import importlib
import logging
import resource
import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from teiten.clock import system_clock
from teiten.errors import UsageError
from teiten.home import Home
from teiten.model import Record
from teiten.sensors import SENSORS
from teiten.sensors.confinement import confine
from teiten.sensors.interface import EmitMany, Sensor
from teiten.settings import NodeSettings, settings_of
from teiten.transport.spool import SpoolWriter

log = logging.getLogger("teiten.sense")
_FILES = 16_384


def register(app: typer.Typer) -> None:
    app.command("sense")(sense)


def sense(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=f"{', '.join(SENSORS)}.")],
    unconfined: Annotated[bool, typer.Option(help="Keep all rights of this user (for debugging).")] = False,
    check: Annotated[bool, typer.Option("--check", help="Packet: only say what this machine lacks for it, and the next step.")] = False,
) -> None:
    """Observe one channel until stopped; `teiten up` starts these by itself, `teiten ship` takes their spools elsewhere.

    \b
    teiten sense ssh
    teiten --home /var/lib/teiten sense web
    """
    if kind not in SENSORS:
        raise UsageError(f"{kind}: no such sensor.", f"Allowed: {', '.join(SENSORS)}.")
    if check:
        _check(settings_of(context.obj), kind)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    home: Home = context.obj
    settings = settings_of(home)
    home.prepare_channel(kind)
    asyncio.run(_observe(home, settings, kind, unconfined))


def _check(settings: NodeSettings, kind: str) -> NoReturn:
    if kind != "packet":
        raise UsageError(f"--check: {kind} needs no rights that could be missing.", "teiten sense packet --check")
    from teiten.cli.sense_check import look

    found = look(settings.of("packet"))
    typer.echo("\n".join(f"{'ok     ' if good else 'missing'}  {what}: {said}" for what, good, said in found))
    raise typer.Exit(0 if all(good for _, good, _ in found) else 1)


async def _observe(home: Home, settings: NodeSettings, kind: str, unconfined: bool) -> None:
    spool_folder, keys = home.spool(kind), home.sensor_keys(kind)
    spool: SpoolWriter | None = None

    def emit(*records: Record) -> None:
        assert spool is not None, "nothing is observed before the spool is there"
        spool.emit(*records)

    raise_file_limit()
    sensor = make(kind, settings, emit, keys)  # opens what needs a right, before the rights are given up
    for missing in [] if unconfined else confine([spool_folder, keys]):
        log.warning("%s: %s", kind, missing)
    spool = SpoolWriter(spool_folder, settings.sensor, kind, system_clock, settings.spool, addresses=settings.secrets)
    spool.watch(sensor.dropped)
    log.info("%s: observing %s", kind, ", ".join(sensor.listening()))
    observing = asyncio.create_task(sensor.run())
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, observing.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await observing
    finally:
        spool.close()


def raise_file_limit() -> None:
    """As many open files as this user may have: the usual 1,024 are fewer than the connections, and the spool's next file is one more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def make(kind: str, settings: NodeSettings, emit: EmitMany, keys: Path) -> Sensor:
    module_name, _, class_name = SENSORS[kind].partition(":")
    sensor_class = getattr(importlib.import_module(module_name), class_name)
    places = () if kind == "packet" else (keys,)
    sensor: Sensor = sensor_class(settings.of(kind), emit, system_clock, *places)
    return sensor
