# SPDX-License-Identifier: Apache-2.0
"""Logs of another project with what its parsers make of them (`parser.assert` beside each): the same sources, as often (U-33, U-50).

Read by path, never copied. Formats that are not ours are reported as such, not half read.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from teiten import addresses
from teiten.importers.report import FileReport
from tests.unit.importers.ledger import Ledger, options

DATA = Path(os.environ.get("TEITEN_DATA") or Path(__file__).parents[3] / "shared" / "data")
pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason=f"no real samples at {DATA} (set TEITEN_DATA)")]
_FIELD = r'"s01-parse"\]\["[^"]*"\]\[(\d+)\]\.Evt\.(?:Meta|Parsed)\["%s"\] == "((?:[^"\\]|\\.)*)"'


def said(folder: str, field: str) -> dict[int, str]:
    """Number of the event -> value, as the other project states it."""
    text = (DATA / "crowdsec" / folder / "parser.assert").read_text(encoding="utf-8")
    return {int(number): value for number, value in re.findall(_FIELD % field, text)}


def take(folder: str) -> tuple[FileReport, Ledger]:
    ledger = Ledger()
    file = next((DATA / "crowdsec" / folder).glob("*.log"))
    report = ledger.take(file, read=options("UTC", datetime(2026, 6, 1, tzinfo=UTC))).files[0]
    assert report.read == report.taken + sum(report.other.values()) + sum(report.rejected.values())
    return report, ledger


def sources(ledger: Ledger) -> Counter[str]:
    return Counter(addresses.unpack(row["source"]) for row in ledger.rows())


@pytest.mark.parametrize("folder", ["apache2-malformed", "iptables-logs", "nginx-http-malformed", "postfix-logs"])
def test_each_line_has_the_source_that_the_other_parser_finds(folder: str) -> None:
    _, ledger = take(folder)
    assert sources(ledger) == Counter(said(folder, "source_ip").values())


def test_apache_without_its_error_log() -> None:
    """Two of the nine lines are of an error log, which tells of no request."""
    report, ledger = take("apache2-logs")
    assert report.other == {"line of an error log": 2}
    assert sources(ledger) == Counter(said("apache2-logs", "source_ip").values()) - Counter({"31.33.58.75": 1, "192.168.1.1": 1})
    statuses = Counter(row["outcome"] for row in ledger.rows())
    assert statuses <= Counter(said("apache2-logs", "http_status").values())


def test_iptables_ports() -> None:
    _, ledger = take("iptables-logs")
    ports = Counter(str(row["destination_port"]) for row in ledger.rows() if row["destination_port"] is not None)
    assert ports == Counter(said("iptables-logs", "dst_port").values()) and ports


def test_sshd_all_the_sources_and_the_accounts_that_were_tried() -> None:
    """One line more is taken than there: a reconnection of a source that is counted anyway."""
    report, ledger = take("sshd-logs")
    assert report.rejected == {}
    assert sources(ledger).keys() == set(said("sshd-logs", "source_ip").values())
    accounts = {row["target"].decode() for row in ledger.rows()}
    assert {name for name in said("sshd-logs", "target_user").values() if name} <= accounts


def test_suricata_alerts_and_flows() -> None:
    """Their parser reads alerts alone; every source of one of those is here."""
    report, ledger = take("suricata-logs-evelog")
    assert report.other == {"stats event": 2}
    assert Counter(said("suricata-logs-evelog", "source_ip").values()) <= sources(ledger)


@pytest.mark.parametrize("folder", ["cowrie-logs", "dovecot-logs", "endlessh-logs", "mikrotik-scan-multi_ports", "sshesame"])
def test_a_format_that_is_not_ours_is_named_as_unknown(folder: str) -> None:
    report, _ = take(folder)
    assert (report.format, report.taken, report.problem) == (None, 0, "format not recognised")
    assert report.why in (
        "Cowrie's text log: its JSON log tells the same and is read",
        "a log of Dovecot, which observes no channel",
        "a log of endlessh, which lets nobody try to log in",
        "a log of RouterOS, which is not read",
        "a log of sshesame, which is not read",
    )


@pytest.mark.parametrize("name", ["honeypot-2018-array.json", "wrccdc-2017-array.json"])
def test_an_eve_array_is_the_same_as_its_lines(name: str, tmp_path: Path) -> None:
    """jq -c '.[]' of the array, made here with the standard library."""
    import json

    entries = json.loads((DATA / "eve" / name).read_text(encoding="utf-8"))
    (tmp_path / "lines.json").write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    array, lines = Ledger(), Ledger()
    first, second = array.take(DATA / "eve" / name), lines.take(tmp_path / "lines.json")
    assert (first.read, first.taken, first.accesses) == (second.read, second.taken, second.accesses) == (len(entries), len(entries), len(entries))
    assert array.count("target", "packet") == lines.count("target", "packet")


@pytest.mark.parametrize(
    ("name", "read", "taken"),
    [("dns.log", 54, 0), ("ftp.log", 7, 0), ("weird.log", 12, 0), ("notice.log", 2, 0), ("http_empty.log", 0, 0), ("conn_date_issue.log", 3, 3)],
)
def test_other_zeek_logs_are_counted_as_other(name: str, read: int, taken: int) -> None:
    report = Ledger().take(DATA / "zeek-logs" / name).files[0]
    headers = report.other.get("header line", 0)
    assert (report.format, report.taken, report.problem) == ("zeek", taken, None)
    assert (report.read - headers, report.rejected) == (read, {})


@pytest.mark.parametrize(
    ("names", "rows", "sources"),
    [
        (["netflow5_test_microtik"], 30, 25),
        (["netflow5_test_juniper_mx80"], 29, 21),
        (["netflow9_test_softflowd_tpl_data"], 7, 5),
        (["netflow9_test_iptnetflow_reduced_size_encoding_tpldata260"], 12, 12),
        (["netflow9_test_ubnt_edgerouter_tpl", "netflow9_test_ubnt_edgerouter_data1024"], 8, 6),
        (["netflow9_test_cisco_asa_1_tpl", "netflow9_test_cisco_asa_1_data"], 14, 6),
        (["netflow9_test_paloalto_panos_tpl", "netflow9_test_paloalto_panos_data"], 8, 8),
        (["ipfix_test_mikrotik_tpl", "ipfix_test_mikrotik_data258"], 28, 19),
        (["ipfix_test_openbsd_pflow_tpl", "ipfix_test_openbsd_pflow_data"], 26, 2),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_netflow_records_with_a_source(names: list[str], rows: int, sources: int) -> None:
    """As many as tshark finds; the order in which the files are named makes no difference."""
    ledger = Ledger()
    ledger.take(*(DATA / "netflow" / f"{name}.dat" for name in reversed(names)))
    found = ledger.rows()
    assert (len(found), len({row["source"] for row in found})) == (rows, sources)


def test_netflow_v5_payloads_that_follow_each_other() -> None:
    """tshark reads the first message of the file (2 flows); eleven more stand behind it."""
    ledger = Ledger()
    report = ledger.take(DATA / "netflow" / "netflow5.dat").files[0]
    assert (report.read, report.taken, report.rejected, len(ledger.rows()), len({row["source"] for row in ledger.rows()})) == (12, 12, {}, 30, 2)


def test_netflow_says_what_it_could_not_read() -> None:
    """Of 92 files two have impossible counts and one an impossible time; in two a template is missing for a part of the data."""
    report = Ledger().take(DATA / "netflow")
    files = {Path(file.path).stem: file for file in report.files if Path(file.path).suffix == ".dat"}
    assert len(files) == 92 and all(file.format == "netflow" for file in files.values())
    assert {name: next(iter(file.rejected)) for name, file in files.items() if file.rejected} == {
        "netflow5_test_invalid01": "a count of flows that no message holds",
        "netflow5_test_invalid02": "a count of flows that no message holds",
        "netflow9_test_nprobe_dpi": "time before 1990",
    }
    assert {name for name, file in files.items() if file.damaged} == {
        "ipfix_test_netscaler_data", "netflow9_test_iptnetflow_reduced_size_encoding_tpldata260",
    }  # fmt: skip
