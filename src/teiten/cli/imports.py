# SPDX-License-Identifier: Apache-2.0
"""`teiten imports`: which imports there were and what became of each line ("are my reports received?").

Each import leaves one JSON file in the home's `imports`, written whole or not at all; nothing else reads or changes them.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from teiten import texts
from teiten.cli.count import one_of
from teiten.clock import to_datetime
from teiten.errors import UsageError
from teiten.home import Home
from teiten.importers.report import FileReport, ImportReport

HELP = """List past imports, newest last, or show one of them in full.

\b
teiten imports
teiten imports --format json
teiten imports 20260301T120000-3f2a9c

Every import that stores something (not --dry-run) leaves its report here. taken + duplicates + other + rejected = read.
"""
_FILES_KEPT = 1_000
"""Reports of single files in one record; those with something to tell come first."""


class Record(msgspec.Struct, frozen=True):
    name: str
    began_at: int  # microseconds UTC
    ended_at: int | None  # None while it is following, or was cut off
    sensor: str
    paths: list[str]
    report: ImportReport


def register(app: typer.Typer) -> None:
    app.command("imports", help=HELP)(imports)


def imports(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show this one in full.")] = None,
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    from teiten.cli.import_report import lines

    one_of("--format", format_, ("table", "json"))
    records, unreadable = read_records(context.obj)
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


def new_name(at: int) -> str:
    return f"{to_datetime(at):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def write_record(home: Home, record: Record) -> None:
    """Whole or not at all; the same name again replaces it."""
    home.imports.mkdir(parents=True, exist_ok=True)
    home.imports.chmod(0o700)
    path = home.imports / f"{record.name}.json"
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, report=_bounded(record.report))))
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(path)


def read_records(home: Home) -> tuple[list[Record], list[Path]]:
    """All records, oldest first, and the files that are none."""
    records, unreadable = [], []
    for path in sorted(home.imports.glob("*.json")):
        try:
            records.append(msgspec.json.decode(path.read_bytes(), type=Record))
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            unreadable.append(path)
    return records, unreadable


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


def _bounded(report: ImportReport) -> ImportReport:
    if len(report.files) <= _FILES_KEPT:
        return report
    telling = sorted(report.files, key=_tells_nothing)[:_FILES_KEPT]
    return msgspec.structs.replace(report, files=telling, files_left_out=len(report.files) - _FILES_KEPT)


def _tells_nothing(file: FileReport) -> bool:
    return not (file.problem or file.rejected)
