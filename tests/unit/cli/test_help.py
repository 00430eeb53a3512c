# SPDX-License-Identifier: Apache-2.0
"""Every verb's help shows a command that can be typed as it stands (U-08: from nothing to a running system by the help alone)."""

from __future__ import annotations

import shlex

import click
import pytest
import typer

from teiten.cli.main import app

ROOT = typer.main.get_command(app)


def _verbs(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found = [(path, command)] if path else []
    for name, under in getattr(command, "commands", {}).items():
        found += _verbs(under, (*path, name))
    return found


@pytest.mark.parametrize(("path", "command"), _verbs(ROOT), ids=lambda one: " ".join(one) if isinstance(one, tuple) else "")
def test_the_help_of_every_verb_has_an_example(path: tuple[str, ...], command: click.Command) -> None:
    examples = [line.strip() for line in (command.help or "").splitlines() if line.strip().startswith("teiten ")]
    words = [shlex.split(line.split("   ")[0]) for line in examples]  # what stands behind blanks is a remark
    assert any(" ".join(path) in " ".join(one) for one in words), examples
    options = {name for parameter in (*command.params, *ROOT.params) for name in parameter.opts}
    for one in words:
        if one[1 : 1 + len(path)] == list(path) and not getattr(command, "commands", None):
            assert all(word in options for word in one if word.startswith("--")), one
