# SPDX-License-Identifier: Apache-2.0
"""World ipa2007, group mustan, through the store: ranks, counts and marks of the four Top 5 tables (N-07 … N-10, A-02, M-07 … M-12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from teiten.clock import to_microseconds
from teiten.marks import StoreMarks
from teiten.model import Period
from teiten.questions.rankings import ranking
from teiten.site.asking import StoreAnswers
from teiten.site.pages import create_site
from teiten.site.settings import SiteConfig
from teiten.store.node import NodeStore
from teiten.worlds.interface import WorldBatch
from teiten.worlds.ipa2007 import Ipa2007
from tests.unit.site.reading import read, table

TOKYO = ZoneInfo("Asia/Tokyo")
WINDOW = Period(date(2007, 8, 16), date(2007, 8, 27))


@pytest.fixture(scope="module")
def store(world: Ipa2007, batches: list[WorldBatch], tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeStore]:
    opened = NodeStore.open(tmp_path_factory.mktemp("store"), TOKYO)
    for entry in world.sensors():
        opened.register(entry)
    for batch in batches:
        if batch.key.sensor.startswith("mustan"):
            opened.take(batch.key, batch.columns, 0)
    for covered in world.coverage():
        if covered.sensor.startswith("mustan"):
            opened.cover(*covered)
    yield opened
    opened.close()


@pytest.mark.parametrize("channel", ["packet", "ssh", "web", "mail"])
def test_the_published_marks(store: NodeStore, world: Ipa2007, channel: str) -> None:
    ranked = ranking(store, WINDOW, zone=TOKYO, channel=channel, group="mustan", top=5)
    marks = StoreMarks(store)(WINDOW, channel, "mustan", [row.key for row in ranked if isinstance(row.key, bytes)])
    shown = [(row.rank, marks[row.key].arrow, row.accesses, row.key) for row in ranked if isinstance(row.key, bytes)]
    assert sorted(shown) == sorted(world.truth()["mustan"][channel])


def test_marks_are_the_same_after_sealing(store: NodeStore) -> None:
    targets = [b"5900/tcp", b"135/tcp", b"never/tcp"]
    before = StoreMarks(store)(WINDOW, "packet", "mustan", targets)
    store.seal(date(2007, 8, 27))
    assert StoreMarks(store)(WINDOW, "packet", "mustan", targets) == before
    assert before[b"5900/tcp"].growth > 1.4
    assert (before[b"never/tcp"].few, before[b"never/tcp"].networks) == (True, 0)
    assert StoreMarks(store)(WINDOW, "packet", "mustan", []) == {}


COLUMNS = {
    "ja": {"packet": "攻撃対象ポート", "ssh": "攻撃対象アカウント名", "web": "攻撃対象URL", "mail": "不正メール(Subject)"},
    "en": {"packet": "Targeted port", "ssh": "Targeted account", "web": "Targeted URL", "mail": "Mail (subject)"},
}


@pytest.mark.parametrize(("language", "period"), [("ja", "2007-08-16 → 2007-08-26の全件傾向"), ("en", "2007-08-16 → 2007-08-26")])
def test_the_first_page_shows_the_published_tables(store: NodeStore, world: Ipa2007, language: str, period: str) -> None:
    """M-02, M-05, M-07 … M-12: M-08, M-09, M-10 and M-11 too; on 2007-08-27, ranks with ties, marks and counts in the published order."""
    now = to_microseconds(datetime(2007, 8, 27, 9, 30, tzinfo=TOKYO))
    app = create_site(StoreAnswers(store, TOKYO), SiteConfig(), TOKYO, lambda: now, StoreMarks(store))
    reader = read(TestClient(app, base_url="http://127.0.0.1").get(f"/{language}/").text)
    assert period in reader.text
    assert "2007-08-27" in reader.text
    first = ["順位", "傾向", "観測回数"] if language == "ja" else ["Rank", "Trend", "Count"]
    for channel, name in COLUMNS[language].items():
        shown = [(row[0], row[1][0], row[2].replace(",", ""), row[3]) for row in table(reader, [*first, name])]
        wanted = [(str(rank), mark, str(count), target.decode()) for rank, mark, count, target in world.truth()["mustan"][channel]]
        assert sorted(shown) == sorted(wanted)
        assert [row[0] for row in shown] == sorted(row[0] for row in shown)
