# SPDX-License-Identifier: Apache-2.0
"""Answers that are still true: kept in memory, bounded, each under the state of the store it was read from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Final

Rows = list[tuple[Any, ...]]
LARGEST_ANSWER: Final = 50_000  # rows; a longer answer is an export, not a page


class Answers:
    """The least recently asked goes first when more than `limit` rows are held."""

    def __init__(self, limit: int = 500_000) -> None:
        self._limit = limit
        self._held = 0
        self._answers: OrderedDict[Hashable, tuple[Hashable, Rows]] = OrderedDict()
        self._lock = threading.Lock()
        self._turns: dict[Hashable, tuple[threading.Lock, int]] = {}  # lock, and how many hold or await it

    def get(self, question: Hashable, state: Callable[[], Hashable], read: Callable[[], Rows]) -> Rows:
        """The kept answer, or what `read` gives, which is kept. Of several who ask the same at once one reads and the others wait for it.

        `state` is asked before `read`, so that what changes meanwhile makes the answer old rather than wrong.
        """
        found = self.find(question, state())
        if found is not None:
            return found
        with self._turn(question):
            now = state()
            found = self.find(question, now)
            if found is None:
                found = read()
                self.keep(question, now, found)
            return found

    @contextmanager
    def _turn(self, question: Hashable) -> Iterator[None]:
        with self._lock:
            lock, waiting = self._turns.get(question, (threading.Lock(), 0))
            self._turns[question] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, waiting = self._turns.pop(question)
                if waiting > 1:
                    self._turns[question] = (lock, waiting - 1)

    def find(self, question: Hashable, state: Hashable) -> Rows | None:
        with self._lock:
            found = self._answers.get(question)
            if found is None or found[0] != state:
                return None
            self._answers.move_to_end(question)
            return list(found[1])

    def keep(self, question: Hashable, state: Hashable, rows: Rows) -> None:
        if len(rows) > LARGEST_ANSWER:
            return
        with self._lock:
            self._drop(question)
            self._answers[question] = (state, rows)
            self._held += len(rows) + 1
            while self._held > self._limit:
                self._drop(next(iter(self._answers)))

    def _drop(self, question: Hashable) -> None:
        found = self._answers.pop(question, None)
        if found is not None:
            self._held -= len(found[1]) + 1
