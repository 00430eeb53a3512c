# SPDX-License-Identifier: Apache-2.0
"""Which batches are in the store. A key is remembered for ever: as an entry with its hash, later as part of an epoch's mark.

An epoch's mark says that every batch below it is stored. Entries far below the newest collapse into it, so the ledger stays small; a
repetition below the mark is a duplicate whose hash can't be compared any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np

from teiten.model import BatchKey

# Batches of imports keep their entries: an import that continues compares their hashes.
NEVER_COLLAPSED: Final = "file-"


Entry = tuple[BatchKey, int, str]
"""A batch, its rows, and `stored` or `conflict`."""


class Epoch(msgspec.Struct):
    """The contiguous part of an epoch and what lies beyond it."""

    epoch_id: int
    mark: int = 0  # entries below are collapsed
    next_seq: int = 0  # everything below is stored
    beyond: set[int] = msgspec.field(default_factory=set)

    def holds(self, seq: int) -> bool:
        return seq < self.next_seq or seq in self.beyond

    def note(self, seq: int) -> None:
        self.beyond.add(seq)
        while self.next_seq in self.beyond:
            self.beyond.discard(self.next_seq)
            self.next_seq += 1

    def forget(self, seq: int, next_seq: int) -> None:
        """Undo the last `note`, before which everything below `next_seq` was held."""
        self.beyond |= set(range(next_seq, self.next_seq))
        self.beyond.discard(seq)
        self.next_seq = next_seq


class Ledger:
    """Not thread-safe: only the writer uses it. `enter` writes in the caller's transaction and remembers; a rollback is undone here too."""

    def __init__(self, connection: Any) -> None:
        self._epochs = {(sensor, epoch): Epoch(epoch_id, mark, mark) for epoch_id, sensor, epoch, mark in _epochs(connection)}
        self._next_id = 1 + max((epoch.epoch_id for epoch in self._epochs.values()), default=0)
        self.arrival: int = connection.execute("select coalesce(max(arrival), 0) from ledger").fetchone()[0]
        self._settled_arrival = self.arrival
        self._unsettled: list[Callable[[], None]] = []
        self._load(connection)

    def _load(self, connection: Any) -> None:
        by_id = {epoch.epoch_id: epoch for epoch in self._epochs.values()}
        spans = connection.execute(
            "select epoch_id, min(seq), max(seq), count(distinct seq) from ledger where status <> 'conflict' group by epoch_id"
        )
        for epoch_id, low, high, seqs in spans.fetchall():
            epoch = by_id[epoch_id]
            if low <= epoch.next_seq and high - low + 1 == seqs:
                epoch.next_seq = max(epoch.next_seq, high + 1)
                continue
            for (seq,) in connection.execute("select distinct seq from ledger where epoch_id = ? and seq >= ?", [epoch_id, epoch.mark]).fetchall():
                epoch.note(seq)

    def judge(self, connection: Any, key: BatchKey) -> str:
        """`stored` for a new key, `duplicate` for a repetition, `conflict` for a known key with a hash not seen before."""
        epoch = self._epochs.get((key.sensor, key.epoch))
        if epoch is None or not epoch.holds(key.seq):
            return "stored"
        if key.seq < epoch.mark:
            return "duplicate"
        found = connection.execute("select hash from ledger where epoch_id = ? and seq = ?", [epoch.epoch_id, key.seq]).fetchall()
        known = {hash_ for (hash_,) in found}
        return "duplicate" if key.content_hash in known else "conflict"

    def enter(self, connection: Any, entries: Sequence[Entry], received_at: int) -> None:
        """Write entries under the next arrival numbers; an epoch gets its row with its first batch. `settle` or `undo` must follow."""
        opened: list[Any] = []
        listed: list[Any] = []
        for key, rows, status in entries:
            epoch = self._epochs.get((key.sensor, key.epoch))
            if epoch is None:
                epoch = self._epochs[key.sensor, key.epoch] = Epoch(self._next_id)
                self._unsettled.append(partial(self._forget, key.sensor, key.epoch))
                self._next_id += 1
                opened += [epoch.epoch_id, key.sensor, key.epoch, 0, 0, 0]
            self.arrival += 1
            listed += [self.arrival, epoch.epoch_id, key.seq, key.content_hash, rows, received_at, status]
            if not epoch.holds(key.seq):
                self._unsettled.append(partial(epoch.forget, key.seq, epoch.next_seq))
                epoch.note(key.seq)
        for table, width, values in (("epochs", 6, opened), ("ledger", 7, listed)):
            if values:
                row = f"({', '.join('?' * width)})"
                connection.execute(f"insert into {table} values {', '.join([row] * (len(values) // width))}", values)

    def settle(self) -> None:
        """What was entered is durable."""
        self._unsettled.clear()
        self._settled_arrival = self.arrival

    def undo(self) -> None:
        """What was entered was rolled back."""
        while self._unsettled:
            self._unsettled.pop()()
        self.arrival = self._settled_arrival

    def _forget(self, sensor: str, epoch: str) -> None:
        del self._epochs[sensor, epoch]
        self._next_id -= 1

    def has(self, sensor: str, epoch: str) -> bool:
        return (sensor, epoch) in self._epochs

    def batches(self, connection: Any, sensor: str, epoch: str) -> list[tuple[int, bytes, int]]:
        found = self._epochs.get((sensor, epoch))
        if found is None:
            return []
        query = "select seq, hash, batch_rows from ledger where epoch_id = ? and status <> 'conflict' order by seq"
        return list(connection.execute(query, [found.epoch_id]).fetchall())

    def collapse(self, connection: Any, keep: int) -> dict[int, int]:
        """Fold all but the newest `keep` contiguous entries into their epoch's mark, in the caller's transaction; returns the new marks."""
        marks = {
            epoch.epoch_id: epoch.next_seq - keep
            for (_, name), epoch in self._epochs.items()
            if epoch.next_seq - keep > epoch.mark and not name.startswith(NEVER_COLLAPSED)
        }
        if marks:
            self._fold(connection, marks)
        return marks

    def _fold(self, connection: Any, marks: dict[int, int]) -> None:
        connection.register("marks", {"epoch_id": np.array(list(marks), np.int64), "mark": np.array(list(marks.values()), np.int64)})
        # Conflicts stay listed. The newest arrival number stays too, or numbers would be given twice after a restart.
        below = f"l.epoch_id = m.epoch_id and l.seq < m.mark and l.status <> 'conflict' and l.arrival < {self.arrival}"
        connection.execute(f"""
            update epochs set mark = f.mark, batches = epochs.batches + f.batches, batch_rows = epochs.batch_rows + f.batch_rows
            from (select m.epoch_id, m.mark, count(l.seq) as batches, coalesce(sum(l.batch_rows), 0) as batch_rows
                  from marks m left join ledger l on {below} group by m.epoch_id, m.mark) f
            where epochs.epoch_id = f.epoch_id""")
        connection.execute(f"delete from ledger l using marks m where {below}")
        connection.unregister("marks")

    def collapsed(self, marks: dict[int, int]) -> None:
        """The new marks are durable."""
        for epoch in self._epochs.values():
            epoch.mark = marks.get(epoch.epoch_id, epoch.mark)


def _epochs(connection: Any) -> list[tuple[int, str, str, int]]:
    return list(connection.execute("select epoch_id, sensor, epoch, mark from epochs").fetchall())
