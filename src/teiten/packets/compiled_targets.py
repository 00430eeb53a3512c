# SPDX-License-Identifier: Apache-2.0
"""Compiled collection of (target, source) pairs of accesses, and the radix sort that makes them distinct.

The rules of what is an access are those of headers.classify; targets.py holds them in numpy, and the two are compared in tests.
"""

from __future__ import annotations

from teiten.packets.jit import compiled
from teiten.packets.layout import Array, Decoded, Outcome, Records

IPV4, IPV6 = int(Outcome.IPV4), int(Outcome.IPV6)
UDP_TARGETS, PING_TARGET, PING6_TARGET = 1 << 16, 2 << 16, 3 << 16
DIGIT_BITS, DIGITS, BUCKETS = 10, 5, 1 << 10


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
def sort(pairs: Array, other: Array, n: int, counts: Array) -> None:
    """Sort the first n pairs; `other` is as large, `counts` is int64[DIGITS, BUCKETS + 1]."""
    counts[:, :] = 0
    for i in range(n):
        for digit in range(DIGITS):
            counts[digit, (pairs[i] >> digit * DIGIT_BITS & BUCKETS - 1) + 1] += 1
    source, target = pairs, other
    for digit in range(DIGITS):
        places = counts[digit]
        for bucket in range(BUCKETS):
            places[bucket + 1] += places[bucket]
        for i in range(n):
            bucket = source[i] >> digit * DIGIT_BITS & BUCKETS - 1
            target[places[bucket]] = source[i]
            places[bucket] += 1
        source, target = target, source
    pairs[:n] = source[:n]


@compiled
def distinct(pairs: Array, n: int) -> int:
    """Drop what is there twice from the first n sorted pairs; returns how many stay."""
    kept, before = 0, -1  # pairs are never negative
    for i in range(n):
        pair = pairs[i]
        pairs[kept] = pair
        kept += pair != before
        before = pair
    return kept
