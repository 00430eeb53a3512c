# SPDX-License-Identifier: Apache-2.0
"""Batches of an imported file: where they begin and end, their hashes, and how they lie on top of what a former import stored.

Boundaries depend on content alone: BATCH_RECORDS records or BATCH_BYTES bytes, whichever comes first; the last batch is shorter. A
file that has grown is cut again where it was cut before, so that its known part stays known; then it goes on by the rule.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import msgspec

from teiten.importers.lines import as_text, chained, weight
from teiten.importers.reading import Cut

BATCH_RECORDS = 20_000
BATCH_BYTES = 32 << 20
_FIRST_RECORD_BYTES, _HASH_BYTES = 4096, 16


class Batch(msgspec.Struct):
    first: int  # index of its first record in the file, from 0
    records: Sequence[bytes]
    content_hash: bytes
    ends_file: bool  # the file ends here, or ended here when it was imported before
    is_unfinished: bool = False  # one record without its end
    is_known: bool = False
    was_taken_unfinished: bool = False  # its one record is stored already, under the key of the unfinished one

    @property
    def seq(self) -> int:
        return 2 * self.first + self.is_unfinished


def hash_records(records: Sequence[bytes], unfinished: bool = False) -> bytes:
    """SHA-256 cut to 16 bytes: processors have instructions for it, and hashing is what a fast import spends most on."""
    digest = hashlib.sha256(as_text(records))
    if not unfinished:
        digest.update(b"\n")
    return digest.digest()[:_HASH_BYTES]


def name_epoch(importer: str, first: bytes, variant: int) -> str:
    name = hashlib.blake2b(importer.encode() + b"\0" + first, digest_size=8).hexdigest()
    return f"file-{name}-{variant}"


def first_record(records: Sequence[bytes], is_preamble: Callable[[bytes], bool]) -> bytes:
    """What identifies a file: everything through its first record that is no header, capped."""
    for index in range(len(records)):
        record = records[index]
        if record.strip() and not is_preamble(record):
            return b"\n".join([*records[:index], record[:_FIRST_RECORD_BYTES]])[-2 * _FIRST_RECORD_BYTES :]
    return bytes(as_text(records)[:_FIRST_RECORD_BYTES])


class Known:
    """The batches of one epoch that are stored: seq -> hashes (several after a conflict), and where they begin."""

    def __init__(self, batches: list[tuple[int, bytes, int]]) -> None:
        self._hashes: dict[int, dict[bytes, int]] = {}
        for seq, content_hash, rows in batches:
            self._hashes.setdefault(seq, {})[bytes(content_hash)] = rows
        self._starts = sorted(seq // 2 for seq in self._hashes if seq % 2 == 0)
        self._next = dict(zip(self._starts, self._starts[1:], strict=False))
        self.is_empty = not batches

    def has(self, seq: int, content_hash: bytes) -> bool:
        return content_hash in self._hashes.get(seq, {})

    def end_of(self, start: int, records: Sequence[bytes]) -> int | None:
        """How many of `records` the stored batch at `start` covers; None if there is none there or it held something else."""
        if 2 * start not in self._hashes:
            return None
        following = self._next.get(start)
        if following is not None:
            count = following - start
            return count if count <= len(records) and self.has(2 * start, hash_records(records[:count])) else None
        return self._end_by_hash(2 * start, records)

    def _end_by_hash(self, seq: int, records: Sequence[bytes]) -> int | None:
        """The last stored batch may have been short; its end is where the hash fits."""
        running = hashlib.sha256()
        for count, record in enumerate(records, 1):
            running.update(record + b"\n")
            if self.has(seq, running.copy().digest()[:_HASH_BYTES]):
                return count
        return None

    def unfinished_rows(self, start: int, record: bytes) -> int | None:
        """Rows of an unfinished record stored at `start` that `record` begins with; None if there is none."""
        stored = self._hashes.get(2 * start + 1)
        if not stored:
            return None
        running = hashlib.sha256()
        for at in range(len(record)):
            running.update(record[at : at + 1])
            rows = stored.get(running.copy().digest()[:_HASH_BYTES])
            if rows is not None:
                return rows
        return None

    def begins(self, opening: Sequence[bytes], unfinished: bool) -> bool:
        """Whether a file that opens with these records is the one that is stored, or has grown from it."""
        if not opening:
            return False
        whole = opening[:-1] if unfinished else opening
        return self.end_of(0, whole) is not None or (0 not in self._starts and self.unfinished_rows(0, opening[0]) is not None)


class Batches:
    """The records of one file, batch by batch."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._blocks = iter(cut)
        self._waiting: Sequence[bytes] = []
        self._weight = 0  # bytes of _waiting
        self._ended = False

    def peek(self) -> Sequence[bytes]:
        """As many records as the next batch may hold."""
        more, count = [self._waiting], len(self._waiting)
        while not self._ended and count <= BATCH_RECORDS and self._weight < BATCH_BYTES:
            block = next(self._blocks, None)
            if block is None:
                self._ended = True
            else:
                more.append(block)
                count += len(block)
                self._weight += weight(block)
        self._waiting = chained(more)
        return self._waiting[: self._rule_end()]

    @property
    def opening_is_unfinished(self) -> bool:
        return self._ended and self._cut.unfinished and len(self._waiting) <= self._rule_end()

    def along(self, known: Known) -> Iterator[Batch]:
        first = 0
        while records := self.peek():
            batch = self._next_batch(first, records, known)
            count = len(batch.records)
            self._waiting = self._waiting[count:]
            self._weight -= weight(batch.records)
            if self._ended and not self._waiting:
                batch.ends_file = True
            first += count
            yield batch

    def _next_batch(self, first: int, records: Sequence[bytes], known: Known) -> Batch:
        last_is_unfinished = self.opening_is_unfinished
        if last_is_unfinished and len(records) == 1:
            digest = hash_records(records, unfinished=True)
            return Batch(first, records, digest, True, True, known.has(2 * first + 1, digest))
        whole = records[:-1] if last_is_unfinished else records
        rows = known.unfinished_rows(first, whole[0])
        if rows:
            return Batch(first, whole[:1], hash_records(whole[:1]), True, False, known.has(2 * first, hash_records(whole[:1])), True)
        stored = known.end_of(first, whole)
        if stored is not None:
            short = stored < self._rule_end()
            return Batch(first, whole[:stored], hash_records(whole[:stored]), short, False, True)
        return Batch(first, whole, hash_records(whole), False)

    def _rule_end(self) -> int:
        end = min(BATCH_RECORDS, len(self._waiting))
        if self._weight < BATCH_BYTES:
            return end
        total = 0
        for index in range(end):
            total += len(self._waiting[index])
            if total >= BATCH_BYTES:
                return index + 1
        return end
