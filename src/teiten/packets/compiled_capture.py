# SPDX-License-Identifier: Apache-2.0
"""Compiled way from a window of a capture to the flow table: walk, decode, hash and count a few records at a time, in one call.

The columns between the steps stay in the first two levels of cache, and Python is asked once a window. The same steps one by one
are `Capture.steps` and `CompiledFlows.add`; these kernels call the same functions, so there is no second set of rules.
"""

from __future__ import annotations

from typing import NamedTuple

from teiten.packets.compiled_decode import decode
from teiten.packets.compiled_flows import count_flows, hash_all
from teiten.packets.compiled_pcap import walk_pcap
from teiten.packets.compiled_pcapng import walk_pcapng
from teiten.packets.jit import compiled
from teiten.packets.layout import RECORDS_PER_STEP, Array, Decoded, Interfaces, Records, Stop

FULL = int(Stop.FULL)


class Work(NamedTuple):
    """Where decoded records go on their way, and the table's control words (addresses, as in `count_flows`)."""

    records: Records  # a few at a time
    decoded: Decoded
    hashes: Array
    counters: Array
    lines: int
    minutes: int
    odd: int


@compiled
def count_decoded(base: int, n: int, work: Work) -> tuple[int, int]:
    """What `count_flows` answers for n records that were just walked."""
    decode(base, work.records, n, work.decoded, work.counters)
    hash_all(work.decoded, n, work.odd, work.hashes)
    return count_flows(base, work.records, work.decoded, 0, n, work.lines, work.minutes, work.odd, work.hashes)


@compiled
def count_pcap(
    base: int, at: int, end: int, at_end: bool, big: bool, header: int, unit: int, link: int, state: Array, work: Work
) -> tuple[int, int, int, int, int, int]:
    """(records taken, next place, Stop, records of the last step, the first of them not counted, slot to hand over first or -1)."""
    total, step = 0, work.records.start.size
    while True:
        n, at, stop = walk_pcap(base, at, end, at_end, big, header, unit, link, state, work.records, work.counters)
        first, slot = count_decoded(base, n, work)
        total += n
        if stop != FULL or slot >= 0 or total + step > RECORDS_PER_STEP:
            return total, at, stop, n, first, slot


@compiled
def count_pcapng(
    base: int, at: int, end: int, at_end: bool, big: bool, interfaces: Interfaces, known_interfaces: int, work: Work
) -> tuple[int, int, int, int, int, int]:
    """As `count_pcap`."""
    total, step = 0, work.records.start.size
    while True:
        n, at, stop = walk_pcapng(base, at, end, at_end, big, interfaces, known_interfaces, work.records, work.counters)
        first, slot = count_decoded(base, n, work)
        total += n
        if stop != FULL or slot >= 0 or total + step > RECORDS_PER_STEP:
            return total, at, stop, n, first, slot
