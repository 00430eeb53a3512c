# SPDX-License-Identifier: Apache-2.0
"""Each requirement of the site (M-01 … M-24) is named by a test that shows it."""

from __future__ import annotations

from tests.architecture.tree import ROOT


def test_every_row_of_the_site_is_named_by_a_test() -> None:
    here = {path for path in (ROOT / "tests").rglob("test_*.py") if path.name != "test_rows.py"}
    said = "\n".join(path.read_text(encoding="utf-8") for path in here)
    assert [row for row in (f"M-{number:02}" for number in range(1, 25)) if row not in said] == []
