# SPDX-License-Identifier: Apache-2.0
"""The first page says what the mission's rows ask, in both languages."""

from __future__ import annotations

import re
from datetime import date

import pytest
from starlette.testclient import TestClient

from teiten.detectors.trend import Mark
from teiten.model import Period
from teiten.questions.observation import PerSensorDay
from teiten.questions.windows import window
from teiten.site.inside import condition
from teiten.site.menu import MORE
from teiten.site.settings import SiteConfig
from tests.unit.site.conftest import MakeClient
from tests.unit.site.invented import Invented
from tests.unit.site.reading import Reader, read, table

PORTS = ["順位", "傾向", "観測回数", "攻撃対象ポート"]
ACCOUNTS = ["順位", "傾向", "観測回数", "攻撃対象アカウント名"]
URLS = ["順位", "傾向", "観測回数", "攻撃対象URL"]
MAIL = ["順位", "傾向", "観測回数", "不正メール(Subject)"]


@pytest.fixture
def page(client: TestClient) -> Reader:
    answer = client.get("/ja/")
    assert answer.status_code == 200
    return read(answer.text)


@pytest.mark.parametrize(("path", "language", "name", "purpose"), [
    ("/ja/", "ja", "Teiten 定点", "決まった場所で観測し続けて"),
    ("/en/", "en", "Teiten 定点", "seen from fixed points"),
])  # fmt: skip
def test_header_has_name_and_purpose(client: TestClient, path: str, language: str, name: str, purpose: str) -> None:
    """M-01."""
    reader = read(client.get(path).text)
    assert reader.language == language
    assert name in reader.text
    assert purpose in reader.text


@pytest.mark.parametrize("place", ["", "ports", "urls", "accounts", "mail", "sensors"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_has_update_date_zone_menu_and_footer(make_client: MakeClient, language: str, place: str) -> None:
    """M-02, M-22; the menu leads to working pages."""
    client = make_client(SiteConfig(cache_seconds=0, footer="© 2026 <観測室>"))
    answer = client.get(f"/{language}/{place}")
    assert answer.status_code == 200
    reader = read(answer.text)
    assert ("最終更新: 2007-08-27" if language == "ja" else "Last update: 2007-08-27") in " ".join(reader.text.replace(":", ": ").split())
    assert "Asia/Tokyo" in reader.text
    assert "© 2026 <観測室>" in reader.text
    menu = re.findall(r'href="([^"]*)"', answer.text.partition('<nav class="menu"')[2].partition("</nav>")[0])
    assert menu[:7] == [f"/{language}/{name}" for name in ("", "attention", "risk", "ports", "urls", "accounts", "mail")]
    assert menu[7:] == [f"/{language}/{entry.place}" for entry in MORE]


def test_legend_names_the_four_channels_and_their_keys(page: Reader) -> None:
    """M-04, M-13."""
    said = " ".join(page.text.split())
    for legend in ("Packet = 宛先ポート番号", "Web = アクセスURL", "SSH = アクセスアカウント名", "Mail = 不正メール"):
        assert legend in said


@pytest.mark.parametrize(("path", "line"), [
    ("/ja/", "2007-08-16 → 2007-08-26の全件傾向"),
    ("/en/", "2007-08-16 → 2007-08-26, trend over all accesses"),
    ("/ja/?as_of=2007-08-01", "2007-07-21 → 2007-07-31の全件傾向"),
])  # fmt: skip
def test_period_line(client: TestClient, path: str, line: str) -> None:
    """M-05, N-11: eleven dates, up to the last complete day."""
    assert line in read(client.get(path).text).text


def test_window_is_the_last_complete_day_and_ten_before() -> None:
    """N-11."""
    assert window(date(2007, 8, 27)) == Period(date(2007, 8, 16), date(2007, 8, 27))


def test_figures_of_sources_come_with_text_and_table(page: Reader, client: TestClient) -> None:
    """M-06."""
    html = client.get("/ja/").text
    assert html.count('<svg class="sources"') == 5
    assert html.count('<svg class="accesses"') == 5
    assert "全体の1日ごとの発信元数。最小 2,000(2007-08-16)" in html
    days = table(page, ["発信元数", "アクセス数"] * 5)
    assert [row[0] for row in days] == [f"2007-08-{day}" for day in range(16, 27)]
    assert days[0][1:4] == ["10", "2,000", "6,000"]
    assert days[6] == ["2007-08-22", "0"] + ["観測なし"] * 5


def test_top_five_tables_have_four_columns_in_order(page: Reader) -> None:
    """M-07, M-08, M-09, M-10; without a mark the column is there and says so."""
    assert table(page, PORTS)[0] == ["1", "–印なし", "1,659", "135/tcp"]
    assert len(table(page, PORTS)) == 5
    assert [row[3] for row in table(page, ACCOUNTS)] == ["test", "admin", "guest", "user", "oracle"]
    assert table(page, URLS)[1][3] == "POST http://192.0.2.7:80/post.php"
    assert "検知が動き始めてから付きます" in page.text


def test_fewer_than_five_rows_are_not_padded(page: Reader) -> None:
    """M-10."""
    assert [row[3] for row in table(page, MAIL)] == ["お得な情報", "Re: your account", "(空)", "test 1"]


def test_tied_ranks_share_a_number(page: Reader) -> None:
    """M-11, N-09."""
    assert [row[0] for row in table(page, URLS)] == ["1", "2", "3", "3", "3"]


def test_marks_are_shown_with_a_text_alternative(make_client: MakeClient) -> None:
    """M-12."""

    def marks(period: Period, channel: str, group: str | None, targets: object) -> dict[bytes, Mark]:
        assert period.days == 11
        made = {"↑": b"135/tcp", "→": b"445/tcp", "↓": b"139/tcp"}
        return {target: Mark(arrow, arrow == "→", 1.0, 0.0, 1, 1, "1") for arrow, target in made.items()}  # type: ignore[arg-type]

    html = make_client(marks=marks).get("/en/").text
    for state, arrow, words in (("up", "↑", "spreading"), ("few", "→", "too few seen to tell"), ("down", "↓", "receding")):
        assert f'<span class="trend {state}" role="img" aria-label="{words}" title="{words}">{arrow}</span>' in html
    assert "it is not about volume" in html


def test_means_are_per_observed_sensor_day(page: Reader) -> None:
    """N-03, N-04: 93,621 / 110 and 35,530 / 110."""
    for number in ("アクセス851", "発信元323", "延べ日数110"):
        assert number in page.text


def test_nothing_observed_is_no_division(client: TestClient, ask: Invented, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "per_sensor_day", lambda period, group: PerSensorDay(0, 0, 0))
    text = read(client.get("/en/").text).text
    assert "Accesses per sensor and day–" in text
    assert "Sources per sensor and day–" in text


def test_numbers_link_to_their_question(page: Reader) -> None:
    fields = "channel=packet&from_on=2007-08-16&to_on=2007-08-27&target=445%2Ftcp"
    assert f"/api/count?by=day&{fields}" in page.links


def test_group_is_in_the_address_and_kept_in_links(client: TestClient) -> None:
    reader = read(client.get("/ja/?group=local&as_of=2007-08-20").text)
    assert "/ja/ports?group=local&as_of=2007-08-20" in reader.links
    assert "/en/?group=local&as_of=2007-08-20" in reader.links
    assert "/ja/?group=talot2&as_of=2007-08-20" in reader.links
    assert "基準日:" in reader.text


@pytest.mark.parametrize("query", ["group=nobody", "as_of=yesterday", "as_of=2027-01-01", "as_of=1066-10-14", "group=%00"])
def test_a_wrong_view_is_refused_without_an_echo(client: TestClient, query: str) -> None:
    answer = client.get(f"/ja/?{query}")
    assert answer.status_code == 400
    assert "nobody" not in answer.text
    assert "yesterday" not in answer.text


@pytest.mark.parametrize(("group", "words"), [("", "混ざっています"), ("?group=talot2", "すべて作られた見本"), ("?group=local", None)])
@pytest.mark.parametrize("place", ["", "ports", "sensors"])
def test_demo_data_is_named_on_every_page(client: TestClient, place: str, group: str, words: str | None) -> None:
    text = read(client.get(f"/ja/{place}{group}").text).text
    assert (words in text) if words else ("デモデータ" not in text)


def test_an_empty_store_gives_a_calm_page(client: TestClient, ask: Invented) -> None:
    ask.targets = {channel: [] for channel in ask.targets}
    reader = read(client.get("/ja/").text)
    assert table(reader, PORTS) == [["この期間には観測されていません。"]]


def test_list_page_tells_sources_and_sensors(client: TestClient) -> None:
    rows = table(read(client.get("/en/ports").text), ["Rank", "Trend", "Count", "Sources", "By day", "Sensors", "Targeted port"])
    assert rows[5] == ["6", "–no mark", "201", "101", "", "3", "ping/icmp"]


def test_sensors_page_answers_are_my_reports_received(client: TestClient) -> None:
    """U-33."""
    reader = read(client.get("/en/sensors").text)
    rows = table(
        reader,
        [
            "Sensor",
            "Group",
            "Channel",
            "State",
            "Last heartbeat",
            "Last batch received",
            "Backlog",
            "Dropped (accesses)",
            "Gaps",
            "Records in gaps",
            "Rejected lines",
            "Clock",
        ],
    )
    assert rows == [
        [
            "talot2-01 demo",
            "talot2",
            "Packet",
            "observing",
            "2007-08-27 09:29:40",
            "2007-08-27 09:29:55",
            "0 B",
            "0",
            "0",
            "0",
            "–",
            "behind by 0.4 s at most",
        ],
        ["here", "local", "SSH", "no heartbeat", "never", "never", "50 KiB", "12", "1", "300", "–", "–"],
    ]


def test_a_sensor_is_silent_after_five_minutes(ask: Invented) -> None:
    state = ask.sensor_states()[0]
    assert state.heartbeat_at is not None
    assert condition(state, state.heartbeat_at + 300_000_000) == "observing"
    assert condition(state, state.heartbeat_at + 300_000_001) == "silent"
