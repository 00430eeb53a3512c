# SPDX-License-Identifier: Apache-2.0
"""House rules that a machine can see: sizes, names, docstrings, error handling, licences, no traces of a workplace."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.tree import FILES, ROOT, SOURCE, parse

FORBIDDEN = {"utils", "helpers", "common", "misc", "core", "base", "manager", "factory", "impl"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_is_short_named_and_introduced(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, "split it: no file over 400 lines"
    assert path.stem not in FORBIDDEN
    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n")
    assert ast.get_docstring(parse(path)), "open the module with 1-6 lines: what it is for, what it must never do"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_functions_stop_at_fifty_lines_and_excepts_name_what_they_expect(path: Path) -> None:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno <= 50, f"{node.name} at line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except at line {node.lineno}"


def test_median_file_is_small() -> None:
    sizes = sorted(path.read_text(encoding="utf-8").count("\n") for path in FILES)
    assert sizes[len(sizes) // 2] <= 130, f"median {sizes[len(sizes) // 2]} lines"


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    return [ROOT / name.decode() for name in listed if name]


def test_nothing_names_the_place_where_it_was_made() -> None:
    trace = re.compile("|".join("/" + part + "/" for part in ("wo" + "rk", "ro" + "ot", "fa" + "rm")))
    endings = {".py", ".sql", ".md", ".html", ".sh", ".toml", ".css", ".js", ".po", ".typ", ""}
    found = []
    for path in tracked():
        if path.suffix in endings and path.is_file() and "vendor" not in path.parts:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if trace.search(line):
                    found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_no_unfinished_marks() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImplemented" + "Error")
    found = [f"{p.relative_to(ROOT)}" for p in tracked() if p.suffix == ".py" and p.is_file() and mark.search(p.read_text(encoding="utf-8"))]
    assert found == []
