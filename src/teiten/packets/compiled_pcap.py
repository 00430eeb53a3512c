# SPDX-License-Identifier: Apache-2.0
"""Compiled walk along the records of a pcap file, and the search for the next believable record after damage.

The rules are those of `resync.py`, which says them in plain Python; a change there is a change here.
"""

from __future__ import annotations

from teiten.packets.jit import big32, compiled, little32
from teiten.packets.layout import DAY_SECONDS, LARGEST_PACKET, Array, Count, Records, Stop

MORE, FULL, DAMAGED, TRAILING, FOUND = int(Stop.MORE), int(Stop.FULL), int(Stop.DAMAGED), int(Stop.TRAILING), int(Stop.FOUND)
EMPTY_RECORDS, LONGER, CARRIED = int(Count.EMPTY_RECORDS), int(Count.LONGER_THAN_ORIGINAL), int(Count.CARRIED_FRACTIONS)
JUMPS, PACKETS, RECORD_BYTES = int(Count.TIME_JUMPS), int(Count.PACKETS), int(Count.RECORD_BYTES)
NO, YES, UNSURE = 0, 1, 2


@compiled
def header_at(at: int, big: bool) -> tuple[int, int, int, int]:
    if big:
        return big32(at), big32(at + 4), big32(at + 8), big32(at + 12)
    return little32(at), little32(at + 4), little32(at + 8), little32(at + 12)


@compiled
def clean(second: int, fraction: int, captured: int, original: int, unit: int) -> bool:
    return captured <= LARGEST_PACKET and captured <= original and fraction < unit and (second | captured) != 0


@compiled
def decent(second: int, fraction: int, captured: int, original: int, unit: int) -> bool:
    return captured <= LARGEST_PACKET and (captured <= original or fraction < unit) and (second | captured) != 0


@compiled
def confirmed(at: int, end: int, at_end: bool, big: bool, header: int, unit: int) -> int:
    """Whether an odd record at `at` is followed by two decent ones, or ends the file."""
    second, fraction, captured, original = header_at(at, big)
    if captured > LARGEST_PACKET or (second | fraction | captured | original) == 0:
        return NO
    at += header + captured
    for _ in range(2):
        if at == end and at_end:
            return YES
        if at + header > end:
            return NO if at_end else UNSURE
        second, fraction, captured, original = header_at(at, big)
        if not decent(second, fraction, captured, original, unit):
            return NO
        at += header + captured
    return YES


@compiled
def walk_pcap(
    base: int, at: int, end: int, at_end: bool, big: bool, header: int, unit: int, link: int, state: Array, records: Records, counters: Array
) -> tuple[int, int, int]:
    """(records filled, next place, Stop). `base` is the window's address, `state[0]` the second of the record before, or -1."""
    starts, sizes, originals, times, links = records.start, records.captured, records.original, records.at_ns, records.link
    n, last, scale, empty = 0, state[0], 1_000_000_000 // unit, 0
    at, end = base + at, base + end
    begin, stop, room = at, MORE, starts.size
    while True:
        if n == room:
            stop = FULL
            break
        if at + header > end:
            stop = TRAILING if at_end and at < end else MORE
            break
        second, fraction, captured, original = header_at(at, big)
        if not clean(second, fraction, captured, original, unit) or (last >= 0 and abs(second - last) > DAY_SECONDS):
            verdict = confirmed(at, end, at_end, big, header, unit)
            if verdict != YES:
                stop = DAMAGED if verdict == NO else MORE
                break
            counters[LONGER] += captured > original
            counters[CARRIED] += fraction >= unit
            counters[JUMPS] += last >= 0 and abs(second - last) > DAY_SECONDS
        if at + header + captured > end:
            stop = TRAILING if at_end else MORE
            break
        starts[n] = at + header - base
        sizes[n] = captured
        originals[n] = original
        times[n] = second * 1_000_000_000 + fraction * scale
        links[n] = link
        empty += captured == 0
        last = second
        at += header + captured
        n += 1
    state[0] = last
    counters[EMPTY_RECORDS] += empty
    counters[PACKETS] += n
    counters[RECORD_BYTES] += at - begin
    return n, at - base, stop


@compiled
def believable(at: int, end: int, at_end: bool, big: bool, header: int, unit: int, last: int) -> int:
    """Whether a chain of clean records starts at `at`: two more, or four more if its time is far from `last`, or up to the file's end."""
    second, fraction, captured, original = header_at(at, big)
    if captured == 0 or not clean(second, fraction, captured, original, unit):
        return NO
    followers = 2 if last >= 0 and abs(second - last) <= DAY_SECONDS else 4
    for k in range(followers):
        at += header + captured
        if at == end and at_end:
            return YES
        if at + header > end:
            return (YES if k > 0 and at <= end else NO) if at_end else UNSURE
        before = second
        second, fraction, captured, original = header_at(at, big)
        if not clean(second, fraction, captured, original, unit) or abs(second - before) > DAY_SECONDS:
            return NO
    return YES


@compiled
def search_pcap(base: int, at: int, end: int, at_end: bool, big: bool, header: int, unit: int, last: int) -> tuple[int, int]:
    """(place, Stop): FOUND there, or MORE: nothing begins before that place."""
    at, end = base + at, base + end
    while at + header <= end:
        verdict = believable(at, end, at_end, big, header, unit, last)
        if verdict != NO:
            return at - base, (FOUND if verdict == YES else MORE)
        at += 1
    return at - base, MORE
