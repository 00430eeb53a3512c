# SPDX-License-Identifier: Apache-2.0
"""What nobody here asked for: own traffic is never counted, answers are known, the memory is bounded (M-13)."""

import socket
import struct
from ipaddress import ip_network

import msgspec
import pytest

from teiten.packets.headers import ACK, ICMP, ICMP6, RST, SYN, TCP, UDP
from teiten.packets.live import BROADCAST, HOST, MULTICAST, OUTGOING, Frame
from teiten.packets.unsolicited import REMEMBERED_NANOSECONDS, Flows, Unsolicited

HERE, THERE, OTHER = (socket.inet_aton(address) for address in ("192.0.2.1", "198.51.100.7", "203.0.113.9"))
HERE6, THERE6 = (socket.inet_pton(socket.AF_INET6, address) for address in ("2001:db8::1", "2001:db8:2::7"))


def ip(protocol, payload, source, destination):
    if len(source) == 16:
        return struct.pack("!IHBB16s16s", 6 << 28, len(payload), protocol, 64, source, destination) + payload
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, source, destination) + payload


def frame(protocol, payload, source=THERE, destination=HERE, direction=HOST, at=0):
    data = ip(protocol, payload, source, destination)
    return Frame(at, direction, 0x86DD if len(source) == 16 else 0x0800, data)


def udp(source_port, port, payload=b"x"):
    return struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload


def tcp(source_port, port, flags):
    return struct.pack("!HHIIBBHHH", source_port, port, 1, 0, 5 << 4, flags, 1024, 0, 0)


def icmp(kind, code=0, quoted=b""):
    return struct.pack("!BBHI", kind, code, 0, 0) + quoted


def sent(protocol, payload, at=0):
    return frame(protocol, payload, HERE, THERE, OUTGOING, at)


def watching(**options):
    return Unsolicited(frozenset({HERE, HERE6}), **options)


def kinds(watch, *frames):
    return [(taken.kind, taken.category) if (taken := watch.take(frame)) else None for frame in frames]


def test_what_comes_uninvited_is_an_access():
    assert kinds(
        watching(), frame(TCP, tcp(1, 22, SYN)), frame(UDP, udp(1, 53)), frame(ICMP, icmp(8)), frame(ICMP6, icmp(128), THERE6, HERE6)
    ) == [("syn", "access"), ("udp", "access"), ("echo-request", "access"), ("echo-request", "access")]  # fmt: skip


def test_backscatter_of_what_was_never_sent():
    quoted = ip(UDP, udp(1, 2), HERE, OTHER)
    assert kinds(watching(), frame(TCP, tcp(80, 5, SYN | ACK)), frame(TCP, tcp(80, 5, RST)), frame(ICMP, icmp(3, 3, quoted))) == [
        ("syn-ack", "backscatter"), ("rst", "backscatter"), ("icmp-error", "backscatter"),
    ]  # fmt: skip


def test_answers_to_this_host():
    """Answers to its own questions are never accesses, and no backscatter either."""
    watch = watching()
    assert kinds(watch, sent(UDP, udp(4000, 53)), frame(UDP, udp(53, 4000))) == [None, ("udp-reply", "other")]
    assert kinds(watch, sent(TCP, tcp(4001, 443, SYN)), frame(TCP, tcp(443, 4001, SYN | ACK)), frame(TCP, tcp(443, 4001, RST))) == [None] * 3
    assert kinds(watch, sent(ICMP, icmp(8)), frame(ICMP, icmp(0))) == [None, None]
    quoted = ip(UDP, udp(4000, 53), HERE, THERE)
    assert kinds(watch, frame(ICMP, icmp(3, 3, quoted), OTHER)) == [None]
    assert watch.ignored == {"own": 3, "answer": 4}


@pytest.mark.parametrize("other", [udp(53, 4001), udp(54, 4000)])
def test_only_the_same_flow_is_an_answer(other):
    watch = watching()
    assert kinds(watch, sent(UDP, udp(4000, 53)), frame(UDP, other), frame(UDP, udp(53, 4000), OTHER)) == [None, ("udp", "access"), ("udp", "access")]


def test_an_answer_from_here_does_not_make_the_next_question_an_answer():
    """A service of this host that answers a stranger doesn't hide the stranger's next datagrams."""
    watch = watching()
    assert kinds(watch, frame(UDP, udp(9, 53)), sent(UDP, udp(53, 9)), frame(UDP, udp(9, 53))) == [("udp", "access"), None, ("udp", "access")]


def test_the_end_of_a_connection_opened_from_outside_is_no_backscatter():
    watch = watching()
    assert kinds(watch, frame(TCP, tcp(7, 22, SYN)), frame(TCP, tcp(7, 22, RST)), frame(TCP, tcp(8, 22, RST))) == [
        ("syn", "access"), None, ("rst", "backscatter"),
    ]  # fmt: skip


def test_answers_are_known_for_a_while_only():
    watch = watching()
    late = REMEMBERED_NANOSECONDS
    assert kinds(watch, sent(UDP, udp(4000, 53)), frame(UDP, udp(53, 4000), at=late - 1), frame(UDP, udp(53, 4000), at=late)) == [
        None, ("udp-reply", "other"), ("udp", "access"),
    ]  # fmt: skip


def test_packets_for_others_and_neighbours():
    watch = watching()
    frames = [
        frame(TCP, tcp(1, 2, SYN), destination=OTHER),
        frame(UDP, udp(1, 2), direction=BROADCAST),
        frame(UDP, udp(1, 2), direction=MULTICAST),
        frame(ICMP6, icmp(135), THERE6, HERE6),
        Frame(0, HOST, 0x0806, b"arp"),
    ]
    assert kinds(watch, *frames) == [None] * 5
    assert watch.ignored == {"for others": 3, "neighbours": 1, "not IP or malformed": 1}


@pytest.mark.parametrize(
    ("prefix", "inside"), [("203.0.113.0/24", True), ("203.0.113.9/32", True), ("203.0.112.0/24", False), ("0.0.0.0/0", True), ("::/0", False)]
)
def test_prefixes_are_observed_besides_own_addresses(prefix, inside):
    watch = watching(prefixes=(ip_network(prefix),))
    assert (watch.take(frame(TCP, tcp(1, 2, SYN), destination=OTHER)) is not None) == inside
    assert watch.take(frame(TCP, tcp(1, 2, SYN))) is not None


def test_loopback_and_own_source():
    lo = socket.inet_aton("127.0.0.1")
    for own, source in ((frozenset({lo}), lo), (frozenset({HERE}), HERE)):
        packet = frame(TCP, tcp(1, 2, SYN), source, source)
        assert Unsolicited(own).take(packet) is None
        assert Unsolicited(own, loopback=True).take(packet) is not None
        assert Unsolicited(own, loopback=True).take(msgspec.structs.replace(packet, direction=OUTGOING)) is None


def test_ignored_ports():
    watch = watching(ignore_ports=frozenset({8000}))
    assert kinds(watch, frame(TCP, tcp(1, 8000, SYN)), frame(UDP, udp(1, 8000)), frame(TCP, tcp(8000, 1, SYN))) == [None, None, ("syn", "access")]


def test_the_memory_is_bounded_and_forgets_the_oldest():
    flows = Flows(3)
    for port in range(5):
        flows.add((UDP, THERE, port, 1), 0)
    assert len(flows) == 3 and not flows.has((UDP, THERE, 1, 1), 0) and flows.has((UDP, THERE, 2, 1), 0)
    watch = watching(most_flows=4)
    for port in range(100):
        watch.take(frame(UDP, udp(port, 53)))
        watch.take(sent(UDP, udp(port, 99)))
    assert len(watch._heard) == len(watch._asked) == 4


def test_a_packet_seen_at_several_links_counts_at_the_last():
    packet = frame(UDP, udp(1, 2))
    path = [msgspec.structs.replace(packet, link=2, tagged=True), msgspec.structs.replace(packet, link=3), msgspec.structs.replace(packet, link=4)]
    watch = watching()
    watch.member_links = frozenset({3})
    assert kinds(watch, *path) == [None, None, ("udp", "access")] and watch.ignored == {"seen again": 2}
    assert kinds(watching(every_link=False), path[0]) == [("udp", "access")]
