# SPDX-License-Identifier: Apache-2.0
"""`teiten capture`: what it says of a capture, and flowtuples that another program can read (M-13: packets counted by port and source)."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.unit.cli.conftest import Teiten
from tests.unit.packets.building import FRAMES, every_capture, pcap, record
from tests.unit.packets.engines import slow


@pytest.fixture(autouse=True)
def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEITEN_NO_NUMBA", "1")  # the engines are compared elsewhere; compiling here would only cost time


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.pcap"
    path.write_bytes(every_capture()["pcap"])
    return path


def test_targets_with_exact_sources_and_every_record_in_an_outcome(teiten: Teiten, file: Path, home: Path) -> None:
    told = teiten("capture", file, "--format", "json", "--top", "0").json()
    assert told["targets"][0] == {"target": "445/tcp", "accesses": 6, "sources": 1}
    assert told["packets"] == len(FRAMES) == sum(told[name] for name in ("not_ip", "unknown_link", "malformed", "truncated", "ipv4", "ipv6"))
    assert told["bytes"] == file.stat().st_size and not told["gaps"]
    said = teiten("capture", file, "--top", "2")
    assert said.code == 0 and "445/tcp" in said.out and "more" in said.out
    assert not home.exists()


def test_flowtuples_as_parquet_are_those_of_the_reference(teiten: Teiten, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    flows = slow(file.read_bytes())["flows"]
    assert teiten("capture", file, "--flows", folder, "--format", "json").json()["flows"] == len(flows)
    names = "minute, protocol, port, flags, doubt, packets, bytes, payload, minute::bigint * 60000000 + microsecond"
    found = duckdb.sql(f"select {names} from read_parquet('{folder}/*.parquet', union_by_name=true)").fetchall()
    whole = [(key[0], *key[3:], row[0], row[1], row[3] % (1 << 64), row[4]) for key, row in flows.items()]
    assert sorted(found) == sorted(whole)
    sources = duckdb.sql(f"select distinct source from '{folder}/ipv4-000000.parquet'").fetchall()
    assert {number for (number,) in sources} == {int.from_bytes(key[1], "big") for key in flows if len(key[1]) == 4}
    assert "not empty" in teiten("capture", file, "--flows", folder).err


def test_a_damaged_capture_is_read_on_and_said_so(teiten: Teiten, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pcap"
    path.write_bytes(pcap(record(FRAMES[0]) * 3 + b"\xff" * 99 + record(FRAMES[1]) * 3 + record(FRAMES[1])[:20]))
    told = teiten("capture", path)
    assert told.code == 1 and "1 gaps of 99 bytes" in told.out and "ends inside a record: 20 bytes" in told.out
    path.write_bytes(b"no capture at all, really")
    assert teiten("capture", path).code == 1
