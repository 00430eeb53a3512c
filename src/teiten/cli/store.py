# SPDX-License-Identifier: Apache-2.0
"""`teiten seal` and `teiten verify`: the store's own care, by hand; a running node does both by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from teiten.cli.count import _day
from teiten.cli.opening import open_centre, zone_of
from teiten.clock import day_of, system_clock


def register(app: typer.Typer) -> None:
    app.command("seal")(seal)
    app.command("verify")(verify)


def seal(context: typer.Context, before: Annotated[str | None, typer.Option(help="Seal days before this one (default: today).")] = None) -> None:
    """Move days that are over into the lake, with their rollups and pairs."""
    before_on = _day("--before", before) or day_of(system_clock(), zone_of(context.obj))
    with open_centre(context.obj) as centre:
        sealed = centre.seal(before_on)
    typer.echo(f"sealed {len(sealed)} days" + (f": {sealed[0]} … {sealed[-1]}" if sealed else ""))


def verify(context: typer.Context) -> None:
    """Read every part of the lake against its checksum; damaged parts are named and set aside (exit code 1)."""
    with open_centre(context.obj) as centre:
        damaged = centre.verify()
    for name in damaged:
        typer.echo(f"damaged, set aside: {name}")
    typer.echo("all parts are as written" if not damaged else f"{len(damaged)} parts damaged")
    raise typer.Exit(1 if damaged else 0)
