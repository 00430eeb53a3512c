# SPDX-License-Identifier: Apache-2.0
"""One packet's network and transport headers -> a `Packet`, its kind and category; and the one naming rule for packet targets.

Pure and stateless, used by the live sensor and as the slow, readable reference of the bulk reader. Never raises on any bytes:
what can't be decoded is None. Only the outermost IP header counts; packets quoted in ICMP errors or carried in tunnels do not.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

import msgspec

ICMP, TCP, UDP, DCCP, ICMP6, SCTP, UDPLITE = 1, 6, 17, 33, 58, 132, 136
NAMES: Final[dict[int, str]] = {ICMP: "icmp", TCP: "tcp", UDP: "udp", DCCP: "dccp", ICMP6: "icmp6", SCTP: "sctp", UDPLITE: "udplite"}
WITH_PORTS: Final = frozenset({TCP, UDP, DCCP, SCTP, UDPLITE})
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD
_VLAN_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100})
_MOST_VLAN_TAGS = 4
_MOST_EXTENSIONS = 16  # a limit, so that a packet can't buy time; longer chains are not decoded
# RFC 8200 and IANA's list of extension headers: length in units of 8 bytes, not counting the first 8. AH counts in units of 4.
_EXTENSIONS: Final = frozenset({0, 43, 60, 135, 139, 140})
_FRAGMENT, _AUTHENTICATION = 44, 51

# Echo requests are accesses; what only answers or complains about a packet is backscatter (RFC 792, 950, 4443; 4 and 5 as of RFC 792).
ICMP_ERRORS: Final = frozenset({3, 4, 5, 11, 12})
ICMP_REPLIES: Final = frozenset({0, 14, 16, 18})
ICMP6_ERRORS: Final = frozenset({1, 2, 3, 4})
ICMP6_REPLIES: Final = frozenset({129})

_IPV4 = Struct("!BxHxxHxB2x4s4s")
_IPV4_TCP = Struct("!BxHxxHxB2x4s4sHH8xBB")  # a header of IPv4 without options and the first 14 bytes of TCP behind it
_IPV6 = Struct("!IHBx16s16s")
_TCP = Struct("!HH8xBB")
_PORTS = Struct("!HH")
_UDP = Struct("!HHH")


class Packet(msgspec.Struct, frozen=True, gc=False):
    """`port`: destination port, or type << 8 | code of ICMP; None where it isn't in this packet (later fragment, cut header).

    `size`: true length of the transport payload as the headers tell; `payload` is what was captured of it.
    """

    source: bytes
    destination: bytes
    protocol: int
    source_port: int | None = None
    port: int | None = None
    flags: int | None = None
    fragment: bool = False
    payload: bytes = b""
    size: int = 0


def protocol_name(protocol: int) -> str:
    return NAMES.get(protocol) or f"proto{protocol}"


def target_of(protocol: int, port: int | None) -> bytes:
    """The target's name, for live packets, captures and imported logs alike; `port` as in `Packet`.

    `445/tcp`, `1026/udp`, `ping/icmp`, `ping/icmp6`, `3.1/icmp` (type.code), `none/udp` (port not in the packet), `proto47/ip`.
    """
    if protocol == TCP and port is not None:  # nearly all
        return b"%d/tcp" % port
    name = NAMES.get(protocol)
    if name is None:
        return b"proto%d/ip" % protocol
    if port is None:
        return b"none/" + name.encode()
    if protocol in WITH_PORTS:
        return b"%d/%s" % (port, name.encode())
    if is_echo_request(protocol, port >> 8):
        return b"ping/" + name.encode()
    return b"%d.%d/%s" % (port >> 8, port & 0xFF, name.encode())


def is_echo_request(protocol: int, icmp_type: int) -> bool:
    return (protocol, icmp_type) in ((ICMP, 8), (ICMP6, 128))


def classify(packet: Packet) -> tuple[str, str]:
    """(kind, category) by the packet alone; nothing is remembered between packets."""
    if packet.port is None:
        return ("fragment" if packet.fragment else "packet"), "other"
    if packet.protocol == TCP:
        return _TCP_KINDS[packet.flags] if packet.flags is not None else ("packet", "other")  # unknown flags are no scan without flags
    if packet.protocol == UDP:
        return "udp", "access"
    if packet.protocol in (ICMP, ICMP6):
        return _classify_icmp(packet.protocol, packet.port >> 8)
    return "packet", "other"


def _classify_tcp(flags: int) -> tuple[str, str]:
    if flags & SYN:  # whatever else is set, as packet analysers count it
        return ("syn-ack", "backscatter") if flags & ACK else ("syn", "access")
    if flags & RST:
        return "rst", "backscatter"
    return ("segment" if flags & ACK else "flags"), "other"


_TCP_KINDS: Final = [_classify_tcp(flags) for flags in range(256)]


def _classify_icmp(protocol: int, icmp_type: int) -> tuple[str, str]:
    errors, replies = (ICMP_ERRORS, ICMP_REPLIES) if protocol == ICMP else (ICMP6_ERRORS, ICMP6_REPLIES)
    if is_echo_request(protocol, icmp_type):
        return "echo-request", "access"
    if icmp_type in errors:
        return "icmp-error", "backscatter"
    return ("icmp-reply", "backscatter") if icmp_type in replies else ("packet", "other")


def decode(data: bytes, ethertype: int) -> Packet | None:
    """`data` starts after the link header (or at the VLAN tag that `ethertype` names). None: not IP, or no valid IP header."""
    start = 0
    for _ in range(_MOST_VLAN_TAGS):
        if ethertype not in _VLAN_TAGS or len(data) < start + 4:
            break
        ethertype = int.from_bytes(data[start + 2 : start + 4], "big")
        start += 4
    if ethertype == ETHERTYPE_IPV4:
        return _decode_ipv4(data, start)
    return _decode_ipv6(data, start) if ethertype == ETHERTYPE_IPV6 else None


def _decode_ipv4(data: bytes, start: int) -> Packet | None:
    if len(data) >= start + 34:  # nearly all packets, in one step
        first, end, fragmentation, protocol, source, destination, source_port, port, offset, flags = _IPV4_TCP.unpack_from(data, start)
        if first == 0x45 and protocol == TCP and not fragmentation & 0x3FFF and end >= 34:
            begin, end = start + 20 + max(20, (offset >> 4) * 4), start + end
            return Packet(source, destination, TCP, source_port, port, flags, False, data[begin:end], max(0, end - begin))
    if len(data) < start + 20:
        return None
    first, total, fragmentation, protocol, source, destination = _IPV4.unpack_from(data, start)
    header = (first & 15) * 4
    # A total length of 0 is what segmentation offload leaves behind: then the captured length is all that is known.
    end = start + total if total else len(data)
    if first >> 4 != 4 or header < 20 or end < start + header:
        return None
    fragment = bool(fragmentation & 0x3FFF)
    if fragmentation & 0x1FFF:
        return Packet(source, destination, protocol, fragment=True, size=end - start - header)
    return _decode_transport(data, start + header, end, protocol, source, destination, fragment)


def _decode_ipv6(data: bytes, start: int) -> Packet | None:
    if len(data) < start + 40:
        return None
    first, length, following, source, destination = _IPV6.unpack_from(data, start)
    if first >> 28 != 6:
        return None
    at, fragment = start + 40, False
    end = at + length if length else len(data)  # 0: jumbogram
    for _ in range(_MOST_EXTENSIONS + 1):
        if following in _EXTENSIONS or following == _AUTHENTICATION:
            step = 4 if following == _AUTHENTICATION else 8
            if at + 2 > min(end, len(data)):
                break
            following, at = data[at], at + (data[at + 1] + (2 if step == 4 else 1)) * step
        elif following == _FRAGMENT:
            if at + 8 > min(end, len(data)):
                break
            offset = int.from_bytes(data[at + 2 : at + 4], "big")
            following, at = data[at], at + 8
            fragment = fragment or bool(offset & 0xFFF9)
            if offset & 0xFFF8:
                return Packet(source, destination, following, fragment=True, size=max(0, end - at))
        else:
            return _decode_transport(data, at, end, following, source, destination, fragment)
    return Packet(source, destination, following, fragment=fragment, size=max(0, end - at))


def _decode_transport(data: bytes, at: int, end: int, protocol: int, source: bytes, destination: bytes, fragment: bool) -> Packet:
    """The transport header at `at`; `end` is where the IP header says the packet ends, which may be past what was captured."""
    here = min(end, len(data)) - at
    if protocol == TCP and here >= 14:
        source_port, port, offset, flags = _TCP.unpack_from(data, at)
        begin = at + max(20, (offset >> 4) * 4)
        return Packet(source, destination, protocol, source_port, port, flags, fragment, data[begin:end], max(0, end - begin))
    if protocol == UDP and here >= 8:
        source_port, port, length = _UDP.unpack_from(data, at)
        stop = at + length if length >= 8 else end
        begin, stop = at + 8, min(stop, end) if not fragment else stop
        return Packet(source, destination, protocol, source_port, port, None, fragment, data[begin : min(stop, end)], max(0, stop - begin))
    if protocol in WITH_PORTS and here >= 4:
        source_port, port = _PORTS.unpack_from(data, at)
        return Packet(source, destination, protocol, source_port, port, None, fragment, b"", max(0, end - at))
    if protocol in (ICMP, ICMP6) and here >= 2:
        kind = data[at] << 8 | data[at + 1]
        return Packet(source, destination, protocol, None, kind, None, fragment, data[at + 8 : end], max(0, end - at - 8))
    return Packet(source, destination, protocol, fragment=fragment, size=max(0, end - at))
