# SPDX-License-Identifier: Apache-2.0
"""The ground truth of the samples as answers of a store: what `teiten count` says after an import (mission rows U-33, U-50 and 7).

One home, one sensor for each log; numbers are those that others' tools counted (README and ground-truth.tsv beside the data).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from teiten.app import open_here
from teiten.centre.here import Here
from teiten.home import Home
from teiten.importers.intake import run_import
from teiten.model import SensorEntry
from teiten.questions.interface import CountQuestion
from teiten.settings import NodeSettings
from tests.unit.importers.ledger import options

DATA = Path(os.environ.get("TEITEN_DATA") or Path(__file__).parents[3] / "shared" / "data")
pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason=f"no real samples at {DATA} (set TEITEN_DATA)")]
LOGS = {
    "password": ("ssh/auth-password-host-2017.log", datetime(2018, 1, 1, tzinfo=UTC)),
    "publickey": ("ssh/auth-publickey-host-2014.log", datetime(2015, 6, 1, tzinfo=UTC)),
    "semicomplete": ("web/apache-combined-semicomplete-2015.log", datetime(2018, 1, 1, tzinfo=UTC)),
    "hackers": ("web/apache-combined-hackers-2015.log", datetime(2018, 1, 1, tzinfo=UTC)),
    "cowrie": ("cowrie/cowrie-azure-2025.json", datetime(2026, 1, 1, tzinfo=UTC)),
    "honeypot": ("eve/honeypot-2018-array.json", datetime(2026, 1, 1, tzinfo=UTC)),
    "wrccdc": ("eve/wrccdc-2017-array.json", datetime(2026, 1, 1, tzinfo=UTC)),
    "small": ("eve/eve-small.jsonl", datetime(2026, 1, 1, tzinfo=UTC)),
    "zeek": ("zeek-logs/conn.log", datetime(2026, 1, 1, tzinfo=UTC)),
    "spam": ("mail/spam-200.mbox", datetime(2026, 1, 1, tzinfo=UTC)),
    "iptables": ("crowdsec/iptables-scan-multi-port/iptables-scan-multi-port.log", datetime(2026, 1, 1, tzinfo=UTC)),
}


def _captures() -> dict[str, dict[str, str]]:
    """Captures in which somebody opens TCP connections, with their row of the ground truth."""
    found = {}
    for folder in ("pcap-tcpdump", "pcap-zeek"):
        with (DATA / folder / "ground-truth.tsv").open(encoding="utf-8") as table:
            for row in csv.DictReader(table, delimiter="\t"):
                if int(row["tcp_syn"] or 0) > 1 and float(row["first_epoch"]) > 1e9:
                    found[f"{folder}/{row['file']}"] = row
    return found


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    home = Home(tmp_path_factory.mktemp("questions") / "home")
    home.prepare()
    here = open_here(home, NodeSettings(zone="UTC"))
    asked = LOGS | {_sensor(name): (name, datetime(2026, 11, 1, tzinfo=UTC)) for name in _captures()}
    for sensor, (name, newest) in asked.items():
        here.register(SensorEntry(sensor, "samples"))
        read = options("UTC", newest)
        run_import([DATA / name], sensor=sensor, options=read, prepare=here.prepare, known=here.batches, day_zone=ZoneInfo("UTC"))
    yield here
    here.close()


def _sensor(path: str) -> str:
    return path.replace("/", "_").replace(".", "_")


def ask(centre: Here, sensor: str, channel: str, **more: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = centre.count(CountQuestion(sensor=sensor, channel=channel, **more))
    return rows


def total(centre: Here, sensor: str, channel: str, **more: Any) -> tuple[int, int]:
    row = ask(centre, sensor, channel, **more)[0]
    return row["accesses"], row["sources"]


@pytest.mark.parametrize(
    ("sensor", "channel", "accesses", "sources"),
    [
        ("password", "ssh", 1038, 105), ("publickey", "ssh", 1489, 29), ("semicomplete", "web", 10_000, 1753), ("hackers", "web", 3456, 520),
        ("cowrie", "ssh", 124, 3), ("cowrie", "packet", 129, 5), ("honeypot", "packet", 44, 35), ("wrccdc", "packet", 161, 81),
        ("small", "packet", 47, 8), ("spam", "mail", 200, None), ("iptables", "packet", 49, 3),
    ],
)  # fmt: skip
def test_accesses_and_sources(centre: Here, sensor: str, channel: str, accesses: int, sources: int | None) -> None:
    found = total(centre, sensor, channel)
    assert found == (accesses, found[1] if sources is None else sources)


@pytest.mark.parametrize(
    ("sensor", "channel", "top"),
    [
        ("password", "ssh", {"root": 532, "elastic_user_0": 148, "admin": 141, "": 43, "ubnt": 33, "pi": 24, "test": 12}),
        ("publickey", "ssh", {"test": 197, "nagios": 168, "guest": 129, "zabbix": 81, "apache": 38}),
        ("hackers", "web", {"GET /join_form": 585, "POST /join_form": 576, "GET /login_form": 520, "POST /login_form": 499}),
        ("cowrie", "ssh", {"admin": 5, "es": 4, "esuser": 4, "git": 4, "gitlab": 4}),
        ("zeek", "packet", {"16464/udp": 202, "80/tcp": 71, "443/tcp": 37, "53/udp": 19}),
        ("spam", "mail", {"FORTUNE 500 COMPANY HIRING, AT HOME REPS.": 4}),
    ],
)
def test_targets(centre: Here, sensor: str, channel: str, top: dict[str, int]) -> None:
    """A target of the web has no version: the 551 `POST /join_form HTTP/1.1` of the README are 576 with those of HTTP/1.0 (awk says so too)."""
    found = {row["target"]: row["accesses"] for row in ask(centre, sensor, channel, by="target")}
    assert top.items() <= found.items()


@pytest.mark.parametrize(
    ("sensor", "channel", "days"),
    [
        ("publickey", "ssh", {"2014-11-30": (85, 6), "2014-12-01": (386, 15), "2014-12-02": (1018, 9)}),
        ("semicomplete", "web", {"2015-05-17": (1632, 341), "2015-05-18": (2893, 627), "2015-05-19": (2896, 561), "2015-05-20": (2579, 505)}),
        ("hackers", "web", {
            "2015-10-25": (479, 102), "2015-10-26": (661, 105), "2015-10-27": (645, 127), "2015-10-28": (637, 117), "2015-10-29": (701, 136),
            "2015-10-30": (333, 69),
        }),
    ],
)  # fmt: skip
def test_days(centre: Here, sensor: str, channel: str, days: dict[str, tuple[int, int]]) -> None:
    assert {str(row["day"]): (row["accesses"], row["sources"]) for row in ask(centre, sensor, channel, by="day")} == days
    one = date.fromisoformat(next(iter(days)))
    assert total(centre, sensor, channel, from_on=one, to_on=date.fromordinal(one.toordinal() + 1)) == days[str(one)]


def test_subjects_and_names(centre: Here) -> None:
    assert len(ask(centre, "spam", "mail", by="target")) == 185
    assert len(ask(centre, "password", "ssh", by="target")) == 30
    assert len(ask(centre, "publickey", "ssh", by="target")) == 225
    assert len(ask(centre, "iptables", "packet", by="target")) == 33


def test_every_capture_has_its_opening_packets(centre: Here) -> None:
    """SYN without ACK, as tshark and dpkt count them; their sources and ports."""
    captures = _captures()
    assert len(captures) > 5
    for name, row in captures.items():
        tcp = [found for found in ask(centre, _sensor(name), "packet", by="target") if found["target"].endswith("/tcp")]
        assert sum(found["accesses"] for found in tcp) == int(row["tcp_syn"]), name
        assert len(tcp) == int(row["tcp_syn_ports"]), name
