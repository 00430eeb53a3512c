# SPDX-License-Identifier: Apache-2.0
"""Messages of flow exporters, written by the rules of RFC 3954 and RFC 7011 and not by the reader's own."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from pathlib import Path

UPTIME_MS, SECONDS = 500_000, 1_772_323_200  # 2026-03-01T00:00:00Z
V9_FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (22, 4), (21, 4), (2, 4), (1, 4))
IPFIX_FIELDS = ((27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (82, 0xFFFF), (152, 8), (153, 8))


def v5(*flows: tuple[str, int, int, int, int], count: int | None = None) -> bytes:
    """Each flow: source, source port, destination port, protocol, flags; 10 s before the header, 2 s long."""
    head = struct.pack(">HHIIIIBBH", 5, len(flows) if count is None else count, UPTIME_MS, SECONDS, 250_000_000, 1, 0, 0, 0)
    body = b""
    for source, there, here, protocol, flags in flows:
        body += ip_address(source).packed + ip_address("198.51.100.7").packed + bytes(4) + struct.pack(">HHII", 1, 2, 3, 180)
        body += struct.pack(">IIHHBBBB", UPTIME_MS - 10_000, UPTIME_MS - 8_000, there, here, 0, flags, protocol, 0) + bytes(8)
    return head + body


def v9(*sets: bytes, domain: int = 9) -> bytes:
    return struct.pack(">HHIIII", 9, len(sets), UPTIME_MS, SECONDS, 1, domain) + b"".join(sets)


def ipfix(*sets: bytes, domain: int = 9) -> bytes:
    return struct.pack(">HHIII", 10, 16 + sum(map(len, sets)), SECONDS, 1, domain) + b"".join(sets)


def one_set(number: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(">HH", number, 4 + len(body)) + body


def template(number: int, fields: tuple[tuple[int, int], ...], of: int = 0) -> bytes:
    """`of` is the set that holds it: 0 in v9, 2 in IPFIX."""
    return one_set(of, struct.pack(">HH", number, len(fields)) + b"".join(struct.pack(">HH", *field) for field in fields))


def v9_flow(source: str, there: int, here: int, protocol: int, flags: int) -> bytes:
    addresses = ip_address(source).packed + ip_address("198.51.100.7").packed
    return addresses + struct.pack(">HHBBIIII", there, here, protocol, flags, UPTIME_MS - 10_000, UPTIME_MS - 8_000, 3, 180)


def ipfix_flow(source: str, there: int, here: int, protocol: int, interface: bytes) -> bytes:
    addresses = ip_address(source).packed + ip_address("2001:db8::7").packed
    name = bytes([len(interface)]) + interface if len(interface) < 255 else b"\xff" + struct.pack(">H", len(interface)) + interface
    start = (SECONDS - 10) * 1000
    return addresses + struct.pack(">HHB", there, here, protocol) + name + struct.pack(">QQ", start, start + 2_000)


def write_cases(folder: Path) -> None:
    """The inputs of tests/cases/importers/netflow."""
    flows = (("203.0.113.9", 40_000, 22, 6, 2), ("203.0.113.9", 22, 40_001, 6, 18), ("203.0.113.10", 0, 0x0800, 1, 0))
    later = (("203.0.113.11", 5353, 161, 17, 0),)
    (folder / "two_messages.v5").write_bytes(v5(*flows) + v5(*later))
    (folder / "impossible_count.v5").write_bytes(v5(*flows, count=5000))
    options = one_set(1, struct.pack(">HHH", 257, 4, 4) + struct.pack(">HHHH", 1, 4, 34, 4))
    data = one_set(256, v9_flow("203.0.113.9", 40_000, 23, 6, 2) + v9_flow("203.0.113.12", 40_000, 445, 6, 27))
    later_template = v9(template(258, V9_FIELDS))
    early = v9(one_set(258, v9_flow("203.0.113.13", 1, 3389, 6, 2)))
    unknown = v9(data, one_set(300, bytes(40)))
    option_data = v9(one_set(257, bytes(8)))
    (folder / "messages.v9").write_bytes(v9(template(256, V9_FIELDS), options, data) + early + later_template + unknown + option_data)
    long_name = ipfix_flow("2001:db8:1::2", 40_000, 443, 6, b"x" * 300)
    ipfix_data = one_set(256, ipfix_flow("2001:db8:1::1", 40_000, 22, 6, b"eth0") + long_name)
    (folder / "messages.ipfix").write_bytes(ipfix(template(256, IPFIX_FIELDS, of=2), ipfix_data) + ipfix(ipfix_data)[:-3])
