# SPDX-License-Identifier: Apache-2.0
"""Batches on their way into the store are gathered, so that many small ones are one transaction, and delivered while the next are read.

Order and keys stay as they are. At most two gatherings are in memory: one under way, one that grows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Thread
from typing import Final

from teiten.columnar import Columns, length
from teiten.model import BatchKey, Receipt

Given = tuple[BatchKey, Columns]
Deliver = Callable[[Sequence[Given]], list[Receipt]]
"""Makes all of the batches durable and gives a receipt for each, in order; or raises, and none of them is. Called on another thread."""
Settle = Callable[[Receipt], None]

# The engine writes a transaction of a row group (122,880 rows) or more into its file at once; a smaller one goes through its log first.
# What is left beyond whole row groups must be more than half of one: else two leftovers are joined later, and all is written once more.
MOST_ROWS: Final = 190_000
MOST_BATCHES: Final = 1_000
MOST_BYTES: Final = 64 << 20


class Gathering:
    """For one thread. What is gathered is not durable, and nobody is told so, until its receipts are settled."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._waiting: list[tuple[Given, Settle]] = []
        self._epochs: set[tuple[str, str]] = set()  # of what waits
        self._under_way: _Delivery | None = None
        self._rows = self._bytes = 0

    def add(self, key: BatchKey, columns: Columns, settle: Settle, weight: int = 0) -> None:
        """`settle` gets the receipt, on the caller's thread, in a later call. `weight`: bytes that the batch was read from.

        Raises what an earlier delivery raised; nothing that waited then will be delivered.
        """
        self._waiting.append(((key, columns), settle))
        self._epochs.add((key.sensor, key.epoch))
        self._rows += length(columns)
        self._bytes += weight
        if self._rows >= MOST_ROWS or self._bytes >= MOST_BYTES or len(self._waiting) >= MOST_BATCHES:
            self._send()

    def flush(self) -> None:
        """Everything is delivered and settled. Raises what a delivery raised."""
        self._send()
        self._settle()

    def holds(self, sensor: str, epoch: str) -> bool:
        """Whether some batch of the epoch isn't settled: what the store knows of it may not be all."""
        return (sensor, epoch) in self._epochs or (self._under_way is not None and (sensor, epoch) in self._under_way.epochs)

    @property
    def is_empty(self) -> bool:
        return not self._waiting and self._under_way is None

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        epochs, self._epochs = self._epochs, set()
        self._rows = self._bytes = 0
        self._settle()
        if waiting:
            self._under_way = _Delivery(self._deliver, waiting, epochs)
            self._under_way.start()

    def _settle(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            for (_, settle), receipt in zip(under_way.batches, under_way.receipts(), strict=True):
                settle(receipt)


class _Delivery(Thread):
    def __init__(self, deliver: Deliver, batches: list[tuple[Given, Settle]], epochs: set[tuple[str, str]]) -> None:
        super().__init__(name="delivery")
        self.batches, self.epochs = batches, epochs
        self._deliver = deliver
        self._receipts: list[Receipt] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._receipts = self._deliver([given for given, _ in self.batches])
        except BaseException as error:
            self._error = error

    def receipts(self) -> list[Receipt]:
        self.join()
        if self._error is not None:
            raise self._error
        return self._receipts
