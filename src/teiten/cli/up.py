# SPDX-License-Identifier: Apache-2.0
"""`teiten up`: everything of one machine in one command."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from teiten.errors import TeitenError
from teiten.home import Home
from teiten.settings import NodeSettings, check_all, settings_of

if TYPE_CHECKING:
    from teiten.app import Node

HELP = """Start this machine's sensors, collector, store and site; runs until stopped (Ctrl-C).

\b
teiten up                 with the settings in HOME/teiten.toml, or all defaults
teiten up --demo          load the demo world first, if it is not there yet
"""


def register(app: typer.Typer) -> None:
    app.command("up", help=HELP)(up)


def up(context: typer.Context, demo: Annotated[bool, typer.Option("--demo", help="With the demo world, ending yesterday.")] = False) -> None:
    from teiten.centre.beside import answers

    home: Home = context.obj
    settings = settings_of(home)
    check_all(settings)
    if answers(home.socket):
        raise TeitenError(f"A node is already running in {home.root}.", "Use it as it is, stop it, or name another folder with --home.")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    os.umask(0o077)
    home.prepare()
    from teiten.app import Node

    node = Node(home, settings, typer.echo)
    if demo:
        _load_demo(node)
    typer.echo(_welcome(home, settings))
    try:
        asyncio.run(_until_stopped(node))
    except* TeitenError as group:
        raise _first(group) from None


def _load_demo(node: Node) -> None:
    from teiten.app import load_world, yesterday

    if any(entry.demo for entry in node.here.sensors()):
        return
    with typer.progressbar(length=100, label="Loading the demo world") as bar:
        load_world(node.here, "ipa2007", yesterday(node.settings), lambda share: bar.update(int(share * 100) - bar.pos))


async def _until_stopped(node: Node) -> None:
    running = asyncio.create_task(node.run())
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        typer.echo("stopped")


def _first(group: BaseExceptionGroup[TeitenError]) -> TeitenError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def _welcome(home: Home, settings: NodeSettings) -> str:
    ports = {kind: getattr(settings.of(kind), "port", None) for kind in settings.channels}
    tries = {
        "web": f"curl -i http://127.0.0.1:{ports.get('web')}/hello",
        "ssh": f"ssh -p {ports.get('ssh')} guest@127.0.0.1        (any password)",
        "mail": f"swaks --server 127.0.0.1:{ports.get('mail')} --to you@example.org --header 'Subject: hello'",
    }
    site = f"http://{settings.site.host}:{settings.site.port}/"
    lines = ["", f"  Teiten is observing.  Site: {site}", "", "  Try, and see it on the site within seconds:"]
    lines += [f"    {tries[kind]}" for kind in settings.channels if kind in tries]
    return "\n".join([*lines, "", f"  Ctrl-C stops everything; what was observed stays in {home.root}.", ""])
