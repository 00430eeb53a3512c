# SPDX-License-Identifier: Apache-2.0
"""Compiled decoding: link layer, IPv4 or IPv6, transport -> the columns of `layout.Decoded`.

Only the outermost IP header counts. Lengths are bounded by what was captured and by what the IP header says; checksums are never
looked at. The same rules in numpy are in decode.py, in plain Python in the tests' reference; all three must agree on every byte.
"""

from __future__ import annotations

from teiten.packets.jit import big16, big32, big64, byte, compiled, little32
from teiten.packets.layout import EXTENSION_STEPS, LABELS, Array, Count, Decoded, Doubt, Link, Outcome, Records, Seen

NOT_IP, UNKNOWN_LINK, MALFORMED, TRUNCATED = int(Outcome.NOT_IP), int(Outcome.UNKNOWN_LINK), int(Outcome.MALFORMED), int(Outcome.TRUNCATED)
IPV4, IPV6, FIRST_OUTCOME = int(Outcome.IPV4), int(Outcome.IPV6), int(Count.FIRST_OUTCOME)
LATER_FRAGMENT, PORT_UNKNOWN, FLAGS_UNKNOWN = int(Doubt.LATER_FRAGMENT), int(Doubt.PORT_UNKNOWN), int(Doubt.FLAGS_UNKNOWN)
VLAN, FIRST_FRAGMENT, CUT, LONG_CHAIN = int(Seen.VLAN), int(Seen.FIRST_FRAGMENT), int(Seen.CUT), int(Seen.LONG_CHAIN)
ETHERNET, RAW, LINK4, LINK6, NULL = int(Link.ETHERNET), int(Link.RAW), int(Link.IPV4), int(Link.IPV6), int(Link.NULL)
SLL, SLL2, PPP, PPP_HDLC, PPP_ETHER = int(Link.SLL), int(Link.SLL2), int(Link.PPP), int(Link.PPP_HDLC), int(Link.PPP_ETHER)
CISCO_HDLC, ARCNET, ARCNET_LINUX = int(Link.CISCO_HDLC), int(Link.ARCNET), int(Link.ARCNET_LINUX)


@compiled
def by_version(at: int, end: int) -> tuple[int, int, int]:
    """By the version nibble, where nothing else names the protocol."""
    if at >= end:
        return TRUNCATED, at, 0
    version = byte(at) >> 4
    return (IPV4 if version == 4 else IPV6 if version == 6 else NOT_IP), at, 0


@compiled
def by_ppp_number(at: int, end: int) -> tuple[int, int, int]:
    if at + 2 > end:
        return TRUNCATED, at, 0
    number = big16(at)
    return (IPV4 if number == 0x0021 else IPV6 if number == 0x0057 else NOT_IP), at + 2, 0


@compiled
def by_label(at: int, end: int) -> tuple[int, int, int]:
    """Down an MPLS label stack; below the bottom label the version nibble decides."""
    for _ in range(LABELS):
        if at + 4 > end:
            return TRUNCATED, at, 0
        bottom = byte(at + 2) & 1
        at += 4
        if bottom:
            return by_version(at, end)
    return NOT_IP, at, 0


@compiled
def by_llc(at: int, end: int) -> tuple[int, int, int]:
    """IEEE 802.2 after a length field: SNAP with a zero OUI, or the IP service access point."""
    if at + 3 > end:
        return TRUNCATED, at, 0
    if byte(at) == 0x06 and byte(at + 1) == 0x06 and byte(at + 2) == 0x03:
        return IPV4, at + 3, 0
    if byte(at) != 0xAA or byte(at + 1) != 0xAA or byte(at + 2) != 0x03:
        return NOT_IP, at, 0
    if at + 8 > end:
        return TRUNCATED, at, 0
    if byte(at + 3) | byte(at + 4) | byte(at + 5):
        return NOT_IP, at, 0
    kind = big16(at + 6)
    return (IPV4 if kind == 0x0800 else IPV6 if kind == 0x86DD else NOT_IP), at + 8, 0


@compiled
def by_ethertype(at: int, end: int) -> tuple[int, int, int]:
    """From the EtherType at `at`: tags, then what they wrap."""
    seen = 0
    for _ in range(LABELS):
        if at + 2 > end:
            return TRUNCATED, at, seen
        kind = big16(at)
        if kind == 0x0800:
            return IPV4, at + 2, seen
        if kind != 0x8100 and kind != 0x88A8 and kind != 0x9100:
            break
        seen = VLAN
        at += 4
    if kind == 0x86DD:
        return IPV6, at + 2, seen
    if kind == 0x8847 or kind == 0x8848:
        outcome, at, _ = by_label(at + 2, end)
    elif kind == 0x8864:
        outcome, at, _ = by_ppp_number(at + 8, end)
    elif kind <= 1500:
        outcome, at, _ = by_llc(at + 2, end)
    else:
        outcome = NOT_IP
    return outcome, at, seen


@compiled
def by_family(at: int, end: int) -> tuple[int, int, int]:
    """BSD loopback: an address family in the byte order of the machine that captured; the numbers for IPv6 differ by system."""
    if at + 4 > end:
        return TRUNCATED, at, 0
    family = little32(at)
    if family > 0xFFFF:
        family = big32(at)
    return (IPV4 if family == 2 else IPV6 if family in (10, 24, 28, 30) else NOT_IP), at + 4, 0


@compiled
def by_arcnet(at: int, end: int) -> tuple[int, int, int]:
    """`at` is at the protocol id. 240: IP of RFC 1051; 212: IP of RFC 1201 behind a fragmentation header."""
    if at + 1 > end:
        return TRUNCATED, at, 0
    if byte(at) == 240:
        return IPV4, at + 1, 0
    if byte(at) != 212:
        return NOT_IP, at, 0
    if at + 4 > end:
        return TRUNCATED, at, 0
    return (IPV4 if byte(at + 1) == 0 else NOT_IP), at + 4, 0


@compiled
def by_hdlc(at: int, end: int) -> tuple[int, int, int]:
    """Point-to-point framing with or without address and control bytes."""
    if at + 2 > end:
        return TRUNCATED, at, 0
    start = big16(at)
    if start == 0x0F00 or start == 0x8F00:
        return by_ethertype(at + 2, end)
    return by_ppp_number(at + 2 if start == 0xFF03 else at, end)


@compiled
def network_layer(at: int, end: int, link: int) -> tuple[int, int, int]:
    """(what should be there, where, what was seen on the way)."""
    if link == ETHERNET:
        return by_ethertype(at + 12, end)
    if link == RAW:
        return by_version(at, end)
    if link in (LINK4, LINK6):
        return (IPV4 if link == LINK4 else IPV6), at, 0
    if link == NULL:
        return by_family(at, end)
    if link == SLL:
        return by_ethertype(at + 14, end)
    if link == SLL2:
        return (TRUNCATED, at, 0) if at + 20 > end else by_sll2(at, end)
    if link in (PPP, PPP_HDLC, CISCO_HDLC):
        return by_hdlc(at, end)
    if link == PPP_ETHER:
        return by_ppp_number(at + 6, end)
    if link in (ARCNET, ARCNET_LINUX):
        return by_arcnet(at + (2 if link == ARCNET else 4), end)
    return UNKNOWN_LINK, at, 0


@compiled
def by_sll2(at: int, end: int) -> tuple[int, int, int]:
    """The protocol stands at the front of the 20-byte header; a tag's own type stands behind it."""
    kind = big16(at)
    if kind == 0x8100 or kind == 0x88A8 or kind == 0x9100:
        outcome, where, _ = by_ethertype(at + 22, end)
        return outcome, where, VLAN
    if kind == 0x8847 or kind == 0x8848:
        return by_label(at + 20, end)
    return (IPV4 if kind == 0x0800 else IPV6 if kind == 0x86DD else NOT_IP), at + 20, 0


@compiled
def transport(at: int, end: int, protocol: int, doubt: int) -> tuple[int, int, int]:
    """(key, start of the payload, its captured size) of the transport header at `at`."""
    here, port, flags, payload = end - at, 0, 0, end
    if protocol == 6 or protocol == 17 or protocol == 132 or protocol == 136 or protocol == 33:
        if here >= 4:
            port = big16(at + 2)
        else:
            doubt |= PORT_UNKNOWN
        if protocol == 6:
            if here >= 14:
                flags = byte(at + 13)
                payload = at + max(20, (byte(at + 12) >> 4) * 4)
            else:
                doubt |= FLAGS_UNKNOWN
        elif protocol == 17:
            payload = at + 8
            if here >= 6 and big16(at + 4) >= 8:
                end = min(end, at + big16(at + 4))
    elif protocol == 1 or protocol == 58:
        if here >= 2:
            port = big16(at)
        else:
            doubt |= PORT_UNKNOWN
        payload = at + 8
    else:
        doubt |= PORT_UNKNOWN
    return doubt << 32 | port << 16 | protocol << 8 | flags, payload, max(0, end - payload)


@compiled
def extensions(at: int, end: int, following: int) -> tuple[int, int, int, int]:
    """(protocol, where, doubt, seen) past the IPv6 extension headers; RFC 8200, AH counts in units of 4 bytes."""
    seen = 0
    for _ in range(EXTENSION_STEPS):
        if following in (0, 43, 60, 135, 139, 140, 51):
            if at + 2 > end:
                return following, at, PORT_UNKNOWN, seen
            size = (byte(at + 1) + 2) * 4 if following == 51 else (byte(at + 1) + 1) * 8
            following = byte(at)
            at += size
        elif following == 44:
            if at + 8 > end:
                return following, at, PORT_UNKNOWN, seen
            offset = big16(at + 2)
            following = byte(at)
            at += 8
            if offset & 0xFFF8:
                return following, at, LATER_FRAGMENT | PORT_UNKNOWN, seen
            if offset & 1:
                seen |= FIRST_FRAGMENT
        else:
            return following, at, 0, seen
    return following, at, PORT_UNKNOWN, seen | LONG_CHAIN


@compiled
def decode4(at: int, end: int) -> tuple[int, int, int, int, int]:
    """(outcome, seen, key, start of the payload, its size) of the IPv4 header at `at`."""
    if end - at < 20:
        return TRUNCATED, 0, 0, end, 0
    size = (byte(at) & 15) * 4
    total = big16(at + 2)
    if byte(at) >> 4 != 4 or size < 20 or (total > 0 and total < size):
        return MALFORMED, 0, 0, end, 0
    if total:  # 0 is what segmentation offload leaves behind: then the captured length is all that is known
        end = min(end, at + total)
    fragment, protocol = big16(at + 6), byte(at + 9)
    if fragment & 0x1FFF:
        return IPV4, 0, (LATER_FRAGMENT | PORT_UNKNOWN) << 32 | protocol << 8, end, 0
    key, start, count = transport(at + size, end, protocol, 0)
    return IPV4, (FIRST_FRAGMENT if fragment & 0x2000 else 0), key, start, count


@compiled
def decode6(at: int, end: int) -> tuple[int, int, int, int, int]:
    if end - at < 40:
        return TRUNCATED, 0, 0, end, 0
    if byte(at) >> 4 != 6:
        return MALFORMED, 0, 0, end, 0
    length = big16(at + 4)
    if length:  # 0: a jumbogram
        end = min(end, at + 40 + length)
    protocol, where, doubt, seen = extensions(at + 40, end, byte(at + 6))
    if doubt:
        return IPV6, seen, doubt << 32 | protocol << 8, end, 0
    key, start, count = transport(where, end, protocol, 0)
    return IPV6, seen, key, start, count


@compiled
def decode(base: int, records: Records, n: int, decoded: Decoded, counters: Array) -> None:
    """Fill the first `n` entries of `decoded` and count outcomes. `base` is the address of the window."""
    starts, sizes, originals, links = records.start, records.captured, records.original, records.link
    outcomes, seens, addresses, wide, keys = decoded.outcome, decoded.seen, decoded.addresses, decoded.wide, decoded.key
    payload_starts, payload_sizes = decoded.payload_start, decoded.payload_size
    for i in range(n):
        at = base + starts[i]
        end = at + sizes[i]
        if links[i] == ETHERNET and end - at >= 34 and big16(at + 12) == 0x0800:  # nearly all packets; three times faster than below
            outcome, where, seen = IPV4, at + 14, 0
        else:
            outcome, where, seen = network_layer(at, end, int(links[i]))
        more, key, start, count = 0, 0, base, 0
        if outcome == IPV4:
            outcome, more, key, start, count = decode4(where, end)
            if outcome == IPV4:
                addresses[i] = big64(where + 12)
        elif outcome == IPV6:
            outcome, more, key, start, count = decode6(where, end)
            if outcome == IPV6:
                for word in range(4):
                    wide[i, word] = big64(where + 8 + word * 8)
        keys[i], payload_starts[i], payload_sizes[i] = key, start - base, count
        outcomes[i] = outcome
        seens[i] = seen | more | (CUT if int(sizes[i]) < int(originals[i]) else 0)
        counters[FIRST_OUTCOME + outcome] += 1
