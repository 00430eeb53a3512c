# SPDX-License-Identifier: Apache-2.0
"""Limits: who is refused, that each refusal is told, that every table is bounded, and that a taken port says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.errors import PortTaken
from teiten.model import Access, Record
from teiten.sensors.listener import REFUSED, Arrival, Gate, Limits, Line, Listener, Ticket, addresses_of, bind

SECOND = 1_000_000
ONE, TWO = bytes([198, 51, 100, 7]), bytes([198, 51, 100, 8])


class Times:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


def gate(limits: Limits) -> tuple[Gate, list[Record], Times]:
    records: list[Record] = []
    times = Times()
    return Gate(limits, "ssh", records.append, times, 22), records, times


def told(records: list[Record]) -> int:
    return sum(record.times for record in records if isinstance(record, Access))


def nothing() -> None:
    """An eviction nobody minds."""


def test_more_than_allowed_open_is_refused_until_one_leaves() -> None:
    made, records, _ = gate(Limits(open_per_source=2))
    first, second = made.admit(ONE, nothing), made.admit(ONE, nothing)
    assert first and second and made.admit(ONE, nothing) is None
    assert made.admit(TWO, nothing) is not None
    first.release()
    first.release()
    assert made.admit(ONE, nothing) is not None
    assert made.refused == 1 and [type(record) for record in records] == [Access]


def test_a_refusal_is_told_at_once_and_then_in_summaries() -> None:
    made, records, times = gate(Limits(open_per_source=0, summary_seconds=5))
    for _ in range(10):
        made.admit(ONE, nothing)
    assert told(records) == 1
    made.flush()
    assert told(records) == 1
    times.now += 5 * SECOND
    made.flush()
    assert [record.times for record in records if isinstance(record, Access)] == [1, 9]
    last = records[-1]
    assert isinstance(last, Access)
    assert (last.kind, last.category, last.outcome, last.source, last.destination_port) == ("connection", "other", REFUSED, ONE, 22)
    made.admit(ONE, nothing)
    made.close()
    assert told(records) == made.refused == 11


def test_new_connections_are_limited_per_minute_and_the_right_comes_back() -> None:
    made, _, times = gate(Limits(new_per_minute=60))
    admitted = [made.admit(ONE, nothing) for _ in range(20)]
    for ticket in admitted:
        assert ticket is not None
        ticket.release()
    for _ in range(40):
        ticket = made.admit(ONE, nothing)
        assert ticket is not None
        ticket.release()
    assert made.admit(ONE, nothing) is None
    times.now += SECOND
    assert made.admit(ONE, nothing) is not None
    times.now -= 3600 * SECOND  # a clock set back neither opens nor closes the gate for long
    assert made.admit(ONE, nothing) is None
    times.now += SECOND
    assert made.admit(ONE, nothing) is not None


def test_a_network_and_a_whole_ipv6_subnet_count_as_one() -> None:
    made, _, _ = gate(Limits(open_per_network=3, open_per_source=2))
    assert [made.admit(bytes([203, 0, 113, n]), nothing) is not None for n in range(5)] == [True] * 3 + [False] * 2
    hosts = [bytes.fromhex("20010db8000000010000000000000000")[:15] + bytes([n]) for n in range(3)]
    assert [made.admit(host, nothing) is not None for host in hosts] == [True, True, False]


def test_over_all_the_oldest_goes() -> None:
    gone: list[int] = []
    made, _, _ = gate(Limits(open_in_all=3))
    for n in range(5):
        assert made.admit(bytes([10, 0, n, 1]), lambda n=n: gone.append(n)) is not None  # type: ignore[misc]
    assert gone == [0, 1] and made.open() == 3 and made.evicted == 2


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.integers(0, 10)), max_size=200))
def test_whatever_comes_every_connection_is_admitted_or_told(moves: list[tuple[int, bool, int]]) -> None:
    """Nothing is dropped in silence, and no table grows past its bound."""
    made, records, times = gate(Limits(open_per_source=2, new_per_minute=5, open_per_network=20, open_in_all=10, remembered_sources=8))
    tickets: list[Ticket] = []
    admitted = 0
    for host, leave, seconds in moves:
        ticket = made.admit(bytes([192, 0, 2, host]), nothing)
        if ticket:
            admitted += 1
            tickets.append(ticket)
        if leave and tickets:
            tickets.pop().release()
        times.now += seconds * SECOND
        made.flush()
        assert made.open() <= 10 and len(made._buckets) <= 8 and len(made._summaries) <= 8
    made.close()
    assert admitted + told(records) == len(moves)
    for ticket in tickets:
        ticket.release()
    assert made.open() == 0 and not made._by_source and not made._by_network


def test_a_taken_port_says_which_setting_and_how_to_see_who_has_it() -> None:
    sockets = bind("127.0.0.1", 0, "ssh.port")
    port = sockets[0].getsockname()[1]
    with pytest.raises(PortTaken) as raised:
        bind("127.0.0.1", port, "ssh.port")
    assert str(port) in raised.value.problem and "ssh.port" in raised.value.next_step and "ss -ltnp" in raised.value.next_step
    sockets[0].close()


def test_every_address_family_has_the_same_port() -> None:
    sockets = bind("0.0.0.0", 0, "ssh.port")
    ports = {sock.getsockname()[1] for sock in sockets}
    assert len(ports) == 1 and addresses_of(sockets)[0] == f"0.0.0.0:{ports.pop()}/tcp"
    for sock in sockets:
        sock.close()


def serve_and(limits: Limits, use: Callable[[int, asyncio.Queue[Arrival]], object]) -> list[Record]:
    """Run a listener whose connections are handed over in a queue; returns what it emitted."""
    records: list[Record] = []

    async def main() -> None:
        arrivals: asyncio.Queue[Arrival] = asyncio.Queue()

        async def start(arrival: Arrival, _line: Line) -> None:
            arrivals.put_nowait(arrival)

        sockets = bind("127.0.0.1", 0, "x.port")
        serving = asyncio.create_task(Listener(sockets, Gate(limits, "web", records.append, Times()), start).serve())
        await use(sockets[0].getsockname()[1], arrivals)  # type: ignore[misc]
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    asyncio.run(main())
    return records


def test_the_listener_hands_over_who_came_and_closes_whom_it_refuses() -> None:
    async def use(port: int, arrivals: asyncio.Queue[Arrival]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        arrival = await arrivals.get()
        assert arrival.source == bytes([127, 0, 0, 1]) and arrival.destination_port == port
        assert arrival.source_port == writer.get_extra_info("sockname")[1]
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
        assert await other_reader.read() == b""  # refused: closed without a byte
        arrival.sock.close()
        arrival.ticket.release()
        assert await reader.read() == b""
        for one in (writer, other_writer):
            one.close()

    records = serve_and(Limits(open_per_source=1), use)
    assert told(records) == 1


def test_an_evicted_connection_is_shut_even_before_anyone_took_it() -> None:
    async def use(port: int, arrivals: asyncio.Queue[Arrival]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        first = await arrivals.get()
        _, second_writer = await asyncio.open_connection("127.0.0.1", port)
        second = await arrivals.get()
        assert await reader.read() == b""
        for sock in (first.sock, second.sock):
            sock.close()
        for one in (writer, second_writer):
            one.close()

    assert serve_and(Limits(open_in_all=1), use) == []
