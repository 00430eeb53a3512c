# SPDX-License-Identifier: Apache-2.0
"""`teiten count`: questions from the shell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, get_args

import typer

from teiten import addresses, texts
from teiten.cli.choices import one_of
from teiten.cli.opening import open_centre
from teiten.errors import UsageError
from teiten.feeds.csv import safe
from teiten.model import CATEGORIES, CHANNELS
from teiten.questions.interface import BYS, CountQuestion, Order

HELP = """Count accesses, distinct sources and sensors over a period, by something.

\b
teiten count --channel ssh --by target --top 10
teiten count --by day --from 2007-08-16 --to 2007-08-27 --group mustan
teiten count --target 445/tcp --by region --order sources --format csv

Days are calendar days of the configured zone; --to is excluded. Distinct sources never add up over rows.
In JSON and CSV a byte that is not UTF-8 is written as \\xNN; --target takes the same form.
"""


def register(app: typer.Typer) -> None:
    app.command("count", help=HELP)(count)


def count(
    context: typer.Context,
    by: Annotated[str | None, typer.Option(help=f"One row per {', '.join(BYS)}.")] = None,
    channel: Annotated[str | None, typer.Option(help=f"Only {', '.join(CHANNELS)}.")] = None,
    group: Annotated[str | None, typer.Option(help="Only sensors of this group.")] = None,
    sensor: Annotated[str | None, typer.Option(help="Only this sensor.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")] = None,
    to: Annotated[str | None, typer.Option(help="Day after the last, YYYY-MM-DD.")] = None,
    target: Annotated[str | None, typer.Option(help="Only this target: 445/tcp, 'GET /', an account, a subject.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source address.")] = None,
    category: Annotated[str, typer.Option(help=f"{', '.join(CATEGORIES)} or all.")] = "access",
    top: Annotated[int | None, typer.Option(min=1, help="Only the first N rows.")] = None,
    order: Annotated[str, typer.Option(help="accesses or sources.")] = "accesses",
    format_: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
) -> None:
    from_on, to_on = day_option("--from", from_), day_option("--to", to)
    if from_on and to_on and from_on >= to_on:
        raise UsageError(f"--from {from_on} --to {to_on}: no day lies between.", "--to is the day after the last.")
    question = CountQuestion(
        by=one_of("--by", by, BYS) if by is not None else None,
        channel=one_of("--channel", channel, CHANNELS) if channel is not None else None,
        group=group,
        sensor=sensor,
        from_on=from_on,
        to_on=to_on,
        target=texts.parse(target) if target is not None else None,
        source=_address(source) if source is not None else None,
        category=None if category == "all" else one_of("--category", category, CATEGORIES),
        top=top,
        order=one_of("--order", order, get_args(Order)),
    )
    write = FORMATS[one_of("--format", format_, tuple(FORMATS))]
    with open_centre(context.obj) as centre:
        typer.echo(write(centre.count(question), question.by), nl=False)


def day_option(option: str, value: str | None) -> date | None:
    try:
        return None if value is None else datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        raise UsageError(f"{option} {value}: not a day.", "Write it as YYYY-MM-DD.") from None


def _address(value: str) -> bytes:
    try:
        return addresses.pack(value)
    except ValueError:
        raise UsageError(f"--source {value}: not an address.", "Write an IPv4 or IPv6 address.") from None


Rows = list[dict[str, Any]]


def _json(rows: Rows, by: str | None) -> str:
    return json.dumps(rows if by else rows[0], ensure_ascii=True, indent=1) + "\n"


def _csv(rows: Rows, by: str | None) -> str:
    """RFC 4180; a cell that a spreadsheet would run as a formula gets an apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    names = ([by] if by else []) + ["accesses", "sources", "sensors"]
    writer.writerow(names)
    for row in rows:
        writer.writerow([safe(row[name]) for name in names])
    return out.getvalue()


def _table(rows: Rows, by: str | None) -> str:
    if not rows:
        return "nothing observed\n"
    head = f"{'accesses':>12} {'sources':>9} {'sensors':>8}" + (f"  {by}" if by else "")
    lines = [f"{r['accesses']:>12,} {r['sources']:>9,} {r['sensors']:>8,}" + (f"  {texts.visible(r[by])}" if by else "") for r in rows]
    return "\n".join([head, *lines]) + "\n"


FORMATS: dict[str, Callable[[Rows, str | None], str]] = {"table": _table, "json": _json, "csv": _csv}
