# SPDX-License-Identifier: Apache-2.0
"""The bytes of a segment: whatever happens to them, what is read was written, and what is outside the damage is read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from teiten.transport import frames

HEADER = frames.SegmentHeader("s1", "web", "0123456789abcdef", 3, 1_000)
PAYLOADS = [b"first", b"", b"third record " * 5, bytes(range(256))]


def read(data: bytes) -> frames.Reading:
    return frames.read(data, HEADER.epoch, HEADER.seq)


def is_part_of(got: list[bytes], whole: list[bytes]) -> bool:
    rest = iter(whole)
    return all(payload in rest for payload in got)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_what_is_written_is_read(payloads: list[bytes]) -> None:
    data, digest = frames.whole(HEADER, payloads, 2_000)
    reading = read(data)
    assert reading.payloads == payloads
    assert reading.header == HEADER
    assert reading.trailer == frames.SegmentTrailer(len(payloads), digest, 2_000)
    assert reading.damaged == []
    assert reading.end == len(data)


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_read(data: bytes) -> None:
    assert read(data).payloads == []
    assert read(frames.MAGIC + data).payloads == []


def test_a_file_cut_at_any_byte_gives_its_whole_frames() -> None:
    data, _ = frames.whole(HEADER, PAYLOADS, 2_000)
    lengths = set()
    for cut in range(len(data)):
        reading = read(data[:cut])
        assert reading.payloads == PAYLOADS[: len(reading.payloads)]
        assert reading.trailer is None
        assert reading.end <= cut
        lengths.add(len(reading.payloads))
    assert lengths == {0, 1, 2, 3, 4}


def test_no_single_bit_flip_alters_a_record_or_costs_another() -> None:
    """F6: 0 altered; every record outside the damaged frame recovered."""
    data, _ = frames.whole(HEADER, PAYLOADS, 2_000)
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        reading = read(bytes(flipped))
        assert is_part_of(reading.payloads, PAYLOADS), bit
        assert len(reading.payloads) >= len(PAYLOADS) - 1, bit
        assert reading.damaged, bit


def test_a_frame_inside_a_record_is_not_taken_for_a_record() -> None:
    """A stranger who sends the bytes of a frame, even of this very segment, is not believed after damage."""
    inner = frames.frame(b"forged", 40, frames.seed_of(HEADER.epoch, HEADER.seq))
    data, _ = frames.whole(HEADER, [b"x" * 30 + inner, b"good"], 2_000)
    broken = bytearray(data)
    broken[data.index(b"xxx")] ^= 1
    assert read(bytes(broken)).payloads == [b"good"]


def test_a_frame_is_good_only_in_its_own_segment() -> None:
    data, _ = frames.whole(HEADER, PAYLOADS, 2_000)
    assert frames.read(data, HEADER.epoch, HEADER.seq + 1).payloads == []
    assert frames.read(data, "fedcba9876543210", HEADER.seq).payloads == []


def test_the_hash_tells_where_records_end() -> None:
    assert frames.content_hash([b"ab", b"c"]) != frames.content_hash([b"a", b"bc"])
    assert frames.content_hash([]) != frames.content_hash([b""])
