# SPDX-License-Identifier: Apache-2.0
"""`teiten status`: is everything received, stored and covered?"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from teiten.cli.opening import open_centre
from teiten.home import Home

HELP = """Show the node, the sensors' last reports, the store and what could not be kept.

\b
teiten status
teiten status --format json | jq .sensors
"""


def register(app: typer.Typer) -> None:
    app.command("status", help=HELP)(status)


def status(context: typer.Context, format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table") -> None:
    from teiten.centre.beside import answers

    home: Home = context.obj
    running = answers(home.socket)
    with open_centre(home) as centre:
        found = {"home": str(home.root), "node": "running" if running else "not running", **centre.status(), "spools": spools(home)}
    typer.echo(json.dumps(found, indent=1, default=str) if format_ == "json" else "\n".join(lines(found)))


def spools(home: Home) -> dict[str, dict[str, int]]:
    """Segments and bytes per spool that are not acknowledged yet."""
    found = {}
    for folder in home.spools:
        waiting = [path for pattern in ("*.seg", "*.open") for path in folder.rglob(pattern) if "kept" not in path.parts]
        found[folder.parent.name] = {"segments": len(waiting), "bytes": sum(path.stat().st_size for path in waiting)}
    return found


def lines(found: dict[str, Any], indent: str = "") -> list[str]:
    shown: list[str] = []
    for name, value in found.items():
        if isinstance(value, dict):
            shown += [f"{indent}{name}:", *lines(value, indent + "  ")]
        elif isinstance(value, list):
            shown.append(f"{indent}{name}: {len(value)}")
            for item in value:
                shown.append(indent + "  " + ("  ".join(f"{k}={v}" for k, v in item.items()) if isinstance(item, dict) else str(item)))
        else:
            shown.append(f"{indent}{name}: {value:,}" if isinstance(value, int) and not isinstance(value, bool) else f"{indent}{name}: {value}")
    return shown
