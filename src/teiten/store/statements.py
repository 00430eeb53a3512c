# SPDX-License-Identifier: Apache-2.0
"""The named SQL texts in queries/: reading them, filling their slots from the fixed choices they declare, binding their parameters.

A file opens with its name, a description and its slots (`-- slot NAME`, then `--   CHOICE: EXPRESSION`). The text is the ANSI subset that
DuckDB, ClickHouse and Spark run alike, with parameters written `:name`. Nothing that a person typed ever becomes part of a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

RELATIONS = ("rows", "pairs", "rollup", "daily", "surveys")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_SLOT = re.compile(r"\{([a-z_]+)\}")
_NAME = re.compile(r"[a-z_]+")


class Statement(msgspec.Struct, frozen=True):
    """One file of queries/: its text with `{slots}`, and what each slot may hold."""

    name: str
    about: str
    text: str
    slots: dict[str, dict[str, str]]

    def fill(self, chosen: Mapping[str, str]) -> str:
        """The text with every slot filled; several choices for one slot, separated by blanks, are joined by `and`."""
        return _SLOT.sub(lambda found: self._expression(found[1], chosen.get(found[1], "")), self.text)

    def _expression(self, slot: str, choices: str) -> str:
        allowed = self.slots[slot]
        unknown = [choice for choice in choices.split() if choice not in allowed]
        if unknown or not choices:
            raise ValueError(f"query {self.name}, slot {slot}: {unknown or 'no choice'}; allowed: {', '.join(allowed)}")
        return " and ".join(allowed[choice] for choice in choices.split())


@cache
def statement(name: str) -> Statement:
    """The statement of queries/NAME.sql. Raises KeyError for a name that isn't there."""
    path = files("teiten.store") / "queries" / f"{name}.sql"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise KeyError(f"no query named {name!r}")
    return parse(name, path.read_text(encoding="utf-8"))


def parse(name: str, content: str) -> Statement:
    comments = [line[2:] for line in content.splitlines() if line.startswith("--")]
    text = "\n".join(line for line in content.splitlines() if line.strip() and not line.startswith("--"))
    slots: dict[str, dict[str, str]] = {}
    about: list[str] = []
    for line in comments:
        if line.startswith(" slot "):
            slots[line.split()[1]] = {}
        elif line.startswith("   ") and slots:
            choice, _, expression = line.strip().partition(":")
            slots[next(reversed(slots))][choice] = expression.strip()
        else:
            about.append(line.strip())
    return Statement(name, " ".join(about[1:]), text, slots)


def bind(text: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text in the engine's spelling of parameters, with just those it uses. A list becomes a parameter for each of its members."""
    used: dict[str, Any] = {}

    def spell(found: re.Match[str]) -> str:
        value = parameters[found[1]]
        named = {f"{found[1]}_{n}": one for n, one in enumerate(value)} if isinstance(value, (list, tuple)) else {found[1]: value}
        used.update(named)
        return ", ".join(f"${name}" for name in named)

    return _PARAMETER.sub(spell, text), used


def relations_in(text: str) -> list[str]:
    return [name for name in RELATIONS if re.search(rf"\b(?:from|join)\s+{name}\b", text)]


def with_relations(text: str, definitions: Mapping[str, str]) -> str:
    """The text with the relations it reads defined in front of it."""
    if not definitions:
        return text
    ahead = ", ".join(f"{name} as ({definition})" for name, definition in definitions.items())
    rest = text.lstrip()
    return f"with {ahead}, {rest[5:]}" if rest.lower().startswith("with ") else f"with {ahead} {rest}"
