# SPDX-License-Identifier: Apache-2.0
"""Packets and captures written by hand, small and complete enough to be damaged: every link layer, both formats, both byte orders."""

from __future__ import annotations

import socket
import struct

SOURCE, HERE = socket.inet_aton("198.51.100.7"), socket.inet_aton("192.0.2.1")
SOURCE6, HERE6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7"), socket.inet_pton(socket.AF_INET6, "2001:db8:1::1")
SECOND = 1_187_222_400  # 2007-08-16
V4, V6 = b"\x08\x00", b"\x86\xdd"


def tcp(port: int = 445, flags: int = 2, payload: bytes = b"", offset: int = 5) -> bytes:
    return struct.pack("!HHIIBBHHH", 40_000, port, 1, 0, offset << 4, flags, 1024, 0, 0) + payload


def udp(port: int = 1026, payload: bytes = b"hello, world", length: int | None = None) -> bytes:
    return struct.pack("!HHHH", 40_000, port, 8 + len(payload) if length is None else length, 0) + payload


def ip4(protocol: int, rest: bytes, source: bytes = SOURCE, fragment: int = 0, options: bytes = b"") -> bytes:
    size = 20 + len(options)
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | size // 4, 0, size + len(rest), 1, fragment, 64, protocol, 0, source, HERE)
    return head + options + rest


def ip6(protocol: int, rest: bytes, source: bytes = SOURCE6) -> bytes:
    return struct.pack("!IHBB16s16s", 6 << 28, len(rest), protocol, 64, source, HERE6) + rest


def ethernet(packet: bytes, kind: bytes = V4) -> bytes:
    return bytes(12) + kind + packet


SYN, UDP, PING = ip4(6, tcp()), ip4(17, udp()), ip4(1, b"\x08\0\0\0\0\1\0\1ping")
FRAMES = [
    ethernet(SYN),
    ethernet(UDP),
    ethernet(PING),
    ethernet(ip4(6, tcp(80, 0x12))),
    ethernet(ip4(6, tcp(80, 0x04))),
    ethernet(ip4(1, b"\3\3\0\0\0\0\0\0" + UDP[:28])),
    ethernet(SYN, b"\x81\0\0\5\x08\0"),
    ethernet(UDP, b"\x88\xa8\0\5\x81\0\0\6\x08\0"),
    ethernet(b"\0\0\x11\x40" + SYN, b"\x88\x47"),
    ethernet(b"\x11\0\0\1\0\x2a\0\x21" + SYN, b"\x88\x64"),
    ethernet(b"\xaa\xaa\3\0\0\0\x08\0" + SYN, b"\0\x30"),
    ethernet(ip4(17, udp(), fragment=0x2000)),
    ethernet(ip4(17, b"\1\2\3\4" * 5, fragment=0x2005)),
    ethernet(ip4(6, tcp(), options=b"\x94\4\0\0")),
    ethernet(ip6(6, tcp(22)), V6),
    ethernet(ip6(0, b"\x3c\0\1\4\0\0\0\0" + b"\x2c\0\1\4\0\0\0\0" + b"\x11\0\0\1\0\0\0\1" + udp(53)), V6),
    ethernet(ip6(44, b"\x11\0\0\x49\0\0\0\1" + bytes(16)), V6),
    ethernet(ip6(51, b"\6\4\0\0" + bytes(20) + tcp(23)), V6),
    ethernet(ip6(58, b"\x80\0\0\0\0\1\0\1"), V6),
    ethernet(bytes(28), b"\x08\x06"),
    ethernet(ip4(47, b"\0\0\x08\0" + SYN)),
    ethernet(ip4(132, struct.pack("!HHII", 5, 2905, 0, 0))),
]


def record(
    packet: bytes, second: int = SECOND, fraction: int = 7, order: str = "<", captured: int | None = None, original: int | None = None
) -> bytes:
    lengths = [len(packet) if n is None else n for n in (captured, original)]
    return struct.pack(order + "IIII", second, fraction, *lengths) + packet


def pcap(records: bytes, link: int = 1, magic: int = 0xA1B2C3D4, order: str = "<") -> bytes:
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, link) + records


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link: int = 1, options: bytes = b"", order: str = "<", snap: int = 65_535) -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options + (bytes(4) if options else b""), order)


def enhanced(packet: bytes, ticks: int = SECOND * 10**6, number: int = 0, order: str = "<", captured: int | None = None) -> bytes:
    length = len(packet) if captured is None else captured
    return block(6, struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, length, len(packet)) + packet, order)


def simple(packet: bytes, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", len(packet)) + packet, order)


def obsolete(packet: bytes, ticks: int = SECOND * 10**6, order: str = "<") -> bytes:
    return block(2, struct.pack(order + "HHIIII", 0, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(packet), len(packet)) + packet, order)


def every_capture() -> dict[str, bytes]:
    """One capture per shape, each with all frames or with what its link layer can carry."""
    made = {"pcap": pcap(b"".join(record(frame, SECOND + k * 7, k) for k, frame in enumerate(FRAMES)))}
    made["pcap big ns"] = pcap(b"".join(record(frame, SECOND + k, k, ">") for k, frame in enumerate(FRAMES)), 1, 0xA1B23C4D, ">")
    patched = b"".join(struct.pack("<IIIIIHBB", SECOND, k, len(frame), len(frame), 1, 8, 0, 0) + frame for k, frame in enumerate(FRAMES))
    made["pcap modified"] = pcap(patched, 1, 0xA1B2CD34)
    headers = {
        0: b"\2\0\0\0", 7: b"\1\2\xf0", 9: b"\xff\3\0\x21", 12: b"", 50: b"\xff\3\0\x21", 51: b"\x11\0\0\1\0\x2a\0\x21", 101: b"",
        104: b"\x0f\0\x08\0", 108: b"\0\0\0\2", 113: bytes(14) + V4, 129: b"\1\2\0\0\xf0", 228: b"", 276: V4 + bytes(18), 147: b"",
    }  # fmt: skip
    for link, header in headers.items():
        made[f"pcap link {link}"] = pcap(b"".join(record(header + packet, SECOND + k) for k, packet in enumerate([SYN, UDP, PING, SYN])), link)
    blocks = [enhanced(frame, (SECOND + k) * 10**6 + k, k % 2) for k, frame in enumerate(FRAMES)]
    twice = interface() + interface(1, option(9, b"\x94"))
    made["pcapng"] = section() + twice + b"".join(blocks) + block(5, bytes(16)) + simple(FRAMES[0]) + obsolete(FRAMES[1]) + enhanced(FRAMES[2])
    big = b"".join(enhanced(frame, 0, 0, ">") for frame in FRAMES)
    offset = option(14, struct.pack(">q", SECOND), ">") + option(9, b"\x09", ">")
    made["pcapng big"] = section(">") + interface(1, offset, ">") + big + section() + interface(101) + enhanced(SYN) + enhanced(UDP)
    return made
