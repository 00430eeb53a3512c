# SPDX-License-Identifier: Apache-2.0
"""`teiten import`: one object at the end, every line accounted for, exit codes 0, 1 and 2 (U-01)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Teiten

SUMS = ("read", "taken", "duplicates", "other", "rejected")


def test_the_json_report_has_the_sums_and_the_files(teiten: Teiten, web_log: Path) -> None:
    first = teiten("import", web_log, "--format", "json")
    again = teiten("import", web_log, "--format", "json")
    assert (first.code, again.code) == (0, 0)
    assert [first.json()[name] for name in SUMS] == [4, 4, 0, 0, 0]
    assert [again.json()[name] for name in SUMS] == [4, 0, 4, 0, 0]
    assert [file["path"] for file in first.json()["files"]] == [str(web_log)]
    assert teiten("count", "--format", "json").json()["accesses"] == 4


def test_a_rejected_line_is_told_and_the_exit_code_is_one(teiten: Teiten, web_log: Path) -> None:
    with web_log.open("a") as file:
        file.write("not a line of this log\n")
    done = teiten("import", web_log, "--format", "json")
    assert done.code == 1
    assert [done.json()[name] for name in SUMS] == [5, 4, 0, 0, 1]


@pytest.mark.parametrize("content", [None, "nothing that any format knows\n"])
def test_a_file_that_cannot_be_read_or_recognised_is_one(teiten: Teiten, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "notes.txt"
    if content is not None:
        path.write_text(content)
    done = teiten("import", path)
    assert done.code == 1
    assert "notes.txt" in done.out
    assert "problem:" in done.out


@pytest.mark.parametrize(
    "asked", [["--sensor", ""], ["--sensor", "a b"], ["--group", "../x"], ["--tz", "Mars/Olympus"], ["--format", "xml"], ["--colour"]]
)
def test_wrong_usage_is_two_and_nothing_is_made(teiten: Teiten, home: Path, web_log: Path, asked: list[str]) -> None:
    done = teiten("import", web_log, *asked)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert not home.exists()


def test_no_path_is_wrong_usage(teiten: Teiten) -> None:
    assert teiten("import").code == 2


def test_a_dry_run_stores_nothing(teiten: Teiten, web_log: Path) -> None:
    assert teiten("import", web_log, "--dry-run", "--format", "json").json()["taken"] == 4
    assert teiten("count", "--format", "json").json()["accesses"] == 0
