# SPDX-License-Identifier: Apache-2.0
"""Batches on their way into the store are gathered, so that many small ones are one transaction, and go on while the next are read.

A gathering is made ready (regions, the engine's form) and then delivered, each on a thread of its own: while one is being written by the
engine, the next is made ready. Order and keys stay as they are. At most three are in memory: two under way, one that grows.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Final

from teiten.columnar import Columns, length
from teiten.model import BatchKey, Receipt

Given = tuple[BatchKey, Columns]
Deliver = Callable[[], list[Receipt]]
"""Makes all of the batches durable and gives a receipt for each, in order; or raises, and none of them is. Called on another thread."""
Prepare = Callable[[Sequence[Given]], Deliver]
"""Makes batches ready without storing them. Called on another thread, while an earlier delivery may run."""
Settle = Callable[[Receipt], None]

# The engine writes a transaction of a row group (122,880 rows) or more into its file at once; a smaller one goes through its log first.
# What is left beyond whole row groups must be more than half of one: else two leftovers are joined later, and all is written once more.
MOST_ROWS: Final = 190_000
MOST_BATCHES: Final = 1_000
MOST_BYTES: Final = 64 << 20


_MOST_UNDER_WAY: Final = 2
# The thread that delivers needs Python's lock only for an instant, some ten times a transaction, and would wait 5 ms for it each time.
_SWITCH_SECONDS: Final = 0.0005


class Gathering:
    """For one thread. What is gathered is not durable, and nobody is told so, until its receipts are settled."""

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._waiting: list[tuple[Given, Settle]] = []
        self._epochs: set[tuple[str, str]] = set()  # of what waits
        self._under_way: deque[_Delivery] = deque()
        self._rows = self._bytes = 0
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_SECONDS))

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
        self._settle(0)

    def holds(self, sensor: str, epoch: str) -> bool:
        """Whether some batch of the epoch isn't settled: what the store knows of it may not be all."""
        return any((sensor, epoch) in epochs for epochs in (self._epochs, *(delivery.epochs for delivery in self._under_way)))

    @property
    def is_empty(self) -> bool:
        return not self._waiting and not self._under_way

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        epochs, self._epochs = self._epochs, set()
        self._rows = self._bytes = 0
        self._settle(_MOST_UNDER_WAY - 1)
        if waiting:
            earlier = self._under_way[-1] if self._under_way else None
            self._under_way.append(_Delivery(self._prepare, waiting, epochs, earlier))
            self._under_way[-1].start()

    def _settle(self, left: int) -> None:
        """Wait for the oldest until no more than `left` are under way. When one failed, none that came after it was delivered."""
        while self._under_way and (len(self._under_way) > left or not self._under_way[0].is_alive()):
            delivery = self._under_way.popleft()
            receipts = delivery.receipts()
            if delivery.error is not None:
                while self._under_way:
                    self._under_way.popleft().join()
                raise delivery.error
            for settle, receipt in zip(delivery.settles, receipts, strict=True):
                settle(receipt)


class _Delivery(Thread):
    """`earlier`: the delivery that must be durable before this one."""

    def __init__(self, prepare: Prepare, waiting: list[tuple[Given, Settle]], epochs: set[tuple[str, str]], earlier: _Delivery | None) -> None:
        super().__init__(name="delivery")
        self.settles, self.epochs = [settle for _, settle in waiting], epochs
        self.error: BaseException | None = None
        self._given = [given for given, _ in waiting]
        self._prepare = prepare
        self._earlier = earlier
        self._receipts: list[Receipt] = []

    def run(self) -> None:
        given, self._given = self._given, []  # once it is ready, its columns are no longer needed
        try:
            deliver = self._prepare(given)
            del given
            earlier, self._earlier = self._earlier, None
            if earlier is not None:
                earlier.join()
            if earlier is None or earlier.error is None:
                self._receipts = deliver()
            else:
                self.error = earlier.error
        except BaseException as error:
            self.error = error

    def receipts(self) -> list[Receipt]:
        self.join()
        return self._receipts


def at_once(deliver: Callable[[Sequence[Given]], list[Receipt]]) -> Prepare:
    """For a store that needs nothing made ready."""
    return lambda batches: partial(deliver, batches)
