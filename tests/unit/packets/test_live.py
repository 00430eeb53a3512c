# SPDX-License-Identifier: Apache-2.0
"""The kernel filter, run step by step here; what the kernel itself does with it is shown in tests/clients."""

import struct

import pytest

from teiten.packets.headers import ACK, FIN, RST, SYN, TCP, UDP
from teiten.packets.live import LONGEST_FRAME_BYTES, filter_program


def run(program, data, ethertype):
    """Classic BPF as the kernel runs it: a load past the end discards the packet."""
    steps = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = index = 0
    while True:
        code, true, false, value = steps[at]
        at += 1
        if code == 0x06:
            return value
        if code in (0x15, 0x45):
            at += true if (accumulator == value if code == 0x15 else accumulator & value) else false
            continue
        if code == 0x20 and value == 0xFFFFF000:
            accumulator = ethertype
            continue
        start, size = (value + index if code == 0x50 else value), {0x28: 2, 0x30: 1, 0x50: 1, 0xB1: 1}[code]
        if start + size > len(data):
            return 0
        loaded = int.from_bytes(data[start : start + size], "big")
        if code == 0xB1:
            index = (loaded & 15) * 4
        else:
            accumulator = loaded


def ipv4(protocol, payload, fragment=0, options=b""):
    return struct.pack("!BBHHHBBH8x", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), 1, fragment, 64, protocol, 0) + options + payload


def ipv6(following, payload):
    return struct.pack("!IHBB32x", 6 << 28, len(payload), following, 64) + payload


def tcp(flags):
    return struct.pack("!HHIIBBHHH", 1, 2, 1, 0, 5 << 4, flags, 1024, 0, 0)


def kept(data, ethertype, established=False):
    return run(filter_program(established), data, ethertype) == LONGEST_FRAME_BYTES


@pytest.mark.parametrize(
    ("flags", "keep"), [(SYN, True), (SYN | ACK, True), (RST, True), (RST | ACK, True), (0, True), (FIN, True), (ACK, False), (ACK | FIN, False)]
)
def test_only_established_tcp_is_left_out(flags, keep):
    for data, ethertype in ((ipv4(TCP, tcp(flags)), 0x0800), (ipv4(TCP, tcp(flags), 0, b"\1\1\1\0"), 0x0800), (ipv6(TCP, tcp(flags)), 0x86DD)):
        assert kept(data, ethertype) == keep
        assert kept(data, ethertype, established=True)


def test_everything_else_of_ip_is_kept_and_nothing_else():
    assert kept(ipv4(UDP, bytes(8)), 0x0800) and kept(ipv6(UDP, bytes(8)), 0x86DD) and kept(ipv6(0, bytes(8)), 0x86DD)
    assert kept(b"", 0x8100) and kept(b"", 0x88A8) and kept(b"", 0x9100)
    assert not kept(bytes(28), 0x0806) and not kept(bytes(28), 0x0806, established=True)


def test_short_first_fragments_are_kept():
    assert kept(ipv4(TCP, bytes(8), fragment=0x2000), 0x0800) and kept(ipv4(TCP, bytes(8), fragment=1), 0x0800)
