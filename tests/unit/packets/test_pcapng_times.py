# SPDX-License-Identifier: Apache-2.0
"""Times of pcapng interfaces: exact nanoseconds for every resolution, or no time at all (M-13)."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.packets.captures import Capture
from teiten.packets.layout import UNTIMED, Count
from teiten.packets.pcapng import nanoseconds, read_interface
from tests.unit.packets.building import FRAMES, enhanced, interface, option, section
from tests.unit.packets.engines import ENGINES, fast, slow

LATEST = 9_223_372_035


def exact(ticks: int, resolution: int, offset: int) -> int:
    per_second = 2 ** (resolution & 127) if resolution & 128 else 10 ** (resolution & 127)
    second = ticks // per_second
    if (resolution & 127) > (63 if resolution & 128 else 19) or second > LATEST or not 0 <= second + offset <= LATEST:
        return UNTIMED
    return int(Fraction(ticks, per_second) * 10**9) + offset * 10**9


def times(ticks: int, resolution: int, offset: int, compiled: bool) -> tuple[int, int]:
    options = option(9, bytes([resolution])) + option(14, struct.pack("<q", offset))
    capture = Capture(io.BytesIO(section() + interface(1, options) + enhanced(FRAMES[0], ticks)), compiled)
    ((at_ns,),) = [records.at_ns[:n].tolist() for _, records, _, n in capture.steps() if n]
    return at_ns, capture.report[Count.UNTIMED]


@pytest.mark.parametrize("resolution", [0, 3, 6, 9, 10, 12, 19, 20, 127, 128, 128 + 10, 128 + 20, 128 + 32, 128 + 33, 128 + 50, 128 + 63, 128 + 64])
@pytest.mark.parametrize("ticks", [0, 1, 1_187_222_400, 1_187_222_400_123_456, 1_187_222_400_123_456_789, 2**63 + 12_345, 2**64 - 1])
@pytest.mark.parametrize("offset", [0, 1_187_222_400, -5, 2**62])
def test_both_engines_give_the_exact_time(resolution: int, ticks: int, offset: int) -> None:
    expected = exact(ticks, resolution, max(-LATEST, min(offset, LATEST)))
    for compiled in ENGINES:
        assert times(ticks, resolution, offset, compiled) == (expected, expected == UNTIMED)


@given(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(-LATEST, LATEST))
def test_any_time_is_exact_or_none(ticks: int, resolution: int, offset: int) -> None:
    facts = read_interface(interface(1, option(9, bytes([resolution])) + option(14, struct.pack("<q", offset))), False)
    assert nanoseconds(ticks, facts) == exact(ticks, resolution, offset)


@given(st.binary(max_size=80), st.booleans())
def test_any_interface_block_is_read_without_raising(body: bytes, big: bool) -> None:
    read_interface(bytes(8) + body, big)


def test_the_first_packet_of_a_capture_may_stand_at_either_end_of_time() -> None:
    """In the last minute that 64-bit nanoseconds hold, `time - low` must not overflow: found by `mutations --seed 5`."""
    for second in (9_223_372_035, 9_223_371_990, 0, 59):
        data = section() + interface(1, option(9, b"\0")) + enhanced(FRAMES[0], second) + enhanced(FRAMES[1], 60)
        answers = [fast(data, compiled) for compiled in ENGINES]
        assert all(answer == slow(data) for answer in answers) and sum(row[0] for row in answers[0]["flows"].values()) == 2
