# SPDX-License-Identifier: Apache-2.0
"""`teiten report` from the shell: files where they were asked for, errors that say what is allowed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from teiten.home import Home
from teiten.store.node import NodeStore
from tests.unit.cli.conftest import Teiten
from tests.unit.report.shapes import DAYS, TOKYO, access, put


@pytest.fixture
def observed(home: Path) -> Path:
    made = Home(home)
    made.prepare()
    store = NodeStore.open(made.store, TOKYO)
    dice = random.Random(2)
    put(store, "a", [access(day, b"22/tcp", dice) for day in DAYS for _ in range(3)], days=DAYS)
    store.close()
    return home


def test_files_of_one_language_and_form(teiten: Teiten, observed: Path, tmp_path: Path) -> None:
    done = teiten("report", "2026-06", "--lang", "en", "--formats", "html,json", "--out", tmp_path / "out")
    assert done.code == 0 and "2026-06: html, json (policy public)" in done.out
    names = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert names == ["2026-06/en/report-2026-06-en.html", "2026-06/en/report-2026-06-en.json"]


def test_without_a_policy_one_for_the_operator_and_one_for_others(teiten: Teiten, observed: Path) -> None:
    done = teiten("report", "2026-W24", "--lang", "ja", "--formats", "txt")
    assert done.code == 0
    own, public = (observed / place / "2026-W24" / "ja" / "report-2026-W24-ja.txt" for place in ("reports", "public/reports"))
    assert "約" not in own.read_text(encoding="utf-8") and "公開規則: public" in public.read_text(encoding="utf-8")
    assert public.stat().st_mode & 0o777 == 0o644


def test_what_is_for_everybody_is_by_the_configured_policy_alone(teiten: Teiten, observed: Path) -> None:
    """P5: the public site serves whatever lies in that folder."""
    done = teiten("report", "2026-W24", "--policy", "partners", "--formats", "txt")
    assert done.code == 2 and "--out DIR" in done.err and not (observed / "public" / "reports").exists()


WRONG = {
    "2026-13": (),
    "June": (),
    "2999-01": (),
    "2026-06": ("--lang", "fr"),
    "2026-05": ("--formats", "doc"),
    "2026-04": ("--group", "no"),
    "2026-03": ("--policy", "none"),
}


@pytest.mark.parametrize("month", WRONG)
def test_what_cannot_be_is_an_error_and_writes_nothing(teiten: Teiten, observed: Path, tmp_path: Path, month: str) -> None:
    done = teiten("report", month, *WRONG[month], "--out", tmp_path / "out")
    assert done.code == 2 and done.err.startswith("teiten: ") and not (tmp_path / "out").exists()
