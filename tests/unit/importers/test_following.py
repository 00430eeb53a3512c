# SPDX-License-Identifier: Apache-2.0
"""Logs that grow while they are read: each whole line once, through rotation by rename and by truncation, whenever one looks (U-33, U-50)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from teiten.gathering import at_once
from teiten.importers import batching, following
from teiten.importers.following import Follower
from teiten.importers.intake import run_import
from teiten.importers.report import FileReport
from tests.unit.importers.ledger import Ledger, options
from tests.unit.importers.test_intake import line, log


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_RECORDS", 10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


class Watch:
    """A follower over a ledger in memory."""

    def __init__(self, *paths: Path | str) -> None:
        self.ledger = Ledger()
        self.follower = Follower([str(path) for path in paths], self.take)
        self.taken: list[str] = []

    def take(self, path: str, may_grow: bool) -> FileReport:
        report = run_import(
            [path], sensor="s", options=options(), prepare=at_once(self.ledger.deliver), known=self.ledger.known, may_grow=may_grow
        )  # fmt: skip
        return report.files[0]

    def targets(self) -> list[bytes]:
        return sorted(row["target"] for row in self.ledger.rows())


def expected(*numbers: int) -> list[bytes]:
    return sorted(b"GET /%d" % number for number in numbers)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_what_is_appended_is_taken_once_and_half_a_line_waits(file: Path) -> None:
    file.write_bytes(log(0, 12) + line(12)[:20])
    watch = Watch(file)
    assert watch.follower.look() == 1
    assert watch.targets() == expected(*range(12))
    assert watch.follower.look() == 0
    append(file, line(12)[20:] + b"\n" + log(13, 25))
    assert watch.follower.look() == 1
    assert watch.targets() == expected(*range(25))
    report = watch.follower.report()
    assert (report.read, report.taken, report.duplicates, report.rejected, len(report.files)) == (25, 25, 0, 0, 1)
    assert report.files[0].path == str(file)
    watch.follower.close()
    assert watch.follower.report().taken == 25


def test_a_last_line_without_end_counts_when_following_ends(file: Path) -> None:
    file.write_bytes(log(0, 3, end=b""))
    watch = Watch(file)
    watch.follower.look()
    assert watch.targets() == expected(0, 1)
    watch.follower.close()
    assert watch.targets() == expected(0, 1, 2)
    assert watch.follower.report().taken == 3


def test_rotation_by_rename_loses_nothing_that_was_written_in_between(file: Path) -> None:
    file.write_bytes(log(0, 5))
    watch = Watch(file)
    watch.follower.look()
    append(file, log(5, 9, end=b""))
    file.rename(file.with_suffix(".1"))
    file.write_bytes(log(100, 103))
    watch.follower.look()
    assert watch.targets() == expected(*range(9), 100, 101, 102)
    append(file, log(103, 105))
    watch.follower.look()
    report = watch.follower.report()
    assert (report.taken, len(report.files)) == (14, 2)
    watch.follower.close()


def test_a_rotated_log_that_is_followed_too_counts_once(tmp_path: Path, file: Path) -> None:
    file.write_bytes(log(0, 5))
    watch = Watch(str(tmp_path / "access.log*"))
    watch.follower.look()
    append(file, log(5, 7))
    file.rename(file.with_suffix(".log.1"))
    file.write_bytes(log(7, 9))
    watch.follower.look()
    watch.follower.look()
    assert watch.targets() == expected(*range(9))
    watch.follower.close()


def test_rotation_by_truncation(file: Path) -> None:
    file.write_bytes(log(0, 15))
    watch = Watch(file)
    watch.follower.look()
    os.truncate(file, 0)
    append(file, log(20, 24))
    watch.follower.look()
    assert watch.targets() == expected(*range(15), *range(20, 24))
    watch.follower.close()
    assert watch.targets() == expected(*range(15), *range(20, 24))


def test_new_files_join_and_removed_ones_are_read_to_their_end(tmp_path: Path) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    first.write_bytes(log(0, 3))
    watch = Watch(tmp_path)
    watch.follower.look()
    second.write_bytes(log(10, 12))
    append(first, log(3, 5))
    first.unlink()
    watch.follower.look()
    assert watch.targets() == expected(*range(5), 10, 11)
    assert len(watch.follower.report().files) == 2
    watch.follower.close()


def test_a_second_follower_goes_on_where_the_first_ended(file: Path) -> None:
    file.write_bytes(log(0, 3))
    watch = Watch(file)
    for end in (5, 11, 12, 26):
        append(file, log({5: 3, 11: 5, 12: 11, 26: 12}[end], end))
        watch.follower.look()
    watch.follower.close()
    again = Follower([str(file)], watch.take)
    again.look()
    assert (again.report().taken, again.report().duplicates) == (0, 26)
    again.close()
    assert watch.targets() == expected(*range(26))


def test_no_more_files_are_held_open_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.log").write_bytes(line(number) + b"\n")
    watch = Watch(tmp_path)
    assert watch.follower.look() == 3
    assert watch.follower.left_out == 2
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    watch.follower.close()
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before - 3


def test_what_is_no_log_is_reported_and_following_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x00 nothing\n")
    (tmp_path / "b").write_bytes(log(0, 2))
    watch = Watch(tmp_path)
    watch.follower.look()
    report = watch.follower.report()
    assert (report.taken, report.problems) == (2, 1)
    watch.follower.close()
