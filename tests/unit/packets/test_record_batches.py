# SPDX-License-Identifier: Apache-2.0
"""Captures cut into records and read batch by batch: every record accounted for, rows named as the live sensor names them (M-13, U-33)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from teiten.clock import to_microseconds
from teiten.columnar import length
from teiten.importers.interface import Chunk, ReadOptions
from teiten.importers.pcap import Pcap
from teiten.packets.cutting import CaptureCutter
from teiten.packets.headers import classify, decode, target_of
from tests.unit.packets.building import (
    FRAMES,
    HERE,
    SECOND,
    SOURCE,
    SOURCE6,
    SYN,
    block,
    enhanced,
    ethernet,
    every_capture,
    interface,
    ip6,
    pcap,
    record,
    section,
    simple,
    tcp,
)
from tests.unit.packets.engines import fast
from tests.unit.packets.mutations import damage

OPTIONS = ReadOptions(ZoneInfo("Asia/Tokyo"), to_microseconds(datetime(2026, 6, 1, tzinfo=UTC)))


def cut(data: bytes, size: int = 1 << 20, compiled: bool = False) -> list[bytes]:
    cutter = CaptureCutter(compiled)
    made = [part for at in range(0, len(data), size) for part in cutter.feed(data[at : at + size])]
    return [*made, *cutter.finish()[0]]


def chunks(records: list[bytes], size: int = 20_000) -> Iterator[Chunk]:
    reading = Pcap().start(OPTIONS, None)
    for at in range(0, len(records), size):
        yield reading.take(records[at : at + size], at + 1)


def rows(made: list[Chunk]) -> list[dict[str, Any]]:
    return [dict(zip(chunk.columns, values, strict=True)) for chunk in made
            for values in zip(*(column.tolist() for column in chunk.columns.values()), strict=True)]  # fmt: skip


@pytest.mark.parametrize("name", every_capture())
def test_records_put_together_are_the_file_and_a_chunk_accounts_for_each(name: str) -> None:
    data = every_capture()[name]
    records = cut(data)
    assert b"".join(records) == data
    for size in (1, 3, 20_000):
        made = list(chunks(records, size))
        assert sum(chunk.taken + sum(chunk.other.values()) + len(chunk.rejected) for chunk in made) == len(records)
    answer = fast(data, False)
    assert sum(row["times"] for row in rows(made)) == sum(row[0] for row in answer["flows"].values())


@pytest.mark.parametrize("seed", range(40))
def test_damaged_captures_are_cut_the_same_in_any_pieces_and_by_any_engine(seed: int) -> None:
    chance = random.Random(seed)
    data = damage(chance.choice(list(every_capture().values())), chance)
    records = cut(data)
    assert b"".join(records) == data
    assert cut(data, 37) == records == cut(data, 64, compiled=True)
    made = list(chunks(records, 7))
    assert sum(chunk.taken + sum(chunk.other.values()) + len(chunk.rejected) for chunk in made) == len(records)


def test_any_bytes_as_records_are_accounted_for() -> None:
    chance = random.Random(5)
    records = [damage(chance.choice([SYN, record(FRAMES[0]), pcap(b""), section(), interface(), b""]), chance) for _ in range(2000)]
    for first in (pcap(b""), section() + interface(), b"junk"):
        made = list(chunks([first, *records], 100))
        assert sum(chunk.taken + sum(chunk.other.values()) + len(chunk.rejected) for chunk in made) == 2001


def test_a_row_says_what_the_live_sensor_would_say() -> None:
    known = [frame for frame in FRAMES if frame[12:14] not in (b"\x88\x47", b"\x88\x64", b"\0\x30")]  # the live sensor doesn't look into these
    made = rows(list(chunks(cut(pcap(b"".join(record(frame) for frame in known))))))
    expected: Counter[tuple[Any, ...]] = Counter()
    for frame in known:
        packet = decode(frame[14:], int.from_bytes(frame[12:14], "big"))
        if packet is not None:
            expected[packet.source, target_of(packet.protocol, packet.port), *classify(packet), packet.flags] += 1
    found = Counter({(row["source"], row["target"], row["kind"], row["category"], row["tcp_flags"]): row["times"] for row in made})
    assert found == expected
    assert {key[0] for key in found} == {SOURCE, SOURCE6}
    assert found.total() == len(known) - 1  # ARP
    assert (SOURCE, b"445/tcp", "syn", "access", 2) in found
    assert (SOURCE6, b"ping/icmp6", "echo-request", "access", None) in found


def test_destinations_are_added_up_and_never_stored() -> None:
    other = SYN[:16] + b"\xc6\x33\x64\x01" + SYN[20:]
    (row,) = rows(list(chunks(cut(pcap(record(bytes(12) + b"\x08\0" + SYN) + record(bytes(12) + b"\x08\0" + other, fraction=3))))))
    assert (row["times"], row["observed_at"]) == (2, SECOND * 1_000_000 + 3)
    assert not any(value == HERE for value in row.values())


def test_a_mapped_source_is_the_ipv4_source() -> None:
    frames = [ethernet(ip6(6, tcp(), source=bytes(10) + b"\xff\xff" + SOURCE), b"\x86\xdd"), FRAMES[0]]
    made = rows(list(chunks(cut(pcap(b"".join(record(frame) for frame in frames))))))
    assert [row["source"] for row in made] == [SOURCE, SOURCE]


def test_every_fate_has_its_name() -> None:
    frame = FRAMES[0]
    early, late = record(frame, second=1), record(frame, second=4_000_000_000)
    data = pcap(record(frame) + record(FRAMES[19]) + record(bytes(12) + b"\x08\0\x55" + SYN[1:]) + record(frame[:20]))
    data += early + late + record(frame) * 5 + b"\xff" * 50
    (chunk,) = chunks(cut(data))
    assert chunk.taken == 6
    assert chunk.other == {"header": 1, "not IP": 1, "malformed IP header": 1, "cut inside the IP header": 1}
    assert [(one.line, one.reason) for one in chunk.rejected] == [
        (6, "time before 1990"),
        (7, "time after the date of the file"),
        (13, "damaged: no record of the capture"),
    ]
    blocks = section() + interface() + interface(147) + block(4, bytes(8)) + simple(frame) + enhanced(frame, number=9) + enhanced(frame, number=1)
    (chunk,) = chunks(cut(blocks))
    assert chunk.other == {"header": 3, "block without a packet": 1}
    assert [(one.line, one.reason) for one in chunk.rejected] == [
        (5, "packet without a time"),
        (6, "packet block of an unknown interface or with wrong lengths"),
        (7, "link layer not known"),
    ]


def test_recognition() -> None:
    importer = Pcap()
    for name, data in every_capture().items():
        said = importer.recognise(data, name)
        assert said is not None
        assert said.confidence == 1
        assert importer.is_preamble(cut(data)[0])
    assert importer.recognise(b"Mar 27 13:06:56 host sshd[1]: x", "auth.log") is None
    cut_off = importer.recognise(pcap(b"")[:10], "x")
    assert cut_off is not None
    assert cut_off.confidence < 0.5


def test_a_later_batch_gives_the_same_rows_whatever_was_read_before() -> None:
    records = cut(every_capture()["pcap"])
    whole = list(chunks(records, 6))
    for skip in range(1, len(whole)):
        reading = Pcap().start(OPTIONS, None)
        reading.take(records[:1], 1)
        again = reading.take(records[6 * skip : 6 * skip + 6], 6 * skip + 1)
        assert length(again.columns) == length(whole[skip].columns)
        assert all((again.columns[name] == whole[skip].columns[name]).all() for name in again.columns)
