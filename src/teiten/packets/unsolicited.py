# SPDX-License-Identifier: Apache-2.0
"""Which live packets nobody here asked for. Drops this host's own traffic, and knows answers by remembering what the host sent.

Pure: frames and the time come in as arguments. The memory is two bounded tables of flows; when one is full its oldest flow goes, so that
a flood can at worst make a late answer look unsolicited, or the rest of its own flow look answered.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from ipaddress import IPv4Network, IPv6Network
from typing import Final

import msgspec

from teiten.packets.headers import ACK, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ICMP, ICMP6, RST, SYN, TCP, UDP, Packet, classify, decode
from teiten.packets.live import BROADCAST, MULTICAST, OUTGOING, Frame

MOST_FLOWS: Final = 65_536
REMEMBERED_NANOSECONDS: Final = 180_000_000_000  # longer than the usual NAT and conntrack times of UDP (RFC 4787: at least 2 minutes)
_NEIGHBOURS: Final = frozenset({130, 131, 132, 133, 134, 135, 136, 137, 143})  # ICMPv6 between neighbours: MLD and neighbour discovery

Flow = tuple[int, bytes, int, int]  # protocol, remote address, remote port, local port; for ICMP echo 0 and 0


class Arrival(msgspec.Struct, frozen=True, gc=False):
    packet: Packet
    kind: str
    category: str


class Flows:
    """The newest `most` flows, each forgotten after REMEMBERED_NANOSECONDS without a packet."""

    def __init__(self, most: int = MOST_FLOWS) -> None:
        self._most = most
        self._until: OrderedDict[Flow, int] = OrderedDict()

    def add(self, flow: Flow, now: int) -> None:
        until = self._until
        if flow in until:
            until.move_to_end(flow)
        elif len(until) >= self._most:
            until.popitem(last=False)
        until[flow] = now + REMEMBERED_NANOSECONDS

    def has(self, flow: Flow, now: int) -> bool:
        return self._until.get(flow, 0) > now

    def __len__(self) -> int:
        return len(self._until)


class Unsolicited:
    """`own`: addresses of this machine; `prefixes`: networks that are observed as well.

    With `every_link`, a packet in a VLAN or through a bridge is seen at each interface on its way, and only the last one counts:
    then `member_links` are the interfaces that pass their packets on to another. The owner replaces it and `own` when they change.
    """

    def __init__(
        self, own: frozenset[bytes], prefixes: tuple[IPv4Network | IPv6Network, ...] = (), ignore_ports: frozenset[int] = frozenset(),
        loopback: bool = False, every_link: bool = True, most_flows: int = MOST_FLOWS,
    ) -> None:  # fmt: skip
        self.own = own
        self.ignored: Counter[str] = Counter()  # reason -> packets; the reasons are the few words below
        self.member_links: frozenset[int] = frozenset()
        self._every_link = every_link
        self._masks = [_mask(network) for network in prefixes]
        self._ignore_ports = ignore_ports
        self._loopback = loopback
        self._asked, self._heard = Flows(most_flows), Flows(most_flows)

    def take(self, frame: Frame) -> Arrival | None:
        """The arrival, or None for what isn't one (counted in `ignored`)."""
        if self._every_link and (frame.tagged or frame.link in self.member_links):
            self.ignored["seen again"] += 1
            return None
        packet = decode(frame.data, frame.ethertype)
        reason = self._objection(frame, packet)
        if packet is None or reason:
            self.ignored[reason] += 1
            return None
        kind, category = classify(packet)
        flow = _flow(packet.protocol, packet.source, packet.source_port, packet.port)
        if kind == "syn":
            self._heard.add(flow, frame.nanoseconds)
            return Arrival(packet, kind, category)
        if category == "access":
            return self._opening(Arrival(packet, kind, category), flow, frame.nanoseconds)
        return self._answer(Arrival(packet, kind, category), flow, frame.nanoseconds)

    def _objection(self, frame: Frame, packet: Packet | None) -> str:
        if packet is None:
            return "not IP or malformed"
        direction = frame.direction
        if direction == OUTGOING:
            self._remember(packet, frame.nanoseconds)
            return "own"
        if not self._loopback and (packet.source in self.own or packet.source[0] == 127 == packet.destination[0]):
            return "own"
        if direction in (BROADCAST, MULTICAST) or not (packet.destination in self.own or self._observed(packet.destination)):
            return "for others"
        if packet.protocol == ICMP6 and packet.port is not None and packet.port >> 8 in _NEIGHBOURS:
            return "neighbours"
        return "ignored port" if self._ignore_ports and packet.port in self._ignore_ports and packet.protocol in (TCP, UDP) else ""

    def _observed(self, destination: bytes) -> bool:
        number = int.from_bytes(destination, "big")
        return any(len(destination) == length and number & mask == network for length, network, mask in self._masks)

    def _remember(self, packet: Packet, now: int) -> None:
        """An outgoing packet is a question unless it answers a flow that the other side opened."""
        if packet.port is None or not _asks(packet):
            return
        flow = _flow(packet.protocol, packet.destination, packet.port, packet.source_port)
        if not self._heard.has(flow, now):
            self._asked.add(flow, now)

    def _opening(self, arrival: Arrival, flow: Flow, now: int) -> Arrival:
        if arrival.packet.protocol == UDP and self._asked.has(flow, now):
            return Arrival(arrival.packet, "udp-reply", "other")
        if arrival.packet.protocol == UDP:
            self._heard.add(flow, now)
        return arrival

    def _answer(self, arrival: Arrival, flow: Flow, now: int) -> Arrival | None:
        """An answer to our own packet, or the end of a connection we have seen open, is no backscatter and not kept."""
        if arrival.kind == "icmp-error":
            flow = _quoted_flow(arrival.packet)
        if arrival.category == "backscatter" and (self._asked.has(flow, now) or (arrival.kind == "rst" and self._heard.has(flow, now))):
            self.ignored["answer"] += 1
            return None
        return arrival


def _asks(packet: Packet) -> bool:
    if packet.protocol == TCP:
        return packet.flags is not None and packet.flags & (SYN | ACK | RST) == SYN
    return packet.protocol == UDP or classify(packet)[0] == "echo-request"


def _flow(protocol: int, remote: bytes, remote_port: int | None, local_port: int | None) -> Flow:
    return (protocol, remote, 0, 0) if protocol in (ICMP, ICMP6) else (protocol, remote, remote_port or 0, local_port or 0)


def _quoted_flow(error: Packet) -> Flow:
    """The flow of the packet that an ICMP error quotes, as it was sent from here."""
    quoted = decode(error.payload, ETHERTYPE_IPV4 if error.protocol == ICMP else ETHERTYPE_IPV6)
    return _flow(quoted.protocol, quoted.destination, quoted.port, quoted.source_port) if quoted else (0, b"", 0, 0)


def _mask(network: IPv4Network | IPv6Network) -> tuple[int, int, int]:
    """(length of the address in bytes, network, mask) as integers: much faster per packet than `in`."""
    return network.max_prefixlen // 8, int(network.network_address), int(network.netmask)
