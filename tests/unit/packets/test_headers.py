# SPDX-License-Identifier: Apache-2.0
"""One packet's headers: fixtures built field by field, and any bytes at all (T rows of the packet channel; M-13, U-72)."""

import os
import socket
import struct
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.packets.headers import (
    ACK,
    FIN,
    ICMP,
    ICMP6,
    PSH,
    RST,
    SCTP,
    SYN,
    TCP,
    UDP,
    Packet,
    classify,
    decode,
    protocol_name,
    target_of,
)  # fmt: skip

SOURCE, HERE = socket.inet_aton("198.51.100.7"), socket.inet_aton("192.0.2.1")
SOURCE6, HERE6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7"), socket.inet_pton(socket.AF_INET6, "2001:db8:1::1")
DATA = Path(os.environ.get("TEITEN_DATA", Path(__file__).parents[4] / "shared" / "data"))


def ipv4(protocol, payload, *, ihl=5, total=None, fragment=0, version=4, options=b""):
    length = 20 + len(options) + len(payload) if total is None else total
    return struct.pack("!BBHHHBBH4s4s", version << 4 | ihl, 0, length, 1, fragment, 64, protocol, 0, SOURCE, HERE) + options + payload


def ipv6(following, payload, *, length=None, version=6):
    return struct.pack("!IHBB16s16s", version << 28, len(payload) if length is None else length, following, 64, SOURCE6, HERE6) + payload


def tcp(source_port, port, flags, payload=b"", offset=5, options=b""):
    return struct.pack("!HHIIBBHHH", source_port, port, 1, 0, offset << 4, flags, 1024, 0, 0) + options + payload


def udp(source_port, port, payload=b"", length=None):
    return struct.pack("!HHHH", source_port, port, 8 + len(payload) if length is None else length, 0) + payload


def icmp(kind, code=0, payload=b""):
    return struct.pack("!BBHI", kind, code, 0, 0) + payload


def four(data):
    return decode(data, 0x0800)


def six(data):
    return decode(data, 0x86DD)


def test_tcp_syn():
    packet = four(ipv4(TCP, tcp(40000, 445, SYN)))
    assert packet == Packet(SOURCE, HERE, TCP, 40000, 445, SYN)
    assert (classify(packet), target_of(packet.protocol, packet.port)) == (("syn", "access"), b"445/tcp")


def test_tcp_options_and_payload():
    packet = four(ipv4(TCP, tcp(1, 80, SYN, b"early", 6, b"\x02\x04\x05\xb4")))
    assert (packet.payload, packet.size) == (b"early", 5)


@pytest.mark.parametrize(
    ("flags", "kind", "category"),
    [
        (SYN, "syn", "access"),
        (SYN | 0xC0, "syn", "access"),  # with ECN
        (SYN | FIN, "syn", "access"),
        (SYN | ACK, "syn-ack", "backscatter"),
        (RST, "rst", "backscatter"),
        (RST | ACK, "rst", "backscatter"),
        (SYN | RST, "syn", "access"),
        (SYN | RST | ACK, "syn-ack", "backscatter"),
        (ACK, "segment", "other"),
        (ACK | PSH, "segment", "other"),
        (ACK | FIN, "segment", "other"),
        (FIN, "flags", "other"),
        (0, "flags", "other"),
        (FIN | PSH | 0x20, "flags", "other"),
    ],
)
def test_tcp_by_its_flags(flags, kind, category):
    """An access opens something; what answers is backscatter."""
    assert classify(four(ipv4(TCP, tcp(1, 2, flags)))) == (kind, category)


def test_udp():
    packet = four(ipv4(UDP, udp(53, 1026, b"spam")))
    assert packet == Packet(SOURCE, HERE, UDP, 53, 1026, None, False, b"spam", 4)
    assert (classify(packet), target_of(UDP, packet.port)) == (("udp", "access"), b"1026/udp")


@pytest.mark.parametrize(("length", "payload"), [(0, b"spam"), (7, b"spam"), (10, b"sp"), (60000, b"spam")])
def test_a_udp_length_that_lies_is_bounded_by_ip(length, payload):
    packet = four(ipv4(UDP, udp(1, 2, b"spam", length)))
    assert (packet.payload, packet.size) == (payload, len(payload))


@pytest.mark.parametrize(
    ("kind", "category", "numbers"),
    [
        ("echo-request", "access", [8]),
        ("icmp-error", "backscatter", [3, 4, 5, 11, 12]),
        ("icmp-reply", "backscatter", [0, 14, 16, 18]),
        ("packet", "other", [9, 10, 13, 15, 17, 42]),
    ],
)
def test_icmp_by_its_type(kind, category, numbers):
    for number in numbers:
        assert classify(four(ipv4(ICMP, icmp(number)))) == (kind, category)


@pytest.mark.parametrize(
    ("kind", "category", "numbers"),
    [
        ("echo-request", "access", [128]),
        ("icmp-error", "backscatter", [1, 2, 3, 4]),
        ("icmp-reply", "backscatter", [129]),
        ("packet", "other", [8, 0, 130, 135, 136, 143]),
    ],
)
def test_icmp6_by_its_type(kind, category, numbers):
    for number in numbers:
        assert classify(six(ipv6(ICMP6, icmp(number)))) == (kind, category)


def test_an_icmp_error_is_not_the_packet_it_quotes():
    packet = four(ipv4(ICMP, icmp(3, 3, ipv4(UDP, udp(5, 137)))))
    assert (packet.source_port, target_of(packet.protocol, packet.port)) == (None, b"3.3/icmp")


@pytest.mark.parametrize(
    ("protocol", "port", "target"),
    [
        (TCP, 445, b"445/tcp"), (UDP, 0, b"0/udp"), (SCTP, 36412, b"36412/sctp"),
        (ICMP, 0x0800, b"ping/icmp"), (ICMP, 0x0801, b"ping/icmp"), (ICMP, 0x8000, b"128.0/icmp"), (ICMP, 0, b"0.0/icmp"),
        (ICMP6, 0x8000, b"ping/icmp6"), (ICMP6, 0x0800, b"8.0/icmp6"), (ICMP, 0x0B01, b"11.1/icmp"), (TCP, None, b"none/tcp"),
        (ICMP, None, b"none/icmp"), (47, None, b"proto47/ip"), (47, 5, b"proto47/ip"), (0, None, b"proto0/ip"), (255, None, b"proto255/ip"),
    ],
)  # fmt: skip
def test_names_of_targets(protocol, port, target):
    """U-72: TCP and UDP apart, ICMP by type and code."""
    assert target_of(protocol, port) == target


def test_names_of_protocols():
    assert [protocol_name(number) for number in (6, 17, 1, 58, 47)] == ["tcp", "udp", "icmp", "icmp6", "proto47"]


@pytest.mark.parametrize(
    "data",
    [
        ipv4(TCP, tcp(1, 2, SYN), ihl=4),
        ipv4(TCP, tcp(1, 2, SYN), version=5),
        ipv4(TCP, tcp(1, 2, SYN), version=6),
        ipv4(TCP, tcp(1, 2, SYN), total=19),
        ipv4(TCP, b"", ihl=6, total=20),
        ipv4(TCP, b"")[:19],
        b"",
    ],
)
def test_no_valid_ipv4_header(data):
    assert four(data) is None


@pytest.mark.parametrize("data", [b"", ipv6(TCP, b"")[:39], ipv6(TCP, tcp(1, 2, SYN), version=4)])
def test_no_valid_ipv6_header(data):
    assert six(data) is None


def test_total_length_zero_is_an_offloaded_packet():
    assert four(ipv4(UDP, udp(1, 2, b"x"), total=0)).payload == b"x"


def test_padding_behind_the_packet_is_not_payload():
    packet = four(ipv4(TCP, tcp(1, 2, SYN)) + bytes(6))
    assert (packet.payload, packet.size) == (b"", 0)


def test_more_announced_than_captured_is_decoded():
    packet = four(ipv4(UDP, udp(1, 2, b"abc", 1008), total=1028))
    assert (packet.payload, packet.size) == (b"abc", 1000)


def test_ip_options():
    assert four(ipv4(TCP, tcp(1, 22, SYN), ihl=6, options=b"\x01\x01\x01\x00")).port == 22


@pytest.mark.parametrize(("kept", "port", "flags"), [(20, 2, SYN), (14, 2, SYN), (13, 2, None), (4, 2, None), (3, None, None), (0, None, None)])
def test_a_cut_tcp_header(kept, port, flags):
    """Flags that weren't captured are unknown, not a scan without flags."""
    packet = four(ipv4(TCP, tcp(1, 2, SYN))[: 20 + kept])
    assert (packet.port, packet.flags) == (port, flags)
    if flags is None:
        assert classify(packet) == ("packet", "other")


@pytest.mark.parametrize("offset", [0, 15])
def test_an_odd_tcp_header_length_keeps_ports_and_flags(offset):
    packet = four(ipv4(TCP, tcp(1, 2, SYN, offset=offset)))
    assert (packet.port, packet.flags, packet.payload) == (2, SYN, b"")


def test_fragments():
    """Only the first has ports; a later one is never decoded, whatever it pretends (RFC 3128)."""
    first = four(ipv4(UDP, udp(1, 53, b"x" * 8, 100), fragment=0x2000))
    assert (first.port, first.fragment, classify(first)) == (53, True, ("udp", "access"))
    assert first.size == 92 and first.payload == b"x" * 8
    for offset in (1, 0x2001):
        later = four(ipv4(TCP, tcp(1, 2, SYN), fragment=offset))
        assert (later.port, later.flags, later.fragment) == (None, None, True)
        assert (classify(later), target_of(later.protocol, later.port)) == (("fragment", "other"), b"none/tcp")
    assert not four(ipv4(UDP, udp(1, 2), fragment=0x4000)).fragment  # don't fragment


@pytest.mark.parametrize("tags", [1, 2, 3, 4])
def test_vlan_tags(tags):
    tagged = struct.pack("!HH", 5, 0x8100) * (tags - 1) + struct.pack("!HH", 5, 0x0800) + ipv4(UDP, udp(1, 2))
    assert decode(tagged, 0x88A8).port == 2


def test_other_ethertypes_and_cut_tags():
    assert decode(ipv4(UDP, udp(1, 2)), 0x0806) is None
    assert decode(b"\0\1", 0x8100) is None
    assert decode(struct.pack("!HH", 1, 0x8100) * 9 + ipv4(UDP, udp(1, 2)), 0x8100) is None


def extension(following, length=0):
    return struct.pack("!BB", following, length) + bytes(6 + 8 * length)


def test_ipv6_extension_headers():
    chain = extension(43) + extension(60, 1) + extension(51) + struct.pack("!BB", TCP, 1) + bytes(10)
    assert six(ipv6(0, chain + tcp(1, 443, SYN))).port == 443
    assert six(ipv6(0, extension(0) * 15 + extension(UDP) + udp(1, 2))).port == 2
    too_long = six(ipv6(0, extension(0) * 16 + extension(UDP) + udp(1, 2)))
    assert (too_long.port, classify(too_long)) == (None, ("packet", "other"))


def test_ipv6_fragments():
    header = struct.pack("!BBHI", UDP, 0, 1, 7)
    first = six(ipv6(44, header + udp(1, 53, b"abc", 100)))
    assert (first.port, first.fragment) == (53, True)
    later = six(ipv6(44, struct.pack("!BBHI", UDP, 0, 8, 7) + udp(1, 53)))
    assert (later.protocol, later.port, later.fragment) == (UDP, None, True)
    atomic = six(ipv6(44, struct.pack("!BBHI", UDP, 0, 0, 7) + udp(1, 53)))
    assert (atomic.port, atomic.fragment) == (53, False)


def test_ipv6_odd_ends():
    assert six(ipv6(UDP, udp(1, 2, b"jumbo"), length=0)).payload == b"jumbo"
    assert six(ipv6(59, b"")).protocol == 59
    assert six(ipv6(50, bytes(20))) == Packet(SOURCE6, HERE6, 50, size=20)
    for cut in (b"", b"\x06"):
        assert six(ipv6(0, cut)).port is None
    assert six(ipv6(44, bytes(7))).port is None


@given(st.binary(max_size=120), st.sampled_from([0x0800, 0x86DD, 0x8100, 0x88A8, 0x0806, 0]))
def test_any_bytes(data, ethertype):
    check(decode(data, ethertype))


@given(
    st.integers(0, 255),
    st.binary(max_size=100),
    st.integers(5, 15),
    st.integers(0, 0xFFFF),
    st.one_of(st.none(), st.integers(0, 0xFFFF)),
    st.integers(0, 140),
)
def test_any_ipv4(protocol, payload, ihl, fragment, total, cut):
    check(four(ipv4(protocol, payload, ihl=ihl, fragment=fragment, total=total)[:cut]))


@given(st.sampled_from([0, 6, 17, 43, 44, 50, 51, 58, 60, 135]), st.binary(max_size=100), st.one_of(st.none(), st.integers(0, 0xFFFF)))
def test_any_ipv6(following, payload, length):
    check(six(ipv6(following, payload, length=length)))


def check(packet):
    if packet is None:
        return
    kind, category = classify(packet)
    assert kind and category in ("access", "backscatter", "other")
    assert target_of(packet.protocol, packet.port).isascii()
    assert len(packet.source) == len(packet.destination) and 0 <= len(packet.payload) <= max(0, packet.size)
    if category == "access":
        assert packet.port is not None


@pytest.mark.data
@pytest.mark.parametrize("name", ["pcap-tcpdump", "pcap-zeek"])
def test_real_captures_against_independent_counts(name):
    """Classic Ethernet and raw captures: SYN-only, SYN-ACK and RST packets equal the counts made with other tools."""
    truth = DATA / name / "ground-truth.tsv"
    if not truth.exists():
        pytest.skip(f"no real samples: {truth} is missing (set TEITEN_DATA)")
    header, *rows = [line.split("\t") for line in truth.read_text().splitlines()]
    checked = 0
    for row in rows:
        expected = dict(zip(header, row, strict=False))
        counts = count_kinds(DATA / name / row[0])
        if counts is not None:
            found = [str(counts[kind]) for kind in ("syn", "syn-ack", "rst")]
            assert (row[0], found) == (row[0], [expected[column] for column in ("tcp_syn", "tcp_synack", "tcp_rst")])
            checked += 1
    assert checked > 5


def count_kinds(path):
    """None for what isn't a whole classic capture of a link type that is easy to skip."""
    data = path.read_bytes() if path.exists() else b""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    if order is None:
        return None
    (link,) = struct.unpack_from(order + "I", data, 20)
    at, counts = 24, Counter()
    while at + 16 <= len(data):
        _, _, kept, _ = struct.unpack_from(order + "4I", data, at)
        frame = data[at + 16 : at + 16 + kept]
        if link == 1 and len(frame) >= 14:
            packet = decode(frame[14:], int.from_bytes(frame[12:14], "big"))
        elif link == 101 and frame:
            packet = decode(frame, 0x86DD if frame[0] >> 4 == 6 else 0x0800)
        else:
            return None
        if packet is not None:
            counts[classify(packet)[0]] += 1
        at += 16 + kept
    return counts
