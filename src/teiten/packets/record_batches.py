# SPDX-License-Identifier: Apache-2.0
"""Batches of capture records (as cutting.py makes them) -> columns of accesses, and the fate of every record that became none.

A batch is read on its own: only headers of files, sections and interfaces are carried on. So a batch gives the same rows whatever was
read before, which is what lets an import be repeated or continued.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from teiten.columnar import Columns
from teiten.packets.accesses import Accesses
from teiten.packets.capture_files import HEAD_BYTES, format_of
from teiten.packets.captures import decoder, flow_table, use_numba
from teiten.packets.cutting import Framing, framing_of
from teiten.packets.flowtuple import FlowBatch
from teiten.packets.layout import COUNTS, UNTIMED, Array, Outcome, Stop, new_decoded, new_records
from teiten.packets.pcapng import CompiledPcapng, PlainPcapng

WORTH_COMPILING: Final = 4000  # records; loading numba costs half a second, in which the plain engine reads a hundred thousand packets
_WHY: Final = {
    Outcome.NOT_IP: ("not IP", False),
    Outcome.UNKNOWN_LINK: ("link layer not known", True),
    Outcome.MALFORMED: ("malformed IP header", False),
    Outcome.TRUNCATED: ("cut inside the IP header", False),
}


class Fate(NamedTuple):
    """Why a record became no row; `is_rejected`: it might have been an observation."""

    why: str
    is_rejected: bool


HEADER, OTHER_BLOCK = Fate("file header", False), Fate("block without a packet", False)
DAMAGED, UNTIMED_PACKET = Fate("damaged: no record of the capture", True), Fate("packet without a time", True)
TOO_EARLY, TOO_LATE = Fate("time before 1990", True), Fate("time after the file's date", True)


class RecordBatches:
    """All batches of one file, in order."""

    def __init__(self, oldest_ns: int, newest_ns: int) -> None:
        self._oldest, self._newest = oldest_ns, newest_ns
        self._framing: Framing | None = None
        self._compiled: bool | None = None
        self._accesses = Accesses()
        self._records, self._decoded, self._counters = new_records(), new_decoded(), np.zeros(COUNTS, np.int64)

    def read(self, records: list[bytes]) -> tuple[Columns, dict[int, Fate]]:
        """Columns of all rows, and index -> fate of each record that is in none. Never raises."""
