# SPDX-License-Identifier: Apache-2.0
"""`teiten seal`, `verify`, `backup` and `resend`: the care of store and spools by hand. A running node seals and cleans by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from teiten.cli.count import day_option
from teiten.cli.opening import open_centre, zone_of
from teiten.clock import day_of, system_clock
from teiten.errors import UsageError
from teiten.home import Home
from teiten.transport import kept, segments


def register(app: typer.Typer) -> None:
    for verb in (seal, verify, backup, resend):
        app.command(verb.__name__)(verb)


def seal(context: typer.Context, before: Annotated[str | None, typer.Option(help="Seal days before this one (default: today).")] = None) -> None:
    """Move days that are over into the lake, with their rollups and pairs. A running node does it by itself.

    \b
    teiten seal
    teiten seal --before 2026-08-01
    """
    before_on = day_option("--before", before) or day_of(system_clock(), zone_of(context.obj))
    with open_centre(context.obj) as centre:
        sealed = centre.seal(before_on)
    typer.echo(f"sealed {len(sealed)} days" + (f": {sealed[0]} … {sealed[-1]}" if sealed else ""))


def verify(context: typer.Context) -> None:
    """Read every part of the lake against its checksum; damaged parts are named and set aside (exit code 1).

    \b
    teiten verify && echo all right
    """
    with open_centre(context.obj) as centre:
        damaged = centre.verify()
    for name in damaged:
        typer.echo(f"damaged, set aside: {name}")
    typer.echo("all parts are as written" if not damaged else f"{len(damaged)} parts damaged")
    raise typer.Exit(1 if damaged else 0)


def backup(context: typer.Context, target: Annotated[Path, typer.Argument(help="A folder that is empty or not there yet.")]) -> None:
    """Copy the store, consistent as of now, beside a running node too. The copy is a store: put it in the place of HOME/store.

    \b
    teiten backup /mnt/backup/teiten-2026-08-21
    """
    place = target.expanduser().absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"{place}: is not an empty folder.", "Name another; a backup never overwrites anything.")
    with open_centre(context.obj) as centre:
        size = centre.backup(place)
    typer.echo(f"{place}: {size / 1_000_000:,.0f} MB")


def resend(
    context: typer.Context, dead: Annotated[bool, typer.Option("--dead", help="Only what the centre had refused (dead/), not what it took.")] = False
) -> None:
    """Let the spools of this home send again what they still keep of the last 48 hours, after a centre was restored from a backup.

    What the centre has already changes nothing.

    \b
    teiten resend
    teiten resend --dead      after the reason for the refusals is gone
    """
    home: Home = context.obj
    for folder in home.spools:
        count = segments.revive(folder) if dead else kept.rewind(folder)
        typer.echo(f"{folder.parent.name}: {count:,} segments go again")
