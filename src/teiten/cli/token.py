# SPDX-License-Identifier: Apache-2.0
"""`teiten token`: credentials of sensors that send over the network. Only hashes are kept; a token is shown once."""

from __future__ import annotations

from typing import Annotated

import typer

from teiten.config import check_name
from teiten.home import Home
from teiten.transport.tokens import TokenRegistry

HELP = """Issue and revoke the tokens with which remote sensors deliver.

\b
teiten token issue branch-7     at the centre; put it into the file that the sensor's [ship] token_file names
teiten token list
teiten token revoke branch-7
"""


def register(app: typer.Typer) -> None:
    verbs = typer.Typer(help=HELP, no_args_is_help=True)
    verbs.command("issue")(issue)
    verbs.command("revoke")(revoke)
    verbs.command("list")(list_)
    app.add_typer(verbs, name="token")


def _registry(context: typer.Context) -> TokenRegistry:
    home: Home = context.obj
    home.prepare()
    return TokenRegistry(home.keys / "tokens.json")


def issue(context: typer.Context, sensor: Annotated[str, typer.Argument(help="The sensor's name; the token is good for it alone.")]) -> None:
    """Print a new token; put it into the sensor's settings. Two may be live at once, so that one can be replaced.

    \b
    teiten token issue branch-7 > branch-7.token
    """
    typer.echo(_registry(context).issue(check_name(sensor, "sensor")))


def revoke(context: typer.Context, sensor: Annotated[str, typer.Argument(help="All tokens of this sensor end now.")]) -> None:
    """Refuse this sensor from now on.

    \b
    teiten token revoke branch-7
    """
    typer.echo(f"revoked {_registry(context).revoke(sensor)} tokens of {sensor}")


def list_(context: typer.Context) -> None:
    """Names of sensors with live tokens.

    \b
    teiten token list
    """
    for name in _registry(context).sensors():
        typer.echo(name)
