# SPDX-License-Identifier: Apache-2.0
"""The packet channel: what arrives at any port. Captures live where it may; else it listens on some ports that are often addressed.

Never sends a byte: no answer to a datagram, none on a connection. Identical packets that are read together become one row with `times`;
nothing is held back, so a row is emitted as soon as its packet was read. Capture takes CAP_NET_RAW when the sensor is made, not later.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, TypedDict

import msgspec
from prometheus_client import Counter

from teiten import metrics
from teiten.addresses import pack
from teiten.clock import MICROSECONDS, Clock, system_clock
from teiten.config import Port, Seconds, Settings
from teiten.errors import ConfigurationError, PortTaken
from teiten.model import Access
from teiten.packets.headers import UDP, protocol_name, target_of
from teiten.packets.live import Frame, Ring
from teiten.packets.own_addresses import member_links, own_addresses
from teiten.packets.unsolicited import Arrival, Unsolicited
from teiten.sensors import all_ports, listener
from teiten.sensors.interface import EmitMany
from teiten.sensors.listener import Gate, Limits, Line, Listener

_log = logging.getLogger(__name__)
_REFRESH_SECONDS = 10  # how soon a new address of this machine is observed
_DATAGRAMS_PER_WAKEUP = 64
_FIRST_READ_BYTES = 4096

ignored = Counter("teiten_packets_ignored", "Packets seen and not kept, by reason", ["reason"], registry=metrics.REGISTRY)


class PacketConfig(Settings, frozen=True):
    mode: Literal["auto", "live", "listen"] = "auto"  # auto: live where it is allowed
    interfaces: tuple[str, ...] = ()  # none named: all of them
    prefixes: tuple[str, ...] = ()  # networks observed besides this machine's own addresses
    ignore_ports: tuple[Port, ...] = ()  # TCP and UDP, for instance of the public site
    loopback: bool = False  # observe this machine's traffic with itself: for demonstrations and tests
    established: bool = False  # keep packets of established TCP connections too, as category other
    # Every TCP connection that the kernel's TPROXY leads to this port is accepted, its first bytes kept, nothing sent; 0: none is accepted
    all_ports: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    ring_mebibytes: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16
    body_bytes: Annotated[int, msgspec.Meta(ge=0, le=65_536)] = 256
    # Without live capture: unprivileged ports that are often addressed
    host: str = "0.0.0.0"
    ipv6: bool = True  # with host 0.0.0.0, listen on [::] too
    tcp_ports: tuple[Port, ...] = (1433, 1521, 2323, 2375, 3306, 3389, 4444, 5432, 5555, 5900, 6379, 7547, 8081, 8443, 8888, 9200, 11211, 27017)
    udp_ports: tuple[Port, ...] = (1434, 1900, 3478, 3702, 5060, 5353, 11211)
    wait_seconds: Seconds = 10  # how long an accepted connection may take to say something
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        _networks(self.prefixes)


Config = PacketConfig


class _Together(msgspec.Struct, gc=False):
    """Identical packets of one second that were read together."""

    first: Arrival
    observed_at: int
    times: int = 1


class PacketSensor:
    """Raises PortTaken when no port is free, ConfigurationError for an unknown interface or network."""

    def __init__(self, config: PacketConfig, emit: EmitMany, clock: Clock) -> None:
        self._config, self._emit, self._clock = config, emit, clock
        self._rings: list[Ring] = []
        self._sockets: list[socket.socket] = []
        self._datagrams: list[socket.socket] = []
        self._gate = Gate(config.limits, "packet", emit, clock)
        self._missed = ""
        self._unsolicited = Unsolicited(
            frozenset(), _networks(config.prefixes), frozenset(config.ignore_ports), config.loopback, every_link=not config.interfaces
        )
        self._told: dict[str, int] = {}
        if config.mode == "listen":
            self._missed = "live capture is switched off"
        else:
            self._open_capture()
        if not self._rings:
            self._open_ports()
        self._joins = all_ports.Joins() if self._rings and config.all_ports else None
        if config.all_ports:
            self._sockets += all_ports.bind(config.all_ports, config.ipv6)

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as both:
                if self._rings:
                    both.create_task(self._capture())
                if self._sockets or self._datagrams:
                    both.create_task(self._listen())
        finally:
            self._gate.close()
            for ring in self._rings:
                ring.close()
            for sock in (*self._sockets, *self._datagrams):
                sock.close()

    def listening(self) -> list[str]:
        if self._rings:
            answering = [f"every TCP port led to {address}" for address in listener.addresses_of(self._sockets)]
            return [*(f"{name} (live capture)" for name in self._config.interfaces or ("all interfaces",)), *answering]
        tcp, udp = listener.addresses_of(self._sockets), [_name(sock) for sock in self._datagrams if sock.fileno() >= 0]
        return [*tcp, *udp, *([f"no live capture: {self._missed}"] if self._missed else [])]

    def dropped(self) -> int:
        return sum(ring.count_drops() for ring in self._rings) + self._gate.refused

    # --- live capture ---

    def _open_capture(self) -> None:
        try:
            for name in self._config.interfaces or ("",):
                self._rings.append(Ring(name, self._config.ring_mebibytes << 20, self._config.established))
        except PermissionError:
            self._missed = "needs CAP_NET_RAW"
            if self._config.mode == "live":
                raise ConfigurationError(
                    "sensors.packet.mode is live, but this process may not capture packets.",
                    "Give the service AmbientCapabilities=CAP_NET_RAW, or set sensors.packet.mode to auto or listen.",
                ) from None
            _log.warning("packet sensor: no live capture, %s; listening on ports instead", self._missed)
        except OSError as error:
            self._close_rings()
            known = ", ".join(name for _, name in socket.if_nameindex())
            raise ConfigurationError(f"sensors.packet.interfaces: capture can't start: {error.strerror}", f"Interfaces here: {known}.") from error
        if self._rings:
            self._refresh()

    def _close_rings(self) -> None:
        while self._rings:
            self._rings.pop().close()

    async def _capture(self) -> None:
        loop = asyncio.get_running_loop()
        for ring in self._rings:
            loop.add_reader(ring.fileno(), self._drain, ring)
        try:
            while True:
                await asyncio.sleep(_REFRESH_SECONDS)
                self._refresh()
        finally:
            for ring in self._rings:
                loop.remove_reader(ring.fileno())
                self._drain(ring)
            self._tell_ignored()

    def _refresh(self) -> None:
        try:
            self._unsolicited.own, self._unsolicited.member_links = own_addresses(), member_links()
        except OSError as error:  # keep observing the addresses known so far
            metrics.problems.labels("packet addresses", type(error).__name__).inc()
        self._tell_ignored()

    def _tell_ignored(self) -> None:
        for reason, packets in self._unsolicited.ignored.items():
            ignored.labels(reason).inc(packets - self._told.get(reason, 0))
            self._told[reason] = packets

    def _drain(self, ring: Ring) -> None:
        """One block per wake-up, so that a flood can't keep the process from its other work."""
        frames = ring.drain()
        if not frames and (problem := ring.error()):
            metrics.problems.labels("packet capture", problem).inc()
        if frames:
            self._emit(*self._accesses(frames))

    def _accesses(self, frames: list[Frame]) -> list[Access]:
        """Identical packets of one second as one access, in order of their first."""
        # A test's clock counts for all times; the system's own clock is the kernel's.
        shift = 0 if self._clock is system_clock else self._clock() - system_clock()
        merged: dict[tuple[object, ...], _Together] = {}
        take = self._unsolicited.take
        for frame in frames:
            arrival = take(frame)
            if arrival is None:
                continue
            packet, observed_at = arrival.packet, frame.nanoseconds // 1000 + shift
            key = (packet.source, packet.port, packet.source_port, packet.flags, packet.protocol, packet.payload, observed_at // MICROSECONDS)
            known = merged.get(key)
            if known is None:
                merged[key] = _Together(arrival, observed_at)
            else:
                known.times += 1
        body_bytes, joined = self._config.body_bytes, self._joins is not None
        return [
            access_of(one.first, one.observed_at, one.times, body_bytes, self._session(one.first, one.observed_at) if joined else None)
            for one in merged.values()
        ]

    def _session(self, arrival: Arrival, observed_at: int) -> str | None:
        """Of a SYN that the all-port listener may answer: its connection's row will have the same."""
        packet = arrival.packet
        if self._joins is None or arrival.kind != "syn" or packet.source_port is None or packet.port is None:
            return None
        return self._joins.session(packet.source, packet.source_port, packet.port, observed_at)

    # --- listening on ports ---

    def _open_ports(self) -> None:
        self._sockets = [sock for port in self._config.tcp_ports for sock in self._bound(port, "tcp")]
        self._datagrams = [sock for port in self._config.udp_ports for sock in self._bound(port, "udp")]
        if not self._sockets and not self._datagrams:
            raise PortTaken("packet sensor: none of its ports is free.", "Set sensors.packet.tcp_ports and sensors.packet.udp_ports to free ports.")

    def _bound(self, port: int, protocol: str) -> list[socket.socket]:
        try:
            if protocol == "tcp":
                return listener.bind(self._config.host, port, "sensors.packet.tcp_ports", ipv6=self._config.ipv6)
            return _bind_datagram(self._config.host, port, self._config.ipv6)
        except (PortTaken, OSError) as error:
            _log.warning("packet sensor: skips port %d/%s: %s", port, protocol, str(error).partition("\n")[0])
            return []

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for sock in self._datagrams:
            loop.add_reader(sock.fileno(), self._receive, sock)
        try:
            await Listener(self._sockets, self._gate, self._accepted).serve()
        finally:
            for sock in self._datagrams:
                loop.remove_reader(sock.fileno())

    async def _accepted(self, arrival: listener.Arrival, line: Line) -> None:
        if task := asyncio.current_task():
            line.cut = task.cancel
        data, outcome, begun_at = b"", "deadline", self._clock()
        try:
            async with asyncio.timeout(self._config.wait_seconds):
                data = await asyncio.get_running_loop().sock_recv(arrival.sock, _FIRST_READ_BYTES)
                outcome = "payload" if data else "closed by the peer"
        except TimeoutError:
            pass
        except ConnectionError:
            outcome = "reset by the peer"
        except asyncio.CancelledError:
            outcome = "closed here"
            raise
        finally:
            arrival.ticket.release()
            try:
                self._emit(self._connect(arrival, data, outcome, begun_at))
            finally:
                arrival.sock.close()

    def _connect(self, arrival: listener.Arrival, data: bytes, outcome: str, begun_at: int) -> Access:
        """Beside live capture the connection's SYN is the access, and this row only what was said after it was answered."""
        session = None
        if self._joins is not None:
            session = self._joins.session(arrival.source, arrival.source_port, arrival.destination_port, begun_at)
        return Access(
            observed_at=begun_at, channel="packet", kind="connect", category="other" if self._rings else "access", source=arrival.source,
            session=session, target=target_of(6, arrival.destination_port),
            source_port=arrival.source_port, destination_port=arrival.destination_port, handshake=True, outcome=outcome,
            duration_us=max(0, self._clock() - begun_at), **_payload(data, len(data), self._config.body_bytes),
        )  # fmt: skip

    def _receive(self, sock: socket.socket) -> None:
        port = sock.getsockname()[1]
        for _ in range(_DATAGRAMS_PER_WAKEUP):
            try:
                data, address = sock.recvfrom(1 << 16)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                metrics.problems.labels("packet receive", type(error).__name__).inc()
                return
            self._emit(
                Access(
                    observed_at=self._clock(), channel="packet", kind="udp", source=pack(address[0]), target=target_of(UDP, port),
                    source_port=address[1], destination_port=port, protocol="udp", **_payload(data, len(data), self._config.body_bytes),
                )
            )  # fmt: skip


def access_of(arrival: Arrival, observed_at: int, times: int, body_bytes: int, session: str | None = None) -> Access:
    packet = arrival.packet
    protocol, port, source_port, size = packet.protocol, packet.port, packet.source_port, packet.size
    return Access(
        observed_at=observed_at, channel="packet", kind=arrival.kind, category=arrival.category, times=times, session=session, source=packet.source,
        target=target_of(protocol, port), source_port=source_port, destination_port=port if source_port is not None else None,
        protocol=protocol_name(protocol), tcp_flags=packet.flags, **(_payload(packet.payload, size, body_bytes) if size else _NO_PAYLOAD),
    )  # fmt: skip


class _Payload(TypedDict, total=False):
    body: bytes
    size: int
    digest: bytes | None
    truncated: bool


_NO_PAYLOAD: _Payload = {}


def _payload(data: bytes, size: int, most: int) -> _Payload:
    """The digest is of the whole payload, so there is none when only a part was captured."""
    if not size:
        return {}
    digest = hashlib.sha256(data).digest() if len(data) == size else None
    return {"body": data[:most], "size": size, "digest": digest, "truncated": size > most}


def _networks(prefixes: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(prefix, strict=False) for prefix in prefixes)
    except ValueError as error:
        raise ValueError(f"prefixes: {error} (allowed: networks like 192.0.2.0/24 or 2001:db8::/48)") from error


def _name(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"{f'[{host}]' if ':' in host else host}:{port}/udp"


def _bind_datagram(host: str, port: int, ipv6: bool) -> list[socket.socket]:
    """With host 0.0.0.0 also on [::], like `listener.bind`."""
    hosts = [host, "::"] if host == "0.0.0.0" and port and ipv6 else [host]
    bound: list[socket.socket] = []
    for place in hosts:
        sock = socket.socket(socket.AF_INET6 if ":" in place else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if ":" in place:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setblocking(False)
            sock.bind((place, port))
        except OSError:
            sock.close()
            if place == host:
                raise
            continue  # a machine without IPv6, or the port is taken there
        bound.append(sock)
    return bound
