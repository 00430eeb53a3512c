# SPDX-License-Identifier: Apache-2.0
"""Gathered batches are delivered in order, each with its own receipt; what fails is told to the caller, and nothing is settled that isn't durable."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from teiten.gathering import MOST_BATCHES, MOST_ROWS, Deliver, Gathering, Given, at_once
from teiten.model import BatchKey, Receipt


class Taker:
    def __init__(self, fail_at: int = 99) -> None:
        self.calls: list[list[int]] = []
        self.fail_at = fail_at

    def __call__(self, batches: Sequence[Given]) -> list[Receipt]:
        if len(self.calls) == self.fail_at:
            raise ConnectionError("gone")
        self.calls.append([key.seq for key, _ in batches])
        return [Receipt("stored", key.seq) for key, _ in batches]


def key(seq: int, epoch: str = "e") -> BatchKey:
    return BatchKey("s", epoch, seq, bytes(16))


def test_small_batches_go_together_and_large_ones_soon() -> None:
    taker, told = Taker(), list[int]()
    gathering = Gathering(at_once(taker))
    for seq in range(MOST_BATCHES + 5):
        gathering.add(key(seq), {}, lambda receipt: told.append(receipt.rows))
    gathering.add(key(5000), {"observed_at": np.zeros(MOST_ROWS, np.int64)}, lambda receipt: told.append(receipt.rows))
    gathering.add(key(5001), {}, lambda receipt: told.append(receipt.rows), weight=1 << 30)
    assert not gathering.is_empty
    gathering.flush()
    assert gathering.is_empty
    assert taker.calls == [list(range(MOST_BATCHES)), [*range(MOST_BATCHES, MOST_BATCHES + 5), 5000], [5001]]
    assert told == [seq for call in taker.calls for seq in call]


def test_what_is_not_settled_is_known_to_be_so() -> None:
    gathering = Gathering(at_once(Taker()))
    gathering.add(key(0, "waiting"), {}, lambda _: None)
    assert gathering.holds("s", "waiting")
    gathering.add(key(0, "more"), {}, lambda _: None, weight=1 << 30)
    assert gathering.holds("s", "waiting")  # under way
    assert not gathering.holds("other", "waiting")
    gathering.flush()
    assert not gathering.holds("s", "waiting")


def test_a_delivery_that_fails_is_told_and_settles_nothing() -> None:
    """A2: a receipt means durable; here none comes."""
    taker, told = Taker(fail_at=1), list[int]()
    gathering = Gathering(at_once(taker))
    for seq in range(2):
        gathering.add(key(seq), {}, lambda receipt: told.append(receipt.rows), weight=1 << 30)
    with pytest.raises(ConnectionError):
        for seq in range(2, 5):
            gathering.add(key(seq), {}, lambda receipt: told.append(receipt.rows), weight=1 << 30)
        gathering.flush()
    assert gathering.is_empty
    gathering.flush()
    assert told == [0]
    assert taker.calls == [[0]]


def test_batches_are_made_ready_while_earlier_ones_are_delivered_and_stored_in_order() -> None:
    """A2: order stays, and the second is ready before the first is durable."""
    ready, stored, second = list[int](), list[int](), threading.Event()

    def prepare(batches: Sequence[Given]) -> Deliver:
        seqs = [key.seq for key, _ in batches]
        ready.extend(seqs)
        if seqs == [1]:
            second.set()

        def deliver() -> list[Receipt]:
            assert second.wait(10)
            stored.extend(seqs)
            return [Receipt("stored", seq) for seq in seqs]

        return deliver

    gathering = Gathering(prepare)
    for seq in range(4):
        gathering.add(key(seq), {}, lambda _: None, weight=1 << 30)
    gathering.flush()
    assert ready == stored == [0, 1, 2, 3]
