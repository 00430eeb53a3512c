# SPDX-License-Identifier: Apache-2.0
"""`teiten count`: the shapes and exit codes that scripts rely on (issue: questions from the shell; U-18)."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Teiten


@pytest.fixture
def filled(teiten: Teiten, web_log: Path) -> Teiten:
    assert teiten("import", web_log, "--sensor", "web-1", "--group", "campus").code == 0
    return teiten


def test_without_by_one_object(filled: Teiten) -> None:
    assert filled("count", "--format", "json").json() == {"accesses": 4, "sources": 3, "sensors": 1}


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("target", ["GET /", "GET /\\xff\x00x", "POST /=cmd"]),
        ("source", ["198.51.100.7", "2001:db8:7::1", "198.51.100.9"]),
        ("day", ["2026-08-10", "2026-08-11"]),
        ("hour", ["2026-08-10T23:00+09:00", "2026-08-11T00:00+09:00", "2026-08-11T01:00+09:00"]),
        ("sensor", ["web-1"]),
        ("region", ["unknown"]),
        ("network", ["198.51.100.0/24", "2001:db8:7::/48"]),
        ("channel", ["web"]),
    ],
)
def test_by_gives_a_list_of_objects_with_the_key_first(filled: Teiten, by: str, keys: list[str]) -> None:
    rows = filled("count", "--by", by, "--format", "json").json()
    assert [list(row) for row in rows] == [[by, "accesses", "sources", "sensors"]] * len(keys)
    assert [row[by] for row in rows] == keys
    assert sum(row["accesses"] for row in rows) == 4


@pytest.mark.parametrize(
    ("asked", "accesses"),
    [
        (["--target", r"GET /\xff\x00x"], 1),
        (["--target", "GET /"], 2),
        (["--target", ""], 0),
        (["--source", "2001:0db8:0007:0:0::1"], 1),
        (["--source", "::ffff:198.51.100.7"], 2),
        (["--from", "2026-08-11"], 3),
        (["--to", "2026-08-11"], 1),
        (["--from", "2026-08-10", "--to", "2026-08-12"], 4),
        (["--channel", "ssh"], 0),
        (["--group", "campus"], 4),
        (["--group", "nowhere"], 0),
        (["--sensor", "web-1"], 4),
        (["--category", "backscatter"], 0),
        (["--category", "all"], 4),
    ],
)
def test_filters(filled: Teiten, asked: list[str], accesses: int) -> None:
    assert filled("count", "--format", "json", *asked).json()["accesses"] == accesses


def test_a_key_that_was_printed_can_be_asked_for(filled: Teiten) -> None:
    for row in filled("count", "--by", "target", "--format", "json").json():
        assert filled("count", "--target", row["target"], "--format", "json").json()["accesses"] == row["accesses"]


def test_top_and_order(filled: Teiten) -> None:
    assert filled("count", "--by", "target", "--top", "1", "--format", "json").json() == [
        {"target": "GET /", "accesses": 2, "sources": 1, "sensors": 1}
    ]
    rows = filled("count", "--by", "network", "--order", "sources", "--format", "json").json()
    assert [row["sources"] for row in rows] == [2, 1]


def test_nothing_is_an_empty_list_and_zeros(teiten: Teiten, home: Path) -> None:
    home.mkdir()
    assert teiten("count", "--by", "day", "--format", "json").json() == []
    assert teiten("count", "--format", "json").json() == {"accesses": 0, "sources": 0, "sensors": 0}
    assert teiten("count", "--by", "day").out == "nothing observed\n"


def test_csv_is_quoted_and_never_a_formula(filled: Teiten) -> None:
    done = filled("count", "--by", "target", "--format", "csv")
    rows = list(csv.reader(io.StringIO(done.out)))
    assert rows[0] == ["target", "accesses", "sources", "sensors"]
    assert rows[1] == ["GET /", "2", "1", "1"]
    assert all(row[0][0] not in "=+-@" for row in rows)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--by", "colour"], "Allowed: target, source, day, hour, sensor, region, network, channel"),
        (["--by", ""], "--by"),
        (["--channel", "telnet"], "Allowed: packet, web, ssh, mail"),
        (["--from", "2026-02-30"], "YYYY-MM-DD"),
        (["--from", "2026-08-11", "--to", "2026-08-11"], "the day after the last"),
        (["--source", "198.51.100"], "IPv4 or IPv6"),
        (["--source", ""], "IPv4 or IPv6"),
        (["--top", "0"], "--top"),
        (["--order", "name"], "accesses, sources"),
        (["--format", "xml"], "table, json, csv"),
        (["--category", "x"], "backscatter"),
        (["--colour", "x"], "No such option"),
    ],
)
def test_wrong_usage_is_two_and_says_what_is_allowed(filled: Teiten, asked: list[str], told: str) -> None:
    done = filled("count", *asked)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err


def test_a_home_that_is_not_there_is_said_and_not_made(teiten: Teiten, home: Path) -> None:
    """Or the answer in the wrong folder would always be: nothing."""
    done = teiten("count")
    assert done.code == 2
    assert str(home) in done.err
    assert not home.exists()
