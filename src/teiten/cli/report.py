# SPDX-License-Identifier: Apache-2.0
"""`teiten report`: the monthly report as HTML, PDF, CSV and JSON, in Japanese and English. Beside a running node it reads a copy of the store."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from teiten.cli.opening import open_centre, zone_of
from teiten.clock import day_of, system_clock
from teiten.errors import UsageError
from teiten.home import Home

if TYPE_CHECKING:
    from teiten.model import Period
    from teiten.report.facts import Facts
    from teiten.report.operator_part import Topic
    from teiten.report.settings import ReportSettings
    from teiten.store.node import NodeStore

HELP = """Write the report of a month: HTML and PDF, CSV of every figure, JSON of every number with the question behind it.

\b
teiten report 2007-08 --group talot2 --lang ja,en --out report

What people write themselves (topics, references, contact) is in HOME/report, see docs/report.md. A month that isn't over gives a
preliminary report. The same data gives the same bytes.
"""


def register(app: typer.Typer) -> None:
    app.command("report", help=HELP)(report)


def report(
    context: typer.Context,
    month: Annotated[str, typer.Argument(metavar="YYYY-MM")],
    group: Annotated[str | None, typer.Option(help="Only sensors of this group.")] = None,
    lang: Annotated[str, typer.Option(help="ja, en or ja,en.")] = "ja,en",
    out: Annotated[Path, typer.Option(help="Folder for the files; made if it isn't there.", file_okay=False)] = Path("report"),
    formats: Annotated[str, typer.Option("--formats", help="Any of html,pdf,csv,json.")] = "html,pdf,csv,json",
    policy: Annotated[str, typer.Option(help="public, partners or operator: whether strings that could betray a sensor are shown.")] = "public",
) -> None:
    from teiten.report.settings import LANGUAGES
    from teiten.report.showing import POLICY_NAMES
    from teiten.report.writing import FORMATS, write_report

    languages = _chosen("--lang", lang, LANGUAGES)
    wanted = _chosen("--formats", formats, FORMATS)
    _chosen("--policy", policy, POLICY_NAMES)
    facts, settings, topics = _facts(context.obj, month, group, policy)
    written = write_report(facts, settings, topics, out, [name for name in LANGUAGES if name in languages], policy, wanted)
    for path in written:
        if path.suffix != ".csv":
            typer.echo(str(path))
    figures = sum(path.suffix == ".csv" for path in written)
    if figures:
        typer.echo(f"{figures} figures as CSV in {out}")


def _facts(home: Home, month: str, group: str | None, policy: str) -> tuple[Facts, ReportSettings, tuple[Topic, ...]]:
    import msgspec

    from teiten.findings.book import Book
    from teiten.report.attention import attention_of
    from teiten.report.gather import Scope, gather
    from teiten.report.operator_part import read_operator_part
    from teiten.report.showing import shown_by

    zone = zone_of(home)
    settings, topics = read_operator_part(home.root / "report")
    today = day_of(system_clock(), zone)
    with _store(home) as store:
        known = {entry.group for entry in store.sensors()}
        if group is not None and group not in known:
            raise UsageError(f"--group {group}: no sensor is in this group.", f"Groups: {', '.join(sorted(known)) or 'none'}.")
        shown = shown_by(policy, store.sensors(), settings.hidden)
        portal = settings.portal if settings.portal in known else ""
        scope = Scope(_month(month), zone, group, settings.channel, portal, settings.portal_on, settings.show_portal, today)
        facts = gather(store, scope, shown)
    attention = attention_of(Book(home.findings).read().findings, facts.cut, zone, group, facts.channel, shown)
    return msgspec.structs.replace(facts, attention=attention), settings, topics


@contextmanager
def _store(home: Home) -> Iterator[NodeStore]:
    """The store of this home; while a node runs, a copy of it: its parts are links, so that this costs little time and room."""
    from teiten.store.node import NodeStore

    with open_centre(home) as centre:
        store = getattr(centre, "store", None)
        if isinstance(store, NodeStore):
            yield store
            return
        with tempfile.TemporaryDirectory(prefix="report-", dir=home.incoming) as name:
            folder = Path(name).resolve() / "store"
            centre.backup(folder)
            copied = NodeStore.open(folder, zone_of(home))
            try:
                yield copied
            finally:
                copied.close()


def _month(text: str) -> Period:
    from teiten.questions.windows import month

    found = re.fullmatch(r"(\d{4})-(\d{2})", text)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1971 <= int(found[1]) <= 9000:
        raise UsageError(f"{text}: not a month.", "Write it as YYYY-MM.")
    return month(int(found[1]), int(found[2]))


def _chosen(option: str, value: str, allowed: tuple[str, ...]) -> list[str]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    unknown = [name for name in names if name not in allowed]
    if unknown or not names:
        raise UsageError(f"{option} {value}: not known.", f"Allowed: {', '.join(allowed)}.")
    return names
