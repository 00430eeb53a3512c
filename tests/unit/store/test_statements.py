# SPDX-License-Identifier: Apache-2.0
"""Every named query is described, fills its slots from fixed choices only, and stays inside the subset that other engines run."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from teiten.store.statements import bind, parse, relations_in, statement, with_relations

NAMES = sorted(path.name[:-4] for path in (files("teiten.store") / "queries").iterdir() if path.name.endswith(".sql"))
# What DuckDB takes but ClickHouse or Spark doesn't.
LOCAL_DIALECT = re.compile(
    r"::|\bgroup by all\b|\bqualify\b|\bexclude\b|\barg_max\b|\bunnest\b|\bfilter\s*\(|//|\blist\b|\bstruct\b|\$", re.IGNORECASE
)


@pytest.mark.parametrize("name", NAMES)
def test_every_query_is_described_and_portable(name: str) -> None:
    found = statement(name)
    assert found.about
    assert not LOCAL_DIALECT.search(found.text)
    for choices in found.slots.values():
        assert choices
        for expression in choices.values():
            assert not LOCAL_DIALECT.search(expression)
    assert set(re.findall(r"\{([a-z_]+)\}", found.text)) == set(found.slots)


def test_slots_and_parameters() -> None:
    slots = "-- slot key\n--   a: column_a\n-- slot filters\n--   all: 1 = 1\n--   b: b = :b\n"
    found = parse(
        "x",
        "-- x\n-- about it\n" + slots + "select {key} from rows where {filters}\n",
    )
    text = found.fill({"key": "a", "filters": "all b"})
    assert text == "select column_a from rows where 1 = 1 and b = :b"
    assert bind(text, {"b": 1, "c": 2}) == ("select column_a from rows where 1 = 1 and b = $b", {"b": 1})
    with pytest.raises(ValueError, match="allowed: a"):
        found.fill({"key": "b", "filters": "all"})
    with pytest.raises(ValueError, match="no choice"):
        found.fill({"key": "a"})
    assert found.about == "about it"


def test_relations_are_defined_in_front() -> None:
    assert relations_in("select 1 from pairs join rollup on 1 = 1 order by rows") == ["pairs", "rollup"]
    assert with_relations("with a as (select 1) select * from a", {"rows": "select 2"}) == "with rows as (select 2), a as (select 1) select * from a"
    assert with_relations("select 1", {}) == "select 1"
