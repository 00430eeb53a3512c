# SPDX-License-Identifier: Apache-2.0
"""Avro containers: every codec gives the same, damage is told and read past, nothing grows without bound (mission row 7)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teiten.importers import avro
from teiten.importers.avro import AvroCutter, BadData, unsnap
from tests.unit.importers.avro_files import FLOWS, SYNC, container, datum, snap
from tests.unit.importers.ledger import Ledger


def cut(data: bytes, step: int) -> list[bytes]:
    cutter = AvroCutter()
    records = [record for at in range(0, len(data), step) for found in cutter.feed(data[at : at + step]) for record in found]
    return [*records, *([cutter.left()] if cutter.left() else [])]


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_every_codec_gives_the_data_whole_or_byte_by_byte(codec: str, step: int) -> None:
    header, *data = cut(container(codec, [FLOWS[:2], [], FLOWS[2:]]), step)
    assert header.endswith(SYNC) and data == [datum(flow) for flow in FLOWS]


@given(data=st.binary(max_size=400), repeats=st.integers(1, 40))
@settings(max_examples=150, deadline=None, database=None)
def test_snappy_comes_back(data: bytes, repeats: int) -> None:
    assert unsnap(snap(data * repeats)) == data * repeats


@given(data=st.binary(max_size=80))
@settings(max_examples=300, deadline=None, database=None)
def test_any_bytes_are_unpacked_or_refused(data: bytes) -> None:
    try:
        unsnap(data)
    except BadData:
        return


def test_an_overlapping_copy_repeats_what_it_writes() -> None:
    assert unsnap(b"\x0a\x00a" + bytes([(9 - 4) << 2 | 1, 1])) == b"a" * 10


def test_a_damaged_block_is_one_rejected_record_and_the_next_is_read(tmp_path: Path) -> None:
    data = bytearray(container("snappy", [FLOWS[:2], FLOWS[2:4], FLOWS[4:5]]))
    second = data.index(SYNC, data.index(SYNC) + 16 + 1) + 20  # inside the second block
    data[second] ^= 0xFF
    (tmp_path / "a.avro").write_bytes(data)
    report = Ledger().take(tmp_path / "a.avro")
    assert (report.taken, report.rejected) == (3, 1)
    assert "damaged block" in next(iter(report.files[0].rejected))


def test_a_lost_sync_marker_costs_one_block(tmp_path: Path) -> None:
    data = container("null", [FLOWS[:2], FLOWS[2:4], FLOWS[4:5]])
    place = data.index(SYNC, data.index(SYNC) + 16)
    (tmp_path / "a.avro").write_bytes(data[:place] + b"x" * 16 + data[place + 16 :])
    report = Ledger().take(tmp_path / "a.avro")
    assert (report.taken, report.rejected) == (1, 1)


def test_a_file_that_ends_inside_a_block_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.avro").write_bytes(container("deflate", [FLOWS[:2], FLOWS[2:5]])[:-20])
    report = Ledger().take(tmp_path / "a.avro")
    assert (report.taken, report.files[0].rejected) == (2, {"damaged block: the file ends inside it": 1})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (container("zstandard", []), "compressed with zstandard"),
        (container("null", [], b'{"type":"record","fields":[{"name":"a","type":{"type":"array","items":"int"}}]}'), "not a record of simple fields"),
        (container("null", [], b'{"type":"record","fields":[{"name":"a","type":"int"}]}'), "schema without time"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a.avro").write_bytes(data)
    report = Ledger().take(tmp_path / "a.avro")
    assert report.taken == 0 and report.rejected == 1
    assert reason in next(iter(report.files[0].rejected))


def test_a_block_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avro, "LARGEST_BLOCK", 1 << 10)
    _, bad, good = cut(container("deflate", [FLOWS[:1] * 200, FLOWS[:1]]), 1 << 20)
    assert bad == avro.DAMAGED + b"a block unpacks to too much" and good == datum(FLOWS[0])


@given(data=st.binary(max_size=300))
@settings(max_examples=200, deadline=None, database=None)
def test_any_bytes_behind_a_header_never_raise(data: bytes) -> None:
    cut(container("snappy", []) + data, 64)
