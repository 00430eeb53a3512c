# SPDX-License-Identifier: Apache-2.0
"""Each folder of tests/cases/importers is a test: its inputs, and what must become of them. TEITEN_ACCEPT=1 rewrites the expectations.

Mission row 7 (plug in what you already have, nothing dropped silently; U-33, U-50).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from teiten.importers import IMPORTERS
from tests.unit.importers.ledger import Ledger, options, readable

CASES = Path(__file__).parents[2] / "cases" / "importers"
INPUTS = sorted(path for path in CASES.glob("*/*") if path.name not in ("README.md", "expected.json"))


def become(path: Path) -> dict[str, Any]:
    ledger = Ledger()
    report = ledger.take(path, read=options(zone="Asia/Tokyo"))
    file = report.files[0]
    assert file.read == file.taken + sum(file.other.values()) + sum(file.rejected.values())
    return {
        "format": file.format,
        "read": file.read,
        "taken": file.taken,
        "accesses": file.accesses,
        "other": file.other,
        "rejected": [[sample.line, sample.reason] for sample in file.samples],
        "damaged": [[sample.line, sample.reason] for sample in file.damaged_samples],
        "rows": [readable(row) for row in ledger.rows()],
    }


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_input_becomes_what_is_expected(path: Path) -> None:
    file = path.parent / "expected.json"
    expected = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    found = become(path)
    if os.environ.get("TEITEN_ACCEPT"):
        expected[path.name] = found
        file.write_text(_compact(expected), encoding="utf-8")
    assert found == expected[path.name]
    assert found["format"] == path.parent.name


def test_every_importer_has_a_case_with_rows_and_every_case_an_importer() -> None:
    assert {path.parent.name for path in INPUTS} == set(IMPORTERS)


def _compact(expected: dict[str, Any]) -> str:
    """One row a line, so that a difference can be read."""
    parts = []
    for name, found in sorted(expected.items()):
        rows = ",\n".join(f"   {json.dumps(row, ensure_ascii=False)}" for row in found["rows"])
        rest = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in found.items() if key != "rows")
        parts.append(f' {json.dumps(name)}: {{\n{rest},\n  "rows": [\n{rows}\n  ]\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
