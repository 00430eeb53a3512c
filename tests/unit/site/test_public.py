# SPDX-License-Identifier: Apache-2.0
"""The public's site: complete from the view alone, for a server of ours and any static one; it tells nothing of sensors (P1, P3, P9, M-23)."""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from teiten.dictionary.entries import facts
from teiten.feeds import all_feeds
from teiten.model import CHANNELS
from teiten.publication.building import Builder, Sources
from teiten.publication.echoes import redactor
from teiten.publication.findings import Claim
from teiten.publication.folder import write_view
from teiten.publication.policies import PUBLIC
from teiten.publication.settings import PublicationConfig
from teiten.publication.view import View, target_id
from teiten.site import outside
from teiten.site.menu import MENU, entries
from teiten.site.outside import create_public_site
from teiten.site.public import PublicPages, file_name
from teiten.site.settings import SiteConfig
from teiten.site.throttling import Throttle
from tests.unit.publication.disguises import IPV4
from tests.unit.publication.observed import NOW, SENSORS, TOKYO, Met, store_of
from tests.unit.site.polyglots import POLYGLOTS
from tests.unit.site.reading import read
from tests.unit.site.test_finished import put

WITHHELD = b"GET /narrow.php"
LANGUAGES = ("ja", "en")
TABLE = "figure-2026-07-1.1-ja.csv"


def claim(target: bytes, level: str = "attention") -> Claim:
    return Claim(
        id=f"f-{level}", channel="web", target=target, level=level, states=("new", "becoming"), since_on=date(2026, 8, 18),  # type: ignore[arg-type]
        raised_on=date(2026, 8, 19), last_on=date(2026, 8, 30), days=2, networks=44, usual=3, ratio=9.7, sensors=4, live=5, rule="rise-1",
        sentence={"ja": "61.126.1.106 が", "en": "61.126.1.106 was"},
    )  # fmt: skip


def build(folder: Path, met: list[Met], closed: bool = True) -> View:
    store = store_of(folder, met)
    policy = msgspec.structs.replace(PUBLIC, closed=closed)
    sources = Sources(store, TOKYO, claims=lambda _: [claim(b"GET /"), claim(b"GET /new.php", "risk")], region_data_on=date(2026, 8, 1))
    view = Builder(sources, policy, PublicationConfig(list_rows=200), b"k" * 32, redactor(SENSORS)).view(NOW)
    store.close()
    return view


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    met = [
        Met(target=b"GET /", sources=120),
        Met(target=b"GET /new.php", sources=60),
        Met(target=WITHHELD, sensors=1),
        Met(target=b"root", channel="ssh"),
    ]
    return build(tmp_path_factory.mktemp("store"), [*met, Met(target=b"22/tcp", channel="packet", sources=70)])


@pytest.fixture
def pages(view: View) -> PublicPages:
    return PublicPages(view, SiteConfig(footer="© 2026"), all_feeds())


@pytest.fixture
def client(view: View, tmp_path: Path) -> TestClient:
    write_view(tmp_path, view)
    throttle = Throttle(per_second=0, burst=8)
    return TestClient(
        create_public_site(tmp_path, SiteConfig(), all_feeds(), throttle=throttle), base_url="http://observation.example", follow_redirects=False
    )


def whole(pages: PublicPages) -> dict[str, bytes]:
    return {path: page.body for path in pages.paths() if (page := pages.page(path))}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole_and_leads_on_to_pages_that_are_there(pages: PublicPages, language: str) -> None:
    """M-03: seven entries in their order, each a working page; no link leads nowhere."""
    there = set(pages.paths())
    for path in [path for path in there if path.startswith(f"{language}/")]:
        page = pages.page(path)
        assert page is not None
        reader = read(page.body.decode())
        assert reader.language == language
        local = {link.partition("#")[0].partition("?")[0].lstrip("/") for link in reader.links if not link.startswith("#")}
        assert local <= there, (path, local - there)
    menu = whole(pages)[f"{language}/"].decode().partition('<nav class="menu"')[2].partition("</ul>")[0]
    assert re.findall(r'href="([^"]*)"', menu) == [f"/{language}/{entry.place}/".replace("//", "/") for entry in MENU]


def test_last_update_period_zone_and_footer_are_on_every_page(pages: PublicPages) -> None:
    """M-02, M-05, M-22."""
    for entry in entries(inside=False):
        text = read((pages.page(f"ja/{entry.place}/" if entry.place else "ja/") or pytest.fail(entry.key)).body.decode()).text
        assert "2026-08-22" in text
        assert "Asia/Tokyo" in text
        assert "© 2026" in text
    assert "2026-08-10 → 2026-08-20の全件傾向" in read(whole(pages)["ja/"].decode()).text


def test_attention_and_risk_have_details_and_map(pages: PublicPages) -> None:
    """M-14, M-15, M-16, M-21."""
    for place, target, ours in (("attention", "GET /", True), ("risk", "GET /new.php", False)):
        html = whole(pages)[f"ja/{place}/"].decode()
        reader = read(html)
        assert target in reader.text
        assert ("GET /new.php" in reader.text) is not ours
        assert "詳細" in reader.text
        assert "地図" in reader.text
        assert "自サイトで確かめること" in reader.text
        assert "#map" in html
    detail = whole(pages)[f"en/detail/{pages.view.findings[0].target_id}/"].decode()
    assert "Why it is on a list" in detail
    assert 'class="map"' in detail


def test_nothing_of_the_operators_is_anywhere(pages: PublicPages) -> None:
    """P6, P7, P9 and the sentence, which has exact numbers; not even the withheld target's name."""
    for path, body in whole(pages).items():
        for secret in (b"point-", b"61.126", b"2001:db8", b"narrow", b"2026-08-21T", b"2026-08-30"):
            assert secret not in body, (path, secret)
        assert not redactor(SENSORS).spells(body), path


def test_every_disguise_of_every_sensor_stays_out_of_all_output(tmp_path: Path) -> None:
    """B11: sent as targets, seen widely, under a policy that names whatever redaction lets pass: 0 hits in everything that is public."""
    written = [write(ipaddress.IPv4Address(sensor.addresses[0])) for sensor in SENSORS[:2] for write in IPV4.values()]
    view = build(tmp_path, [Met(target=b"GET /x" + text, sources=12) for text in written] + [Met(target=b"GET /", sources=12)], closed=False)
    output = b"".join(whole(PublicPages(view, SiteConfig(), all_feeds())).values())
    assert [row.target for row in view.lists["web"]] == ["GET /"]
    assert not [text for text in written if b"GET /x" + text in output]


def test_hostile_targets_leave_pages_whole(tmp_path: Path) -> None:
    """B8, for what a looser policy would name."""
    view = build(tmp_path, [Met(target=target, sources=12) for target in POLYGLOTS], closed=False)
    pages = PublicPages(view, SiteConfig(), all_feeds())
    notices = {advisory.link for advisory in facts().advisories.values()}  # the only way out
    assert len(view.lists["web"]) == len(POLYGLOTS) - 2  # two are too long to be read for echoes
    for path, body in whole(pages).items():
        if path.endswith("/") and path.startswith("ja"):
            reader = read(body.decode())
            assert all(link.startswith(("/", "#")) or link in notices for link in reader.links)
        if path.endswith(".json"):
            json.loads(body)


def test_withheld_and_unknown_answer_alike(client: TestClient) -> None:
    """P3."""
    for asked, other in (("narrow", "nowise"), ("GET /narrow.php", "GET /nowise.php")):
        one, two = (client.get("/en/search", params={"q": text}).text for text in (asked, other))
        assert one.replace(asked, "") == two.replace(other, "")
    answers = [client.post("/en/check", data={"text": text}).text.replace(text, "") for text in ("/narrow.php", "/nobody.php")]
    assert answers[0] == answers[1]
    assert client.get("/en/detail/00112233445566778899/").status_code == 404


def test_withheld_and_unknown_cost_the_same(pages: PublicPages) -> None:
    """P3: in equal time, since the same is done: as many calls, of Python and of built-in functions, however often it is asked."""

    def calls(ask: Callable[[], object]) -> int:
        seen: list[str] = []
        ask()
        sys.setprofile(lambda frame, event, given: seen.append(event))
        try:
            ask()
        finally:
            sys.setprofile(None)
        return len(seen)

    for withheld, unknown in (("GET /narrow.php", "GET /nowise.php"), ("narrow", "nowise")):
        assert calls(lambda: pages.search("en", withheld)) == calls(lambda: pages.search("en", unknown))  # noqa: B023
        assert calls(lambda: pages.check("ja", withheld)) == calls(lambda: pages.check("ja", unknown))  # noqa: B023
    ids = [target_id("web", text) for text in (WITHHELD, b"GET /nowise.php")]
    assert len({calls(lambda: pages.page(f"en/detail/{one}/")) for one in ids}) == 1  # noqa: B023


def test_is_my_port_or_account_attacked(client: TestClient) -> None:
    """M-17, M-18, M-19, M-21, U-41: found with advice, and a clear answer with coverage where not."""
    answer = client.post("/en/check", data={"text": "22\nhttps://shop.example/new.php\nroot, sasaki\n192.0.2.1"})
    assert answer.headers["cache-control"] == "no-store"
    text = " ".join(read(answer.text).text.split())
    assert text.count("It is being asked for") == 3
    assert "sasaki Not in the published lists" in text
    assert "192.0.2.1 This is an address" in text
    assert "Web: observed since 2026-08-01" in text
    found = read(client.get("/ja/search?q=ROO").text)
    assert any("/ja/detail/" in link for link in found.links)


def test_a_body_too_large_and_too_many_searches_are_refused(client: TestClient) -> None:
    assert client.post("/ja/check", data={"text": "a" * 70_000}).status_code == 413
    statuses = [client.get("/ja/search?q=a").status_code for _ in range(10)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    refused = client.get("/en/search?q=a")
    assert refused.headers["retry-after"] == "5"
    assert "wait a moment" in refused.text
    assert client.get("/en/").status_code == 200


def test_pages_may_be_kept_and_unchanged_ones_are_not_sent_again(client: TestClient) -> None:
    """M-20: stable place, ETag."""
    for path in ("/ja/", "/feeds/attention.xml", "/api/findings.json", "/static/site.css"):
        first = client.get(path)
        assert first.status_code == 200
        assert first.headers["cache-control"] == "public, max-age=300"
        assert client.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 304


def test_every_path_of_the_document_is_answered_and_the_other_way_round(client: TestClient, pages: PublicPages) -> None:
    """The OpenAPI document and what is there agree."""
    described = client.get("/api/openapi.json").json()["paths"]
    known = {"channel": list(CHANNELS), "id": list(pages.view.targets)}
    expanded = set()
    for path in described:
        for name, values in known.items():
            if "{" + name + "}" in path:
                expanded |= {path.replace("{" + name + "}", value) for value in values}
        if "{" not in path:
            expanded.add(path)
    assert {f"/{path}" for path in pages.paths() if path.startswith(("api/", "feeds/", "schema/"))} | {"/api/search.json"} == expanded
    assert {client.get(path).status_code for path in expanded} == {200}


def test_static_files_are_the_pages(pages: PublicPages) -> None:
    names = [file_name(path) for path in pages.paths()]
    assert "index.html" in names
    assert "ja/ports/index.html" in names
    assert "feeds/attention.xml" in names
    assert len(set(names)) == len(names)


def test_the_last_good_view_stays_and_a_new_one_is_seen(view: View, tmp_path: Path) -> None:
    """Rule 13, fail static."""
    path = write_view(tmp_path, view)
    client = TestClient(create_public_site(tmp_path, SiteConfig(), all_feeds()), base_url="http://a.example")
    assert "2026-08-22" in client.get("/ja/").text
    write_view(tmp_path, msgspec.structs.replace(view, made_on=date(2026, 8, 23)))
    assert "2026-08-23" in client.get("/ja/").text
    path.write_bytes(b"torn")
    assert client.get("/ja/").status_code == 200
    path.unlink()
    assert "2026-08-23" in client.get("/ja/about/").text


def test_published_reports_are_listed_and_served(view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """M-23, U-27: as they are at the moment, in every form, with nothing that runs; a new view leaves them where they are."""
    monkeypatch.setattr(outside, "REPORTS_SECONDS", 0.0)
    write_view(tmp_path, view)
    client = TestClient(create_public_site(tmp_path, SiteConfig(), all_feeds()), base_url="http://a.example")
    assert "There are no reports yet" in client.get("/en/reports").text
    for period in ("2026-06", "2026-07"):
        put(tmp_path / "reports", period, "ja")
    write_view(tmp_path, view)
    for language in LANGUAGES:
        reader = read(client.get(f"/{language}/reports").text)
        assert [row[0] for row in reader.tables[0][1:]] == ["2026-07", "2026-06"]
        links = [link for link in reader.links if link.startswith("/reports/")]
        assert len(links) == 6
        assert f"/{language}/reports/" in reader.links
        assert {client.get(link).status_code for link in links} == {200}
    page, pdf, table = (client.get(f"/reports/2026-07/ja/{name}") for name in ("report-2026-07-ja.html", "report-2026-07-ja.pdf", TABLE))
    assert [one.headers["content-type"] for one in (page, pdf, table)] == ["text/html; charset=utf-8", "application/pdf", "text/csv; charset=utf-8"]
    assert "sandbox" in page.headers["content-security-policy"] and "script-src" not in page.headers["content-security-policy"]
    assert {one.headers["x-content-type-options"] for one in (page, pdf, table)} == {"nosniff"}
    assert page.headers["cache-control"] == "public, max-age=300"
    assert client.get(page.url.path, headers={"if-none-match": page.headers["etag"]}).status_code == 304
    for strange in ("../view.json", "%2e%2e/view.json", "2026-07/../../view.json", "%2Fetc%2Fpasswd", "2026-07/ja", "2026-07/ja/", ""):
        assert client.get(f"/reports/{strange}").status_code == 404, strange
    shutil.rmtree(tmp_path / "reports" / "2026-07")
    assert "2026-07" not in client.get("/en/reports/").text.partition("<main")[2].partition("</main>")[0]
    assert client.get(page.url.path).status_code == 404


def test_strange_requests_are_refused_quietly(client: TestClient) -> None:
    for path in (
        "/ja/nothing",
        "/../view.json",
        "/api/lists/../view.json",
        "/api/lists/packet",
        "/%00",
        "/ja/detail/",
        "/en/sensors",
        "/en/live",
        "/api/count",
    ):
        assert client.get(path).status_code in (400, 404), path
    assert client.post("/ja/ports").status_code == 405


def test_the_public_process_loads_no_store() -> None:
    """Rule 5: the code that serves the public can't open the store, for it isn't there."""
    program = (
        "import sys; import teiten.site.outside, teiten.feeds; teiten.feeds.all_feeds();"
        "print([m for m in ('duckdb', 'teiten.store.node', 'vl_convert') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
