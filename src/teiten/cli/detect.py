# SPDX-License-Identifier: Apache-2.0
"""`teiten detect`, `teiten findings`, `teiten explain`: what rises, what is new, and why we say so."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import Annotated, Any

import typer

from teiten import texts
from teiten.cli.choices import one_of
from teiten.cli.opening import open_centre, zone_of
from teiten.clock import to_microseconds
from teiten.errors import UsageError
from teiten.findings.book import Book
from teiten.findings.sentences import LANGUAGES, LEVELS, NOTES, as_plain
from teiten.home import Home
from teiten.publication.folder import read_alarms

_STATES = ("new", "active", "becoming")


def register(app: typer.Typer) -> None:
    app.command("detect")(detect)
    app.command("findings")(findings)
    app.command("explain")(explain)


def detect(
    context: typer.Context,
    at: Annotated[str | None, typer.Option(help="What would have been found then (YYYY-MM-DD or YYYY-MM-DDTHH:MM); nothing is stored.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on, at every full hour, until interrupted.")] = False,
    language: Annotated[str, typer.Option(help="ja or en.")] = "en",
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Run the detectors over the store for every hour that is due, and show what is on the lists.

    \b
    teiten detect                         a running node does it by itself, every hour
    teiten detect --language ja
    teiten detect --at 2026-08-21T09:00   what would have been found then; nothing is stored
    """
    moment = _moment(at, context.obj) if at else None
    if follow and moment is not None:
        raise UsageError("--follow and --at can't go together.", "Leave one out.")
    while True:
        with open_centre(context.obj) as centre:
            found = centre.detect(moment)
        typer.echo(json.dumps(found, ensure_ascii=True, indent=1) if format_ == "json" else _lists(found, _language(language)))
        if not follow:
            return
        sys.stdout.flush()
        time.sleep(3600 - time.time() % 3600 + 5)


def findings(
    context: typer.Context,
    closed: Annotated[bool, typer.Option("--closed", help="Also what is over.")] = False,
    state: Annotated[str | None, typer.Option(help="Instead, the list of targets that are new, active or becoming (active).")] = None,
    language: Annotated[str, typer.Option(help="ja or en.")] = "en",
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Show the findings of the last run: attention first, then risk.

    \b
    teiten findings --language ja
    teiten findings --closed --format json
    teiten findings --state new
    """
    found = _book(context.obj)
    if state is not None:
        one_of("--state", state, _STATES)
        noted = [one for one in found["noted"] if state in one["states"]]
        typer.echo(json.dumps(noted, ensure_ascii=True, indent=1) if format_ == "json" else "\n".join(_noted(one) for one in noted) or "none")
        return
    shown = [one for one in found["findings"] if closed or one["level"]]
    typer.echo(json.dumps(shown, ensure_ascii=True, indent=1) if format_ == "json" else _table(shown, _language(language)))
    if format_ != "json":
        for marker in _markers(context.obj):
            typer.echo(f"somebody may be marking sensors: {marker}; withheld from what is published")


def explain(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `teiten findings` shows it; its beginning is enough.")],
    language: Annotated[str, typer.Option(help="ja or en.")] = "en",
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Show one finding with its evidence, its life, the rules it was made under and the commands that count it again.

    \b
    teiten explain 3f2a9c     the beginning of an ID that `teiten findings` shows
    """
    found = [one for one in _book(context.obj)["findings"] if one["id"].startswith(id_)]
    if len(found) != 1:
        problem = f"no finding {id_}." if not found else f"{len(found)} findings begin with {id_}."
        raise UsageError(problem, "`teiten findings --closed` lists them all.")
    typer.echo(json.dumps(found[0], ensure_ascii=True, indent=1) if format_ == "json" else _whole(found[0], _language(language)))


def _markers(home: Home) -> list[str]:
    """What the marker watch saw at the last publication (P8)."""
    alarms = read_alarms(home.findings)
    return [marker.told() for marker in alarms.markers] if alarms else []


def _book(home: Home) -> dict[str, Any]:
    page = Book(home.findings).read()
    if page.at is None:
        raise UsageError("no detection has run yet.", "Run `teiten detect`.")
    return as_plain(page, zone_of(home))


def _moment(text: str, home: Home) -> int:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at {text}: not a time.", "Write YYYY-MM-DD or YYYY-MM-DDTHH:MM.") from None
    return to_microseconds(given if given.tzinfo else given.replace(tzinfo=zone_of(home)))


def _language(language: str) -> str:
    return str(one_of("--language", language, LANGUAGES))


def _lists(found: dict[str, Any], language: str) -> str:
    counts = {state: sum(state in one["states"] for one in found["noted"]) for state in _STATES}
    table = _table([one for one in found["findings"] if one["level"]], language)
    return f"{table}\n\nnew {counts['new']}, active {counts['active']}, becoming active {counts['becoming']} (teiten findings --state new)"


def _table(shown: list[dict[str, Any]], language: str) -> str:
    if not shown:
        return "nothing on the lists"
    return "\n".join(f"{one['id']}  {LEVELS[one['level']][language]:9}  {one['channel']:6}  {one['sentence'][language]}" for one in shown)


def _noted(one: dict[str, Any]) -> str:
    confirmed = " confirmed" if one["confirmed"] else ""
    return (
        f"{one['channel']:6} {one['group']:10} networks {one['networks']:>5,} sensors {one['sensors']:>3}{confirmed}  {texts.visible(one['target'])}"
    )


def _whole(one: dict[str, Any], language: str) -> str:
    evidence = one["evidence"]
    rest = evidence["without_busiest_sensor"]
    lines = [
        one["sentence"][language],
        one["check"][language],
        *[NOTES[note][language] for note in one["notes"]],
        "",
        f"level       {one['level'] or 'closed'} (highest {one['highest']}), states {', '.join(one['states']) or '-'}",
        f"window      {evidence['window'][0]} to {evidence['window'][1]} ({evidence['zone']}), onset {evidence['onset']}",
        f"baseline    {evidence['baseline'][0]} to {evidence['baseline'][1]}",
        f"first seen  {evidence['first'] or 'before'}{', confirmed' if evidence['confirmed'] else ''}",
        f"networks    {evidence['networks']:,} new; expected {evidence['expected']}, usual {evidence['usual'][0]} to {evidence['usual'][1]}",
        f"ratio       {evidence['ratio']}, score {evidence['score']} (best {one['best_score']})",
        f"sensors     {evidence['sensors']} of {evidence['live_sensors']}; without the busiest {rest['networks']:,}, expected {rest['expected']}",
        f"rules       {', '.join(one['rules'])}",
        *[_threshold(level, asked) for level, asked in (one["thresholds"] or {}).items()],
        "life        " + "; ".join(f"{event['at']} {event['what']} ({event['level'] or '-'}, {event['score']})" for event in one["history"]),
        "count again",
        *[_command(question) for question in one["questions"]],
    ]
    return "\n".join(lines)


def _threshold(level: str, asked: dict[str, Any]) -> str:
    told = f"score {asked['score']}, {asked['networks']} networks, ratio {asked['ratio']}"
    return f"{level:11} asks for {told}, {asked['sensors']} sensors and {asked['sensors_share']:.0%} of those compared"


def _command(question: dict[str, str]) -> str:
    quoted = "'" + texts.visible(question["target"], 65_536).replace("'", "'\\''") + "'"
    options = " ".join(f"--{name} {quoted if name == 'target' else value}" for name, value in question.items())
    return f"  teiten count {options}"
