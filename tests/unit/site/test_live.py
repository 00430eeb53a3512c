# SPDX-License-Identifier: Apache-2.0
"""The live list shows the same words on the page and in what its script fetches."""

from __future__ import annotations

from starlette.testclient import TestClient

from teiten.site.settings import SiteConfig
from tests.unit.site.conftest import MakeClient
from tests.unit.site.reading import read, table

HEADER = ["時刻", "観測対象", "種別", "発信元", "地域", "攻撃対象"]


def test_page_and_script_show_the_same(client: TestClient) -> None:
    rows = table(read(client.get("/ja/").text), HEADER)
    fetched = client.get("/ja/live").json()["rows"]
    assert len(rows) == 30
    assert rows == [[row[name] for name in ("time", "channel_name", "kind", "source", "region", "target")] for row in fetched]
    assert rows[0] == ["09:30:00", "Packet", "SYN", "2001:db8::1", "JP", "135/tcp"]
    assert rows[3][2:5] == ["パスワード", "203.0.113.4", "不明"]


def test_repeated_arrivals_in_one_row_say_so(client: TestClient) -> None:
    assert client.get("/en/live").json()["rows"][4]["target"].endswith(" ×3")


def test_todays_counts_come_for_every_channel(client: TestClient) -> None:
    assert client.get("/en/live").json()["today"][0] == {"channel": "packet", "accesses": "4,767", "sources": "1,261"}
    assert [row["channel"] for row in client.get("/en/live").json()["today"]] == ["packet", "web", "ssh", "mail"]


def test_number_of_rows_is_a_setting(make_client: MakeClient) -> None:
    assert len(make_client(SiteConfig(live_rows=3)).get("/ja/live").json()["rows"]) == 3
