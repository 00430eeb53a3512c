# SPDX-License-Identifier: Apache-2.0
"""`teiten import`: logs that exist already become accesses, like those of a sensor that has finished."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer

from teiten import texts
from teiten.cli.opening import open_centre, zone_of
from teiten.clock import day_of, system_clock
from teiten.config import check_name
from teiten.errors import UsageError
from teiten.model import SensorEntry

if TYPE_CHECKING:
    from teiten.importers.intake import Progress
    from teiten.importers.report import ImportReport

HELP = """Import log files, folders or standard input (-). The format is recognised by content, and the report says why.

\b
teiten import /var/log/auth.log* --sensor web-1 --group campus
teiten import access.log.gz --tz UTC --format json
teiten import logs/ --dry-run

A file that was imported before, under any name, changes nothing; one that has grown goes on where it ended.
Every line is accounted for: taken, other (no observation), or rejected with its reason. Exit code 1 if something was rejected.
"""


def register(app: typer.Typer) -> None:
    app.command("import", help=HELP)(import_)


def import_(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, globs, or - for standard input.")],
    sensor: Annotated[str, typer.Option(help="The sensor that observed these logs.")] = "imported",
    group: Annotated[str, typer.Option(help="Its group.")] = "imported",
    tz: Annotated[str | None, typer.Option(help="Zone of times without an offset (default: the home's zone).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report, store nothing.")] = False,
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    from teiten.importers.intake import run_import
    from teiten.importers.interface import ReadOptions

    check_name(sensor, "--sensor")
    check_name(group, "--group")
    if format_ not in ("table", "json"):
        raise UsageError(f"--format {format_}: not known.", "Allowed: table, json.")
    zone = zone_of(context.obj)
    options = ReadOptions(zone=_zone(tz) if tz else zone, newest_at=system_clock())
    with open_centre(context.obj, make=True) as centre:
        if not dry_run:
            centre.register(SensorEntry(sensor, group))
        report = run_import(
            paths, sensor=sensor, options=options, deliver=centre.take, known=centre.batches, progress=_progress(format_), dry_run=dry_run
        )
        for file in report.files if not dry_run else ():
            for channel, (first_at, last_at) in file.spans.items():
                centre.cover(sensor, channel, day_of(first_at, zone), day_of(last_at, zone))
        if not dry_run and report.taken:
            centre.seal(day_of(system_clock(), zone))
    typer.echo(json.dumps(msgspec.to_builtins(report), indent=1) if format_ == "json" else "\n".join(lines(report)))
    raise typer.Exit(0 if report.is_complete else 1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(f"--tz {name}: no such zone.", "Examples: Asia/Tokyo, UTC, Europe/Berlin.") from None


def lines(report: ImportReport) -> list[str]:
    """The report for people: one block per file, then the sums."""
    shown: list[str] = []
    for file in report.files:
        shown.append(f"{texts.visible(file.path)}: {file.format or 'not recognised'} ({file.why})")
        shown.append(f"  read {file.read:,}  taken {file.taken:,}  accesses {file.accesses:,}  duplicates {file.duplicates:,}")
        shown += [f"  other, {kind}: {count:,}" for kind, count in sorted(file.other.items())]
        shown += [f"  rejected, {reason}: {count:,}" for reason, count in sorted(file.rejected.items())]
        shown += [f"    line {sample.line}: {texts.visible(sample.sample, 120)}" for sample in file.samples]
        shown += [f"  taken though damaged, {reason}: {count:,}" for reason, count in sorted(file.damaged.items())]
        shown += [f"    line {sample.line}: {texts.visible(sample.sample, 120)}" for sample in file.damaged_samples]
        shown += [f"  problem: {file.problem}"] if file.problem else []
    sums = f"read {report.read:,}  taken {report.taken:,}  accesses {report.accesses:,}  duplicates {report.duplicates:,}"
    return [*shown, f"{len(report.files)} files: {sums}  other {report.other:,}  rejected {report.rejected:,}"]


def _progress(format_: str) -> Progress | None:
    """A line on the terminal, redrawn at most ten times a second, with the rate and the time left."""
    if format_ == "json" or not sys.stderr.isatty():
        return None
    began = time.monotonic()
    drawn = 0.0

    def draw(name: str, done_bytes: int, all_bytes: int, records: int) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - drawn < 0.1 and done_bytes < all_bytes:
            return
        drawn = now
        share = f"{done_bytes / all_bytes:4.0%}" if all_bytes else f"{done_bytes:,} bytes"
        rate = records / max(now - began, 0.001)
        sys.stderr.write(f"\r\x1b[K{share} {records:,} records, {rate:,.0f}/s  {texts.visible(name, 60)}")
        sys.stderr.flush()

    return draw
