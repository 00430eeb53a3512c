# SPDX-License-Identifier: Apache-2.0
"""Whatever a stranger sends as a target, a kind or a name, the document stays ours: whole, readable, and without a foreign element."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.testclient import TestClient

from teiten import texts
from teiten.model import CHANNELS
from teiten.site.pages import create_site
from teiten.site.rendering import datalink, seen
from teiten.site.settings import SiteConfig
from tests.unit.site.invented import NOW, TOKYO, Invented
from tests.unit.site.polyglots import POLYGLOTS
from tests.unit.site.reading import read

HIDDEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff]")


@pytest.fixture
def hostile(ask: Invented, client: TestClient) -> TestClient:
    ask.targets = {channel: [(target, 50 - number) for number, target in enumerate(POLYGLOTS)] for channel in CHANNELS}
    return client


@pytest.mark.parametrize("place", ["", "ports", "urls", "accounts", "mail"])
def test_pages_stay_whole(hostile: TestClient, place: str) -> None:
    answer = hostile.get(f"/ja/{place}")
    assert answer.status_code == 200
    reader = read(answer.text)
    assert reader.scripts == (["/static/figures.js", "/static/live.js"] if place == "" else [])
    assert not HIDDEN.search(answer.text)
    assert all(link.startswith(("/", "#")) for link in reader.links)
    assert len(answer.content) < 200_000


def test_every_target_stands_alone_in_its_direction(hostile: TestClient) -> None:
    html = hostile.get("/ja/urls").text
    for target in POLYGLOTS[:-2]:
        if target:
            assert seen(target, 200) in html


def test_what_the_script_fetches_is_text_without_hidden_characters(hostile: TestClient) -> None:
    answer = hostile.get("/ja/live")
    assert answer.headers["content-type"] == "application/json"
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Cs") for row in answer.json()["rows"] for char in row["target"])


@given(some.binary(max_size=300))
def test_any_target_is_escaped_once_and_linked_exactly(target: bytes) -> None:
    shown = read(f"<p>{seen(target)}</p>").text
    assert shown == texts.visible(target, 120)
    link = datalink({"channel": "web", "target": target})
    found = parse_qs(link.partition("?")[2], keep_blank_values=True)
    assert texts.parse(found["target"][0]) == target


@settings(max_examples=30, deadline=None)
@given(some.lists(some.binary(max_size=80), min_size=1, max_size=5))
def test_any_targets_give_a_whole_page(targets: list[bytes]) -> None:
    ask = Invented({channel: [(target, 9) for target in targets] for channel in CHANNELS})
    app = create_site(ask, SiteConfig(cache_seconds=0), TOKYO, lambda: NOW)
    answer = TestClient(app, base_url="http://127.0.0.1").get("/en/")
    read(answer.text)
    assert not HIDDEN.search(answer.text)
