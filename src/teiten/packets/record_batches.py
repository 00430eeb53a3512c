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
PACKET_BLOCKS: Final = (2, 3, 6)


class Fate(NamedTuple):
    """Why a record became no row; `is_rejected`: it might have been an observation."""

    why: str
    is_rejected: bool


# The place in this tuple is the code in arrays; 0 is not looked at yet, 1 became part of a row.
FATES: Final = (
    Fate("", False),
    Fate("", False),
    Fate("not IP", False),
    Fate("link layer not known", True),
    Fate("malformed IP header", False),
    Fate("cut inside the IP header", False),
    Fate("header", False),
    Fate("block without a packet", False),
    Fate("damaged: no record of the capture", True),
    Fate("packet block of an unknown interface or with wrong lengths", True),
    Fate("packet without a time", True),
    Fate("time before 1990", True),
    Fate("time after the date of the file", True),
)
_UNSEEN, _TAKEN, _NOT_IP, _, _, _, _HEADER, _OTHER, _DAMAGED, _BAD_BLOCK, _UNTIMED, _EARLY, _LATE = range(len(FATES))
_BY_OUTCOME: Final = np.array([_NOT_IP, 3, 4, 5, _TAKEN, _TAKEN], np.int8)


class RecordBatches:
    """All batches of one file, in order. Times outside [oldest, newest] are no times."""

    def __init__(self, oldest_ns: int, newest_ns: int) -> None:
        self._oldest, self._newest = oldest_ns, newest_ns
        self._framing: Framing | None = None
        self._engine: Engine | None = None
        self._accesses = Accesses()
        self._records, self._decoded, self._counters = new_records(), new_decoded(), np.zeros(COUNTS, np.int64)

    def read(self, records: list[bytes]) -> tuple[Columns, dict[int, Fate]]:
        """Columns of all rows, and index -> fate of each record that is in none. Never raises."""
        engine = self._engine = self._engine or Engine(use_numba() and len(records) >= WORTH_COMPILING)
        batch = _Batch(records)
        flows: list[FlowBatch] = []
        at = self._begin(batch, engine)
        while at < batch.end:
            at = self._step(batch, at, engine, flows)
        flows += engine.flows.finish()
        fates = {index: FATES[code] for index, code in enumerate(batch.fates.tolist()) if code != _TAKEN}
        return self._columns(flows), fates

    def _begin(self, batch: _Batch, engine: Engine) -> int:
        if self._framing is not None:
            self._framing.restart()
            return 0
        self._framing = framing_of(batch.text[:HEAD_BYTES], engine.compiled)
        if self._framing is None:
            batch.fates[:] = _DAMAGED
            return batch.end
        if format_of(batch.text[:HEAD_BYTES]) == "pcap":
            batch.mark(0, _HEADER)
            return min(HEAD_BYTES, batch.after(0))
        return 0

    def _step(self, batch: _Batch, at: int, engine: Engine, flows: list[FlowBatch]) -> int:
        """One walk from `at` and what it found; returns where to go on."""
        framing, records, decoded = self._framing, self._records, self._decoded
        assert framing is not None
        n, stopped, stop = framing.walk(batch.data, at, batch.end, True, records, self._counters)
        if n:
            engine.decode(batch.data, records, n, decoded, self._counters)
            batch.note(records.start[:n], self._judge(n))
            engine.flows.add(batch.data, records, decoded, n)
            flows += engine.flows.drain()
        batch.note_blocks(at, stopped)
        if stop is Stop.BLOCK and isinstance(framing, PlainPcapng | CompiledPcapng):
            batch.mark(stopped, _HEADER)
            return stopped + framing.take(batch.data[stopped:])
        if stop in (Stop.DAMAGED, Stop.TRAILING):
            batch.mark(stopped, _DAMAGED)
            framing.restart()
            return batch.after(stopped)
        return stopped if stop is Stop.FULL else batch.end

    def _judge(self, n: int) -> Array:
        """The fate of each packet; what is no access for its time is taken out of the flow table's sight."""
        times, outcomes = self._records.at_ns[:n], self._decoded.outcome[:n]
        fates = _BY_OUTCOME[outcomes]
        for wrong, fate in ((times > self._newest, _LATE), (times < self._oldest, _EARLY), (times == UNTIMED, _UNTIMED)):
            fates[wrong & (fates == _TAKEN if fate != _UNTIMED else wrong)] = fate
        outcomes[fates != _TAKEN] = Outcome.NOT_IP
        return fates

    def _columns(self, flows: list[FlowBatch]) -> Columns:
        made = []
        for version in (4, 6):
            words = [batch.words for batch in flows if batch.version == version]
            if words:
                made.append(self._accesses.columns(FlowBatch(version, np.concatenate(words))))
        return {name: np.concatenate([part[name] for part in made]) for name in made[0]} if made else {}


class Engine:
    """Decoder and flow table, with or without numba; kept for all batches of a file."""

    def __init__(self, compiled: bool) -> None:
        self.compiled = compiled
        self.decode = decoder(compiled)
        self.flows = flow_table(compiled)


class _Batch:
    """Records side by side, and what became of each."""

    def __init__(self, records: list[bytes]) -> None:
        self.text = b"".join(records)
        self.data: Array = np.frombuffer(self.text, np.uint8)
        self.ends = np.cumsum([len(record) for record in records], dtype=np.int64)
        self.end = len(self.text)
        self.fates = np.zeros(len(records), np.int8)
        self.fates[self.ends == np.concatenate([[0], self.ends[:-1]])] = _DAMAGED  # empty records

    def index(self, at: int) -> int:
        return int(np.searchsorted(self.ends, at, side="right"))

    def after(self, at: int) -> int:
        """Where the record that holds this place ends."""
        return int(self.ends[self.index(at)])

    def mark(self, at: int, fate: int) -> None:
        self.fates[self.index(at)] = fate

    def note(self, starts: Array, fates: Array) -> None:
        """Packets by their first byte, which may be the first behind a record that is all header."""
        self.fates[np.searchsorted(self.ends, starts - 1, side="right")] = fates

    def note_blocks(self, begin: int, end: int) -> None:
        """Records between two places in which no packet was found."""
        for index in np.flatnonzero(self.fates[: self.index(end)] == _UNSEEN).tolist():
            first = int(self.ends[index - 1]) if index else 0
            if first >= begin:
                kinds = {int.from_bytes(self.text[first : first + 4], order) for order in ("little", "big")}
                self.fates[index] = _BAD_BLOCK if kinds & set(PACKET_BLOCKS) else _OTHER
