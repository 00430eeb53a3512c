# SPDX-License-Identifier: Apache-2.0
"""`teiten demo`: loads a world with known truth into the store, marked as demo data on every page."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from teiten.cli.opening import open_centre, zone_of
from teiten.clock import day_of, system_clock
from teiten.errors import UsageError
from teiten.worlds import WORLDS

HELP = """Load a demo world: sensors and accesses with known truth, marked as demo data on every page.

\b
teiten demo                       the world of IPA's report for August 2007, shifted so that it ends yesterday
teiten demo --dates original      the same with its own dates
"""


def register(app: typer.Typer) -> None:
    app.command("demo", help=HELP)(demo)


def demo(
    context: typer.Context,
    world: Annotated[str, typer.Option(help=f"{', '.join(WORLDS)}.")] = "ipa2007",
    dates: Annotated[str, typer.Option(help="shifted (ends yesterday) or original.")] = "shifted",
) -> None:
    if world not in WORLDS or dates not in ("shifted", "original"):
        raise UsageError(f"--world {world} --dates {dates}: not known.", f"Worlds: {', '.join(WORLDS)}; dates: shifted, original.")
    from teiten.app import load_world

    yesterday = day_of(system_clock(), zone_of(context.obj)) - timedelta(days=1)
    with open_centre(context.obj, make=True) as centre, typer.progressbar(length=100, label=f"Loading {world}") as bar:
        rows = load_world(centre, world, yesterday if dates == "shifted" else None, lambda share: bar.update(int(share * 100) - bar.pos))
    typer.echo(f"{rows:,} rows loaded" if rows else "already loaded; nothing changed")
