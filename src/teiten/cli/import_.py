# SPDX-License-Identifier: Apache-2.0
"""`teiten import`: logs that exist already become accesses, like those of a sensor that has finished."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer

from teiten.cli.choices import one_of
from teiten.cli.import_progress import TerminalProgress, watched
from teiten.cli.import_report import lines
from teiten.cli.opening import open_centre, zone_of
from teiten.clock import day_of, system_clock
from teiten.config import check_name, read_settings
from teiten.errors import UsageError
from teiten.home import Home
from teiten.importers.records import Record, new_name, write_record
from teiten.model import SensorEntry

if TYPE_CHECKING:
    from teiten.centre.interface import Centre
    from teiten.importers.interface import Importer
    from teiten.importers.report import FileReport, ImportReport

_PAUSE_SECONDS = 2.0
_REST = 9  # following takes at most a tenth of the time: long logs, which are read from their start each time, are looked at less often

HELP = """Import log files, folders or standard input (-). The format is recognised by content, and the report says why.

\b
teiten import /var/log/auth.log* --sensor web-1 --group campus
teiten import access.log.gz --tz UTC --format json
teiten import logs/ --dry-run
teiten import /var/log/nginx/access.log --follow
teiten import export.csv --mapping columns.toml

A file that was imported before, under any name, changes nothing; one that has grown goes on where it ended.
Every line is accounted for: taken, other (no observation), or rejected with its reason. Exit code 1 if something was rejected.
--follow goes on until Ctrl-C; files may be renamed away (rotated) or emptied. `teiten imports` lists what was imported when.
"""


def register(app: typer.Typer) -> None:
    app.command("import", help=HELP)(import_)


def import_(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, globs, or - for standard input.")],
    sensor: Annotated[str, typer.Option(help="The sensor that observed these logs.")] = "imported",
    group: Annotated[str, typer.Option(help="Its group.")] = "imported",
    tz: Annotated[str | None, typer.Option(help="Zone of times without an offset (default: the home's zone).")] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which fields of a CSV or JSON log mean what.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with logs that grow and rotate, until Ctrl-C.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report, store nothing.")] = False,
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    check_name(sensor, "--sensor")
    check_name(group, "--group")
    one_of("--format", format_, ("table", "json"))
    if follow and (dry_run or "-" in paths):
        raise UsageError("--follow stores what files become: not with --dry-run or standard input.", "Name files, folders or globs.")
    importing = Importing(context.obj, SensorEntry(sensor, group), _zone(tz) if tz else None, watched(format_), mapping)
    report = importing.follow(paths) if follow else importing.dry_run(paths) if dry_run else importing.once(paths)
    if importing.progress is not None:
        importing.progress.clear()
    typer.echo(json.dumps(msgspec.to_builtins(report), indent=1) if format_ == "json" else "\n".join(lines(report)))
    raise typer.Exit(0 if report.is_complete else 1)


class Importing:
    """One call of the verb: what is asked for, and how it reaches the centre and the home's records."""

    def __init__(self, home: Home, entry: SensorEntry, tz: ZoneInfo | None, progress: TerminalProgress | None, mapping: Path | None) -> None:
        from teiten.importers.interface import ReadOptions

        self._home = home
        self._entry = entry
        self._zone = zone_of(home)
        self._options = ReadOptions(zone=tz or self._zone, newest_at=system_clock())
        self.progress = progress
        self._importers = importers_with(mapping)
        self._covered: set[tuple[str, date, date]] = set()

    def dry_run(self, paths: list[str]) -> ImportReport:
        with open_centre(self._home, make=True) as centre:
            return self._run(centre, paths, dry_run=True)

    def once(self, paths: list[str]) -> ImportReport:
        began_at = system_clock()
        with open_centre(self._home, make=True) as centre:
            centre.register(self._entry)
            report = self._run(centre, paths)
            self._cover(centre, report)
            if report.taken:
                centre.seal(day_of(system_clock(), self._zone), self.progress.sealing if self.progress is not None else None)
        write_record(self._home.imports, Record(new_name(began_at), began_at, system_clock(), self._entry.name, paths, report))
        return report

    def follow(self, paths: list[str]) -> ImportReport:
        """The store is opened for each look that finds something, so that other verbs work in between."""
        from teiten.importers.following import Follower

        began_at = system_clock()
        name, stop = new_name(began_at), threading.Event()
        with open_centre(self._home, make=True) as centre:
            centre.register(self._entry)
        follower = Follower(paths, self._take_followed)
        with _stopping(stop):
            while not stop.is_set():
                looked = time.monotonic()
                if follower.look():
                    write_record(self._home.imports, Record(name, began_at, None, self._entry.name, paths, follower.report()))
                stop.wait(max(_PAUSE_SECONDS, _REST * (time.monotonic() - looked)))
        follower.close()
        report = follower.report()
        write_record(self._home.imports, Record(name, began_at, system_clock(), self._entry.name, paths, report))
        return report

    def _take_followed(self, path: str, may_grow: bool) -> FileReport:
        self._options = msgspec.structs.replace(self._options, newest_at=system_clock())
        with open_centre(self._home) as centre:
            report = self._run(centre, [path], may_grow=may_grow)
            self._cover(centre, report)
            centre.seal(day_of(system_clock(), self._zone))
        return report.files[0]

    def _run(self, centre: Centre, paths: list[str], dry_run: bool = False, may_grow: bool = False) -> ImportReport:
        from teiten.importers.intake import run_import

        return run_import(
            paths, sensor=self._entry.name, options=self._options, prepare=centre.prepare, known=centre.batches, progress=self.progress,
            dry_run=dry_run, may_grow=may_grow, importers=self._importers, day_zone=self._zone,
        )  # fmt: skip

    def _cover(self, centre: Centre, report: ImportReport) -> None:
        """Each file covers the days it shows, and no others between them; asked once for the same days."""
        for file in report.files:
            for days in ((channel, first, last) for channel in file.channels for first, last in file.days):
                if days not in self._covered:
                    self._covered.add(days)
                    centre.cover(self._entry.name, *days)


def importers_with(mapping: Path | None) -> dict[str, Importer] | None:
    """None for the formats that are always known."""
    if mapping is None:
        return None
    from teiten.importers.mapped import Mapped, Mapping

    if not mapping.is_file():
        raise UsageError(f"--mapping {mapping}: no such file.", "docs/formats.md says what stands in it.")
    return {"mapped": Mapped(read_settings(mapping, Mapping))}


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the look that is going on and then the following; a second one ends the program."""

    def ask(number: int, frame: object) -> None:
        stop.set()
        for known, handler in before.items():
            signal.signal(known, handler)

    before = {known: signal.signal(known, ask) for known in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(f"--tz {name}: no such zone.", "Examples: Asia/Tokyo, UTC, Europe/Berlin.") from None
