# SPDX-License-Identifier: Apache-2.0
"""A few rounds of every scenario, and proof that the checker sees what it is there to see. The long run is `./run torture`."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.torture.checker import Verdict, check
from tests.torture.processes import Site
from tests.torture.scenarios import SCENARIOS, Skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_lost_doubled_altered_or_unaccounted(name: str, tmp_path: Path) -> None:
    """F1, F4, F6, F8, F13."""
    try:
        verdict = SCENARIOS[name](tmp_path, 5, 7)
    except Skip as reason:
        pytest.skip(str(reason))
    assert verdict.emitted > 0 and verdict.stored > 0
    assert verdict.clean, verdict
    if name in ("damage", "spool-disk-full", "spool-quota"):
        assert verdict.counted > 0, "the fault did happen"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site(tmp_path_factory.mktemp("clean"))
    made.seal = False
    made.start_generator(100).wait()
    made.drain()
    made.close()
    assert check(made.store, made.ledger).clean
    return made


@pytest.mark.parametrize(
    ("tampering", "undoing", "seen"),
    [
        ("delete from open_rows where session = '5'", "insert into open_rows select * from kept where session = '5'", "lost"),
        ("insert into open_rows select * from kept where session = '5'", "delete from open_rows where session = '5'", "duplicated"),
        ("update open_rows set client = 'x'::blob where session = '5'", "delete from open_rows where session = '5'", "altered"),
        ("update open_rows set session = '999' where session = '5'", "delete from open_rows where session = '999'", "unaccounted"),
        ("insert into gaps values ('2026-01-01', 's1', 'web', 0, 0, 1, 'invented')", "delete from gaps", "unaccounted"),
    ],
)
def test_the_checker_sees(site: Site, tampering: str, undoing: str, seen: str) -> None:
    def change(*statements: str) -> None:
        with duckdb.connect(str(site.store / "teiten.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    change("create or replace table kept as select * from open_rows", tampering)
    verdict: Verdict = check(site.store, site.ledger)
    change(undoing, "delete from open_rows where session = '5'", "insert into open_rows select * from kept where session = '5'", "drop table kept")
    assert getattr(verdict, seen) >= 1
    assert not verdict.clean
    assert check(site.store, site.ledger).clean, "put back as it was"
