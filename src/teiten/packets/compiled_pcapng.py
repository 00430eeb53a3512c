# SPDX-License-Identifier: Apache-2.0
"""Compiled walk along the blocks of a pcapng section, and the search for the next believable block after damage.

The rules are those of `pcapng.PlainPcapng`; a change there is a change here.
"""

from __future__ import annotations

import numpy as np

from teiten.packets.jit import big16, big32, compiled, little16, little32
from teiten.packets.layout import LARGEST_BLOCK, UNTIMED, Array, Count, Interfaces, Records, Stop

MORE, FULL, DAMAGED, BLOCK = int(Stop.MORE), int(Stop.FULL), int(Stop.DAMAGED), int(Stop.BLOCK)
TRAILING, FOUND, GOOD = int(Stop.TRAILING), int(Stop.FOUND), 99
SECTION, INTERFACE, OLD_PACKET, SIMPLE, ENHANCED, SECRETS = 0x0A0D0D0A, 1, 2, 3, 6, 10
MAGIC, LATEST_SECOND = 0x1A2B3C4D, 9_223_372_035
EMPTY_RECORDS, LONGER, UNTIMED_COUNT = int(Count.EMPTY_RECORDS), int(Count.LONGER_THAN_ORIGINAL), int(Count.UNTIMED)
SKIPPED, UNKNOWN_INTERFACE, BAD_BLOCKS = int(Count.SKIPPED_BLOCKS), int(Count.UNKNOWN_INTERFACE), int(Count.BAD_PACKET_BLOCKS)
PACKETS, RECORD_BYTES, OTHER_BYTES = int(Count.PACKETS), int(Count.RECORD_BYTES), int(Count.OTHER_BYTES)
LOW, BILLION = np.uint64(0xFFFFFFFF), np.uint64(1_000_000_000)


@compiled
def word(at: int, big: bool) -> int:
    return big32(at) if big else little32(at)


@compiled
def known(kind: int) -> bool:
    return 1 <= kind <= ENHANCED or kind in (SECRETS, SECTION)


@compiled
def frame_at(at: int, big: bool) -> tuple[int, int, bool]:
    """(type, total length or -1 if it can't be one, byte order) from the first 12 bytes of a block."""
    kind = word(at, big)
    if kind == SECTION:
        big = big32(at + 8) == MAGIC
        if not big and little32(at + 8) != MAGIC:
            return kind, -1, big
    length = word(at + 4, big)
    return kind, (-1 if length < 12 or length & 3 or length > LARGEST_BLOCK else length), big


@compiled
def block_at(at: int, end: int, at_end: bool, big: bool) -> tuple[int, int, int]:
    """(type, total length, GOOD or the Stop that keeps it from being read)."""
    if at + 12 > end:
        return 0, 0, (TRAILING if at_end and at < end else MORE)
    kind, length, order = frame_at(at, big)
    if length < 0:
        return kind, length, DAMAGED
    if at + length > end:
        return kind, length, (MORE if not at_end else (TRAILING if known(kind) else DAMAGED))
    return kind, length, (GOOD if word(at + length - 4, order) == length else DAMAGED)


@compiled
def nanoseconds(high: int, low: int, unit: int, shift: int, scale: int, offset: int) -> int:
    """UTC nanoseconds of a tick count, exact, rounded down; `unit` is unsigned."""
    if shift < 0:
        return UNTIMED
    ticks = np.uint64(high) << np.uint64(32) | np.uint64(low)
    if unit:
        seconds = ticks // unit
        rest = ticks - seconds * unit
        nanos = rest * np.uint64(scale) if scale > 0 else rest // np.uint64(-scale)
    else:
        bits = np.uint64(shift)
        seconds = ticks >> bits
        rest = ticks & ((np.uint64(1) << bits) - np.uint64(1))
        if shift <= 32:
            nanos = (rest * BILLION) >> bits
        else:  # nested floors are exact, and stay below 2**64
            nanos = ((rest >> np.uint64(32)) * BILLION + (((rest & LOW) * BILLION) >> np.uint64(32))) >> (bits - np.uint64(32))
    if seconds > np.uint64(LATEST_SECOND):
        return UNTIMED
    total = int(seconds) + offset
    at_ns = total * 1_000_000_000 + int(nanos)
    return at_ns if 0 <= total <= LATEST_SECOND else UNTIMED


@compiled
def simple_block(at: int, length: int, big: bool, known_interfaces: int, snap: int) -> tuple[int, int, int, int]:
    """(interface, start of the packet, captured, original); interface -1: no such interface, -2: lengths that don't fit."""
    if length < 16:
        return -2, 0, 0, 0
    if known_interfaces == 0:
        return -1, 0, 0, 0
    original = word(at + 8, big)
    captured = min(original, length - 16)
    return 0, at + 12, (min(captured, snap) if snap > 0 else captured), original


@compiled
def timed_block(at: int, kind: int, length: int, big: bool, known_interfaces: int) -> tuple[int, int, int, int]:
    """As `simple_block`, for enhanced and for obsolete packet blocks; the time is at offsets 12 and 16 in both."""
    if length < 32:
        return -2, 0, 0, 0
    number = word(at + 8, big)
    if kind == OLD_PACKET:
        number = big16(at + 8) if big else little16(at + 8)
    captured, original = word(at + 20, big), word(at + 24, big)
    if number >= known_interfaces:
        return -1, 0, 0, 0
    if captured > length - 32:
        return -2, 0, 0, 0
    return number, at + 28, captured, original


@compiled
def walk_pcapng(
    base: int, at: int, end: int, at_end: bool, big: bool, interfaces: Interfaces, known_interfaces: int, records: Records, counters: Array
) -> tuple[int, int, int]:
    """(records filled, next place, Stop). BLOCK: a section or interface block is at that place, whole. `base`: the window's address."""
    starts, sizes, originals, times, links = records.start, records.captured, records.original, records.at_ns, records.link
    kinds, units, shifts, scales, offsets = interfaces.link, interfaces.unit, interfaces.shift, interfaces.scale, interfaces.offset
    at, end, n, stop, room, snap = base + at, base + end, 0, MORE, starts.size, interfaces.snap[0]
    while True:
        if n == room:
            stop = FULL
            break
        kind, length, state = block_at(at, end, at_end, big)
        if state != GOOD or kind in (SECTION, INTERFACE):
            stop = BLOCK if state == GOOD else state
            break
        if kind in (ENHANCED, SIMPLE, OLD_PACKET):
            if kind == SIMPLE:
                i, start, captured, original = simple_block(at, length, big, known_interfaces, snap)
            else:
                i, start, captured, original = timed_block(at, kind, length, big, known_interfaces)
            if i >= 0:
                time = UNTIMED
                if kind != SIMPLE:
                    time = nanoseconds(word(at + 12, big), word(at + 16, big), units[i], shifts[i], scales[i], offsets[i])
                starts[n], sizes[n], originals[n], times[n], links[n] = start - base, captured, original, time, kinds[i]
                n += 1
                count_packet(counters, captured, original, time, length)
            else:
                counters[UNKNOWN_INTERFACE if i == -1 else BAD_BLOCKS] += 1
                counters[OTHER_BYTES] += length
        else:
            counters[SKIPPED] += 1
            counters[OTHER_BYTES] += length
        at += length
    return n, at - base, stop


@compiled
def count_packet(counters: Array, captured: int, original: int, time: int, length: int) -> None:
    counters[PACKETS] += 1
    counters[RECORD_BYTES] += length
    counters[EMPTY_RECORDS] += captured == 0
    counters[LONGER] += captured > original
    counters[UNTIMED_COUNT] += time == UNTIMED


@compiled
def search_pcapng(base: int, at: int, end: int, at_end: bool, big: bool) -> tuple[int, int]:
    """(place, Stop): FOUND a block of a known type, whole, followed by another or the end; or MORE: nothing begins before that place."""
    at, end = base + at, base + end
    while at + 12 <= end:
        if known(word(at, big)):
            _, length, state = block_at(at, end, at_end, big)
            if state == MORE:
                return at - base, MORE
            if state == GOOD:
                after = at + length
                if after + 12 > end and not at_end:
                    return at - base, MORE
                if after + 12 > end or frame_at(after, big)[1] > 0:
                    return at - base, FOUND
        at += 1
    return at - base, MORE
