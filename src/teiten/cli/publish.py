# SPDX-License-Identifier: Apache-2.0
"""`teiten publish`: makes the public view, writes it as pages for any static server, or serves it by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from teiten.cli.opening import open_centre
from teiten.errors import TeitenError, UsageError
from teiten.home import Home
from teiten.settings import settings_of

if TYPE_CHECKING:
    from teiten.site.public import PublicPages

HELP = """Publish: build the view that others may see, by the policy in the settings (public unless set).

\b
teiten publish                       build HOME/public/view.json; a running node does it by itself once a day
teiten publish --static DIR          and write every page, feed and API answer into DIR, for any static server
teiten publish --serve               serve the view that is there; this process opens no store and needs no node

Echoes of sensors can be masked only if their addresses are known: `sensor` entries of the registry and [publication] hidden.
"""


def register(app: typer.Typer) -> None:
    app.command("publish", help=HELP)(publish)


def publish(
    context: typer.Context,
    policy: Annotated[str | None, typer.Option(help="public, partners or operator, instead of the configured one.")] = None,
    static: Annotated[Path | None, typer.Option("--static", metavar="DIR", help="Write all pages there.", file_okay=False)] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the view that is there; build nothing.")] = False,
    host: Annotated[str, typer.Option(help="With --serve: address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="With --serve: port to listen on.", min=0, max=65535)] = 8421,
) -> None:
    home: Home = context.obj
    if serve and (static or policy):
        raise UsageError("--serve goes with neither --static nor --policy.", "Run `teiten publish` first, then `teiten publish --serve`.")
    if serve:
        _serve(home, host, port)
        return
    from teiten.publication.policies import POLICIES

    if policy is not None and policy not in POLICIES:
        raise UsageError(f"--policy {policy}: not known.", f"Allowed: {', '.join(POLICIES)}.")
    with open_centre(home) as centre:
        _tell(centre.publish(policy))
    if static:
        pages = write_static(static, pages_of(home))
        typer.echo(f"{pages} files in {static}")


def _tell(made: dict[str, Any]) -> None:
    typer.echo(f"{made['path']}: policy {made['policy']}, up to {made['last_on']}, {made['targets']} targets named, {made['findings']} findings")
    if made["unknown"]:
        typer.echo(f"  No address is known of {len(made['unknown'])} sensors ({', '.join(made['unknown'][:5])}): set [publication] hidden.", err=True)
    for marker in made["markers"]:
        typer.echo(f"  Somebody may be marking sensors: {marker} (withheld)", err=True)


def pages_of(home: Home) -> PublicPages:
    from teiten.feeds import all_feeds
    from teiten.publication.folder import read_view
    from teiten.site.finished import FinishedReports
    from teiten.site.public import PublicPages

    reports = FinishedReports(home.public_reports, seconds=float("inf"))  # one look: what the page names is what is written
    return PublicPages(read_view(home.public), settings_of(home).site, all_feeds(), reports)


def write_static(folder: Path, pages: PublicPages) -> int:
    """Writes every page and published report; removes pages of targets that are no longer named, and reports that are no longer there.

    Returns how many files there are. Where the reports have their home (the folder of the publication itself) they are left alone.
    """
    from teiten.home import REPORTS
    from teiten.publication.folder import write_file
    from teiten.site.public import file_name

    at_home = pages.reports is not None and (folder / REPORTS).resolve() == pages.reports.folder.resolve()
    written = set()
    for path in pages.paths():
        if at_home and path.startswith(f"{REPORTS}/"):
            continue
        page = pages.page(path)
        if page is not None:
            written.add(write_file(folder / file_name(path), page.body))
    for stale in (*_targets(folder), *(() if at_home else _reports(folder / REPORTS))):
        if stale not in written:
            stale.unlink()
    return len(written)


def _targets(folder: Path) -> Iterator[Path]:
    yield from folder.glob("*/detail/*/index.html")
    for ending in ("*.json", "*.csv", "*/regions.csv"):
        yield from folder.glob(f"api/targets/{ending}")


def _reports(folder: Path) -> Iterator[Path]:
    from teiten.site.finished import report_places

    yield from (folder / place for place in report_places(folder))


def _serve(home: Home, host: str, port: int) -> None:
    import uvicorn

    from teiten.feeds import all_feeds
    from teiten.site.listening import PagesProtocol
    from teiten.site.outside import create_public_site

    app = create_public_site(home.public, settings_of(home).site, all_feeds())
    config = uvicorn.Config(
        app, host=host, port=port, http=PagesProtocol, log_config=None, access_log=False, lifespan="off", server_header=False, ws="none"
    )
    typer.echo(f"  Public pages: http://{host}:{port}/")
    try:
        uvicorn.Server(config).run()
    except SystemExit:
        raise TeitenError(f"{host}:{port} can't be listened on.", "Choose another port with --port.") from None
