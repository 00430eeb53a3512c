# SPDX-License-Identifier: Apache-2.0
"""The operator's own pages over a small store and home: sources, imports, reports, mute rules, and what the address bar can ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from teiten.feeds import all_feeds
from teiten.home import Home
from teiten.importers.interface import Rejected
from teiten.importers.records import Record, write_record
from teiten.importers.report import FileReport, ImportReport
from teiten.publication.findings import Claim
from teiten.publication.folder import write_alarms
from teiten.publication.markers import Alarms, Marker
from teiten.site.asking import StoreAnswers
from teiten.site.desk import Desk
from teiten.site.lookup import StoreLookup
from teiten.site.muting import Mute, MuteFile, Mutes, new_mute
from teiten.site.pages import create_site
from teiten.site.settings import SiteConfig
from teiten.site.sources import StoreSources
from tests.unit.publication.observed import NOW, TOKYO, Met, store_of
from tests.unit.site.reading import read, table
from tests.unit.site.test_lookup import claim

TODAY = date(2026, 8, 22)
MARKERS = (
    Marker("strings", "web", "a /?q=#", 16, (b"GET /?q=\x1b<b>1",)),
    Marker("volume", "packet", "9/a", 1, (b"22/tcp",), "point-1"),
    Marker("days", "packet", "9/a", 4, (b"23/tcp",)),
    Marker("sources", "packet", "9/a", 16, (b"23/tcp",)),
    Marker("ports", "packet", "9/a", 40, (b"20000/tcp",)),
)
MET = [
    Met(target=b"GET /", sources=40),
    Met(target=b"GET /wp-login.php", sources=9),
    Met(target=b"root", channel="ssh", sources=12),
    Met(target=b"22/tcp", channel="packet", sources=20),
]
FIRST = "20.0.1.9"  # the source of each target's first access


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("home"))
    rejected = [Rejected(7, "no time in it", b"\x1b[31m<script>"), Rejected(9, "no time in it", b"x")]
    counts = {"read": 10, "taken": 6, "duplicates": 1, "other": {"a session": 1}, "rejected": {"no time in it": 2}}
    file = FileReport("auth.log", "openssh", "the tag sshd", **counts, samples=rejected)  # type: ignore[arg-type]
    report = ImportReport()
    report.add(file)
    write_record(made.imports, Record("20260822T010203-abcdef", NOW - 60_000_000, NOW, "point-1", ["/var/log/auth.log"], report))
    (made.imports / "odd.json").write_text("{")
    month = made.reports / "2026-07" / "ja"
    month.mkdir(parents=True)
    (month / "report-2026-07-ja.html").write_text("<!doctype html><style>p{}</style><p>月報")
    (month / "figure-2026-07-2.4.1-ja.csv").write_text("a,b\r\n")
    (made.reports / ".2026-08.0a1b2c3d" / "ja").mkdir(parents=True)  # being written just now
    (made.reports / ".2026-08.0a1b2c3d" / "ja" / "report-2026-08-ja.html").write_text("half")
    (made.root / "secret.html").write_text("secret")
    return made


@pytest.fixture(scope="module")
def client(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    store = store_of(tmp_path_factory.mktemp("store"), MET)

    def claims(as_of: date) -> list[Claim]:
        return [claim(b"GET /", "attention"), claim(b"GET /wp-login.php", "risk")]

    lookup, sources = StoreLookup(store, TOKYO, claims=claims), StoreSources(store, TOKYO)
    settings = SiteConfig(cache_seconds=60)
    app = create_site(StoreAnswers(store, TOKYO), settings, TOKYO, lambda: NOW, None, lookup, all_feeds(), sources, Desk(home))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as made:
        yield made
    store.close()


@pytest.fixture
def unmuted(home: Home) -> Iterator[None]:
    yield
    (home.root / "mutes.json").unlink(missing_ok=True)


def seal(client: TestClient) -> str:
    found = re.search(r'name="seal" value="([0-9a-f]{32})"', client.get("/en/mutes").text)
    assert found
    return found[1]


def mute(client: TestClient, **changed: str) -> int:
    fields = {"seal": seal(client), "what": "target", "channel": "", "pattern": "GET /*", "reason": "our scan", "until": "2026-09-01"}
    return client.post("/en/mutes", data={**fields, **changed}).status_code


def test_sources_of_the_period_lead_to_their_pages(client: TestClient) -> None:
    """M-19: searching by source, on the operator's side."""
    rows = table(read(client.get("/en/sources").text), ["Rank", "Accesses", "Sensors", "Source", "Network"])
    assert rows[0][:2] == ["1", "4"]
    assert rows[0][3:] == [FIRST, "20.0.1.0/24"]
    reader = read(client.get(f"/en/source?address={FIRST}").text)
    assert table(reader, ["Channel", "Accesses", "Sensors", "Target"]) == [
        ["Packet", "1", "1", "22/tcp"], ["SSH", "1", "1", "root"], ["Web", "1", "1", "GET /"], ["Web", "1", "1", "GET /wp-login.php"],
    ]  # fmt: skip
    assert "first2026-08-12" in reader.text.replace(" ", "").lower().replace("seen", "")
    assert {row[3] for row in table(reader, ["Time", "Channel", "Kind", "Sensor", "Target"])} == {"point-1"}
    assert client.get(f"/ja/search?q={FIRST}").text.count(f"/ja/source?address={FIRST}") == 1
    assert f"/en/source?address={FIRST}" in client.post("/en/check", data={"text": FIRST}).text


def test_an_address_that_never_came_says_so_and_anything_else_is_no_page(client: TestClient) -> None:
    unknown = client.get("/en/source?address=203.0.113.77")
    assert (unknown.status_code, "has been observed" in unknown.text) == (404, True)
    assert client.get("/en/source?address=x").status_code == 404
    assert client.get("/en/source").status_code == 404


def test_lists_filter_by_channel_period_and_group_in_the_address_bar(client: TestClient) -> None:
    def targets(place: str) -> set[str]:
        return {row[-1] for rows in read(client.get(place).text).tables for row in rows[1:] if len(row) == 5}

    assert "root" in targets("/en/new?days=31")
    assert targets("/en/new?channel=web&days=31") >= {"GET /", "GET /wp-login.php"}
    assert "root" not in targets("/en/new?channel=web&days=31")
    assert "2026-07-22 → 2026-08-21" in read(client.get("/en/ports?days=31").text).text
    assert client.get("/en/attention?channel=mail").text.count('class="finding') == 0
    assert client.get("/en/attention?channel=web").text.count('class="finding') == 1
    assert len(table(read(client.get("/en/sources?channel=ssh").text), ["Rank", "Accesses", "Sensors", "Source", "Network"])) == 12
    later = client.get("/en/attention?channel=web&days=31&group=g").text
    assert 'href="/ja/attention?group=g&amp;channel=web&amp;days=31"' in later  # the state survives a change of language
    assert 'href="/en/risk?group=g&amp;days=31"' in later
    for wrong in ("days=0", "days=367", "days=x", "channel=gopher", "group=none"):
        assert client.get(f"/en/attention?{wrong}").status_code == 400


def test_each_table_can_be_had_as_csv(client: TestClient) -> None:
    link = next(link for link in read(client.get("/en/ports").text).links if ".csv" in link)
    answer = client.get(link)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text == '"target","accesses","sources","sensors"\r\n"22/tcp","20","20","4"\r\n'


def test_imports_account_for_every_line(client: TestClient) -> None:
    """U-33: are my reports received?"""
    page = client.get("/en/imports")
    rows = read(page.text).tables[0]
    assert rows[1][1:9] == ["point-1", "1", "10", "6", "1", "1", "2", "0"]
    assert "1 import records can't be read" in read(page.text).text
    one = client.get("/en/imports?name=20260822T010203-abcdef").text
    assert "6 + 1 + 1 + 2 = 10" in one
    assert r"\x1b[31m&lt;script&gt;" in one
    assert "no import of this name" in client.get("/en/imports?name=../secret").text
    sensors = table(read(client.get("/en/sensors").text), read(client.get("/en/sensors").text).tables[0][0])
    assert {row[0]: row[10] for row in sensors}["point-1"] == "2"


def test_reports_are_listed_and_served_without_anything_that_runs(client: TestClient) -> None:
    page = client.get("/ja/reports").text
    assert "/reports/2026-07/ja/report-2026-07-ja.html" in page
    assert "2026-08" not in page.partition("<main")[2].partition("</main>")[0].replace("2026-08-22", "")
    report = client.get("/reports/2026-07/ja/report-2026-07-ja.html")
    assert report.text.endswith("月報")
    assert "sandbox" in report.headers["content-security-policy"]
    assert "script-src" not in report.headers["content-security-policy"]
    assert client.get("/reports/2026-07/ja/figure-2026-07-2.4.1-ja.csv").headers["content-type"] == "text/csv; charset=utf-8"
    for outside in ("../secret.html", "%2e%2e/secret.html", "2026-07/../../secret.html", "/etc/passwd", ""):
        assert client.get(f"/reports/{outside}").status_code == 404


@pytest.mark.usefixtures("unmuted")
def test_a_muted_target_leaves_the_lists_but_no_total(client: TestClient) -> None:
    lead = re.compile(r'<p class="lead">(.*?)</p>')
    first = client.get("/en/urls").text
    before = read(first)
    assert mute(client, pattern="GET /wp*", channel="web") == 303
    reader = read(client.get("/en/urls").text)
    header = ["Rank", "Trend", "Count", "Sources", "By day", "Sensors", "Targeted URL"]
    assert [row[-1] for row in table(before, header)] == ["GET /", "GET /wp-login.php"]
    assert [row[-1] for row in table(reader, header)] == ["GET /"]
    assert "1 muted" in reader.text
    assert "our scan" in reader.text
    assert "49" in lead.findall(first)[0]
    assert lead.findall(client.get("/en/urls").text) == lead.findall(first)  # 40 + 9 accesses, muted or not
    assert client.get("/en/risk").text.count("<article") == 0
    assert "GET /wp-login.php" in client.get("/en/risk").text
    assert "1 muted" in client.get("/en/").text
    assert [item["target"] for item in client.get("/feeds/attention.json").json()["items"]] == ["GET /"]


@pytest.mark.usefixtures("unmuted")
def test_a_muted_source_is_shown_apart_and_can_be_lifted(client: TestClient, home: Home) -> None:
    assert mute(client, what="source", pattern="20.0.0.0/16") == 303
    page = client.get("/en/sources").text
    assert "1 muted" in page
    assert FIRST not in {row[3] for row in table(read(page), ["Rank", "Accesses", "Sensors", "Source", "Network"])}
    assert "Muted until 2026-09-01" in client.get(f"/en/source?address={FIRST}").text
    rule = MuteFile(home.root / "mutes.json").read()[0]
    assert client.post("/en/mutes", data={"seal": seal(client), "lift": rule.id}).status_code == 303
    assert "muted" not in client.get("/en/sources").text.replace("Mute rules", "")
    kept = MuteFile(home.root / "mutes.json").read()[0]
    assert (kept.lifted_on, kept.reason) == (TODAY, "our scan")  # never deleted


@pytest.mark.usefixtures("unmuted")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seal": "0" * 32}, "too old"),
        ({"pattern": "*"}, "hide everything"),
        ({"pattern": ""}, "understood"),
        ({"what": "source", "pattern": "0.0.0.0/0"}, "hide everything"),
        ({"what": "source", "pattern": "example.org"}, "understood"),
        ({"reason": "  "}, "Give a reason"),
        ({"until": "2026-08-21"}, "Choose a day"),
        ({"until": "2028-01-01"}, "Choose a day"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(client: TestClient, home: Home, changed: dict[str, str], said: str) -> None:
    """A page of somebody else can't know the seal, so it can't mute anything here."""
    fields = {"seal": seal(client), "what": "target", "pattern": "GET /*", "reason": "our <b>scan", "until": "2026-09-01", **changed}
    answer = client.post("/en/mutes", data=fields)
    assert answer.status_code == 200
    assert said in read(answer.text).text
    assert fields["pattern"] == "" or f'value="{fields["pattern"]}"' in answer.text
    assert not (home.root / "mutes.json").exists()


def test_pages_with_a_seal_are_not_packed(client: TestClient) -> None:
    """The length of a packed page would tell what stands beside the text that a link put into the form."""
    page = client.get("/ja/mutes?pattern=abc", headers={"accept-encoding": "gzip"})
    assert (page.status_code, "content-encoding" in page.headers) == (200, False)


def test_rules_match_whole_texts_and_end_by_themselves() -> None:
    rule = new_mute("target", "", "GET /a*.php", "r", date(2026, 9, 1), TODAY)
    assert isinstance(rule, Mute)
    held = Mutes([rule], TODAY)
    assert held.of_target("web", b"GET /a\nb.php") is rule
    assert held.of_target("web", "GET /a.phpx") is None
    assert held.of_target("web", "xGET /a.php") is None
    assert not Mutes([rule], date(2026, 9, 2))


def test_a_damaged_file_of_rules_is_never_written_over(tmp_path: Path) -> None:
    file = MuteFile(tmp_path / "mutes.json")
    (tmp_path / "mutes.json").write_text("{")
    rule = new_mute("source", "", "192.0.2.1", "r", date(2026, 9, 1), TODAY)
    assert isinstance(rule, Mute)
    with pytest.raises(Exception, match="can't be read"):
        file.add(rule)
    assert (tmp_path / "mutes.json").read_text() == "{"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_signs_of_marking_are_told_with_their_evidence(client: TestClient, home: Home, language: str) -> None:
    """P8, B12: on a page of their own, and on the first page. Pages are kept, so each is asked as of another day."""
    (home.findings / "markers.json").unlink(missing_ok=True)
    never = read(client.get(f"/{language}/markers?as_of=2026-08-19").text).text
    assert ("まだ調べていません" if language == "ja" else "Nobody has looked yet") in never
    assert "/markers" not in client.get(f"/{language}/?as_of=2026-08-19").text.partition("<main")[2]
    write_alarms(home.findings, Alarms(NOW, MARKERS))
    text = read(client.get(f"/{language}/markers?as_of=2026-08-20").text).text
    for part in ("2026-08-22 06:00:00", "GET /?q=\\x1b<b>1", "point-1", "23/tcp", "16", "40"):
        assert part in text, part
    assert f"/{language}/markers" in client.get(f"/{language}/?as_of=2026-08-20").text.partition("<main")[2]
    write_alarms(home.findings, Alarms(NOW, ()))
    assert ("しるしはありません" if language == "ja" else "There are no signs") in read(client.get(f"/{language}/markers?as_of=2026-08-21").text).text
