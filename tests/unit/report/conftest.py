# SPDX-License-Identifier: Apache-2.0
"""The report of August 2007 over the world ipa2007, made once; and the sealed rows beside it, for counting again without Teiten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from teiten.columnar import length
from teiten.enrichers.region import with_regions
from teiten.questions.windows import month
from teiten.report.compose import compose
from teiten.report.facts import Facts
from teiten.report.gather import Scope, gather
from teiten.report.model import Report
from teiten.report.settings import Bilingual, ReportSettings
from teiten.store.node import NodeStore
from teiten.worlds.ipa2007 import Ipa2007

TOKYO = ZoneInfo("Asia/Tokyo")
SETTINGS = ReportSettings(system=Bilingual(ja="TALOT2", en="TALOT2"), portal="mustan", portal_name=Bilingual(ja="MUSTAN", en="MUSTAN"))

Recount = Callable[..., list[tuple[Any, ...]]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test that needs it waits for six months of the world to be loaded and sealed."""
    for item in items:
        if "tests/unit/report/" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeStore]:
    opened = NodeStore.open(tmp_path_factory.mktemp("ipa2007"), TOKYO)
    world = Ipa2007()
    for entry in world.sensors():
        opened.register(entry)
    for batch in world.batches():
        assert length(batch.columns)
        opened.take(batch.key, with_regions(batch.columns), 0)
    for covered in world.coverage():
        opened.cover(*covered)
    opened.seal(date(2008, 1, 1))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def recount(store: NodeStore) -> Recount:
    """Plain DuckDB over the sealed rows of group talot2, as `rows`: no question, no rollup and no text of ours in between."""

    def ask(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        files = store.folder / "lake" / "day=*" / "rows-*.parquet"
        rows = f"select * from read_parquet('{files}', hive_partitioning = false) where sensor like 'talot2-%' and category = 'access'"
        with duckdb.connect() as plain:
            plain.execute(f"create view rows as {rows}")
            return plain.execute(query, list(parameters)).fetchall()

    return ask


@pytest.fixture(scope="session")
def facts(store: NodeStore) -> Facts:
    return gather(store, Scope(month(2007, 8), TOKYO, "talot2", portal="mustan"))


@pytest.fixture(scope="session")
def reports(facts: Facts) -> dict[str, Report]:
    return {language: compose(facts, language, SETTINGS, (), "operator") for language in ("ja", "en")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"
