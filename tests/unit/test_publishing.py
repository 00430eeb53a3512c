# SPDX-License-Identifier: Apache-2.0
"""Publishing once, from a store to files; the verb's static pages (`teiten publish --static`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from teiten.addresses import locates
from teiten.cli.publish import pages_of, write_static
from teiten.errors import TeitenError
from teiten.feeds import all_feeds
from teiten.findings.book import Book
from teiten.home import Home
from teiten.model import SensorEntry
from teiten.publication.folder import read_alarms, read_view
from teiten.publication.settings import PublicationConfig
from teiten.publishing import Publisher, plain
from teiten.site.public import PublicPages
from teiten.site.settings import SiteConfig
from teiten.store.node import NodeStore
from tests.unit.publication.observed import NOW, TOKYO, Met, store_of
from tests.unit.site.test_finished import put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NodeStore]:
    opened = store_of(tmp_path, [Met(target=b"GET /", sources=40), Met(target=b"root", channel="ssh")])
    yield opened
    opened.close()


def publisher(store: NodeStore, tmp_path: Path, settings: PublicationConfig | None = None) -> Publisher:
    return Publisher(
        store,
        Book(tmp_path / "findings"),
        TOKYO,
        settings or PublicationConfig(),
        folder=tmp_path / "public",
        keys=tmp_path / "keys",
        alarms=tmp_path / "findings",
        clock=lambda: NOW,
    )


def test_publishes_by_the_configured_policy_and_says_what_it_did(store: NodeStore, tmp_path: Path) -> None:
    store.register(SensorEntry("new", "g"))
    ours = publisher(store, tmp_path)
    assert ours.made_on() is None
    told = plain(ours.publish())
    assert (told["policy"], told["last_on"], told["targets"], list(told["unknown"])) == ("public", "2026-08-20", 2, ["new"])
    assert read_view(tmp_path / "public").policy == "public"
    assert ours.made_on() == date(2026, 8, 22)
    assert ours.publish("operator").policy == "operator"


def test_an_unknown_policy_changes_nothing(store: NodeStore, tmp_path: Path) -> None:
    with pytest.raises(TeitenError, match="no policy everything"):
        publisher(store, tmp_path).publish("everything")
    assert not (tmp_path / "public").exists()


def test_what_is_hidden_in_the_settings_is_masked(store: NodeStore, tmp_path: Path) -> None:
    publisher(store, tmp_path, PublicationConfig(hidden=("root",))).publish()
    assert read_view(tmp_path / "public").lists["ssh"] == ()


def test_sensors_of_wide_networks_are_published(store: NodeStore, tmp_path: Path) -> None:
    """P1: a telescope's sensor tells what it observes, and the known targets are published as before."""
    publisher(store, tmp_path).publish()
    before = read_view(tmp_path / "public").lists
    store.register(SensorEntry("telescope", "g", addresses=("10.0.0.0/8", "2001:db8::/32")))
    publisher(store, tmp_path).publish()
    assert read_view(tmp_path / "public").lists == before
    assert all(locates(network) for network in ("10.0.0.0/8", "2001:db8::/32"))  # so that the registry learns them from afar


def test_static_pages_are_written_and_stale_ones_removed(store: NodeStore, tmp_path: Path) -> None:
    publisher(store, tmp_path).publish()
    view = read_view(tmp_path / "public")
    count = write_static(tmp_path / "static", PublicPages(view, SiteConfig(), all_feeds()))
    files = {path for path in (tmp_path / "static").rglob("*") if path.is_file()}
    assert len(files) == count
    gone = next(iter(view.targets))
    targets = {name: one for name, one in view.targets.items() if name != gone}
    lists = {channel: tuple(row for row in rows if row.id != gone) for channel, rows in view.lists.items()}
    fewer = msgspec.structs.replace(view, targets=targets, lists=lists)
    write_static(tmp_path / "static", PublicPages(fewer, SiteConfig(), all_feeds()))
    assert {path for path in files if gone in str(path)} == files - {path for path in (tmp_path / "static").rglob("*") if path.is_file()}
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in (tmp_path / "static").rglob("*") if path.is_file())


def test_reports_go_into_the_static_copy_and_out_of_it_again(store: NodeStore, tmp_path: Path) -> None:
    """M-23, U-27: neither publishing nor a static copy takes the published reports away, even where all three share a folder."""
    home, static = Home(tmp_path), tmp_path / "static"
    put(home.public_reports, "2026-07", "ja")
    put(home.public_reports, "2026-06", "en")
    publisher(store, tmp_path).publish()
    write_static(static, pages_of(home))
    names = {path.relative_to(home.public) for path in home.public_reports.rglob("*.*")}
    assert len(names) == 6
    assert {path.relative_to(static) for path in (static / "reports").rglob("*.*")} == names
    assert "/reports/2026-07/ja/report-2026-07-ja.html" in (static / "ja" / "reports" / "index.html").read_text()
    shutil.rmtree(home.public_reports / "2026-06")
    (home.public_reports / "2026-05.txt").symlink_to(home.public / "view.json")  # no report; it stays all the same
    write_static(static, pages_of(home))
    assert {path.parent.parent.name for path in (static / "reports").rglob("*.*")} == {"2026-07"}
    write_static(home.public, pages_of(home))
    assert {path.relative_to(home.public).parts[1] for path in home.public_reports.rglob("*.*")} == {"2026-07", "2026-05.txt"}


def test_marks_are_kept_for_the_operator_alone(tmp_path: Path) -> None:
    """P8, B12: raised with every publication, shown by `teiten findings`, in no file that is public."""
    marked = store_of(tmp_path, [Met(target=b"GET /?id=%08x9z" % (n * 0x9E3779B1 % 2**32), sources=1, sensors=1) for n in range(25)])
    told = publisher(marked, tmp_path).publish()
    marked.close()
    assert told.markers == ("web: 25 strings like a /?a=#",)
    alarms = read_alarms(tmp_path / "findings")
    assert alarms is not None
    assert [(one.kind, one.targets) for one in alarms.markers] == [("strings", 25)]
    assert (tmp_path / "findings" / "markers.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "public").iterdir()] == ["view.json"]
    assert read_alarms(tmp_path / "nowhere") is None
