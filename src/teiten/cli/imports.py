# SPDX-License-Identifier: Apache-2.0
"""`teiten imports`: which imports there were and what became of each line ("are my reports received?").

Each import leaves one JSON file in the home's `imports`, written whole or not at all; nothing else reads or changes them.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
import typer

from teiten import texts
from teiten.cli.choices import one_of
from teiten.errors import UsageError
from teiten.importers.records import Record, read_records

HELP = """List past imports, newest last, or show one of them in full.

\b
teiten imports
teiten imports --format json
teiten imports 20260301T120000-3f2a9c

Every import that stores something (not --dry-run) leaves its report here. taken + duplicates + other + rejected = read.
"""


def register(app: typer.Typer) -> None:
    app.command("imports", help=HELP)(imports)


def imports(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show this one in full.")] = None,
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    from teiten.cli.import_report import lines

    one_of("--format", format_, ("table", "json"))
    records, unreadable = read_records(context.obj.imports)
    if name is not None:
        records = [record for record in records if record.name == name]
        if not records:
            raise UsageError(f"{name}: no such import.", "teiten imports lists them.")
    if format_ == "json":
        shown: Any = msgspec.to_builtins(records[0] if name is not None else [_brief(record) for record in records])
        typer.echo(json.dumps(shown, indent=1))
        return
    typer.echo("\n".join(lines(records[0].report) if name is not None else table(records)))
    for path in unreadable:
        typer.echo(f"can't be read: {path}", err=True)


def table(records: list[Record]) -> list[str]:
    if not records:
        return ["no imports yet"]
    head = (
        f"{'import':<23} {'files':>6} {'read':>12} {'taken':>12} {'duplicates':>12} {'other':>10} {'rejected':>9} {'problems':>9}  sensor, first path"
    )
    return [head, *(_row(record) for record in records)]


def _row(record: Record) -> str:
    report = record.report
    counts = f"{report.taken:>12,} {report.duplicates:>12,} {report.other:>10,} {report.rejected:>9,} {report.problems:>9,}"
    state = "" if record.ended_at is not None else "  (not ended)"
    files = len(report.files) + report.files_left_out
    place = texts.visible(record.paths[0] if record.paths else "", 60)
    return f"{record.name:<23} {files:>6,} {report.read:>12,} {counts}  {record.sensor}, {place}{state}"


def _brief(record: Record) -> dict[str, Any]:
    brief: dict[str, Any] = msgspec.to_builtins(record)
    brief["report"]["files"] = len(record.report.files) + record.report.files_left_out
    return brief
