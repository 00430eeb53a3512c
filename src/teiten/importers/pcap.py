# SPDX-License-Identifier: Apache-2.0
"""Captures (pcap, pcapng) -> accesses, backscatter and other packets of a telescope that has finished: every destination counts.

The records are the capture's own (see packets/cutting.py). Packets of one batch with the same minute, source and kind are one row with
`times`. A record that holds no packet is other; damage, unknown link layers and impossible times are rejected. numba and the decoder
are loaded only when a capture is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from teiten.importers.interface import SAMPLE_BYTES, Chunk, ReadOptions, Recognition, Records, Rejected
from teiten.packets.capture_files import HEAD_BYTES, format_of

_OLDEST_NS: Final = 631_152_000_000_000_000  # 1990: no capture is older, so an earlier time is no time
_DAY_US: Final = 86_400_000_000
_INTERFACE: Final = (b"\x01\0\0\0", b"\0\0\0\x01")


class Pcap:
    name = "pcap"
    label = "packet capture (pcap or pcapng)"
    records: Records = "capture"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        kind = format_of(head[:HEAD_BYTES])
        if kind is None:
            return None
        if kind == "pcap" and len(head) < HEAD_BYTES:
            return Recognition(0.4, f"begins like a pcap file but ends after {len(head)} of the {HEAD_BYTES} bytes of its header")
        return Recognition(1.0, f"begins with the magic number of a {kind} file")

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> _Reading:
        return _Reading(options)

    def is_preamble(self, record: bytes) -> bool:
        return format_of(record) is not None or record[:4] in _INTERFACE


class _Reading:
    """Holds what the file's headers say; nothing of a packet outlives its batch."""

    def __init__(self, options: ReadOptions) -> None:
        from teiten.packets.record_batches import RecordBatches

        self._batches = RecordBatches(oldest_ns=_OLDEST_NS, newest_ns=(options.newest_at + _DAY_US) * 1000)

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        columns, fates = self._batches.read(list(records))
        other: dict[str, int] = {}
        rejected: list[Rejected] = []
        for index, (why, is_rejected) in fates.items():
            if is_rejected:
                rejected.append(Rejected(first + index, why, records[index][:SAMPLE_BYTES]))
            else:
                other[why] = other.get(why, 0) + 1
        return Chunk(columns, len(records) - len(fates), other, rejected)

    def finish(self) -> Chunk | None:
        return None
