# SPDX-License-Identifier: Apache-2.0
"""A capture reader that is slow and plain: whole file in memory, one packet after the other, dicts. What the fast ones must equal.

It shares no code with them, only their rules; where it looks different, that is on purpose.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

MOST, DAY, BLOCK = 262_144, 86_400, 1 << 20
LINKS = {0: "null", 1: "ethernet", 7: "arcnet", 9: "ppp", 12: "raw", 14: "raw", 50: "ppp", 51: "pppoe", 101: "raw", 104: "ppp", 108: "null",
         113: "sll", 129: "arcnet-linux", 228: "ip4", 229: "ip6", 276: "sll2"}  # fmt: skip
TAGS = (0x8100, 0x88A8, 0x9100)
VLAN, FIRST_FRAGMENT, CUT, LONG_CHAIN = 1, 2, 4, 8
LATER, NO_PORT, NO_FLAGS = 1, 2, 4


class Cut(Exception):
    """The captured bytes end here."""


class NotIp(Exception):
    pass


class Malformed(Exception):
    pass


@dataclass
class Result:
    """`flows`: (minute, source, destination, protocol, port, flags, doubt) -> [packets, bytes, seen, first payload]."""

    flows: dict[tuple, list] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("not ip", "unknown link", "malformed", "truncated", "ip4", "ip6"), 0))
    packets: int = 0
    untimed: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    trailing: int = 0
    record_bytes: int = 0
    other_bytes: int = 0

    def add(self, at_ns: int | None, link: str | None, packet: bytes, original: int) -> None:
        self.packets += 1
        self.untimed += at_ns is None
        try:
            version, key, seen, payload = look(link, packet)
        except NotIp:
            self.outcomes["not ip"] += 1
        except Malformed:
            self.outcomes["malformed"] += 1
        except Cut:
            self.outcomes["truncated"] += 1
        except KeyError:
            self.outcomes["unknown link"] += 1
        else:
            self.outcomes[f"ip{version}"] += 1
            if at_ns is None:
                return
            row = self.flows.setdefault((at_ns // 60_000_000_000, *key), [0, 0, 0, b"", at_ns // 1000])
            row[0] += 1
            row[1] += original
            row[2] |= seen | (CUT if len(packet) < original else 0)
            row[3] = row[3] or payload


def number(data: bytes, at: int, size: int = 2) -> int:
    if at + size > len(data):
        raise Cut
    return int.from_bytes(data[at : at + size], "big")


def look(link: str | None, packet: bytes):
    if link is None:
        raise KeyError(link)
    version, at, seen = network(link, packet)
    if version == 4:
        return (4, *four(packet[at:], seen))
    return (6, *six(packet[at:], seen))


def network(link: str, packet: bytes) -> tuple[int, int, int]:
    if link in ("ethernet", "sll"):
        return ethertype(packet, 12 if link == "ethernet" else 14)
    if link == "raw":
        return version_at(packet, 0)
    if link in ("ip4", "ip6"):
        return int(link[2]), 0, 0
    if link == "null":
        family = int.from_bytes(packet[:4], "little")
        if len(packet) < 4:
            raise Cut
        if family > 0xFFFF:
            family = int.from_bytes(packet[:4], "big")
        return one_of(family, (2,), (10, 24, 28, 30)), 4, 0
    if link == "sll2":
        return sll2(packet)
    if link == "ppp":
        start = number(packet, 0)
        if start in (0x0F00, 0x8F00):
            return ethertype(packet, 2)
        return ppp(packet, 2 if start == 0xFF03 else 0)
    if link == "pppoe":
        return ppp(packet, 6)
    at = 2 if link == "arcnet" else 4
    kind = number(packet, at, 1)
    if kind == 240:
        return 4, at + 1, 0
    if kind == 212:
        number(packet, at, 4)
        if packet[at + 1] == 0:
            return 4, at + 4, 0
    raise NotIp


def one_of(value: int, four_values, six_values) -> int:
    if value in four_values:
        return 4
    if value in six_values:
        return 6
    raise NotIp


def ppp(packet: bytes, at: int) -> tuple[int, int, int]:
    return one_of(number(packet, at), (0x21,), (0x57,)), at + 2, 0


def version_at(packet: bytes, at: int) -> tuple[int, int, int]:
    return one_of(number(packet, at, 1) >> 4, (4,), (6,)), at, 0


def labels(packet: bytes, at: int) -> tuple[int, int, int]:
    for _ in range(32):
        bottom = number(packet, at, 4) >> 8 & 1
        at += 4
        if bottom:
            return version_at(packet, at)
    raise NotIp


def ethertype(packet: bytes, at: int, tags: int = 0) -> tuple[int, int, int]:
    kind = number(packet, at)
    if kind in TAGS:
        if tags == 31:
            raise NotIp
        version, where, _ = ethertype(packet, at + 4, tags + 1)
        return version, where, VLAN
    if kind in (0x8847, 0x8848):
        return labels(packet, at + 2)
    if kind == 0x8864:
        return ppp(packet, at + 8)
    if kind <= 1500:
        return llc(packet, at + 2)
    return one_of(kind, (0x800,), (0x86DD,)), at + 2, 0


def llc(packet: bytes, at: int) -> tuple[int, int, int]:
    head = number(packet, at, 3)
    if head == 0x060603:
        return 4, at + 3, 0
    if head != 0xAAAA03:
        raise NotIp
    if number(packet, at, 8) >> 16 & 0xFFFFFF:
        raise NotIp
    return one_of(number(packet, at + 6), (0x800,), (0x86DD,)), at + 8, 0


def sll2(packet: bytes) -> tuple[int, int, int]:
    number(packet, 0, 20)
    kind = number(packet, 0)
    if kind in TAGS:
        version, where, _ = ethertype(packet, 22)
        return version, where, VLAN
    if kind in (0x8847, 0x8848):
        return labels(packet, 20)
    return one_of(kind, (0x800,), (0x86DD,)), 20, 0


def four(ip: bytes, seen: int):
    if len(ip) < 20:
        raise Cut
    size, total = (ip[0] & 15) * 4, number(ip, 2)
    if ip[0] >> 4 != 4 or size < 20 or 0 < total < size:
        raise Malformed
    ip = ip[: total or len(ip)]
    source, destination, protocol, fragment = ip[12:16], ip[16:20], ip[9], number(ip, 6)
    if fragment & 0x1FFF:
        return (source, destination, protocol, 0, 0, LATER | NO_PORT), seen, b""
    port, flags, doubt, payload = transport(protocol, ip[size:])
    return (source, destination, protocol, port, flags, doubt), seen | (FIRST_FRAGMENT if fragment & 0x2000 else 0), payload


def six(ip: bytes, seen: int):
    if len(ip) < 40:
        raise Cut
    if ip[0] >> 4 != 6:
        raise Malformed
    length = number(ip, 4)
    ip = ip[: 40 + length] if length else ip
    source, destination, following, rest = ip[8:24], ip[24:40], ip[6], ip[40:]
    for _ in range(16):
        if following == 44:
            if len(rest) < 8:
                return (source, destination, following, 0, 0, NO_PORT), seen, b""
            offset, following, rest = number(rest, 2), rest[0], rest[8:]
            if offset >> 3:
                return (source, destination, following, 0, 0, LATER | NO_PORT), seen, b""
            seen |= FIRST_FRAGMENT if offset & 1 else 0
        elif following in (0, 43, 60, 135, 139, 140, 51):
            if len(rest) < 2:
                return (source, destination, following, 0, 0, NO_PORT), seen, b""
            step = (rest[1] + 2) * 4 if following == 51 else (rest[1] + 1) * 8
            following, rest = rest[0], rest[step:]
        else:
            port, flags, doubt, payload = transport(following, rest)
            return (source, destination, following, port, flags, doubt), seen, payload
    return (source, destination, following, 0, 0, NO_PORT), seen | LONG_CHAIN, b""


def transport(protocol: int, rest: bytes) -> tuple[int, int, int, bytes]:
    """(port, flags, doubt, payload)."""
    if protocol in (1, 58):
        return (number(rest, 0), 0, 0, rest[8:]) if len(rest) >= 2 else (0, 0, NO_PORT, b"")
    if protocol not in (6, 17, 132, 136, 33):
        return 0, 0, NO_PORT, b""
    port, doubt = (number(rest, 2), 0) if len(rest) >= 4 else (0, NO_PORT)
    if protocol == 6:
        if len(rest) < 14:
            return port, 0, doubt | NO_FLAGS, b""
        return port, rest[13], doubt, rest[max(20, (rest[12] >> 4) * 4) :]
    if protocol == 17:
        length = number(rest, 4) if len(rest) >= 6 else 0
        return port, 0, doubt, rest[8 : length if length >= 8 else None]
    return port, 0, doubt, b""


def read(data: bytes) -> Result:
    """All of a capture. ValueError if it is none."""
    magics = {0xA1B2C3D4: (16, 10**6), 0xA1B23C4D: (16, 10**9), 0xA1B2CD34: (24, 10**6)}
    for order in "<>":
        if len(data) >= 24 and struct.unpack(order + "I", data[:4])[0] in magics:
            header, unit = magics[struct.unpack(order + "I", data[:4])[0]]
            return Pcap(data, order, header, unit, LINKS.get(struct.unpack(order + "I", data[20:24])[0] & 0xFFFF)).result
    if data[:4] == b"\x0a\x0d\x0d\x0a" and data[8:12] in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
        return Pcapng(data).result
    raise ValueError("not a capture")


class Pcap:
    def __init__(self, data: bytes, order: str, header: int, unit: int, link: str | None) -> None:
        self.data, self.order, self.header, self.unit, self.link = data, order, header, unit, link
        self.result = Result(other_bytes=24)
        at, last = 24, None
        while at < len(data):
            if at + header > len(data):
                self.result.trailing = len(data) - at
                return
            good, whole = self.taken(at, last)
            if not good:
                found = next((k for k in range(at + 1, len(data) - header + 1) if self.restarts(k, last)), len(data))
                self.result.gaps.append((at, found - at))
                at, last = found, None
                continue
            if not whole:
                self.result.trailing = len(data) - at
                return
            second, fraction, captured, original = self.head(at)
            at_ns = second * 10**9 + fraction * (10**9 // unit)
            self.result.add(at_ns, link, data[at + header : at + header + captured], original)
            self.result.record_bytes += header + captured
            at, last = at + header + captured, second

    def head(self, at: int) -> tuple[int, int, int, int]:
        return struct.unpack(self.order + "IIII", self.data[at : at + 16])

    def is_clean(self, at: int) -> bool:
        second, fraction, captured, original = self.head(at)
        return captured <= min(MOST, original) and fraction < self.unit and (second, captured) != (0, 0)

    def is_decent(self, at: int) -> bool:
        second, fraction, captured, original = self.head(at)
        return captured <= MOST and not (captured > original and fraction >= self.unit) and (second, captured) != (0, 0)

    def next(self, at: int) -> int:
        return at + self.header + self.head(at)[2]

    def taken(self, at: int, last: int | None) -> tuple[bool, bool]:
        """(believed, wholly there)."""
        end, head = len(self.data), self.head(at)
        if self.is_clean(at) and (last is None or abs(head[0] - last) <= DAY):
            return True, self.next(at) <= end
        if head[2] > MOST or head == (0, 0, 0, 0):
            return False, False
        places = [self.next(at)]
        for _ in range(2):
            if places[-1] == end:
                return True, True
            if places[-1] + self.header > end or not self.is_decent(places[-1]):
                return False, False
            places.append(self.next(places[-1]))
        return True, places[0] <= end

    def restarts(self, at: int, last: int | None) -> bool:
        if not self.is_clean(at) or self.head(at)[2] == 0:
            return False
        near = last is not None and abs(self.head(at)[0] - last) <= DAY
        for k in range(2 if near else 4):
            following = self.next(at)
            if following == len(self.data):
                return True
            if following + self.header > len(self.data):
                return k > 0 and following <= len(self.data)
            if not self.is_clean(following) or abs(self.head(following)[0] - self.head(at)[0]) > DAY:
                return False
            at = following
        return True


class Pcapng:
    def __init__(self, data: bytes) -> None:
        self.data, self.order = data, "<"
        self.interfaces: list[tuple[str | None, int, int, int]] = []
        self.result = Result()
        at = 0
        while at < len(data):
            state, kind, length = self.block(at)
            if state == "trailing":
                self.result.trailing = len(data) - at
                return
            if state == "bad":
                found = next((k for k in range(at + 1, len(data) - 11) if self.restarts(k)), len(data))
                self.result.gaps.append((at, found - at))
                at = found
                continue
            packet = self.take(data[at : at + length], kind)
            if packet:
                self.result.add(*packet)
                self.result.record_bytes += length
            else:
                self.result.other_bytes += length
            at += length

    def unpack(self, what: str, block: bytes, at: int) -> tuple:
        return struct.unpack_from(self.order + what, block, at)

    def frame(self, at: int) -> tuple[int, int, str]:
        """(type, length or -1, byte order)."""
        order = self.order
        if self.data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(self.data[at + 8 : at + 12], "")
            if not order:
                return 0x0A0D0D0A, -1, self.order
        kind, length = struct.unpack_from(order + "II", self.data, at)
        return kind, length if 12 <= length <= BLOCK and length % 4 == 0 else -1, order

    def block(self, at: int) -> tuple[str, int, int]:
        if at + 12 > len(self.data):
            return "trailing", 0, 0
        kind, length, order = self.frame(at)
        known = kind in (1, 2, 3, 4, 5, 6, 10, 0x0A0D0D0A)
        if length < 0:
            return "bad", kind, length
        if at + length > len(self.data):
            return "trailing" if known else "bad", kind, length
        return "good" if struct.unpack_from(order + "I", self.data, at + length - 4)[0] == length else "bad", kind, length

    def restarts(self, at: int) -> bool:
        state, kind, length = self.block(at)
        if state != "good" or kind not in (1, 2, 3, 4, 5, 6, 10, 0x0A0D0D0A):
            return False
        return at + length + 12 > len(self.data) or self.frame(at + length)[1] > 0

    def take(self, block: bytes, kind: int):
        if kind == 0x0A0D0D0A:
            self.order, self.interfaces = ">" if block[8:12] == b"\x1a\x2b\x3c\x4d" else "<", []
        elif kind == 1 and len(self.interfaces) < 1024:
            self.interfaces.append(self.interface(block))
        elif kind == 3 and len(block) >= 16 and self.interfaces:
            link, *_, snap = self.interfaces[0]
            (original,) = self.unpack("I", block, 8)
            return None, link, block[12 : 12 + min(original, len(block) - 16, snap or original)], original
        elif kind in (2, 6) and len(block) >= 32:
            which, high, low, captured, original = self.unpack("IIIII" if kind == 6 else "HxxIIII", block, 8)
            if which < len(self.interfaces) and captured <= len(block) - 32:
                link, ticks_per_second, offset, _ = self.interfaces[which]
                return self.time(high << 32 | low, ticks_per_second, offset), link, block[28 : 28 + captured], original
        return None

    def time(self, ticks: int, per_second: int, offset: int) -> int | None:
        if not per_second:
            return None
        seconds = ticks // per_second
        if seconds > 9_223_372_035 or not 0 <= seconds + offset <= 9_223_372_035:
            return None
        return (seconds + offset) * 10**9 + ticks % per_second * 10**9 // per_second

    def interface(self, block: bytes) -> tuple[str | None, int, int, int]:
        if len(block) < 20:
            return None, 0, 0, 0
        link, snap = self.unpack("HxxI", block, 8)
        resolution, offset, at = 6, 0, 16
        while at + 4 <= len(block) - 4:
            code, size = self.unpack("HH", block, at)
            if code == 0 or at + 4 + size > len(block) - 4:
                break
            if (code, size) == (9, 1):
                resolution = block[at + 4]
            if (code, size) == (14, 8):
                (offset,) = self.unpack("q", block, at + 4)
            at += 4 + -(-size // 4) * 4
        exponent = resolution & 127
        per_second = (2**exponent if exponent <= 63 else 0) if resolution & 128 else (10**exponent if exponent <= 19 else 0)
        return LINKS.get(link), per_second, max(-9_223_372_035, min(offset, 9_223_372_035)), snap
