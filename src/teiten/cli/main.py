# SPDX-License-Identifier: Apache-2.0
"""`teiten`: the verbs and what is common to them (the home folder, errors a person can act on). Each verb's work is in its own file."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from teiten import __version__
from teiten.errors import TeitenError
from teiten.home import Home

HELP = """Teiten (定点): Internet fixed-point observation. Sensors record what nobody asked for; the centre counts sources, not hits.

\b
teiten up --demo                                 everything on this machine, with a demo world: http://127.0.0.1:8420/
teiten import /var/log/auth.log* --sensor web-1  logs you have
teiten count --channel ssh --by target --top 10  ask; beside a running node too
teiten findings                                  what rises, and what is new
teiten report 2026-08                            the month; 2026-W34: a week, 2026-08-24: a day
teiten VERB --help                               examples for each
"""

# Verb -> the file of this folder that registers it, in the order in which help shows them.
VERBS: Final = {
    "up": "up", "sense": "sense", "ship": "ship", "import": "import_", "imports": "imports", "capture": "capture", "count": "count",
    "detect": "detect", "findings": "detect", "explain": "detect", "publish": "publish", "report": "report", "status": "status", "demo": "demo",
    "seal": "store", "verify": "store", "backup": "store", "resend": "store", "token": "token",
}  # fmt: skip


class Commands(MutableMapping[str, Any]):
    """Verbs by name, each imported when it is asked for: a verb pays neither time nor memory for the others."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            verbs = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
            importlib.import_module(f"teiten.cli.{VERBS[name]}").register(verbs)
            self._made |= typer.main.get_group(verbs).commands
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


class Verbs(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands()


app = typer.Typer(
    name="teiten",
    cls=Verbs,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"teiten {__version__}")
        raise typer.Exit


@app.callback()
def choose_home(
    context: typer.Context,
    home: Annotated[
        Path, typer.Option("--home", envvar="TEITEN_HOME", help="Folder that holds the settings, spools and store.", file_okay=False)
    ] = Path("home"),
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    context.obj = Home(home)


def main() -> None:
    try:
        app()
    except TeitenError as error:
        sys.stderr.write(f"teiten: {error.problem}\n" + (f"  {error.next_step}\n" if error.next_step else ""))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # a missing right, a full disk: about the machine, not about this program
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"teiten: {where}{error.strerror or error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
