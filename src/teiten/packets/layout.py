# SPDX-License-Identifier: Apache-2.0
"""Shapes of the arrays that pass between framing, decoding and counting, and the codes in them. No behaviour.

The compiled engine and the plain one fill the same arrays with the same values; that they do is tested, row by row.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST_PACKET: Final = 262_144  # libpcap's MAXIMUM_SNAPLEN; a record that claims more is damage
LARGEST_BLOCK: Final = 1 << 20  # pcapng; a longer block is stepped over as a gap
MOST_INTERFACES: Final = 1024
RECORDS_PER_STEP: Final = 16_384
DAY_SECONDS: Final = 86_400
MINUTE_NS: Final = 60_000_000_000
UNTIMED: Final = -1  # time of packets whose record has none (simple packet blocks)


class Stop(IntEnum):
    """Why a framing step returned."""

    MORE = 0  # the next record isn't wholly in the window
    FULL = 1  # the record arrays are full
    DAMAGED = 2  # no believable record at this place
    BLOCK = 3  # a pcapng section or interface block: Python reads it
    TRAILING = 4  # the file ends inside the record at this place
    FOUND = 5  # a search found a believable record


class Link(IntEnum):
    """Link layers we can look through."""

    UNKNOWN = 0
    ETHERNET = 1
    RAW = 2
    IPV4 = 3
    IPV6 = 4
    NULL = 5
    SLL = 6
    SLL2 = 7
    PPP = 8
    PPP_HDLC = 9
    PPP_ETHER = 10
    CISCO_HDLC = 11
    ARCNET = 12
    ARCNET_LINUX = 13


# https://www.tcpdump.org/linktypes.html; 12 and 14 are what DLT_RAW is on several systems.
LINKS: Final[dict[int, Link]] = {
    0: Link.NULL,
    1: Link.ETHERNET,
    7: Link.ARCNET,
    9: Link.PPP,
    12: Link.RAW,
    14: Link.RAW,
    50: Link.PPP_HDLC,
    51: Link.PPP_ETHER,
    101: Link.RAW,
    104: Link.CISCO_HDLC,
    108: Link.NULL,
    113: Link.SLL,
    129: Link.ARCNET_LINUX,
    228: Link.IPV4,
    229: Link.IPV6,
    276: Link.SLL2,
}


class Outcome(IntEnum):
    """What became of a record."""

    NOT_IP = 0
    UNKNOWN_LINK = 1
    MALFORMED = 2
    TRUNCATED = 3  # cut before the end of the network header
    IPV4 = 4
    IPV6 = 5


class Doubt(IntEnum):
    """Bits of the flow key: what the values in it can't tell."""

    LATER_FRAGMENT = 1
    PORT_UNKNOWN = 2
    FLAGS_UNKNOWN = 4


class Seen(IntEnum):
    """Bits that say what was seen in any packet of a row; no part of the key."""

    VLAN = 1
    FIRST_FRAGMENT = 2
    CUT = 4  # captured length below the original one
    LONG_CHAIN = 8  # more IPv6 extension headers than are walked


class Count(IntEnum):
    """Places in the counter array, which is part of every report."""

    PACKETS = 0
    EMPTY_RECORDS = 1  # captured length 0
    LONGER_THAN_ORIGINAL = 2  # captured length above the original one
    CARRIED_FRACTIONS = 3  # fraction of a second of 1 or more, carried
    TIME_JUMPS = 4  # more than a day away from the record before
    UNTIMED = 5
    SKIPPED_BLOCKS = 6  # pcapng blocks that hold no packet
    UNKNOWN_INTERFACE = 7
    BAD_PACKET_BLOCKS = 8  # packet block whose captured length doesn't fit in
    RECORD_BYTES = 9
    OTHER_BYTES = 10  # file headers, blocks without packets
    FIRST_OUTCOME = 12  # 12..17: packets by Outcome


COUNTS: Final = 18
EXTENSION_STEPS: Final = 16  # IPv6 extension headers walked; as in headers.py
LABELS: Final = 32  # MPLS labels and VLAN tags walked


class Records(NamedTuple):
    """One entry per record, all in the window given to the same call."""

    start: Array  # int32, offset of the packet in the window
    captured: Array  # int32
    original: Array  # uint32
    at_ns: Array  # int64, UTC; UNTIMED
    link: Array  # uint8, Link


class Decoded(NamedTuple):
    """One entry per record, beside `Records`."""

    outcome: Array  # uint8
    seen: Array  # uint8
    addresses: Array  # int64, the bits of source << 32 | destination (IPv4)
    wide: Array  # int64[n, 4]: source high, low, destination high, low (IPv6 only)
    key: Array  # int64: doubt << 32 | port << 16 | protocol << 8 | flags
    payload_start: Array  # int32, offset in the window
    payload_size: Array  # int32, captured bytes


class Interfaces(NamedTuple):
    """One entry per interface of a pcapng section. A time is seconds = ticks // unit (or ticks >> shift when unit is 0) and the rest."""

    link: Array  # uint8, Link
    unit: Array  # uint64, ticks per second; 0: 2**shift
    shift: Array  # int64; -1: the times can't be used
    scale: Array  # int64, nanoseconds per tick; negative: ticks per nanosecond
    offset: Array  # int64 seconds
    snap: Array  # int64 bytes; 0: no limit


def new_records(count: int = RECORDS_PER_STEP) -> Records:
    kinds = (np.int32, np.int32, np.uint32, np.int64, np.uint8)
    return Records(*(np.zeros(count, kind) for kind in kinds))


def new_decoded(count: int = RECORDS_PER_STEP) -> Decoded:
    shapes: list[tuple[type[np.generic], tuple[int, ...]]] = [(np.uint8, ()), (np.uint8, ()), (np.int64, ()), (np.int64, (4,)), (np.int64, ())]
    return Decoded(*(np.zeros((count, *shape), kind) for kind, shape in [*shapes, (np.int32, ()), (np.int32, ())]))


def new_interfaces() -> Interfaces:
    kinds = (np.uint8, np.uint64, np.int64, np.int64, np.int64, np.int64)
    return Interfaces(*(np.zeros(MOST_INTERFACES, kind) for kind in kinds))


# The table of open minutes. A row is its address words (1 for IPv4, 4 for IPv6) and then these four:
#   microsecond of the first packet in its minute << KEY_BITS | key
#   hash of the first payload, or 0
#   minute << 32 | packets
#   seen << SEEN_SHIFT | bytes
# Every byte of a row is paid for at each packet of a scan, so the row is as narrow as it can be.
OPEN_MINUTES: Final = 2
MOST_ROWS4, MOST_ROWS6 = 1 << 19, 1 << 17  # rows of one minute; beyond, a minute comes out in parts, which add up
WORDS4, WORDS6 = 5, 8
KEY_BITS: Final = 36
KEY_MASK: Final = (1 << KEY_BITS) - 1
SEEN_SHIFT: Final = 56
PACKETS_MASK: Final = 0xFFFFFFFF
LARGE_TABLE: Final = 4096  # rows; a larger table is handed over as it is, a smaller one is copied

TARGETS: Final = 4 << 16  # TCP ports, UDP ports, ping, ping of ICMPv6
TARGET_PARTS: Final = 1 << 10  # groups of (target, source) pairs, each small enough to be made distinct in the cache
