# SPDX-License-Identifier: Apache-2.0
"""The benches' common parts: registry, quantiles, generated logs and records. No measurement runs here."""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bench import tables
from bench.__main__ import BENCHES
from bench.ingest import combined
from bench.sensors import attempts_in
from bench.shipping import Order, fill, pool
from teiten.columnar import Columns
from teiten.gathering import at_once
from teiten.importers.intake import run_import
from teiten.importers.interface import ReadOptions
from teiten.model import Access, BatchKey, Receipt
from teiten.transport.spool import SpoolWriter

AT = 1_790_000_000_000_000


@pytest.mark.parametrize("name", BENCHES)
def test_every_registered_bench_takes_arguments_and_tells_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main = importlib.import_module(f"bench.{name}").main
    assert len(inspect.signature(main).parameters) == 1
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert f"bench {name}" in capsys.readouterr().out


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, expected: int) -> None:
    assert tables.quantile(list(range(100, 0, -1)), share) == expected


def test_a_quantile_of_nothing_is_not_a_number() -> None:
    assert math.isnan(tables.quantile([], 0.5))


def test_a_table_is_markdown_whose_columns_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    tables.table(["server", "ms"], [["ours", "0.5"], ["bare one", "12.25"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| server   |    ms |"
    assert lines[1] == "|----------|------:|"
    assert {len(line) for line in lines} == {len(lines[0])}


def test_every_line_of_the_generated_log_is_one_access(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(combined(500)), encoding="ascii")
    options = ReadOptions(zone=ZoneInfo("UTC"), newest_at=AT)

    def deliver(batches: Sequence[tuple[BatchKey, Columns]]) -> list[Receipt]:
        return [Receipt("stored", len(columns["source"])) for _, columns in batches]

    report = run_import([str(log)], sensor="bench", options=options, prepare=at_once(deliver), known=lambda sensor, epoch: [])
    assert (report.read, report.taken, report.rejected) == (500, 500, 0)


def test_the_pool_of_records_is_the_same_for_a_seed_and_fits_the_model() -> None:
    first = pool(7)
    assert first == pool(7) != pool(8)
    assert {Access(observed_at=AT, **fields).channel for fields in first} == {"packet", "ssh", "web", "mail"}


def test_what_is_emitted_into_a_spool_is_counted_there(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", "bench", "packet", lambda: AT)
    for fields in pool(1)[:250]:
        writer.emit(Access(observed_at=AT, **fields))
    writer.close()
    assert attempts_in(tmp_path / "spool") == 250


def test_an_order_without_time_emits_nothing_and_waits_only_for_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    writer = SpoolWriter(tmp_path / "spool", "bench", "packet", lambda: AT)
    assert fill(Order({"bench": str(tmp_path / "taken")}, 0.0, 0), [writer])["emitted"] == 0
