# SPDX-License-Identifier: Apache-2.0
"""`teiten ship`: takes this machine's spools to a centre elsewhere. It listens on nothing and reads nothing but spools."""

from __future__ import annotations

import asyncio
import logging

import typer

from teiten.clock import system_clock
from teiten.home import Home
from teiten.settings import NodeSettings, settings_of
from teiten.transport.courier import run_couriers

HELP = """Send what the sensors of this home spooled to a centre on another machine, until stopped.

\b
teiten ship

\b
In teiten.toml:
  sensor = "branch-7"                           the name the token was issued for
  [ship]
  url = "https://centre.example:8443"
  token_file = "/etc/teiten/token"              one line, from `teiten token issue branch-7` at the centre
  ca_file = "/etc/teiten/centre.pem"            the centre's certificate or its authority

A segment leaves the spool only when the centre says that it is stored, and is kept for 48 hours more.
"""


def register(app: typer.Typer) -> None:
    app.command("ship", help=HELP)(ship)


def ship(context: typer.Context) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each batch says nothing
    asyncio.run(_ship(context.obj, settings_of(context.obj)))


async def _ship(home: Home, settings: NodeSettings) -> None:
    from teiten.transport.sender import Sender

    wanted = settings.ship_settings()
    sender = Sender(wanted)
    logging.getLogger("teiten.ship").info("sending what %s spools to %s", settings.sensor, wanted.url or wanted.unix_socket)
    try:
        await run_couriers(lambda: home.spools, sender, system_clock, settings.courier)
    finally:
        await sender.close()
