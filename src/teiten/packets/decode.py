# SPDX-License-Identifier: Apache-2.0
"""Decoding with numpy alone: the same columns as compiled_decode.py, for machines without numba.

Works on all records of a step at once: each function takes the places where a header begins (`at`) and ends of the captured bytes,
as arrays, and answers in arrays. Nothing may depend on bytes at or beyond `end`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from teiten.packets.layout import EXTENSION_STEPS, LABELS, Array, Count, Decoded, Doubt, Link, Outcome, Records, Seen

Found = tuple[Array, Array, Array]
"""What should be there (Outcome), where, what was seen on the way."""

NOT_IP, UNKNOWN_LINK, MALFORMED, TRUNCATED, IPV4, IPV6 = (int(outcome) for outcome in Outcome)
VLAN, FIRST_FRAGMENT, CUT, LONG_CHAIN = (int(bit) for bit in Seen)
LATER_FRAGMENT, PORT_UNKNOWN, FLAGS_UNKNOWN = (int(bit) for bit in Doubt)
_TAGS: Final = (0x8100, 0x88A8, 0x9100)
_LONG_HEADERS: Final = (0, 43, 60, 135, 139, 140, 51)


class Source:
    """Big-endian reads at many places; places past the window read its last bytes, for callers that mask them out."""

    def __init__(self, data: Array) -> None:
        self._data = data
        self._last = len(data) - 1

    def byte(self, at: Array) -> Array:
        return self._data[np.minimum(at, self._last)].astype(np.int64)

    def big(self, at: Array, size: int = 2) -> Array:
        value = self.byte(at)
        for k in range(1, size):
            value = value << 8 | self.byte(at + k)
        return value


def _chosen(conditions: list[Array], outcomes: list[int], at: Array, seen: Array | None = None) -> Found:
    """The first condition that holds decides; NOT_IP otherwise."""
    return np.select(conditions, outcomes, NOT_IP), at, np.zeros_like(at) if seen is None else seen


def _by_version(source: Source, at: Array, end: Array) -> Found:
    version = source.byte(at) >> 4
    return _chosen([at >= end, version == 4, version == 6], [TRUNCATED, IPV4, IPV6], at)


def _by_ppp_number(source: Source, at: Array, end: Array) -> Found:
    number = source.big(at)
    return _chosen([at + 2 > end, number == 0x0021, number == 0x0057], [TRUNCATED, IPV4, IPV6], at + 2)


def _by_label(source: Source, at: Array, end: Array) -> Found:
    at, bottom, cut = at.copy(), np.zeros(len(at), np.bool_), np.zeros(len(at), np.bool_)
    for _ in range(LABELS):
        going = ~bottom & ~cut
        cut |= going & (at + 4 > end)
        going &= ~cut
        bottom |= going & (source.byte(at + 2) & 1 == 1)
        at += going * 4
    outcome, _, seen = _by_version(source, at, end)
    return np.where(cut, TRUNCATED, np.where(bottom, outcome, NOT_IP)), at, seen


def _by_llc(source: Source, at: Array, end: Array) -> Found:
    head, organisation, kind = source.big(at, 3), source.big(at + 3, 3), source.big(at + 6)
    internet = head == 0x060603
    found = [at + 3 > end, internet, head != 0xAAAA03, at + 8 > end, organisation != 0, kind == 0x0800, kind == 0x86DD]
    return _chosen(found, [TRUNCATED, IPV4, NOT_IP, TRUNCATED, NOT_IP, IPV4, IPV6], at + np.where(internet, 3, 8))


def _by_ethertype(source: Source, at: Array, end: Array) -> Found:
    at, seen, cut = at.copy(), np.zeros_like(at), np.zeros(len(at), np.bool_)
    kind = np.zeros_like(at)
    going = np.ones(len(at), np.bool_)
    for _ in range(LABELS):
        cut |= going & (at + 2 > end)
        going &= ~cut
        kind = np.where(going, source.big(at), kind)
        going &= np.isin(kind, _TAGS)
        if not going.any():
            break
        seen[going] = VLAN
        at[going] += 4
    outcome, where, _ = _chosen([cut, kind == 0x0800, kind == 0x86DD], [TRUNCATED, IPV4, IPV6], at + 2)
    for wrapped, reader, skip in (
        ((kind == 0x8847) | (kind == 0x8848), _by_label, 2),
        (kind == 0x8864, _by_ppp_number, 8),
        (kind <= 1500, _by_llc, 2),
    ):
        chosen = np.flatnonzero(wrapped & ~cut)
        if len(chosen):
            outcome[chosen], where[chosen], _ = reader(source, at[chosen] + skip, end[chosen])
    return outcome, where, seen


def _by_family(source: Source, at: Array, end: Array) -> Found:
    big = source.big(at, 4)
    little = (big & 0xFF) << 24 | (big & 0xFF00) << 8 | (big >> 8) & 0xFF00 | big >> 24
    family = np.where(little > 0xFFFF, big, little)
    return _chosen([at + 4 > end, family == 2, np.isin(family, (10, 24, 28, 30))], [TRUNCATED, IPV4, IPV6], at + 4)


def _by_arcnet(source: Source, at: Array, end: Array) -> Found:
    kind, split = source.byte(at), source.byte(at + 1)
    found = [at + 1 > end, kind == 240, kind != 212, at + 4 > end, split == 0]
    return _chosen(found, [TRUNCATED, IPV4, NOT_IP, TRUNCATED, IPV4], at + np.where(kind == 240, 1, 4))


def _by_hdlc(source: Source, at: Array, end: Array) -> Found:
    start = source.big(at)
    outcome, where, seen = _by_ppp_number(source, at + np.where(start == 0xFF03, 2, 0), end)
    cisco = np.flatnonzero(np.isin(start, (0x0F00, 0x8F00)))
    if len(cisco):
        outcome[cisco], where[cisco], seen[cisco] = _by_ethertype(source, at[cisco] + 2, end[cisco])
    return np.where(at + 2 > end, TRUNCATED, outcome), where, seen


def _by_sll2(source: Source, at: Array, end: Array) -> Found:
    kind = source.big(at)
    outcome, where, seen = _chosen([at + 20 > end, kind == 0x0800, kind == 0x86DD], [TRUNCATED, IPV4, IPV6], at + 20)
    whole = at + 20 <= end
    for wrapped, reader, skip in ((np.isin(kind, _TAGS), _by_ethertype, 22), ((kind == 0x8847) | (kind == 0x8848), _by_label, 20)):
        chosen = np.flatnonzero(wrapped & whole)
        if len(chosen):
            outcome[chosen], where[chosen], _ = reader(source, at[chosen] + skip, end[chosen])
            seen[chosen] = VLAN if skip == 22 else 0
    return outcome, where, seen


def _constant(outcome: int, at: Array) -> Found:
    return np.full(len(at), outcome), at, np.zeros_like(at)


def _network_layer(source: Source, at: Array, end: Array, link: int) -> Found:
    match link:
        case Link.ETHERNET | Link.SLL:
            return _by_ethertype(source, at + (12 if link == Link.ETHERNET else 14), end)
        case Link.RAW:
            return _by_version(source, at, end)
        case Link.IPV4 | Link.IPV6:
            return _constant(IPV4 if link == Link.IPV4 else IPV6, at)
        case Link.NULL:
            return _by_family(source, at, end)
        case Link.SLL2:
            return _by_sll2(source, at, end)
        case Link.PPP | Link.PPP_HDLC | Link.CISCO_HDLC:
            return _by_hdlc(source, at, end)
        case Link.PPP_ETHER:
            return _by_ppp_number(source, at + 6, end)
        case Link.ARCNET | Link.ARCNET_LINUX:
            return _by_arcnet(source, at + (2 if link == Link.ARCNET else 4), end)
    return _constant(UNKNOWN_LINK, at)


class Rows:
    """The columns of the packets being decoded, written through an index of records."""

    def __init__(self, decoded: Decoded, n: int) -> None:
        self.outcome = np.full(n, NOT_IP)
        self.seen = np.zeros(n, np.int64)
        self.decoded = decoded

    def put(self, index: Array, key: Array, start: Array, size: Array) -> None:
        self.decoded.key[index], self.decoded.payload_start[index], self.decoded.payload_size[index] = key, start, size


def _transport(source: Source, at: Array, end: Array, protocol: Array) -> tuple[Array, Array, Array]:
    """(key, start of the payload, its captured size)."""
    here = end - at
    tcp, udp, icmp = protocol == 6, protocol == 17, (protocol == 1) | (protocol == 58)
    ported = np.isin(protocol, (6, 17, 132, 136, 33))
    port = np.where(ported & (here >= 4), source.big(at + 2), np.where(icmp & (here >= 2), source.big(at), 0))
    doubt = np.where((ported & (here >= 4)) | (icmp & (here >= 2)), 0, PORT_UNKNOWN)
    flagged = tcp & (here >= 14)
    flags = np.where(flagged, source.byte(at + 13), 0)
    doubt |= np.where(tcp & ~flagged, FLAGS_UNKNOWN, 0)
    header = np.where(flagged, np.maximum(20, (source.byte(at + 12) >> 4) * 4), 8)
    payload = np.where(flagged | udp | icmp, at + header, end)
    length = source.big(at + 4)
    end = np.where(udp & (here >= 6) & (length >= 8), np.minimum(end, at + length), end)
    return doubt << 32 | port << 16 | protocol << 8 | flags, payload, np.maximum(0, end - payload)


def _decode4(source: Source, index: Array, at: Array, end: Array, rows: Rows) -> None:
    first, total = source.byte(at), source.big(at + 2)
    size = (first & 15) * 4
    bad = (first >> 4 != 4) | (size < 20) | ((total > 0) & (total < size))
    outcome = np.where(end - at < 20, TRUNCATED, np.where(bad, MALFORMED, IPV4))
    rows.outcome[index] = outcome
    good = outcome == IPV4
    index, at, end, size, total = index[good], at[good], end[good], size[good], total[good]
    end = np.where(total > 0, np.minimum(end, at + total), end)
    fragment, protocol = source.big(at + 6), source.byte(at + 9)
    key, start, count = _transport(source, at + size, end, protocol)
    later = fragment & 0x1FFF != 0
    key = np.where(later, (LATER_FRAGMENT | PORT_UNKNOWN) << 32 | protocol << 8, key)
    rows.put(index, key, np.where(later, end, start), np.where(later, 0, count))
    rows.decoded.addresses[index] = source.big(at + 12, 8)
    rows.seen[index] |= np.where(fragment & 0x3FFF == 0x2000, FIRST_FRAGMENT, 0)


def _extensions(source: Source, at: Array, end: Array, following: Array) -> tuple[Array, Array, Array, Array]:
    """(protocol, where, doubt, seen) past the IPv6 extension headers."""
    at, following, doubt, seen = at.copy(), following.copy(), np.zeros_like(at), np.zeros_like(at)
    going = np.ones(len(at), np.bool_)
    for _ in range(EXTENSION_STEPS):
        fragment = following == 44
        going &= fragment | np.isin(following, _LONG_HEADERS)
        cut = going & (at + np.where(fragment, 8, 2) > end)
        doubt[cut] = PORT_UNKNOWN
        going &= ~cut
        if not going.any():
            return following, at, doubt, seen
        size = source.byte(at + 1)
        step = np.where(fragment, 8, np.where(following == 51, (size + 2) * 4, (size + 1) * 8))
        offset = source.big(at + 2)
        following = np.where(going, source.byte(at), following)
        at += going * step
        later = going & fragment & (offset & 0xFFF8 != 0)
        doubt[later] = LATER_FRAGMENT | PORT_UNKNOWN
        going &= ~later
        seen |= np.where(going & fragment & (offset & 1 == 1), FIRST_FRAGMENT, 0)
    doubt[going] = PORT_UNKNOWN
    seen[going] |= LONG_CHAIN
    return following, at, doubt, seen


def _decode6(source: Source, index: Array, at: Array, end: Array, rows: Rows) -> None:
    outcome = np.where(end - at < 40, TRUNCATED, np.where(source.byte(at) >> 4 != 6, MALFORMED, IPV6))
    rows.outcome[index] = outcome
    good = outcome == IPV6
    index, at, end = index[good], at[good], end[good]
    length = source.big(at + 4)
    end = np.where(length > 0, np.minimum(end, at + 40 + length), end)
    protocol, where, doubt, seen = _extensions(source, at + 40, end, source.byte(at + 6))
    key, start, count = _transport(source, where, end, protocol)
    key = np.where(doubt != 0, doubt << 32 | protocol << 8, key)
    rows.put(index, key, np.where(doubt != 0, end, start), np.where(doubt != 0, 0, count))
    for word in range(4):
        rows.decoded.wide[index, word] = source.big(at + 8 + word * 8, 8)
    rows.seen[index] |= seen


def decode(data: Array, records: Records, n: int, decoded: Decoded, counters: Array) -> None:
    """Fill the first `n` entries of `decoded` and count outcomes."""
    source, rows = Source(data), Rows(decoded, n)
    at = records.start[:n].astype(np.int64)
    end = at + records.captured[:n]
    links = records.link[:n]
    rows.put(np.arange(n), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64))
    where = at.copy()
    for link in np.unique(links).tolist():
        chosen = np.flatnonzero(links == link)
        rows.outcome[chosen], where[chosen], rows.seen[chosen] = _network_layer(source, at[chosen], end[chosen], link)
    for version, reader in ((IPV4, _decode4), (IPV6, _decode6)):
        index = np.flatnonzero(rows.outcome == version)
        if len(index):
            reader(source, index, where[index], end[index], rows)
    rows.seen |= np.where(records.captured[:n] < records.original[:n], CUT, 0)
    decoded.outcome[:n], decoded.seen[:n] = rows.outcome, rows.seen
    counters[Count.FIRST_OUTCOME :] += np.bincount(rows.outcome, minlength=len(Outcome))[: len(Outcome)]
