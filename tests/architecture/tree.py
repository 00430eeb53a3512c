# SPDX-License-Identifier: Apache-2.0
"""The source tree as data for the house rules: files, their parsed modules, their floors and what they import."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "teiten"
FILES = sorted(SOURCE.rglob("*.py"))

# Imports only go down. A folder or top-level file that is not here fails the test: decide its floor when you make it.
FLOORS: dict[str, int] = {
    "__init__": 0, "model": 0, "columns": 0, "columnar": 0, "gathering": 0, "addresses": 0, "texts": 0, "clock": 0, "config": 0, "errors": 0,
    "metrics": 0,
    "home": 0, "fonts": 0,
    "protocols": 1, "packets": 1, "dictionary": 1,
    "sensors": 2, "importers": 2, "enrichers": 2, "transport": 2, "store": 2, "worlds": 2,
    "collector": 3, "questions": 3,
    "detectors": 4,
    "publication": 5, "drawing": 5, "marks": 5, "findings": 5,
    "centre": 6, "claims": 6, "feeds": 6, "report": 6, "site": 6, "alerts": 6,
    "publishing": 7, "reporting": 7, "settings": 7, "supervision": 6, "app": 8,
    "cli": 9, "__main__": 10,
}  # fmt: skip


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path) -> str:
    """The folder or top-level module a file belongs to."""
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imported_places(module: ast.Module) -> set[str]:
    """Places under `teiten` that a module imports, wherever in the file the import stands (type-checking ones too)."""
    found: set[str] = set()
    for node in ast.walk(module):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{a.name}" for a in node.names]
        found.update(parts[1] for parts in (name.split(".") for name in names) if parts[0] == "teiten" and len(parts) > 1)
    return found & FLOORS.keys()
