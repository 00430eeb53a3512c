# SPDX-License-Identifier: Apache-2.0
"""Opening, compression, damage, growth and bounds of the capture reader (M-13; what was read is always said, U-33)."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from teiten.packets import captures, flowtuple
from teiten.packets.capture_files import CaptureError, decompressed, open_capture
from teiten.packets.captures import Capture
from teiten.packets.flowtuple import payload_hash
from teiten.packets.layout import LARGE_TABLE, MOST_ROWS4, Count
from tests.unit.packets.building import FRAMES, SECOND, SYN, block, enhanced, ethernet, every_capture, interface, ip4, pcap, record, section, tcp
from tests.unit.packets.engines import ENGINES, NAMES, InPieces, fast, slow
from tests.unit.packets.mutations import run

engines = pytest.mark.parametrize("compiled", ENGINES, ids=NAMES.get)
MANY = pcap(b"".join(record(ethernet(ip4(6, tcp(k % 5000), source=k.to_bytes(4, "big"))), SECOND + k // 50, k) for k in range(20_000)))


@engines
@pytest.mark.parametrize("name", every_capture())
def test_every_shape_equals_the_reference(name: str, compiled: bool) -> None:
    data = every_capture()[name]
    answer = fast(data, compiled)
    assert answer == slow(data)
    assert answer["packets"] >= 4
    assert answer["gaps"] == []
    if name != "pcap link 147":
        assert answer["flows"]


@engines
@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gzip", "xz"])
def test_compressed_captures_are_told_by_their_magic_bytes(pack: object, compiled: bool) -> None:
    assert fast(pack(MANY), compiled) == fast(MANY, compiled)  # type: ignore[operator]


def test_zstd_and_a_stream_that_breaks_off(tmp_path: Path) -> None:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    packed = zstd.compress(MANY)
    assert fast(packed, False) == fast(MANY, False)
    for broken in (packed[: len(packed) // 2], gzip.compress(MANY)[:-3000]):
        file = tmp_path / "broken"
        file.write_bytes(broken)
        capture = Capture(open_capture(file), False)
        packets = sum(int(batch.packets.sum()) for batch in capture.flows() if batch is not None)
        assert 0 < packets < 20_000 or capture.report[Count.PACKETS] == packets == 0
        assert "breaks off" in capture.report.trouble


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"hello world, this is no capture", "not a capture: it begins with 68656c6c"),
        (pcap(b"")[:20], "the file ends inside its header: 20 of 24 bytes"),
        (b"\x02\x21\x4c\x18" + bytes(40), "the legacy form of lz4 is not supported\nDecompress it first"),
        (gzip.compress(b"text"), "not a capture"),
    ],
    ids=["empty", "text", "cut header", "legacy lz4", "packed text"],
)
def test_what_is_no_capture_is_said_in_different_words(data: bytes, says: str) -> None:
    with pytest.raises(CaptureError) as raised:
        Capture(decompressed(io.BytesIO(data)), False)
    assert says in str(raised.value)
    assert "\n" in str(raised.value)


def test_a_missing_file_and_a_header_alone() -> None:
    with pytest.raises(CaptureError, match="cannot be read: No such file"):
        open_capture("/nowhere/capture.pcap")
    assert fast(pcap(b""), False)["packets"] == 0


@engines
def test_a_file_that_grows_is_read_on_from_where_it_ended(compiled: bool) -> None:
    data = pcap(b"".join(record(frame, SECOND + k) for k, frame in enumerate(FRAMES)))
    capture = Capture(InPieces(data, [30, 1, 50]), compiled)  # type: ignore[arg-type]
    answers = list(capture.flows())
    assert answers.count(None) > 3
    assert sum(int(batch.packets.sum()) for batch in answers if batch is not None) == len(FRAMES) - 1
    assert capture.report.trailing_bytes == 0


@engines
def test_three_hundred_holes_cost_what_they_hit(compiled: bool) -> None:
    """Overwritten, removed and inserted bytes: at least 99.5 % of the packets between the holes come back, and every hole is reported."""
    chance, damaged, holes = random.Random(3), bytearray(MANY), 30
    for at in sorted(chance.sample(range(1000, len(MANY) - 1000), holes), reverse=True):
        match at % 3:
            case 0:
                damaged[at : at + 40] = chance.randbytes(40)
            case 1:
                del damaged[at : at + 33]
            case _:
                damaged[at:at] = bytes(50)
    answer = fast(bytes(damaged), compiled)
    assert answer["packets"] >= 20_000 - 3 * holes
    assert 15 <= len(answer["gaps"]) <= holes
    assert sum(size for _, size in answer["gaps"]) < holes * 250


def test_a_minute_with_more_rows_than_fit_comes_in_parts_that_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flowtuple, "MOST_ROWS4", 100)
    assert fast(MANY, False) == slow(MANY)


@pytest.mark.skipif(True not in ENGINES, reason="numba is not installed")
def test_the_compiled_table_is_bounded_too() -> None:
    """600,000 sources in one minute, twice each: more than a minute may hold."""
    one = np.frombuffer(record(ethernet(SYN)), np.uint8)
    records = np.tile(one, (600_000, 2, 1)).reshape(600_000, 2, len(one))
    records[:, :, 16 + 14 + 12 : 16 + 14 + 16] = np.arange(600_000, dtype=">u4").view(np.uint8).reshape(-1, 1, 4)
    batches = [batch for batch in Capture(io.BytesIO(pcap(records.tobytes())), True).flows() if batch is not None]
    assert [len(batch.words) for batch in batches] == [MOST_ROWS4, 600_000 - MOST_ROWS4]
    assert set(np.concatenate([batch.packets for batch in batches]).tolist()) == {2}
    sources = np.concatenate([batch.source for batch in batches])
    assert (sources.copy().view(">u4")[:, 0] == np.arange(600_000)).all()


@engines
def test_rows_handed_over_without_a_copy_stay_as_they_are_while_held(compiled: bool) -> None:
    """Eight minutes, each large enough to be handed over; memory is used again only when nobody holds its rows."""
    large = LARGE_TABLE + 100
    frames = [ethernet(ip4(6, tcp(80), source=k.to_bytes(4, "big"))) for k in range(large)]
    data = pcap(b"".join(record(frame, SECOND + minute * 60) for minute in range(8) for frame in frames))
    assert fast(data, compiled) == slow(data)  # holds every batch
    minutes = []
    for batch in Capture(io.BytesIO(data), compiled).flows():  # holds one at a time
        assert batch is not None
        assert sorted(batch.source.copy().view(">u4")[:, 0].tolist()) == list(range(large))
        minutes += set(batch.minute.tolist())
    assert minutes == list(range(SECOND // 60, SECOND // 60 + 8))


@engines
def test_late_packets_reopen_a_minute_and_add_up(compiled: bool) -> None:
    seconds = [0, 60, 0, 120, 180, 0, 60, 240, 0]
    data = pcap(b"".join(record(FRAMES[0], SECOND + second) for second in seconds))
    assert fast(data, compiled) == slow(data)
    assert [row[0] for row in fast(data, compiled)["flows"].values()] == [4, 2, 1, 1, 1]


@engines
def test_blocks_larger_than_allowed_are_gaps_and_the_next_packet_is_found(compiled: bool) -> None:
    data = section() + interface() + block(0x0BAD, bytes(3 << 20)) + enhanced(FRAMES[0]) + enhanced(FRAMES[1])
    answer = fast(data, compiled)
    assert answer["packets"] == 2
    assert [size for _, size in answer["gaps"]] == [(3 << 20) + 12]


@engines
def test_megabytes_of_zeros_are_one_gap(compiled: bool) -> None:
    data = pcap(record(FRAMES[0]) + bytes(3_000_001) + record(FRAMES[1]) + record(FRAMES[2]))
    assert fast(data, compiled)["gaps"] == [(24 + 16 + len(FRAMES[0]), 3_000_001)]


@pytest.mark.skipif(True not in ENGINES, reason="numba is not installed")
def test_payload_hashes_are_the_same_and_differ_by_content() -> None:
    from teiten.packets.compiled_flows import payload_hash as compiled_payload_hash

    chance = random.Random(1)
    payloads = [chance.randbytes(size) for size in [*range(1, 40), 500, 65_000]] + [bytes(9), bytes(10)]
    for payload in payloads:
        held = np.frombuffer(payload, np.uint8)
        assert compiled_payload_hash(held.ctypes.data, len(held)) == payload_hash(payload) != 0
    assert len({payload_hash(payload) for payload in payloads}) == len(payloads)
    assert payload_hash(b"") == 0
    assert payload_hash(b"hello, world") == -1125085046964127809  # stored values depend on it


def test_two_thousand_damaged_captures_are_read_the_same_by_all() -> None:
    holed, gaps, refused = run(2000, seed=11)
    assert gaps >= holed > 100
    assert refused < 100


def test_without_numba_the_plain_engine_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEITEN_NO_NUMBA", "1")
    assert not captures.use_numba()
    capture = Capture(io.BytesIO(pcap(record(ethernet(SYN)))))
    assert [int(batch.packets.sum()) for batch in capture.flows() if batch is not None] == [1]


def test_numba_is_not_loaded_on_the_way_to_the_command_line_or_a_sensor() -> None:
    code = (
        "import sys, teiten.importers, teiten.packets.headers, teiten.packets.capture_files, teiten.packets.captures, teiten.packets.cutting;"
        "import teiten.packets.record_batches; from teiten.importers.pcap import Pcap; Pcap().recognise(bytes(24), 'x');"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
