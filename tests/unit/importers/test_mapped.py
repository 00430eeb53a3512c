# SPDX-License-Identifier: Apache-2.0
"""Any CSV or JSON-lines log through a mapping: what is named is taken, what isn't there is rejected (mission row 7, U-50)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teiten.config import from_mapping
from teiten.errors import ConfigurationError
from teiten.gathering import at_once
from teiten.importers.intake import run_import
from teiten.importers.mapped import Mapped, Mapping
from tests.unit.importers.ledger import Ledger, options, readable

FIREWALL = {"format": "csv", "channel": "packet", "time": "when", "source": "src", "destination_port": "dport", "protocol": "proto", "times": "n"}


def take(tmp_path: Path, data: bytes, mapping: dict[str, Any], zone: str = "Asia/Tokyo") -> tuple[Any, list[dict[str, Any]]]:
    (tmp_path / "log").write_bytes(data)
    ledger = Ledger()
    report = run_import(
        [tmp_path / "log"], sensor="s", options=options(zone), prepare=at_once(ledger.deliver), known=ledger.known,
        importers={"mapped": Mapped(from_mapping(mapping, Mapping, "m.toml"))},
    )  # fmt: skip
    file = report.files[0]
    assert file.read == file.taken + sum(file.other.values()) + sum(file.rejected.values())
    return file, [readable(row) for row in ledger.rows()]


def test_csv_with_a_header(tmp_path: Path) -> None:
    data = (
        b"\xef\xbb\xbfwhen,src,dport,proto,n\r\n"
        b"2024-03-01 09:00:00,198.51.100.7,445,tcp,3\r\n"
        b'"2024-03-01T00:00:01Z","2001:db8::1","53","17","1"\r\n'
        b"2024-03-01 09:00:00,host.example,445,tcp,1\r\n"
        b"2024-03-01 09:00:00,198.51.100.7,445,tcp,none\r\n"
        b"yesterday,198.51.100.7,445,tcp,1\r\n"
        b"2024-03-01 09:00:00,198.51.100.7,,tcp,1\r\n\r\n"
    )
    file, rows = take(tmp_path, data, FIREWALL)
    assert (file.taken, file.accesses, file.other) == (2, 4, {"header line": 1, "blank line": 1})
    assert file.rejected == {"host name, not an address": 1, "no count in n": 1, "impossible time": 1, "no port": 1}
    assert [(row["observed_at"], row["target"], row.get("times", 1)) for row in rows] == [
        ("2024-03-01T00:00:00+00:00", "445/tcp", 3),
        ("2024-03-01T00:00:01+00:00", "53/udp", 1),
    ]


def test_csv_without_a_header_and_its_own_time(tmp_path: Path) -> None:
    mapping = {
        "format": "csv", "channel": "ssh", "delimiter": ";", "columns": ["t", "ip", "user", "pass"], "time": "t", "time_format": "%d.%m.%Y %H:%M",
        "source": "ip", "target": "user", "credential": "pass",
    }  # fmt: skip
    file, rows = take(tmp_path, b"29.02.2024 08:30;203.0.113.9;root;\xff;x\n30.02.2024 08:30;203.0.113.9;root;y\n", mapping)
    assert (file.taken, file.rejected) == (1, {"impossible time": 1})
    assert rows[0] == {
        "observed_at": "2024-02-28T23:30:00+00:00", "kind": "password", "channel": "ssh", "source": "203.0.113.9", "target": "root",
        "account": "root", "credential": "\\xff",
    }  # fmt: skip


def test_json_lines_with_inner_fields_and_a_condition(tmp_path: Path) -> None:
    mapping = {
        "format": "json", "channel": "web", "time": "at", "time_format": "epoch_ms", "source": "peer.ip", "method": "http.verb",
        "target": "http.path", "client": "http.agent", "only": {"kind": "request"},
    }  # fmt: skip
    data = (
        b'{"kind":"request","at":1709251200123,"peer":{"ip":"198.51.100.7"},"http":{"verb":"POST","path":"/a","agent":"x"}}\n'
        b'{"kind":"startup","at":1}\n{"kind":"request","at":1709251200123,"peer":"?"}\nbroken\n'
    )
    file, rows = take(tmp_path, data, mapping)
    assert (file.taken, file.other) == (1, {"kind is not request": 1})
    assert file.rejected == {"no peer.ip": 1, "not a JSON object": 1}
    assert (rows[0]["target"], rows[0]["observed_at"], rows[0]["client"]) == ("POST /a", "2024-03-01T00:00:00.123000+00:00", "x")


def test_mail_subjects_are_decoded_as_everywhere(tmp_path: Path) -> None:
    mapping = {"format": "json", "channel": "mail", "time": "t", "time_format": "epoch", "source": "ip", "target": "subject"}
    _, rows = take(tmp_path, b'{"t":1709251200.5,"ip":"::ffff:198.51.100.7","subject":"=?utf-8?b?5a6a54K5?="}\n', mapping)
    assert (rows[0]["target"], rows[0]["source"]) == ("定点", "198.51.100.7")


@pytest.mark.parametrize(
    ("change", "word"), [({"format": "xml"}, "format"), ({"source": None}, "source"), ({"soruce": "x"}, "soruce"), ({"channel": "dns"}, "channel")]
)
def test_a_wrong_mapping_is_an_error_that_names_the_place(change: dict[str, Any], word: str) -> None:
    mapping = {key: value for key, value in (FIREWALL | change).items() if value is not None}
    with pytest.raises(ConfigurationError) as error:
        from_mapping(mapping, Mapping, "m.toml")
    assert word in str(error.value)


@given(records=st.lists(st.binary(max_size=80).map(lambda data: data.replace(b"\n", b"")), max_size=6), form=st.sampled_from(["csv", "json"]))
@settings(max_examples=150, deadline=None, database=None)
def test_any_bytes_never_raise(records: list[bytes], form: str) -> None:
    mapping = msgspec.convert(FIREWALL | {"format": form}, Mapping)
    chunk = Mapped(mapping).start(options(), None).take(records, 1)
    assert chunk.taken + sum(chunk.other.values()) + len(chunk.rejected) == len(records)
