# SPDX-License-Identifier: Apache-2.0
"""An import covers the days that its file shows, in the zone of the home, and no day between them (N-02: accesses per sensor-day observed)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from teiten.gathering import at_once
from teiten.importers.intake import run_import
from teiten.importers.report import FileReport
from tests.unit.importers.ledger import Ledger, options


def covered(path: Path, zone: str = "Asia/Tokyo") -> FileReport:
    ledger = Ledger()
    return run_import(
        [path], sensor="s", options=options("UTC", datetime(2026, 6, 1, tzinfo=UTC)), prepare=at_once(ledger.deliver), known=ledger.known,
        day_zone=ZoneInfo(zone),
    ).files[0]  # fmt: skip


def request(stamp: str) -> str:
    return f'198.51.100.7 - - [{stamp} +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n'


def test_a_day_without_a_record_is_a_hole(tmp_path: Path) -> None:
    days = ("28/Feb/2024:14:59:59", "28/Feb/2024:15:00:00", "02/Mar/2024:00:00:00")
    (tmp_path / "log").write_text("".join(map(request, days)))
    assert covered(tmp_path / "log").days == [(date(2024, 2, 28), date(2024, 2, 29)), (date(2024, 3, 2), date(2024, 3, 2))]
    assert covered(tmp_path / "log", "UTC").days == [(date(2024, 2, 28), date(2024, 2, 28)), (date(2024, 3, 2), date(2024, 3, 2))]


def test_other_lines_of_a_system_log_show_that_the_host_was_up(tmp_path: Path) -> None:
    """A day with cron alone is a day on which nobody tried to log in: a zero, and no hole."""
    lines = ["Mar  1 10:00:00 h sshd[1]: Failed password for root from 198.51.100.7 port 1 ssh2", "Mar  2 10:00:00 h CRON[2]: session opened",
             "2026-03-03T10:00:00+00:00 h CRON[2]: session opened"]  # fmt: skip
    (tmp_path / "auth.log").write_text("\n".join(lines) + "\n")
    report = covered(tmp_path / "auth.log")
    assert (report.days, report.channels) == ([(date(2026, 3, 1), date(2026, 3, 3))], ["ssh"])


def test_statistics_of_suricata_show_a_day_of_all_its_channels(tmp_path: Path) -> None:
    first = '{"timestamp":"2026-03-01T01:00:00+0000","event_type":"flow","flow_id":1,"src_ip":"198.51.100.7","dest_port":22,"proto":"TCP"}\n'
    http = first.replace('"flow",', '"http",').replace("}", ',"http":{"url":"/","http_method":"GET"}}')
    stats = '{"timestamp":"2026-03-0%dT01:00:00+0000","event_type":"stats"}\n'
    for repeats in (1, 9_000):  # with care, and by columns
        (tmp_path / f"eve{repeats}.json").write_text(first + http + stats % 3 * repeats)
        report = covered(tmp_path / f"eve{repeats}.json", "UTC")
        assert report.days == [(date(2026, 3, 1), date(2026, 3, 1)), (date(2026, 3, 3), date(2026, 3, 3))]
        assert report.channels == ["packet", "web"]


def test_a_file_that_says_nothing_covers_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("nothing that any format knows\n")
    assert covered(tmp_path / "log").days == []
