# SPDX-License-Identifier: Apache-2.0
"""`teiten report`: the monthly report, or a digest of a week or a day, in both languages. Beside a running node it reads a copy of the store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from teiten.cli.opening import open_centre, zone_of
from teiten.clock import MICROSECONDS, day_of, system_clock
from teiten.errors import UsageError
from teiten.home import Home
from teiten.settings import settings_of

if TYPE_CHECKING:
    from teiten.report.settings import Language
    from teiten.report.showing import Showing
    from teiten.store.node import NodeStore

HELP = """Write the report of a month, or the digest of a week or a day: HTML, PDF, plain text, CSV of every figure, JSON of every number.

\b
teiten report 2007-08                       the report of August 2007
teiten report 2007-W34                      the digest of the week from 20 August 2007
teiten report 2007-08-24 --formats txt      the digest of a day as plain text, for a mail
teiten report 2007-08 --policy public --out DIR

Without --policy there are two: the operator's, with exact numbers, in HOME/reports, and one for others in HOME/public/reports, by the
policy in the settings (public unless set). Files are in PERIOD/LANGUAGE below that. What people write themselves (topics, references,
contact, schedule) is in HOME/report, see docs/report.md. A period that isn't over gives a preliminary report. The same data gives the
same bytes.
"""


def register(app: typer.Typer) -> None:
    app.command("report", help=HELP)(report)


def report(
    context: typer.Context,
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="YYYY-MM, YYYY-Www or YYYY-MM-DD.")],
    group: Annotated[str | None, typer.Option(help="Only sensors of this group.")] = None,
    lang: Annotated[str, typer.Option(help="ja, en or ja,en.")] = "ja,en",
    out: Annotated[Path | None, typer.Option(help="Folder for PERIOD/LANGUAGE, instead of those in HOME.", file_okay=False)] = None,
    formats: Annotated[str, typer.Option("--formats", help="Any of html,pdf,txt,csv,json.")] = "html,pdf,txt,csv,json",
    policy: Annotated[str | None, typer.Option(help="public, partners or operator: what may be named, and how exact numbers are.")] = None,
) -> None:
    from teiten.findings.book import Book
    from teiten.report.making import Wanted, make
    from teiten.report.operator_part import read_operator_part
    from teiten.report.periods import span_of
    from teiten.report.settings import LANGUAGES
    from teiten.report.writing import FORMATS, open_to_all, write_reports

    home: Home = context.obj
    chosen = _chosen("--lang", lang, LANGUAGES)
    languages: Sequence[Language] = [name for name in LANGUAGES if name in chosen]
    wanted, span = _chosen("--formats", formats, FORMATS), span_of(period)
    places = _places(home, policy, out)
    settings, topics = read_operator_part(home.root / "report")
    zone = zone_of(home)
    with _store(home) as store:
        findings = Book(home.findings).read().findings
        for name, folder in places.items():
            showing = _showing(home, store, name, settings.hidden)
            today = day_of(system_clock() - showing.policy.delay_hours * 3600 * MICROSECONDS, zone)
            if len(places) > 1 and today <= span.period.dates()[-1] and showing.policy.delay_hours:
                typer.echo(f"{name}: to be made from {span.period.to_on + timedelta(days=1)} on, when all its days are old enough to be published")
                continue
            made = make(store, Wanted(span, zone, today, group, languages), showing, settings, topics, findings)
            _say(write_reports(made, folder, wanted, embed_fonts=settings.embed_fonts), name)
            if folder == home.public_reports:
                open_to_all(folder)


def _places(home: Home, policy: str | None, out: Path | None) -> dict[str, Path]:
    """Name of the policy -> folder."""
    from teiten.report.showing import POLICY_NAMES

    published = settings_of(home).publication.policy
    names = _chosen("--policy", policy, POLICY_NAMES) if policy else [published] if out else list(dict.fromkeys(["operator", published]))
    others = [name for name in names if name not in ("operator", published)]
    if others and not out:
        raise UsageError(
            f"--policy {others[0]}: HOME/public/reports is for everybody, by the policy {published} alone.", "Say with --out DIR where to put it."
        )
    return {name: out or (home.reports if name == "operator" else home.public_reports) for name in names}


def _showing(home: Home, store: NodeStore, name: str, hidden: Sequence[str]) -> Showing:
    from teiten.packets.own_addresses import told as told_addresses
    from teiten.publication.echoes import redactor
    from teiten.publication.folder import publication_key
    from teiten.publication.policies import POLICIES
    from teiten.report.showing import Showing

    told = settings_of(home).publication
    policy = POLICIES[name]
    key = publication_key(home.keys) if policy.coarse else b""
    return Showing(policy, redactor(store.sensors(), [*told.hidden, *hidden, *told_addresses()]), key, told.approved, told.partner)


def _say(written: Sequence[Path], policy: str) -> None:
    kinds = dict.fromkeys(path.suffix[1:] for path in written if path.suffix != ".csv")
    figures = sum(path.suffix == ".csv" for path in written)
    told = [*kinds, *([f"{figures} figures as csv"] if figures else [])]
    typer.echo(f"{written[0].parent.parent}: {', '.join(told)} (policy {policy})")


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


def _chosen(option: str, value: str, allowed: Sequence[str]) -> list[str]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    unknown = [name for name in names if name not in allowed]
    if unknown or not names:
        raise UsageError(f"{option} {value}: not known.", f"Allowed: {', '.join(allowed)}.")
    return names
