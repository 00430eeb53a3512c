# SPDX-License-Identifier: Apache-2.0
"""The sessions that join a SYN's row and its connection's row (M-13: payloads beside the passive record, counted once)."""

from __future__ import annotations

from teiten.sensors.all_ports import Joins

SOURCE, MINUTE = b"\xc6\x33\x64\x07", 60_000_000


def test_a_connection_and_its_syn_share_a_session_in_either_order() -> None:
    joins = Joins()
    first = joins.session(SOURCE, 40_000, 23, 5)
    assert joins.session(SOURCE, 40_000, 23, MINUTE) == first == joins.session(SOURCE, 40_000, 23, 0)


def test_other_connections_and_the_same_one_much_later_are_other_sessions() -> None:
    joins = Joins()
    made = [joins.session(*key, 0) for key in ((SOURCE, 40_000, 23), (SOURCE, 40_001, 23), (SOURCE, 40_000, 24), (bytes(16), 40_000, 23))]
    assert len({*made, joins.session(SOURCE, 40_000, 23, MINUTE + 1)}) == 5


def test_a_flood_of_connections_takes_no_more_memory_than_the_table_has_room() -> None:
    joins = Joins(most=100)
    first = joins.session(SOURCE, 0, 23, 0)
    for port in range(1, 1000):
        joins.session(SOURCE, port, 23, 0)
    assert len(joins._made) == 100 and joins.session(SOURCE, 0, 23, 0) != first
