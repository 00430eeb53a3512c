# SPDX-License-Identifier: Apache-2.0
"""`teiten detect`, `findings`, `explain` on a store with a known outbreak."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from teiten.cli.main import app
from teiten.errors import UsageError
from tests.unit.findings.invented import open_store


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    open_store(home / "store").close()
    return home


def run(home: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["--home", str(home), *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_what_would_have_been_found_then_is_not_stored(home: Path) -> None:
    found = json.loads(run(home, "detect", "--at", "2026-08-20", "--format", "json"))
    # 445/tcp was new when the store's rows begin, and is over
    assert [(one["target"], one["level"]) for one in found["findings"]] == [("5168/tcp", "attention"), ("445/tcp", None)]
    assert found["findings"][0]["sentence"]["en"].startswith("5168/tcp: 30 new source networks")
    assert not list((home / "findings").glob("*"))
    with pytest.raises(UsageError, match="no detection has run"):
        run(home, "findings")


def test_findings_and_their_explanation(home: Path) -> None:
    """The book as another process would have left it."""
    from teiten.findings.book import Book
    from teiten.findings.watching import watch
    from teiten.marks import StoreMarks
    from teiten.store.node import NodeStore
    from tests.unit.findings.invented import MIDNIGHT, TOKYO

    store = NodeStore.open(home / "store", TOKYO)
    Book(home / "findings").enter(watch(store, MIDNIGHT, TOKYO, (), StoreMarks(store)))
    store.close()
    (one,) = json.loads(run(home, "findings", "--format", "json"))
    assert "要注意" in run(home, "findings", "--language", "ja")
    shown = run(home, "explain", one["id"][:6])
    assert "without the busiest 24" in shown
    assert "(Asia/Tokyo), onset 2026-08-19 22:00" in shown
    assert "attention   asks for score 5.0, 8 networks, ratio 2.0, 3 sensors and 25% of those compared" in shown
    assert "teiten count --channel packet --group east --target '5168/tcp' --from 2026-08-19 --to 2026-08-20 --by sensor" in shown
    assert "5168/tcp" in run(home, "findings", "--state", "new")
    with pytest.raises(UsageError, match="no finding"):
        run(home, "explain", "zz")


def test_times_that_are_none(home: Path) -> None:
    with pytest.raises(UsageError, match="not a time"):
        run(home, "detect", "--at", "tomorrow")
    with pytest.raises(UsageError, match="can't go together"):
        run(home, "detect", "--at", "2026-08-20", "--follow")
