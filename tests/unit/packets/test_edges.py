# SPDX-License-Identifier: Apache-2.0
"""Ninety-odd captures that tools disagree about, each with its expected rows (tests/cases/packets/edges; M-13, U-33)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from teiten.packets.capture_files import CaptureError
from tests.unit.packets.engines import ENGINES, NAMES, ROOT, TOOLS, fast, run_tool

EXPECTED = ROOT / "tests" / "cases" / "packets" / "edges" / "expected.json"
RULES = EXPECTED.with_name("rules.json")
OUTCOMES = ("not IP", "unknown link", "malformed", "truncated", "IPv4", "IPv6")
PACKED = ("z_gzip.cap.gz", "z_zstd.cap.zst", "z_lz4.cap.lz4", "z_xz.cap.xz")  # made only where the packers are installed


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    if not (TOOLS / "edge.py").exists():
        pytest.skip(f"no edge.py in {TOOLS} (set TEITEN_SHARED)")
    folder = tmp_path_factory.mktemp("edges")
    run_tool("edge.py", str(folder))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def become(data: bytes, compiled: bool) -> dict[str, Any]:
    try:
        answer = fast(data, compiled)
    except CaptureError as error:
        return {"problem": error.problem}
    rows = [[4 if len(key[1]) == 4 else 6, *key[3:], row[0], row[2], row[4] % 60_000_000] for key, row in answer["flows"].items()]
    found = {"outcomes": {name: count for name, count in zip(OUTCOMES, answer["outcomes"], strict=True) if count}, "rows": rows}
    more = {"untimed": answer["untimed"], "gaps": [list(gap) for gap in answer["gaps"]], "trailing": answer["bytes"][2]}
    return found | {name: value for name, value in more.items() if value}


@pytest.mark.parametrize("compiled", ENGINES, ids=NAMES.get)
def test_every_edge_becomes_what_is_expected(edges: dict[str, bytes], compiled: bool) -> None:
    found = {name: become(data, compiled) for name, data in edges.items()}
    if os.environ.get("TEITEN_ACCEPT"):
        lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())
        EXPECTED.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    expected = json.loads(Path(EXPECTED).read_text(encoding="utf-8"))
    for name in PACKED:
        if name not in found:
            expected.pop(name, None)
    assert found == expected
    assert len(found) >= 90


def test_every_rule_has_its_captures_and_a_test_and_every_capture_a_rule() -> None:
    """M-13: rules.json says what odd captures are read as, which of them show it, and which test holds it in our own words."""
    rules, expected = json.loads(RULES.read_text(encoding="utf-8")), json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert sorted(name for rule in rules for name in rule["captures"]) == sorted(expected)
    for rule in rules:
        module, _, test = rule["test"].partition(".")
        assert f"def {test}(" in Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8"), rule["rule"]
