# SPDX-License-Identifier: Apache-2.0
"""The operator's pages about findings, targets and searches, over a small store (M-14 … M-19, M-21)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from teiten.detectors.trend import DailySpread, standing_mark
from teiten.feeds import all_feeds
from teiten.publication.findings import Claim
from teiten.site.asking import StoreAnswers
from teiten.site.lookup import StoreLookup
from teiten.site.pages import create_site
from teiten.site.requests import View
from teiten.site.settings import SiteConfig
from tests.unit.publication.observed import NOW, TOKYO, Met, store_of
from tests.unit.site.polyglots import POLYGLOTS
from tests.unit.site.reading import read, table

ODD = "GET /\x1b<b>é".encode() + b"\xff"
MET = [
    Met(target=b"GET /", sources=40),
    Met(target=ODD, sources=3, sensors=2, hours=30),
    Met(target=b"root", channel="ssh", sources=12),
    Met(target=b"", channel="mail", sources=2),
]


def claim(target: bytes, level: str) -> Claim:
    return Claim(
        id=f"f-{level}", channel="web", target=target, level=level, states=("becoming",), since_on=date(2026, 8, 18),  # type: ignore[arg-type]
        raised_on=date(2026, 8, 19), last_on=date(2026, 8, 21), days=0.25, networks=7, usual=1, ratio=4.2, sensors=2, live=5, rule="rise-1",
        sentence={"ja": "増えています。", "en": "It <rises>."},
    )  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    store = store_of(tmp_path_factory.mktemp("store"), MET)
    mark = standing_mark(DailySpread((5,) * 40, (5.0,) * 40))
    lookup = StoreLookup(store, TOKYO, lambda *asked: dict.fromkeys(asked[3], mark), lambda _: [claim(b"GET /", "attention"), claim(ODD, "risk")])
    app = create_site(
        StoreAnswers(store, TOKYO),
        SiteConfig(cache_seconds=0),
        TOKYO,
        lambda: NOW,
        None,
        lookup,
        all_feeds(),
    )
    yield TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    store.close()


def test_attention_and_risk_show_sentence_evidence_and_both_buttons(client: TestClient) -> None:
    """M-14, M-16: with what to check, and links that work."""
    reader = read(client.get("/en/attention").text)
    assert "It <rises>." in reader.text
    assert "What to check at your own site" in reader.text
    assert "2 of 5" in reader.text
    links = [link for link in reader.links if "/detail" in link]
    assert links[-1].endswith("#map")
    assert client.get(links[0]).status_code == 200
    assert "\\x1b<b>é\\xff" in read(client.get("/en/risk").text).text


def test_detail_has_numbers_days_sensors_map_and_reason(client: TestClient) -> None:
    """M-15."""
    answer = client.get("/ja/detail?channel=web&target=GET+/")
    reader = read(answer.text)
    for part in (
        "なぜ載っているか",
        "増えています。",
        "発信元の広がり",
        "日本",
        "最初のページ",
        "攻撃の下見",
        "5 のうち 4",
        "自サイトで確かめること",
    ):
        assert part in reader.text, part
    days = table(reader, ["日", "発信元数", "アクセス数", "届いた観測点"])
    assert len(days) == 11
    assert sum(int(row[1]) for row in days if row[1].isdigit()) == 40
    assert answer.text.count('<circle class="sources"') == 1


def test_detail_of_what_is_on_no_list_says_so(client: TestClient) -> None:
    """M-15."""
    text = read(client.get("/en/detail?channel=ssh&target=root").text).text
    assert "Attention and risk It is neither" in " ".join(text.split())
    assert "Why it is on a list" not in text


def test_a_target_of_any_bytes_has_a_page(client: TestClient) -> None:
    links = [link for link in read(client.get("/ja/urls").text).links if "/detail" in link]
    assert [client.get(link).status_code for link in links] == [200, 200]
    mail = [link for link in read(client.get("/ja/mail").text).links if "/detail" in link]
    assert [client.get(link).status_code for link in mail] == [200]


def test_what_was_not_seen_says_so_with_coverage(client: TestClient) -> None:
    answer = client.get("/en/detail?channel=web&target=GET+/never")
    assert answer.status_code == 404
    assert "Web: observed since 2026-08-01" in read(answer.text).text
    assert client.get("/en/detail?channel=web").status_code == 404
    assert client.get("/en/detail?channel=nothing&target=a").status_code == 404


def test_new_targets_have_entry_fields(client: TestClient) -> None:
    """M-17, M-18."""
    html = client.get("/ja/new").text
    reader = read(html)
    assert "新しいウェブ攻撃" in reader.text
    assert "新しい攻撃アカウント" in reader.text
    assert html.count('name="text"') == 2


@pytest.mark.parametrize(
    ("asked", "found"), [("ro", ["root"]), ("GET", ["GET /", "GET /\\x1b<b>é\\xff"]), ("\\xff", ["GET /\\x1b<b>é\\xff"]), ("zz", [])]
)
def test_search_finds_parts_in_every_channel(client: TestClient, asked: str, found: list[str]) -> None:
    """M-19; a byte may be asked for as it is shown."""
    reader = read(client.get("/en/search", params={"q": asked}).text)
    rows = table(reader, ["Channel", "First seen", "Last seen", "Accesses", "Target"]) if found else []
    assert sorted(row[-1] for row in rows) == found
    assert ("Nothing was found." in reader.text) is not bool(found)


def test_self_check_tells_what_is_known_and_keeps_nothing(client: TestClient) -> None:
    """M-21, U-41: with what to check, also of what was not seen."""
    answer = client.post("/en/check", data={"text": "/\nroot\nzxcvbn\n2375"})
    assert answer.headers["cache-control"] == "no-store"
    text = " ".join(read(answer.text).text.split())
    assert "40 accesses, 40 sources" in text
    assert "zxcvbn Not seen. 2375 Not seen.Docker API Never open management interfaces of clusters" in text
    assert "The administrator of Unix systems" in text.replace("the admin", "The admin")
    assert read(client.get("/en/check").text).text.count("root") == 0
    assert client.post("/en/check", data={"text": "a" * 70_000}).status_code == 413


def test_the_map_by_network_has_circles_around_the_regions_and_a_table(client: TestClient) -> None:
    """M-24: on the operator's side; what has no place is told."""
    html = client.get("/en/map?by=network&channel=ssh").text
    rows = table(read(html), ["Network", "Region of registration", "Sources", "Accesses"])
    assert len(rows) == html.count('<circle class="sources"') == 12
    assert rows[0] == ["20.0.1.0/24", "Japan", "1", "1"]
    assert "20.0.1.0/24, Japan: 1" in html
    assert "by=network" in html.partition("日本語")[0].rpartition("href=")[2]


def test_feeds_and_document_are_served(client: TestClient) -> None:
    """M-20."""
    for feed in all_feeds():
        assert client.get(f"/{feed.place}").status_code == 200
    assert b"GET /" in client.get("/feeds/attention.xml").content
    assert set(client.get("/api/openapi.json").json()["paths"]) >= {"/api/count", "/feeds/attention.xml"}
    assert "/api/count" not in client.get("/ja/feeds").text


def test_definitions_and_about(client: TestClient) -> None:
    reader = read(client.get("/ja/definitions").text)
    assert "credential" in reader.text  # the operator's dictionary is whole
    assert "Teiten Sensor / Engine / Web" in read(client.get("/en/about").text).text


def test_hostile_targets_in_details_and_searches(tmp_path: Path) -> None:
    """B8."""
    store = store_of(tmp_path, [Met(target=target, sources=2, sensors=1) for target in POLYGLOTS])
    lookup = StoreLookup(store, TOKYO, claims=lambda _: [claim(target, "attention") for target in POLYGLOTS[::5]])
    client = TestClient(
        create_site(StoreAnswers(store, TOKYO), SiteConfig(cache_seconds=0), TOKYO, lambda: NOW, None, lookup), base_url="http://127.0.0.1"
    )
    links = [link for link in read(client.get("/ja/urls").text).links if "/detail" in link]
    assert len(links) == 48  # two are too long for a link
    for link in links[::6]:
        assert client.get(link).status_code == 200
        read(client.get(link).text)
    for text in ("<script", "\x00", "\u202e", "\\x1b", "'"):
        read(client.get("/en/search", params={"q": text}).text)
        read(client.post("/en/check", data={"text": text}).text)
    read(client.get("/ja/attention").text)
    read(client.get("/ja/new").text)
    store.close()


def test_new_targets_findings_and_checks_cost_the_same_questions_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """M-14, M-16, M-17, M-18, U-41: a page of the newest is asked for at once, and what isn't shown is counted."""
    store = store_of(tmp_path, [Met(target=b"GET /", sources=2), *(Met(target=b"n%d" % n, channel="ssh", sources=1, sensors=1) for n in range(120))])
    asked: list[str] = []
    ask = store.ask

    def counted(name: str, *about: Any) -> Any:
        asked.append(name)
        return ask(name, *about)

    monkeypatch.setattr(store, "ask", counted)
    view = View(None, date(2026, 8, 22), date(2026, 8, 22))
    lookup = StoreLookup(store, TOKYO)
    one = lookup.fresh("web", view)
    few, asked[:] = len(asked), []
    many = lookup.fresh("ssh", view)
    assert (len(one.rows), one.rest, len(many.rows), many.rest) == (1, 0, 100, 20)
    assert len(asked) == few == 3
    for count in (1, 60):
        asked[:] = []
        targets = [b"n%d" % n for n in range(count)]
        assert len(lookup.known("ssh", [*targets, b"nobody"], view)) == count
        assert asked == ["first_seen", "breadth", "observed_days"]  # the self-check
        asked[:] = []
        held = [msgspec.structs.replace(claim(target, "risk"), channel="ssh") for target in targets]
        found = StoreLookup(store, TOKYO, claims=lambda _: held).findings(view)  # noqa: B023
        assert [(one.target, one.accesses, one.regions[0].key) for one in found] == [(target.decode(), 1, "JP") for target in targets]
        assert asked == ["breadth", "breadth"]
    client = TestClient(
        create_site(StoreAnswers(store, TOKYO), SiteConfig(cache_seconds=0), TOKYO, lambda: NOW, None, lookup), base_url="http://127.0.0.1"
    )
    assert "20 more" in read(client.get("/en/new").text).text
    store.close()
