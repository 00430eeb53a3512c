# SPDX-License-Identifier: Apache-2.0
"""Query strings become questions or a refusal, never a failure; the JSON is that of the command line."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.datastructures import QueryParams
from starlette.testclient import TestClient

from teiten import texts
from teiten.questions.interface import CountQuestion
from teiten.site.requests import MOST_ROWS, NAMES, BadRequest, count_question


def test_all_fields_are_understood() -> None:
    query = QueryParams(
        by="source", channel="web", group="talot2", sensor="a", from_on="2007-08-01", to_on="2007-09-01", target="GET /\\xff", source="2001:db8::1",
        category="all", top="5", order="sources",
    )  # fmt: skip
    assert count_question(query) == CountQuestion(
        by="source", channel="web", group="talot2", sensor="a", from_on=date(2007, 8, 1), to_on=date(2007, 9, 1), target=b"GET /\xff",
        source=bytes.fromhex("20010db8000000000000000000000001"), category=None, top=5, order="sources",
    )  # fmt: skip


def test_without_top_the_rows_are_bounded() -> None:
    assert count_question(QueryParams("")) == CountQuestion(top=MOST_ROWS + 1)


@pytest.mark.parametrize("query", [
    "by=nothing", "from_on=2007-13-01", "source=x", "top=0", "top=-1", "top=99999999", "top=1e3", "order=size", "unknown=1", "by=day&by=hour",
    "top=٣",
])  # fmt: skip
def test_wrong_questions_are_refused_in_our_own_words(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/count?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["error", "next_step"]
    assert "nothing" not in answer.text


@given(some.dictionaries(some.sampled_from([*NAMES, "x"]), some.text(max_size=40)))
def test_any_query_is_a_question_or_a_refusal(fields: dict[str, str]) -> None:
    try:
        question = count_question(QueryParams(fields))
    except BadRequest:
        return
    assert isinstance(question, CountQuestion)


@given(some.binary(min_size=1, max_size=60))
def test_a_target_survives_the_way_through_a_link(target: bytes) -> None:
    assert count_question(QueryParams(target=texts.lossless(target))).target == target


def test_answers_are_the_command_lines_json(client: TestClient) -> None:
    assert client.get("/api/count").json() == [{"accesses": 93621, "sources": 20114, "sensors": 10}]
    assert client.get("/api/count?by=target&channel=ssh&top=1").json() == [{"target": "test", "accesses": 157, "sources": 79, "sensors": 3}]
    assert client.get("/api/count?by=source").json()[0] == {"source": "192.0.2.1", "accesses": 8, "sources": 1, "sensors": 1}
    assert client.get("/api/count?by=day").json() == [{"day": "2007-08-16", "accesses": 5, "sources": 3, "sensors": 2}]
    assert client.get("/api/count").headers["content-type"] == "application/json"


def test_too_many_rows_are_not_cut_silently(client: TestClient, ask: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teiten.site.pages.MOST_ROWS", 2)
    answer = client.get("/api/count?by=source")
    assert answer.status_code == 400
    assert "more than 2 rows" in answer.json()["error"]
