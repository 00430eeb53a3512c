# SPDX-License-Identifier: Apache-2.0
"""The machine side against its own OpenAPI document, by schemathesis: whatever is asked, in and out of the schema, the answer is one that is
described and never a server error (B9); limits answer 429 and say what to do."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from teiten.feeds import all_feeds
from teiten.publication.folder import write_view
from teiten.site.asking import StoreAnswers
from teiten.site.outside import create_public_site
from teiten.site.pages import create_site
from teiten.site.settings import SiteConfig
from teiten.site.throttling import Throttle
from tests.browser.served import app_served
from tests.unit.publication.observed import NOW, TOKYO, Met, builder, store_of

MANY = 1e9


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Both sides over the same small store, as real servers without limits; `limited` are the same with narrow ones."""
    folder = tmp_path_factory.mktemp("api")
    store = store_of(folder, [Met(target=b"GET /", sources=60), Met(target=b"root", channel="ssh"), Met(target=b"GET /\xff\x00odd", sensors=1)])
    write_view(folder / "public", builder(store).view(NOW))
    settings = SiteConfig(cache_seconds=0, questions_per_second=MANY)
    narrow = SiteConfig(cache_seconds=0, questions_per_second=0.4)
    with (
        app_served(create_site(StoreAnswers(store, TOKYO), settings, TOKYO, lambda: NOW, None, None, all_feeds())) as inside,
        app_served(create_public_site(folder / "public", settings, all_feeds(), throttle=Throttle(MANY, MANY))) as outside,
        app_served(create_site(StoreAnswers(store, TOKYO), narrow, TOKYO, lambda: NOW, None, None, all_feeds())) as inside_limited,
        app_served(create_public_site(folder / "public", settings, all_feeds(), throttle=Throttle(0.1, 2))) as outside_limited,
    ):
        yield {"operator": inside, "public": outside, "operator, limited": inside_limited, "public, limited": outside_limited}
    store.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["described", "otherwise"])
@pytest.mark.parametrize("side", ["operator", "public"])
def test_every_answer_is_one_that_is_described(sides: dict[str, str], side: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(sides[side] + "/api/openapi.json")
    asked = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.path_parameters):
            continue

        @settings(max_examples=25 if operation.query else 4, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            assume(all(value not in ("", {}, [], None) for value in (case.query or {}).values()))  # an empty field is one that isn't asked
            # Some questions the schema can't tell from good ones are refused: days out of order, a channel that doesn't go with a target.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        with suppress(Unsatisfiable):  # a text of any kind has no other kind
            ask()
            asked.append(operation.path)
    assert len(asked) >= (1 if mode is GenerationMode.NEGATIVE else 5)


@pytest.mark.parametrize(("side", "path"), [("operator, limited", "/api/count?by=target"), ("public, limited", "/api/search.json?q=a")])
def test_over_a_limit_the_answer_says_what_to_do(sides: dict[str, str], side: str, path: str) -> None:
    """B9: 429 with Retry-After; files and pages go on."""
    for _ in range(20):
        try:
            urllib.request.urlopen(sides[side] + path, timeout=20).close()
        except urllib.error.HTTPError as refused:
            told = json.loads(refused.read())
            assert (refused.code, refused.headers["retry-after"], refused.headers["cache-control"]) == (429, "5", "no-store")
            assert told["next_step"].endswith("lists and feeds can always be read.")
            break
    else:
        pytest.fail("never refused")
    assert urllib.request.urlopen(sides[side] + "/feeds/attention.json", timeout=20).status == 200


def test_questions_of_the_public_have_one_answer_for_what_is_not_told(sides: dict[str, str]) -> None:
    """P3 on the machine side: withheld, never seen, and nothing at all."""
    answers = {urllib.request.urlopen(f"{sides['public']}/api/search.json?q={asked}", timeout=20).read() for asked in ("odd", "nobody", "")}
    assert answers == {b"[]"}
    (found,) = json.loads(urllib.request.urlopen(sides["public"] + "/api/search.json?q=ROO", timeout=20).read())
    assert (found["target"], date.fromisoformat(found["first_on"]).year) == ("root", 2026)
    overview = json.loads(urllib.request.urlopen(sides["public"] + "/api/overview.json", timeout=20).read())
    assert overview["channels"]["web"]["sources"] == found["sources"] or overview["channels"]["web"]["accesses"] >= 10
