# SPDX-License-Identifier: Apache-2.0
"""Logs that others wrote, against counts that others' tools made (the README beside the data). Read by path, never copied.

Mission rows U-33, U-50 and 7: what people have can be read, and each number of the ground truth is an answer.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from teiten import addresses
from tests.unit.importers.ledger import Ledger, options

DATA = Path(os.environ.get("TEITEN_DATA") or Path(__file__).parents[3] / "shared" / "data")
pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason=f"no real samples at {DATA} (set TEITEN_DATA)")]


def take(name: str, zone: str = "UTC", newest: datetime = datetime(2018, 1, 1, tzinfo=UTC)) -> Ledger:
    ledger = Ledger()
    report = ledger.take(DATA / name, read=options(zone, newest))
    assert report.read == report.taken + report.other + report.rejected
    again = ledger.take(DATA / name, read=options(zone, newest))
    assert (again.taken, again.duplicates, again.rejected) == (0, report.taken, report.rejected)
    ledger.report = report
    return ledger


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000


def test_ssh_password_host() -> None:
    """Each attempt once: 628 lines and 410 told by repetitions; `Invalid user` lines are kept apart."""
    ledger = take("ssh/auth-password-host-2017.log")
    names, sources = ledger.count("target", "ssh"), ledger.count("source", "ssh")
    assert (ledger.report.read, ledger.report.rejected) == (7121, 0)
    assert (names.total(), len(sources), len(names)) == (1038, 105, 30)
    expected = {b"root": 532, b"elastic_user_0": 148, b"admin": 141, b"": 43, b"ubnt": 33, b"pi": 24, b"test": 12}
    assert dict(names.most_common(7)) == expected
    assert {addresses.unpack(source): n for source, n in sources.most_common(3)} == {
        "24.151.103.17": 157, "49.4.143.105": 120, "34.204.227.175": 43,
    }  # fmt: skip
    assert ledger.count("target", "ssh", "other", "accepted").total() == 226
    invalid = ledger.count("target", "ssh", "other", "invalid-user")
    assert (invalid.total(), len(invalid)) == (178, 41)
    assert len(ledger.count("source", "ssh", "other", "invalid-user")) == 68
    assert ledger.report.spans["ssh"][0] >= at(2017, 3, 27, 13, 6, 56)
    assert ledger.report.spans["ssh"][1] <= at(2017, 4, 20, 14, 14, 29)


def test_ssh_publickey_host() -> None:
    ledger = take("ssh/auth-publickey-host-2014.log", newest=datetime(2015, 6, 1, tzinfo=UTC))
    names, sources = ledger.count("target", "ssh"), ledger.count("source", "ssh")
    assert (names.total(), len(names), len(sources)) == (1489, 225, 29)
    assert names.most_common(5) == [(b"test", 197), (b"nagios", 168), (b"guest", 129), (b"zabbix", 81), (b"apache", 38)]
    assert names[b"admin "] == 27
    assert ledger.days("ssh") == {"2014-11-30": (85, 6), "2014-12-01": (386, 15), "2014-12-02": (1018, 9)}
    file = ledger.report.files[0]
    assert [(sample.line, sample.sample) for sample in file.samples] == [(10567, b"Dec  2 13:14:2")]


def test_web_semicomplete() -> None:
    ledger = take("web/apache-combined-semicomplete-2015.log")
    assert ledger.count("target", "web").total() == 10_000
    assert len(ledger.count("source", "web")) == 1753
    assert ledger.report.spans["web"] == (at(2015, 5, 17, 10, 5, 0), at(2015, 5, 20, 21, 5, 59))
    requests = ledger.count("request", "web")
    assert (requests[b"GET /favicon.ico HTTP/1.1"], requests[b"GET /style2.css HTTP/1.1"]) == (747, 531)
    assert dict(ledger.count("outcome", "web").most_common(5)) == {"200": 9126, "304": 445, "404": 213, "301": 164, "206": 45}
    assert ledger.days("web") == {
        "2015-05-17": (1632, 341), "2015-05-18": (2893, 627), "2015-05-19": (2896, 561), "2015-05-20": (2579, 505),
    }  # fmt: skip
    assert [sample.line for sample in ledger.report.files[0].damaged_samples] == [8899]
    methods = {method: sum(n for target, n in ledger.count("target", "web").items() if target.startswith(method)) for method in (b"GET ", b"HEAD ")}
    assert methods == {b"GET ": 9952, b"HEAD ": 42}


def test_web_hackers() -> None:
    ledger = take("web/apache-combined-hackers-2015.log")
    assert (ledger.count("target", "web").total(), len(ledger.count("source", "web"))) == (3456, 520)
    requests = ledger.count("request", "web")
    assert [requests[line] for line in (b"POST /join_form HTTP/1.1", b"GET /login_form HTTP/1.1", b"POST /login_form HTTP/1.1")] == [551, 499, 490]
    assert ledger.report.spans["web"] == (at(2015, 10, 25, 3, 11, 25), at(2015, 10, 30, 14, 59, 39))
    assert dict(ledger.count("outcome", "web")) == {"200": 2846, "302": 585, "403": 13, "404": 12}
    assert ledger.days("web") == {
        "2015-10-25": (479, 102), "2015-10-26": (661, 105), "2015-10-27": (645, 127),
        "2015-10-28": (637, 117), "2015-10-29": (701, 136), "2015-10-30": (333, 69),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "taken"),
    [
        ("apache2-malformed", 11),
        ("nginx-http-malformed", 12),
        ("nginx-cve-2021-41773", 2),
        ("nginx-http-path-traversal", 9),
        ("nginx-http-sqli-probing", 16),
    ],
)
def test_odd_requests_of_other_projects(folder: str, taken: int) -> None:
    file = next((DATA / "crowdsec" / folder).glob("*.log"))
    assert take(str(file.relative_to(DATA))).report.taken == taken


def test_cowrie() -> None:
    ledger = take("cowrie/cowrie-azure-2025.json")
    assert (ledger.report.read, ledger.report.rejected) == (629, 0)
    names = ledger.count("target", "ssh")
    assert (names.total(), len(names), len(ledger.count("source", "ssh"))) == (124, 94, 3)
    assert dict(names.most_common(5)) == {b"admin": 5, b"es": 4, b"esuser": 4, b"git": 4, b"gitlab": 4}
    passwords = ledger.count("credential", "ssh")
    assert (len(passwords), passwords[b"123456"]) == (110, 10)
    assert dict(ledger.count("target", "packet")) == {b"2222/tcp": 129}
    assert len(ledger.count("source", "packet")) == 5
    assert ledger.count("fingerprint", "ssh")["4e066189c3bbeec38c99b1855113733a"] == 121
    other = ledger.report.files[0].other
    assert (other["cowrie.session.closed"], other["cowrie.client.version"], other["cowrie.client.kex"]) == (129, 125, 122)


@pytest.mark.parametrize(
    ("name", "accesses", "sources", "targets"),
    [
        ("honeypot-2018-array.json", 44, 35, {b"5060/udp": 4, b"23/tcp": 4, b"1433/tcp": 4}),
        ("wrccdc-2017-array.json", 161, 81, {b"80/tcp": 45}),
        ("eve-small.jsonl", 47, 8, {b"80/tcp": 3}),
    ],
)
def test_eve(name: str, accesses: int, sources: int, targets: dict[bytes, int]) -> None:
    ledger = take(f"eve/{name}")
    counted = ledger.count("target", "packet")
    assert (counted.total(), len(ledger.count("source", "packet"))) == (accesses, sources)
    assert targets.items() <= counted.items()


def test_eve_kinds_of_other() -> None:
    assert take("eve/eve-small.jsonl").report.files[0].other == {"fileinfo event": 862, "stats event": 90}


def test_zeek() -> None:
    ledger = take("zeek-logs/conn.log")
    targets = ledger.count("target", "packet")
    assert (targets[b"16464/udp"], targets[b"80/tcp"], targets[b"443/tcp"], targets[b"53/udp"]) == (202, 71, 37, 19)
    assert ledger.count("target", "packet", "backscatter")[b"3.3/icmp"] == 16
    rows = ledger.rows()
    assert (len(rows), len({row["source"] for row in rows})) == (360, 22)
    states = [row["outcome"] for row in rows]
    assert (states.count("S0"), states.count("SF"), states.count("RSTO")) == (156, 118, 63)
    assert ledger.report.spans["packet"] == (1379288650690013, 1379288902876972)
    assert take("zeek-logs/json/conn.log").report.taken == 50
    assert take("zeek-logs/http.log").report.taken == 150
    assert take("zeek-logs/smtp.log").report.taken == 3
    assert take("zeek-logs/conn_date_issue.log").report.taken == 3


def test_zeek_log_that_ends_too_early_keeps_what_can_be_read() -> None:
    file = take("zeek-logs/http.log.corrupt.gz").report.files[0]
    assert file.problem is not None and "broken off" in file.problem
    assert file.taken == 150


def test_kernel_log() -> None:
    ledger = take("crowdsec/iptables-scan-multi-port/iptables-scan-multi-port.log")
    assert sorted(ledger.count("source", "packet").values()) == [16, 16, 17]
    assert len(ledger.count("target", "packet")) == 33


def test_mails() -> None:
    ledger = take("mail/spam-200.mbox")
    subjects = ledger.count("target", "mail")
    assert (subjects.total(), len(subjects)) == (200, 185)
    assert subjects.most_common(1) == [(b"FORTUNE 500 COMPANY HIRING, AT HOME REPS.", 4)]
    first, last = ledger.report.spans["mail"]
    assert at(2002, 1, 1) < first and last < at(2003, 1, 1)


def test_message_files() -> None:
    report = take("mail/single").report
    assert report.taken == len([file for file in report.files if file.format]) == 40


def test_postfix() -> None:
    ledger = take("crowdsec/postfix-logs/postfix-logs.log", newest=datetime(2026, 1, 1, tzinfo=UTC))
    assert dict(ledger.count("kind", "mail", "other")) == {"auth": 1, "reject": 4, "not-smtp": 2}


def test_everything_at_once_escapes_nothing() -> None:
    """A folder with formats that nobody knows is an ordinary import: each file is taken or says why not."""
    ledger = Ledger()
    report = ledger.take(DATA, read=options(newest=datetime(2027, 1, 1, tzinfo=UTC)))
    assert len(report.files) > 300
    for file in report.files:
        assert file.read == file.taken + file.duplicates + sum(file.other.values()) + sum(file.rejected.values()), file.path
        assert file.format is not None or file.problem or file.why == "empty file"
