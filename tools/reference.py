# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference.md from the code: settings, columns, verbs, metrics. `./run accept` renews it; a test holds it fresh."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import typer.main

from teiten import metrics
from teiten.cli.main import app
from teiten.columns import COLUMNS
from teiten.config import Settings
from teiten.sensors import SENSORS
from teiten.settings import NodeSettings
from teiten.transport.listening import ListeningSettings
from teiten.transport.sender import SenderSettings

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"


def page() -> str:
    parts = [
        "# Reference\n",
        "Made from the code by `./run accept`; do not edit.\n",
        "## Settings (`teiten.toml`)\n",
        *_tables(),
        "## Columns of an access\n",
        "| column | type | privacy | 日本語 | English | set by |\n|---|---|---|---|---|---|",
        *[f"| `{c.name}` | {c.type} | {c.privacy} | {c.ja} | {c.en} | {c.by} |" for c in COLUMNS],
        "\n## Verbs\n",
        *_verbs(),
        "## Metrics\n",
        "| name | meaning |\n|---|---|",
        *[f"| `{family.name}` | {family.documentation} |" for family in metrics.REGISTRY.collect()],
    ]
    return "\n".join(parts) + "\n"


def _tables() -> Iterator[str]:
    yield from _table("", NodeSettings)
    for name, kind in (("receiver", ListeningSettings), ("ship", SenderSettings)):
        yield from _table(name, kind)
    for name, reference in SENSORS.items():
        yield from _table(f"sensors.{name}", importlib.import_module(reference.partition(":")[0]).Config)


def _table(path: str, kind: type[Settings]) -> Iterator[str]:
    hints = get_type_hints(kind)
    plain = [f for f in msgspec.structs.fields(kind) if not _is_settings(hints[f.name]) and not (kind is NodeSettings and f.type == dict[str, Any])]
    yield f"### {f'`[{path}]`' if path else 'Top level'}\n"
    told = inspect.getdoc(kind) or ""
    if told and not told.startswith(("Base of", "StructMeta")):
        yield told.partition("\n")[0] + "\n"
    yield "| key | default | meaning |\n|---|---|---|"
    notes = _notes(kind)
    for field in plain:
        yield f"| `{field.encode_name}` | `{_default(field)}` | {notes.get(field.name, '')} |"
    yield ""
    for field in msgspec.structs.fields(kind):
        if _is_settings(hints[field.name]):
            yield from _table(f"{path}.{field.name}" if path else field.name, hints[field.name])


def _is_settings(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Settings)


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return repr(list(value) if isinstance(value, tuple) else value).replace("'", '"').replace("|", "\\|")


def _notes(kind: type[Settings]) -> dict[str, str]:
    """The comment at the end of each field's line: settings are explained where they are defined."""
    found = {}
    for line in inspect.getsource(kind).splitlines():
        head, _, comment = line.partition("  # ")
        if ":" in head and comment:
            found[head.strip().partition(":")[0]] = comment.partition("  #")[0].removeprefix("noqa: S104 - ").replace("|", "\\|")
    return found


def _verbs() -> Iterator[str]:
    for full, command in sorted(_leaves("teiten", typer.main.get_command(app))):
        context = typer.Context(command, info_name=full, terminal_width=110, max_content_width=110)
        yield f"### `{full}`\n\n```\n{command.get_help(context)}\n```\n"


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for inner_name, one in inner.items():
        yield from _leaves(f"{name} {inner_name}", one)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
