# SPDX-License-Identifier: Apache-2.0
"""Reports of logs that others wrote, without a word of code for them, against the counts beside the data: a web server's, a network monitor's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from teiten.questions.windows import month
from teiten.report.compose import compose
from teiten.report.gather import Scope, gather
from teiten.report.model import Report, figures_of, sentences_of
from teiten.report.pdf import to_pdf
from teiten.report.settings import ReportSettings
from teiten.report.showing import showing_by
from teiten.store.node import NodeStore
from tests.unit.report.conftest import TOKYO

DATA = Path(os.environ.get("TEITEN_DATA") or Path(__file__).parents[4] / "shared" / "data")
pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason=f"no real samples at {DATA} (set TEITEN_DATA)")]
SETS = {"web": "web/apache-combined-hackers-2015.log", "net": "zeek-logs/conn.log"}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeStore]:
    home = tmp_path_factory.mktemp("real") / "home"
    for group, name in SETS.items():
        command = [sys.executable, "-m", "teiten", "--home", str(home), "import", str(DATA / name), "--sensor", f"{group}-1", "--group", group]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    store = NodeStore.open(home / "store", TOKYO)
    yield store
    store.close()


def text(report: Report, rule: str) -> str:
    return next(one.text for one in sentences_of(report.sections) if one.rule == rule)


def test_a_web_servers_log_reads_as_a_month_of_a_web_sensor(real: NodeStore) -> None:
    """3,456 requests, most of them for a form to join (README of the data: POST 551, HTTP/1.1 alone)."""
    facts = gather(real, Scope(month(2015, 10), TOKYO, "web"))
    report = compose(facts, "en", ReportSettings(), (), "operator")
    assert facts.channel == "web" and "recorded 3,456 unsolicited accesses at 1 observation point" in text(report, "lay.total")
    assert "25 days" in text(report, "daily.gaps") and "/join_form" in text(report, "notable.plain")
    assert facts.now.per_day.sensor_days == 6 and "lay.zero" not in {one.rule for one in sentences_of(report.sections)}
    assert to_pdf(report).startswith(b"%PDF") and all(one.data for one in figures_of(report.sections))


def test_a_network_monitors_log_reads_as_a_month_of_ports(real: NodeStore) -> None:
    """Four minutes of one day: 202 of 360 connections go to 16464/udp, and lead the report."""
    facts = gather(real, Scope(month(2013, 9), TOKYO, "net", today=date(2014, 1, 1)))
    report = compose(facts, "ja", ReportSettings(), (), "operator")
    assert facts.channel == "packet" and facts.now.targets.of(b"16464/udp").accesses == 202
    said = {one.rule: one.text for one in sentences_of(report.sections)}
    assert any("16464/udp" in words for rule, words in said.items() if rule.startswith("notable.")) and "points.one" in said


def test_published_nothing_is_told_that_one_sensor_alone_saw(real: NodeStore) -> None:
    facts = gather(real, Scope(month(2015, 10), TOKYO, "web"), showing_by("public", real.sensors(), b"key"))
    report = compose(facts, "en", ReportSettings(), (), "public")
    assert "join_form" not in str(report) and "3,456" not in str(report)
    assert to_pdf(report).startswith(b"%PDF")
