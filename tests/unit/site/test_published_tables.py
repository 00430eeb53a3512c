# SPDX-License-Identifier: Apache-2.0
"""The public's tables as files and its pages by channel: the same numbers as on the pages, and nothing for what isn't there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from teiten.model import CHANNELS
from teiten.publication.view import View
from teiten.site.public import PublicPages
from teiten.site.settings import SiteConfig
from tests.unit.publication.observed import Met
from tests.unit.site.reading import read
from tests.unit.site.test_public import build


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicPages]:
    met = [Met(target=b"GET /", sources=120), Met(target=b"GET /new.php", sources=60), Met(target=b"22/tcp", channel="packet", sources=70)]
    yield PublicPages(build(tmp_path_factory.mktemp("store"), [*met, Met(target=b"=cmd|x", channel="mail", sources=11)]), SiteConfig())


def rows(pages: PublicPages, place: str) -> list[dict[str, str]]:
    page = pages.page(f"api/{place}")
    assert page is not None
    assert page.media_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(page.body.decode())))


def told(value: int | None) -> str:
    return "" if value is None else str(value)


def test_each_figure_has_its_rows_as_csv(pages: PublicPages) -> None:
    """U-22, U-32: days, lists, regions, targets, as the view has them; withheld counts are empty."""
    view: View = pages.view
    days = [(row["channel"], row["day"], row["sources"]) for row in rows(pages, "series.csv")]
    assert days == [(name or "all", str(day.day), told(day.sources) if day.observed else "") for name, each in view.series.items() for day in each]
    for channel in CHANNELS:
        assert [row["id"] for row in rows(pages, f"lists/{channel}.csv")] == [row.id for row in view.lists[channel]]
        assert [row["sources"] for row in rows(pages, f"regions/{channel}.csv")] == [told(row.sources) for row in view.channel_regions[channel]]
    assert [row["region"] for row in rows(pages, "regions.csv")] == [row.key for row in view.regions]
    for one, target in view.targets.items():
        assert [row["accesses"] for row in rows(pages, f"targets/{one}.csv")] == [told(day.accesses) if day.observed else "" for day in target.days]
        assert [row["region"] for row in rows(pages, f"targets/{one}/regions.csv")] == [row.key for row in target.regions]


@pytest.mark.parametrize("place", ["lists/none.csv", "regions/none.csv", "none.csv", "targets/00.csv", "targets/00/regions.csv", "x/y/z.csv", ".csv"])
def test_a_table_that_is_not_there_is_no_page(pages: PublicPages, place: str) -> None:
    assert pages.page(f"api/{place}") is None


def test_lists_and_map_by_channel_are_pages_of_their_own(pages: PublicPages) -> None:
    """M-14, M-16, M-17: chosen without a script and without a server; what can't be chosen is said."""
    for place, shown, other in (("attention", "web", "ssh"), ("risk", "web", "packet")):
        one, none = (read((pages.page(f"en/{place}/{channel}/") or pytest.fail(channel)).body.decode()) for channel in (shown, other))
        assert "Details" in one.text
        assert "Details" not in none.text
        assert f"/en/{place}/" in one.links and f"/ja/{place}/{shown}/" in one.links
        assert "can't be chosen here" in one.text
    mapped = (pages.page("ja/map/web/") or pytest.fail()).body.decode()
    assert "/api/regions/web.csv" in mapped
    assert "期間とグループは公開の方針で決まっていて" in mapped
    for path in ("en/attention/none/", "en/ports/web/", "en/search/web/", "en/about/ssh/"):
        assert pages.page(path) is None, path


def test_every_figure_and_table_leads_to_its_files(pages: PublicPages) -> None:
    one = next(iter(pages.view.targets))
    for path, wanted in (
        ("en/", "/api/series.csv"), ("en/ports/", "/api/lists/packet.csv"), ("en/map/", "/api/regions.csv"), ("en/new/", "/api/new.csv"),
        (f"en/detail/{one}/", f"/api/targets/{one}.csv"),
    ):  # fmt: skip
        assert wanted in read((pages.page(path) or pytest.fail(path)).body.decode()).links
