# SPDX-License-Identifier: Apache-2.0
"""Compiled collection of (target, source) pairs of accesses, and the partition by hash that makes them distinct group by group.

The rules of what is an access are those of headers.classify; targets.py holds them in numpy, and the two are compared in tests.
"""

from __future__ import annotations

from teiten.packets.jit import compiled
from teiten.packets.layout import TARGET_PARTS, Array, Decoded, Outcome, Records

IPV4, IPV6 = int(Outcome.IPV4), int(Outcome.IPV6)
UDP_TARGETS, PING_TARGET, PING6_TARGET = 1 << 16, 2 << 16, 3 << 16
PARTS, PART_SHIFT = TARGET_PARTS, 63 - (TARGET_PARTS.bit_length() - 1)


@compiled
def access_target(key: int) -> int:
    """The number of the target if this key is an access's, else -1."""
    protocol, port = key >> 8 & 0xFF, key >> 16 & 0xFFFF
    if protocol == 6:
        return port if key >> 32 == 0 and key & 0x12 == 2 else -1
    if protocol == 17:
        return UDP_TARGETS + port if key >> 33 & 1 == 0 else -1
    if key >> 33 & 1:
        return -1
    if protocol == 1 and port >> 8 == 8:
        return PING_TARGET
    return PING6_TARGET if protocol == 58 and port >> 8 == 128 else -1


@compiled
def collect(records: Records, decoded: Decoded, n: int, accesses: Array, pairs: Array, fill: int, wide_pairs: Array) -> tuple[int, int]:
    """(pairs filled, wide pairs filled); the caller left room for n of each. A pair is target << 32 | IPv4 source."""
    times, outcomes, addresses, wide, keys = records.at_ns, decoded.outcome, decoded.addresses, decoded.wide, decoded.key
    wide_fill = 0
    for i in range(n):
        if outcomes[i] < IPV4 or times[i] < 0:
            continue
        target = access_target(keys[i])
        if target < 0:
            continue
        accesses[target] += 1
        if outcomes[i] == IPV4:
            pairs[fill] = target << 32 | (addresses[i] >> 32 & 0xFFFFFFFF)
            fill += 1
        else:
            wide_pairs[wide_fill, 0], wide_pairs[wide_fill, 1], wide_pairs[wide_fill, 2] = target, wide[i, 0], wide[i, 1]
            wide_fill += 1
    return fill, wide_fill


@compiled
def hashed(pair: int, odd: int) -> int:
    """Well mixed in its upper bits; never negative."""
    pair *= odd
    pair ^= (pair >> 32) & 0xFFFFFFFF
    return (pair * odd) >> 1 & 0x7FFFFFFFFFFFFFFF


@compiled
def partition(pairs: Array, n: int, odd: int, parted: Array, cuts: Array) -> None:
    """The first n pairs into `parted`, grouped by PARTS groups of hashes; group k is parted[cuts[k]:cuts[k + 1]]."""
    cuts[:] = 0
    for i in range(n):
        cuts[(hashed(pairs[i], odd) >> PART_SHIFT) + 1] += 1
    for part in range(PARTS):
        cuts[part + 1] += cuts[part]
    for i in range(n):
        part = hashed(pairs[i], odd) >> PART_SHIFT
        parted[cuts[part]] = pairs[i]
        cuts[part] += 1
    for part in range(PARTS, 0, -1):
        cuts[part] = cuts[part - 1]
    cuts[0] = 0


@compiled
def distinct(parted: Array, cuts: Array, odd: int, table: Array) -> int:
    """Drop what is there twice, in place, group by group; returns how many stay and moves the cuts.

    `table` is zero, before and after, and more than twice as large as the largest group; a power of two.
    """
    kept, begin = 0, 0
    for part in range(PARTS):
        end, first = cuts[part + 1], kept
        mask = 15
        while mask < 2 * (end - begin):
            mask = mask * 2 + 1
        for i in range(begin, end):
            pair = parted[i]
            at = hashed(pair, odd) & mask
            while table[at] != 0 and table[at] != pair + 1:
                at = (at + 1) & mask
            parted[kept] = pair
            kept += table[at] == 0
            table[at] = pair + 1
        table[: mask + 1] = 0
        begin, cuts[part] = end, first
    cuts[PARTS] = kept
    return kept


@compiled
def add_sources(pairs: Array, sources: Array) -> None:
    for pair in pairs:
        sources[pair >> 32] += 1
