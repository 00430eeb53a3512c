# SPDX-License-Identifier: Apache-2.0
"""Accepting strangers: bound sockets, the accept loop and the limits that every listening sensor shares.

Over a limit nothing is dropped in silence: the connection is refused, counted, and told in a summary record per source. Every table
here is bounded. Opens no connection of its own and reads nothing from a peer.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Annotated, Final, NamedTuple

import msgspec

from teiten import metrics
from teiten.addresses import pack
from teiten.clock import MICROSECONDS, Clock
from teiten.config import Settings
from teiten.errors import PortTaken
from teiten.model import Access
from teiten.sensors.interface import Emit

EVICTED: Final = "evicted: limit of all connections"
REFUSED: Final = "refused: per-source limit"
_REFUSALS: Final = {"source": REFUSED, "rate": REFUSED, "network": "refused: per-network limit", "all": "refused: limit of all connections"}
_BATCH: Final = 64  # accepts per wake-up, so that a flood of connections can't starve the ones already open


_Number = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Limits(Settings, frozen=True):
    """Counts of connections. 0 lets nothing in; a load test sets high numbers instead. IPv6 sources are counted by /64, networks by /48."""

    open_per_source: _Number = 20
    new_per_minute: _Number = 300  # per source; docs/decisions/connection-limits.md says why not 60
    open_per_network: _Number = 100  # IPv4 /24
    open_in_all: _Number = 2000  # beyond it the oldest connection is closed in favour of the new one
    remembered_sources: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)] = 16_384  # size of each table
    summary_seconds: Annotated[int, msgspec.Meta(ge=1)] = 5  # at most one summary record per source in this time


class Ticket:
    """The right to be open. `release` may be called any number of times; an eviction has released it already."""

    __slots__ = ("_gate", "evict", "network", "source")

    def __init__(self, gate: Gate, source: bytes, evict: Callable[[], None]) -> None:
        self._gate: Gate | None = gate
        self.source, self.network = _keys(source)
        self.evict = evict

    def release(self) -> None:
        if self._gate is not None:
            gate, self._gate = self._gate, None
            gate.forget(self)


class _Summary:
    """Refusals of one source that no record has told yet."""

    __slots__ = ("reason", "times", "told_at")

    def __init__(self, told_at: int) -> None:
        self.told_at, self.times, self.reason = told_at, 0, ""


class Gate:
    """Decides who may be open at once, for one channel. Call `flush` about once a second and `close` at the end."""

    def __init__(self, limits: Limits, channel: str, emit: Emit, clock: Clock, port: int | None = None, protocol: str = "tcp") -> None:
        self.limits, self.channel, self.port, self.protocol = limits, channel, port, protocol
        self.refused = 0  # connections, since the start
        self.evicted = 0
        self.cut_reason = EVICTED  # what `evict` should give as the outcome
        self._emit, self._clock = emit, clock
        self._open: dict[Ticket, None] = {}  # in order of admission
        self._by_source: dict[bytes, int] = {}
        self._by_network: dict[bytes, int] = {}
        self._buckets: OrderedDict[bytes, tuple[float, int]] = OrderedDict()  # source -> (connections still allowed, as of)
        self._summaries: OrderedDict[bytes, _Summary] = OrderedDict()

    def admit(self, source: bytes, evict: Callable[[], None]) -> Ticket | None:
        """A ticket, or None when the caller must close the connection unanswered (already counted and recorded here).

        `evict` is called, after the ticket was released, if this connection has to go to make room; it must close at once.
        """
        ticket = Ticket(self, source, evict)
        reason = self._objection(ticket)
        if reason:
            self._refuse(source, reason)
            return None
        if len(self._open) >= self.limits.open_in_all and not self.evict_oldest():
            self._refuse(source, "all")
            return None
        self._open[ticket] = None
        self._by_source[ticket.source] = self._by_source.get(ticket.source, 0) + 1
        self._by_network[ticket.network] = self._by_network.get(ticket.network, 0) + 1
        return ticket

    def forget(self, ticket: Ticket) -> None:
        """Used by Ticket.release."""
        if ticket in self._open:
            del self._open[ticket]
            _decrease(self._by_source, ticket.source)
            _decrease(self._by_network, ticket.network)

    def evict_oldest(self) -> bool:
        """Close the connection that is open longest (none is ever authenticated); False if there is none."""
        oldest = next(iter(self._open), None)
        if oldest is None:
            return False
        oldest.release()
        self.evicted += 1
        metrics.refused.labels(self.channel, "evicted").inc()
        oldest.evict()
        return True

    def open(self) -> int:
        return len(self._open)

    def flush(self) -> None:
        """Tell the refusals that have waited long enough, and forget sources that were quiet since."""
        now, wait = self._clock(), self.limits.summary_seconds * MICROSECONDS
        for source, summary in list(self._summaries.items()):
            if 0 <= now - summary.told_at < wait:
                continue
            if summary.times:
                self._tell(source, summary)
                summary.told_at = now
            else:
                del self._summaries[source]

    def close(self) -> None:
        """The sensor stops: cut what is open and tell every refusal not told yet."""
        self.cut_reason = "sensor stopped"
        for ticket in list(self._open):
            ticket.release()
            ticket.evict()
        while self._summaries:
            self._tell(*self._summaries.popitem(last=False))

    def _objection(self, ticket: Ticket) -> str:
        if self._by_source.get(ticket.source, 0) >= self.limits.open_per_source:
            return "source"
        if self._by_network.get(ticket.network, 0) >= self.limits.open_per_network:
            return "network"
        return "" if self._spend(ticket.source) else "rate"

    def _spend(self, source: bytes) -> bool:
        """Take one connection from the source's bucket, which refills evenly over a minute."""
        most, now = self.limits.new_per_minute, self._clock()
        left, since = self._buckets.pop(source, (float(most), now))
        left = min(float(most), left + max(0, now - since) * most / (60 * MICROSECONDS))  # a clock set back refills nothing
        allowed = left >= 1
        self._buckets[source] = (left - 1 if allowed else left, now)
        if len(self._buckets) > self.limits.remembered_sources:
            self._buckets.popitem(last=False)
        return allowed

    def _refuse(self, source: bytes, reason: str) -> None:
        self.refused += 1
        metrics.refused.labels(self.channel, reason).inc()
        summary = self._summaries.get(source)
        if summary is None:  # the first one is told at once, the next ones wait for `flush`
            summary = self._summaries[source] = _Summary(self._clock())
            summary.times, summary.reason = 1, _REFUSALS[reason]
            self._tell(source, summary)
            if len(self._summaries) > self.limits.remembered_sources:
                self._tell(*self._summaries.popitem(last=False))
            return
        summary.times, summary.reason = summary.times + 1, _REFUSALS[reason]

    def _tell(self, source: bytes, summary: _Summary) -> None:
        times, summary.times = summary.times, 0
        if times:
            self._emit(
                Access(
                    observed_at=self._clock(), channel=self.channel, kind="connection", category="other", source=source, target=b"",
                    times=times, destination_port=self.port, protocol=self.protocol, handshake=self.protocol == "tcp", outcome=summary.reason,
                )
            )  # fmt: skip


class Arrival(NamedTuple):
    """One accepted connection; whoever gets it owns the socket and must release the ticket when it ends."""

    sock: socket.socket
    source: bytes
    source_port: int
    destination_port: int
    ticket: Ticket


class Line:
    """How an evicted connection is cut: by shutting the socket down until the sensor's protocol sets `cut` to its own closing function."""

    __slots__ = ("cut",)

    def __init__(self, cut: Callable[[], object]) -> None:
        self.cut = cut

    def __call__(self) -> None:
        self.cut()


Start = Callable[[Arrival, Line], Awaitable[object]]


class Listener:
    """The accept loop over some bound sockets. `start` is awaited in a task of its own for each admitted connection."""

    def __init__(self, sockets: list[socket.socket], gate: Gate, start: Start) -> None:
        self._sockets, self._gate, self._start = sockets, gate, start
        self._tasks: set[asyncio.Task[None]] = set()  # bounded by the gate

    async def serve(self) -> None:
        """Accept until cancelled; then close the sockets and tell what was refused."""
        loop = asyncio.get_running_loop()
        try:
            for sock in self._sockets:
                loop.add_reader(sock.fileno(), self._ready, sock)
            while True:
                await asyncio.sleep(1)
                self._gate.flush()
        finally:
            self._stop(loop)
            for _ in range(4):  # transports take some turns of the loop to close, and state their end then
                await asyncio.sleep(0)

    def _stop(self, loop: asyncio.AbstractEventLoop) -> None:
        for sock in self._sockets:
            if sock.fileno() >= 0:
                loop.remove_reader(sock.fileno())
                sock.close()
        for task in list(self._tasks):
            task.cancel()
        self._gate.close()

    def _ready(self, sock: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                peer, address = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._exhausted(sock, error)
                return
            self._arrive(peer, address)

    def _exhausted(self, sock: socket.socket, error: OSError) -> None:
        """No descriptors or memory left: make room and wait a moment, instead of spinning or dying."""
        metrics.problems.labels(f"{self._gate.channel} accept", errno.errorcode.get(error.errno or 0, "OSError")).inc()
        self._gate.evict_oldest()
        loop = asyncio.get_running_loop()
        loop.remove_reader(sock.fileno())
        loop.call_later(0.2, self._resume, sock)

    def _resume(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            asyncio.get_running_loop().add_reader(sock.fileno(), self._ready, sock)

    def _arrive(self, peer: socket.socket, address: tuple[str, int]) -> None:
        peer.setblocking(False)
        source, line = pack(address[0]), Line(partial(_shut, peer))
        ticket = self._gate.admit(source, line)
        if ticket is None:
            peer.close()
            return
        try:
            arrival = Arrival(peer, source, address[1], peer.getsockname()[1], ticket)
        except OSError:  # gone already
            ticket.release()
            peer.close()
            return
        task = asyncio.get_running_loop().create_task(self._run(arrival, line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, arrival: Arrival, line: Line) -> None:
        try:
            await self._start(arrival, line)
        except OSError as error:  # the socket died, or was evicted, before its protocol existed
            metrics.problems.labels(f"{self._gate.channel} connection", type(error).__name__).inc()
            arrival.ticket.release()
            arrival.sock.close()


def bind(host: str, port: int, setting: str, *, ipv6: bool = True) -> list[socket.socket]:
    """Listening sockets for `host`; with host 0.0.0.0 and `ipv6` also for [::], on the same port. Port 0 takes any free one.

    `setting` names the setting for the error, e.g. "sensors.ssh.port". Raises PortTaken.
    """
    try:
        first = _listen(host, port, setting)
    except OSError as error:
        where = setting.rpartition(".")[0]
        raise PortTaken(
            f"{host}:{port}: nothing can listen there: {error.strerror}.", f"Set `{where}.host` to an address of this machine."
        ) from error
    if host != "0.0.0.0" or not ipv6 or not socket.has_ipv6:
        return [first]
    taken: int = first.getsockname()[1]
    try:
        return [first, _listen("::", taken, setting)]
    except PortTaken:
        first.close()
        if port:
            raise
        return bind(host, 0, setting, ipv6=False)
    except OSError:  # a machine without IPv6
        return [first]


def addresses_of(sockets: list[socket.socket]) -> list[str]:
    """For `listening()`: `0.0.0.0:2222/tcp`, `[::]:2222/tcp`."""
    return [f"{f'[{name[0]}]' if ':' in name[0] else name[0]}:{name[1]}/tcp" for name in _names(sockets)]


def _shut(sock: socket.socket) -> None:
    """Unlike close, safe at any moment: whoever owns the socket sees its end and closes it."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _names(sockets: list[socket.socket]) -> Iterator[tuple[str, int]]:
    for sock in sockets:
        if sock.fileno() >= 0:
            yield sock.getsockname()[:2]


def _listen(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise _explained(error, host, port, setting) from error
    return sock


def _explained(error: OSError, host: str, port: int, setting: str) -> Exception:
    if error.errno == errno.EADDRINUSE:
        see = f"`ss -ltnp 'sport = :{port}'` shows who holds it; another port is set with `{setting}` in the configuration."
        return PortTaken(f"Port {port}/tcp on {host} belongs to another program.", see)
    if error.errno in (errno.EACCES, errno.EPERM):
        return PortTaken(
            f"Port {port}/tcp on {host} needs rights this process does not have.",
            f"Use a port above 1023 (`{setting}`), or let systemd or a redirect bring the traffic there.",
        )
    return error


def _keys(source: bytes) -> tuple[bytes, bytes]:
    """What is counted as one source and as one network: an IPv6 host owns its /64, so counting its addresses would limit nothing."""
    return (source, source[:3]) if len(source) == 4 else (source[:8], source[:6])


def _decrease(counts: dict[bytes, int], key: bytes) -> None:
    with suppress(KeyError):
        counts[key] -= 1
        if counts[key] <= 0:
            del counts[key]
