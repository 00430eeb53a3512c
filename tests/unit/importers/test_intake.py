# SPDX-License-Identifier: Apache-2.0
"""An import under repetition, growth, renaming, compression, interruption and bad files: no record counted twice, none lost unsaid.

Mission rows U-33 (are my reports received?) and U-50 (plug in a log); design: an imported file is an epoch.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
from datetime import UTC, datetime
from pathlib import Path

import lz4.frame
import pytest

from teiten.importers import batching, reading
from teiten.importers.intake import recognise
from tests.unit.importers.ledger import Ledger, options

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def line(number: int) -> bytes:
    return b'198.51.%d.%d - - [01/Mar/2024:00:%02d:%02d +0000] "GET /%d HTTP/1.1" 200 1 "-" "-"' % (
        number // 250 % 250, number % 250, number // 60 % 60, number % 60, number,
    )  # fmt: skip


def log(first: int, last: int, end: bytes = b"\n") -> bytes:
    return b"\n".join(line(number) for number in range(first, last)) + end


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_RECORDS", 10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def total(ledger: Ledger) -> int:
    return sum(row["times"] for row in ledger.rows())


def test_the_same_file_again_changes_nothing_whatever_it_is_called_and_however_packed(tmp_path: Path, file: Path) -> None:
    ledger, data = Ledger(), log(0, 35)
    file.write_bytes(data)
    assert (report := ledger.take(file)).taken == 35 and report.duplicates == 0
    before = ledger.rows()
    for name, packed in {
        "b": data, "c.gz": gzip.compress(data), "d": zstd.compress(data), "e.xz": lzma.compress(data), "f.bz2": bz2.compress(data),
        "g.lz4": lz4.frame.compress(data),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(packed)
        report = ledger.take(tmp_path / name)
        assert (report.read, report.taken, report.duplicates, report.rejected) == (35, 0, 35, 0), name
    assert ledger.rows() == before


@pytest.mark.parametrize("steps", [(3, 7, 10, 11, 25, 40), (10, 20, 30), (35, 36, 37), (1, 2, 3), (9, 10, 20, 21)])
def test_a_file_that_grows_goes_on_where_it_ended(file: Path, steps: tuple[int, ...]) -> None:
    ledger, before = Ledger(), 0
    for step in steps:
        file.write_bytes(log(0, step))
        report = ledger.take(file)
        assert (report.taken, report.duplicates) == (step - before, before)
        before = step
    assert [row["target"] for row in ledger.rows()] == [b"GET /%d" % number for number in range(before)]
    assert ledger.take(file).duplicates == before


@pytest.mark.parametrize("whole", [1, 5, 10, 12])
def test_a_last_line_without_end_counts_once_when_it_gets_its_end(file: Path, whole: int) -> None:
    ledger = Ledger()
    file.write_bytes(log(0, whole, end=b""))
    assert ledger.take(file).taken == whole
    assert ledger.take(file).duplicates == whole
    file.write_bytes(log(0, whole + 3))
    report = ledger.take(file)
    assert (report.taken, report.duplicates) == (3, whole)
    assert ledger.take(file).duplicates == whole + 3
    assert total(ledger) == whole + 3


def test_a_last_line_cut_in_the_middle_is_rejected_and_taken_when_it_is_whole(file: Path) -> None:
    ledger = Ledger()
    file.write_bytes(log(0, 4) + line(4)[:12])
    report = ledger.take(file)
    assert (report.read, report.taken, report.rejected) == (5, 4, 1)
    file.write_bytes(log(0, 6))
    assert ledger.take(file).taken == 2
    assert total(ledger) == 6


def test_identical_lines_inside_a_file_are_all_kept(file: Path) -> None:
    ledger = Ledger()
    file.write_bytes((line(1) + b"\n") * 25)
    assert ledger.take(file).taken == 25
    assert ledger.take(file).duplicates == 25
    assert total(ledger) == 25


def test_another_file_with_the_same_first_line_is_another_file(tmp_path: Path) -> None:
    ledger = Ledger()
    (tmp_path / "a").write_bytes(log(0, 12))
    (tmp_path / "b").write_bytes(line(0) + b"\n" + log(100, 120))
    assert ledger.take(tmp_path / "a", tmp_path / "b").taken == 12 + 21
    assert ledger.take(tmp_path).duplicates == 12 + 21
    assert total(ledger) == 33


@pytest.mark.parametrize("batches", range(5))
def test_an_import_that_was_cut_off_goes_on(file: Path, batches: int) -> None:
    ledger = Ledger()
    file.write_bytes(log(0, 45))
    ledger.stop_after = batches
    with pytest.raises(ConnectionError):
        ledger.take(file)
    ledger.stop_after = None
    report = ledger.take(file)
    assert (report.taken, report.duplicates) == (45 - 10 * batches, 10 * batches)
    assert [row["target"] for row in ledger.rows()] == [b"GET /%d" % number for number in range(45)]


def test_a_dry_run_reports_and_stores_nothing(file: Path) -> None:
    ledger = Ledger()
    file.write_bytes(log(0, 15))
    assert ledger.take(file, dry_run=True).taken == 15
    assert ledger.rows() == []
    ledger.take(file)
    assert ledger.take(file, dry_run=True).duplicates == 15


def test_batches_end_by_weight_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_BYTES", 250)
    ledger = Ledger()
    file.write_bytes(log(0, 9))
    assert ledger.take(file).taken == 9
    assert sum(len(held) for held in ledger.batches.values()) == 3
    file.write_bytes(log(0, 20))
    assert ledger.take(file).taken == 11
    assert ledger.take(file).duplicates == 20


def test_folders_globs_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "x.log").write_bytes(log(0, 3))
    (tmp_path / "deep" / "y.log").write_bytes(log(10, 12))
    assert [Path(file.path).name for file in Ledger().take(tmp_path / "deep").files] == ["y.log", "x.log"]
    assert Ledger().take(str(tmp_path / "**" / "*.log")).taken == 5
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(log(0, 4)))))
    report = Ledger().take("-")
    assert (report.taken, report.files[0].path, report.files[0].packing) == (4, "(standard input)", "gzip")


def test_what_cannot_be_read_is_reported_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "a-empty").write_bytes(b"")
    (tmp_path / "b-noise").write_bytes(b"\x00\x01\x02 no log at all\n")
    (tmp_path / "c-cut.gz").write_bytes(gzip.compress(log(0, 30), mtime=0)[:-40])
    (tmp_path / "d-bad.gz").write_bytes(b"\x1f\x8b\x08\x00garbage")
    (tmp_path / "e.log").write_bytes(log(50, 53))
    report = Ledger().take(tmp_path, tmp_path / "missing", str(tmp_path / "*.nothing"))
    problems = {Path(file.path).name: file.problem for file in report.files}
    assert problems["a-empty"] is None
    assert problems["b-noise"] == "format not recognised"
    assert problems["c-cut.gz"] is not None and "broken off" in problems["c-cut.gz"]
    assert problems["d-bad.gz"] is not None and problems["d-bad.gz"].startswith("broken off")
    assert problems["missing"] == problems["*.nothing"] == "cannot be read: No such file or directory"
    assert report.files[4].taken == 3 and not report.is_complete
    assert report.problems == 5


def test_what_stands_before_a_break_is_kept(tmp_path: Path) -> None:
    import random

    noise = random.Random(1)
    lines = b"".join(line(number)[:-1] + b'%x"\n' % noise.getrandbits(400) for number in range(3000))
    packed = gzip.compress(lines, mtime=0)
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    ledger = Ledger()
    file = ledger.take(tmp_path / "cut.gz").files[0]
    assert file.problem is not None and file.taken >= 1
    assert file.read == file.taken + sum(file.rejected.values())


def test_objects_may_go_over_lines_and_a_mark_may_stand_in_front(tmp_path: Path) -> None:
    """Exports are often pretty-printed, and some editors of Windows write a byte order mark."""
    entry = (
        '{"eventid":"cowrie.login.failed","username":"r","password":"{","src_ip":"198.51.100.7","session":"s","timestamp":"2024-03-01T00:00:0%dZ"}'
    )
    entries = [json.loads(entry % number) for number in range(3)]
    (tmp_path / "pretty.json").write_text("\n".join(json.dumps(one, indent=2) for one in entries), encoding="utf-8-sig")
    (tmp_path / "lines.json").write_text("\n".join(map(json.dumps, entries)), encoding="utf-8-sig")
    (tmp_path / "array.json").write_text(json.dumps(entries, indent=2))
    for name in ("pretty.json", "lines.json", "array.json"):
        report = Ledger().take(tmp_path / name)
        assert (report.read, report.taken, report.accesses) == (3, 3, 3), name


def test_an_unknown_format_says_how_it_begins() -> None:
    importer, why = recognise(b"hello\n", "x")
    assert importer is None and "begins with: hello" in why


def test_the_date_of_a_file_bounds_years_that_it_does_not_name(file: Path) -> None:
    import os

    file.write_bytes(b"Mar 27 13:06:56 h sshd[1]: Failed password for root from 198.51.100.7 port 1 ssh2\n")
    at = datetime(2017, 4, 20, tzinfo=UTC).timestamp()
    os.utime(file, (at, at))
    ledger = Ledger()
    assert ledger.take(file, read=options()).spans["ssh"][0] == int(datetime(2017, 3, 27, 13, 6, 56, tzinfo=UTC).timestamp()) * 1_000_000


def test_a_line_without_end_in_sight_does_not_fill_memory(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "RECORD_BYTES", 1000)
    monkeypatch.setattr(reading, "BLOCK_BYTES", 4096)
    file.write_bytes(log(0, 2) + b"x" * 100_000 + b"\n" + log(2, 4))
    report = Ledger().take(file)
    assert (report.taken, report.rejected, report.read) == (4, 100, 104)


def test_thousands_of_files(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"{number:05}").write_bytes(line(number) + b"\n")
    ledger = Ledger()
    assert ledger.take(tmp_path).taken == 2000
    assert ledger.take(tmp_path).duplicates == 2000


def test_ten_thousand_bad_files_keep_their_counts_and_few_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teiten.importers.report.SAMPLES_IN_ALL", 50)
    for number in range(200):
        (tmp_path / f"{number:05}").write_bytes(line(number) + b"\n" + b"nonsense\n" * 3)
    report = Ledger().take(tmp_path)
    assert (report.taken, report.rejected) == (200, 600)
    assert all(file.rejected == {"no address, time and request": 3} for file in report.files)
    assert sum(len(file.samples) for file in report.files) <= 53


def test_the_collector_of_cycles_is_as_it_was(file: Path) -> None:
    import gc

    file.write_bytes(log(0, 3))
    assert gc.isenabled()
    ledger = Ledger()
    ledger.stop_after = 0
    with pytest.raises(ConnectionError):
        ledger.take(file)
    assert gc.isenabled()


def test_samples_are_few_and_counts_are_whole(file: Path) -> None:
    file.write_bytes(log(0, 5) + b"nonsense\n" * 40)
    report = Ledger().take(file).files[0]
    assert report.rejected == {"no address, time and request": 40}
    assert [sample.line for sample in report.samples] == [6, 7, 8, 9, 10]
