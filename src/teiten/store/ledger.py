# SPDX-License-Identifier: Apache-2.0
"""Which batches are in the store. A key is remembered for ever: as an entry with its hash, later as part of an epoch's mark.

An epoch's mark says that every batch below it is stored. Entries far below the newest collapse into it, so the ledger stays small; a
repetition below the mark is a duplicate whose hash can't be compared any more.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from teiten.model import BatchKey

# Batches of imports keep their entries: an import that continues compares their hashes.
NEVER_COLLAPSED: Final = "file-"


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


class Ledger:
    """Not thread-safe: only the writer uses it. `enter` writes in the caller's transaction, `note` remembers after the commit."""

    def __init__(self, connection: Any) -> None:
        self._epochs = {(sensor, epoch): Epoch(epoch_id, mark, mark) for epoch_id, sensor, epoch, mark in _epochs(connection)}
        self._next_id = 1 + max((epoch.epoch_id for epoch in self._epochs.values()), default=0)
        self.arrival: int = connection.execute("select coalesce(max(arrival), 0) from ledger").fetchone()[0]
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

    def enter(self, connection: Any, key: BatchKey, rows: int, received_at: int, status: str) -> int:
        """Write the entry; returns its arrival number. The epoch gets its row with its first batch."""
        epoch = self._epochs.get((key.sensor, key.epoch))
        epoch_id = self._next_id if epoch is None else epoch.epoch_id
        if epoch is None:
            connection.execute("insert into epochs values (?, ?, ?, 0, 0, 0)", [epoch_id, key.sensor, key.epoch])
        arrival = self.arrival + 1
        entry = [arrival, epoch_id, key.seq, key.content_hash, rows, received_at, status]
        connection.execute("insert into ledger values (?, ?, ?, ?, ?, ?, ?)", entry)
        return arrival

    def note(self, key: BatchKey) -> None:
        """The entry is durable."""
        self.arrival += 1
        epoch = self._epochs.get((key.sensor, key.epoch))
        if epoch is None:
            epoch = self._epochs[key.sensor, key.epoch] = Epoch(self._next_id)
            self._next_id += 1
        if not epoch.holds(key.seq):
            epoch.note(key.seq)

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
