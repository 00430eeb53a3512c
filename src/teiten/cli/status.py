# SPDX-License-Identifier: Apache-2.0
"""`teiten status`: is everything received, stored and covered?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from teiten import texts
from teiten.cli.choices import one_of
from teiten.cli.opening import open_centre, zone_of
from teiten.clock import to_datetime
from teiten.home import Home

HELP = """Show the node, the sensors' last reports, the store and what could not be kept.

\b
teiten status
teiten status --format json | jq .sensors

Times are in the home's zone; in JSON they are microseconds since 1970 UTC.
"""


def register(app: typer.Typer) -> None:
    app.command("status", help=HELP)(status)


def status(context: typer.Context, format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table") -> None:
    from teiten.centre.beside import answers

    one_of("--format", format_, ("table", "json"))
    home: Home = context.obj
    running = answers(home.socket)
    found: dict[str, Any] = {"home": str(home.root), "node": "running" if running else "not running"}
    if running or not home.spools or any(home.store.glob("*.duckdb")):  # a machine that only senses and ships has no store, and gets none
        with open_centre(home) as centre:
            found |= centre.status()
    found["spools"] = spools(home)
    typer.echo(json.dumps(found, indent=1, default=str) if format_ == "json" else "\n".join(lines(found, zone_of(home))))


def spools(home: Home) -> dict[str, dict[str, int]]:
    """Per channel: segments and bytes that are not acknowledged yet, and segments that the centre refused or could not read."""
    found = {}
    for folder in home.spools:
        waiting = [*folder.glob("*.seg"), *folder.glob("*.open")]
        dead, damaged = (len(list((folder / place).glob("*.seg*"))) for place in ("dead", "quarantine"))
        found[folder.parent.name] = {"segments": len(waiting), "bytes": sum(map(_size, waiting)), "dead": dead, "damaged": damaged}
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # delivered in this moment
        return 0


def lines(found: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    yield f"home      {found['home']}, node {found['node']}"
    if "days" in found:
        yield from _store(found, zone)
    for channel, spool in found["spools"].items():
        waiting = f"{spool['segments']:,} segments ({spool['bytes']:,} bytes) wait"
        yield f"spool     {channel}: {waiting}, {spool['dead']} refused, {spool['damaged']} damaged"


def _store(found: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    days, rows, batches, disk = found["days"], found["rows"], found["batches"], found["disk"]
    yield f"days      {days['first'] or 'none'} … {days['last'] or 'none'} ({found['zone']}), {days['sealed']:,} sealed, {len(days['open'])} open"
    yield f"rows      {rows['sealed']:,} sealed, {rows['open']:,} open; single rows of {len(found['rows_dropped']):,} days dropped by the retention"
    yield f"batches   {batches['stored']:,} stored, {found['duplicates_since_start']:,} repeated since the start, {batches['conflicts']:,} conflicts"
    yield f"disk      {_mb(disk['database_bytes'] + sum(p['bytes'] for p in found['parts'].values()))} used, {_mb(disk['free_bytes'])} free"
    for path in found["corrupt"]:
        yield f"DAMAGED   {path}: set aside"
    demo = [sensor for sensor in found["sensors"] if sensor["demo"]]
    if demo:
        yield f"demo      {len(demo)} sensors of a demo world"
    for sensor in found["sensors"]:
        if not sensor["demo"]:
            yield from _sensor(sensor, zone)
    for gap in found["gaps"]:
        since, until = _time(gap["from_at"], zone), _time(gap["to_at"], zone)
        told = f"{gap['sensor']} {gap['channel']}: {texts.visible(gap['reason'])}, {gap['records']:,} records, {since} … {until}"
        yield f"gap       {told} ({gap['gaps']:,} times)"


def _sensor(sensor: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    name = f"sensor    {texts.visible(sensor['name'])} (group {texts.visible(sensor['group'])})"
    if not sensor["channels"]:
        yield f"{name}: last batch {_time(sensor['last_batch_at'], zone)}"
    for channel, beat in sensor["channels"].items():
        told = f"{beat['emitted']:,} records since its start, {beat['dropped']:,} dropped, {beat['backlog_bytes']:,} bytes waiting"
        yield f"{name} {channel}: last heartbeat {_time(beat['last_heartbeat_at'], zone)}, {told}"


def _time(at: int | None, zone: ZoneInfo) -> str:
    return "never" if at is None else to_datetime(at).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
