# SPDX-License-Identifier: Apache-2.0
"""Rows become columns as the store wants them, under a hash that notices every change."""

from __future__ import annotations

import numpy as np
import pytest

from teiten.clock import day_of
from teiten.columns import SENSOR_NAMES
from teiten.worlds.dice import Dice
from teiten.worlds.rows import Kind, Rows, batch, columns_of, day_number, instants, objects_of_addresses, port_kind, tables

KINDS = [port_kind("445/tcp"), port_kind("ping/icmp"), Kind(b"root", "ssh", "password", destination_port=22, account=b"root", handshake=True)]


def rows(**changes: np.ndarray) -> Rows:
    made = Rows(
        observed_at=np.array([30, 10, 20]),
        source=np.array([1, 0xC0000201, 1], dtype=np.uint32),
        source_port=np.array([1024, 1025, 1026]),
        kind=np.array([0, 1, 2]),
        credential=np.array([-1, -1, 0]),
    )
    return made._replace(**changes)


def test_columns_in_order_of_time() -> None:
    made = batch("s", "e", 4, rows(), tables(KINDS, [b"secret"]))
    assert (made.key.sensor, made.key.epoch, made.key.seq, len(made.key.content_hash)) == ("s", "e", 4, 16)
    columns = made.columns
    assert set(columns) <= set(SENSOR_NAMES)
    assert columns["observed_at"].tolist() == [10, 20, 30]
    assert columns["target"].tolist() == [b"ping/icmp", b"root", b"445/tcp"]
    assert columns["source"].tolist() == [b"\xc0\x00\x02\x01", b"\0\0\0\1", b"\0\0\0\1"]
    assert columns["credential"].tolist() == [None, b"secret", None]
    assert columns["destination_port"].tolist() == [None, 22, 445]
    assert columns["handshake"].tolist() == [False, True, False]


def test_columns_nobody_fills_are_missing() -> None:
    columns = columns_of(rows(), tables(KINDS, [b"secret"]))
    assert not {"sender", "recipients", "request", "client"} & set(columns)


@pytest.mark.parametrize("field", ["observed_at", "source", "source_port", "kind", "credential"])
def test_hash_notices(field: str) -> None:
    first = batch("s", "e", 0, rows(), tables(KINDS, [b"secret"])).key.content_hash
    changed = getattr(rows(), field).copy()
    changed[0] = changed[0] + 1
    assert batch("s", "e", 0, rows(**{field: changed}), tables(KINDS, [b"secret"])).key.content_hash != first
    assert batch("s", "e", 0, rows(), tables(KINDS, [b"other"])).key.content_hash != first


def test_equal_addresses_share_one_object() -> None:
    made = objects_of_addresses(np.array([7, 8, 7], dtype=np.uint32))
    assert made[0] is made[2]


def test_instants_lie_in_their_day_of_japan() -> None:
    from datetime import date
    from zoneinfo import ZoneInfo

    day = date(2007, 8, 22)
    made = instants(Dice(1, "day"), np.full(2000, day_number(day)))
    assert {day_of(int(instant), ZoneInfo("Asia/Tokyo")) for instant in made} == {day}
    assert len(np.unique(made // 3_600_000_000)) == 24
