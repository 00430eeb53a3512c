# SPDX-License-Identifier: Apache-2.0
"""The pages over a real store: what was stored is what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from teiten.clock import to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, Gap, Heartbeat, SensorEntry
from teiten.site.asking import SensorState, StoreAnswers
from teiten.site.pages import create_site
from teiten.site.settings import SiteConfig
from teiten.store.node import NodeStore
from tests.unit.site.invented import NOW, TOKYO
from tests.unit.site.reading import read, table

REGION_DATA = date(2007, 8, 1)


def at(day: int, hour: int = 12) -> int:
    return to_microseconds(datetime(2007, 8, day, hour, tzinfo=TOKYO))


def access(day: int, source: int, target: bytes, channel: str = "packet", kind: str = "syn") -> Access:
    return Access(observed_at=at(day), channel=channel, kind=kind, source=bytes([192, 0, 2, source]), target=target)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NodeStore]:
    opened = NodeStore.open(tmp_path, TOKYO)
    opened.register(SensorEntry("fixed-1", "local"))
    opened.register(SensorEntry("idle", "demo", True))
    rows = [access(20, n, b"445/tcp") for n in (1, 2, 3)] + [access(21, 1, b"445/tcp"), access(21, 1, b"135/tcp"), access(21, 2, b"139/tcp")]
    rows += [access(27, 9, b"GET /\xff<b>", "web", "request")]
    beat = Heartbeat(from_at=at(20, 0), to_at=at(21, 23), channel="packet", emitted=6, dropped=2, backlog_bytes=77)
    gap = Gap(from_at=at(21), to_at=at(21, 13), channel="packet", records=5, reason="flood limit")
    opened.take(BatchKey("fixed-1", "0" * 16, 0, bytes(16)), from_accesses(rows), NOW, [beat], [gap])
    yield opened
    opened.close()


@pytest.fixture
def page(store: NodeStore) -> TestClient:
    app = create_site(StoreAnswers(store, TOKYO, REGION_DATA), SiteConfig(cache_seconds=0), TOKYO, lambda: NOW)
    return TestClient(app, base_url="http://127.0.0.1")


def test_top_page_tells_what_was_stored(page: TestClient) -> None:
    """M-05, M-07, M-11: ranks with ties, the open day only under today."""
    reader = read(page.get("/en/").text)
    assert [row[0::2] for row in table(reader, ["Rank", "Trend", "Count", "Targeted port"])] == [["1", "4"], ["2", "1"], ["2", "1"]]
    assert [row[3] for row in table(reader, ["Rank", "Trend", "Count", "Targeted port"])] == ["445/tcp", "135/tcp", "139/tcp"]
    assert "Accesses per sensor and day3.0" in reader.text
    assert "Sources per sensor and day2.5" in reader.text
    assert "Sensor-days observed2" in reader.text
    days = {row[0]: row[1:] for row in table(reader, ["Sources", "Accesses"] * 5)}
    assert days["2007-08-20"][:3] == ["1", "3", "3"]
    assert days["2007-08-19"] == ["0"] + ["not observed"] * 5
    assert "allocation data of 2007-08-01" in reader.text
    live = page.get("/en/live").json()
    assert live["rows"][0]["target"] == "GET /\\xff<b>"
    assert {row["channel"]: row["accesses"] for row in live["today"]} == {"packet": "0", "web": "1", "ssh": "0", "mail": "0"}


def test_links_answer_with_the_number_they_stand_under(page: TestClient) -> None:
    reader = read(page.get("/en/").text)
    link = next(link for link in reader.links if "445" in link)
    assert sum(row["accesses"] for row in page.get(link).json()) == 4


def test_sensor_states_join_heartbeats_and_gaps(store: NodeStore, page: TestClient) -> None:
    """U-33."""
    assert StoreAnswers(store, TOKYO).sensor_states() == [
        SensorState("fixed-1", "local", False, "packet", at(21, 23), NOW, 77, 2, 1, 5, clock_us=NOW - at(27)),
        SensorState("idle", "demo", True, "", None, None, 0, 0, 0, 0),
    ]
    assert page.get("/ja/sensors").status_code == 200


def test_an_empty_store_has_every_page(tmp_path: Path) -> None:
    store = NodeStore.open(tmp_path / "empty", TOKYO)
    client = TestClient(create_site(StoreAnswers(store, TOKYO), SiteConfig(), TOKYO, lambda: NOW), base_url="http://127.0.0.1")
    for place in ("", "ports", "urls", "accounts", "mail", "sensors", "live"):
        assert client.get(f"/ja/{place}").status_code == 200
    assert "日付が変わると現れます" in client.get("/ja/").text  # what comes when
    store.close()
