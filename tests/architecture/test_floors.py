# SPDX-License-Identifier: Apache-2.0
"""Imports only go down; folders of one floor don't know each other (design: the house)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.tree import FILES, FLOORS, SOURCE, imported_places, parse, place


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_only_go_down(path: Path) -> None:
    here = place(path)
    assert here in FLOORS, f"{here}: give it a floor in tests/architecture/tree.py"
    for there in imported_places(parse(path)) - {here}:
        floor_zero = FLOORS[here] == FLOORS[there] == 0  # the floor-zero files are single modules; their own order is checked by Python
        assert FLOORS[there] < FLOORS[here] or floor_zero, f"{here} (floor {FLOORS[here]}) imports {there} (floor {FLOORS[there]})"


def test_only_the_store_contains_sql() -> None:
    import re

    statement = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|CREATE\s+(TABLE|VIEW|MACRO)|DELETE\s+FROM)\b", re.IGNORECASE | re.DOTALL)
    offenders = []
    for path in FILES:
        if place(path) != "store":
            import ast

            for node in ast.walk(parse(path)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 4000 and statement.search(node.value):
                    offenders.append(f"{path.relative_to(SOURCE)}:{node.lineno}")
    assert offenders == []


def test_sensors_and_protocols_never_load_the_centre() -> None:
    """A sensor stays small: numpy, DuckDB and the web framework are not in its process."""
    heavy = {"numpy", "duckdb", "starlette", "numba", "iptocc", "jinja2"}
    import ast

    for path in FILES:
        if place(path) in {"sensors", "protocols", "transport"} and path.name not in {"receiver.py"}:
            for node in ast.walk(parse(path)):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    names.append(node.module)
                assert not {n.split(".")[0] for n in names} & heavy, f"{path.relative_to(SOURCE)} imports {names}"
