# SPDX-License-Identifier: Apache-2.0
"""Tuples of packet and flow logs -> kind, category and target, by the one rule that live packets obey too (packets/headers.py)."""

from __future__ import annotations

from functools import lru_cache

from teiten.packets.headers import ICMP, ICMP6, NAMES, SYN, TCP, Packet, classify, target_of

_NUMBERS = {name: number for number, name in NAMES.items()} | {
    "ipv6-icmp": ICMP6, "icmpv6": ICMP6, "icmp6": ICMP6, "igmp": 2, "gre": 47, "esp": 50, "ah": 51, "ospf": 89, "ipip": 4, "ipv6": 41, "ip": 0,
}  # fmt: skip
SYN_ACK = 18
_FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "2": 64, "C": 128, "W": 128, "1": 128}
FLAG_WORDS = {b"FIN": 1, b"SYN": 2, b"RST": 4, b"PSH": 8, b"ACK": 16, b"URG": 32, b"ECE": 64, b"CWR": 128}


def protocol_number(text: str) -> int | None:
    """`TCP`, `ipv6-icmp` or `6`; None for a name nobody knows."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < 4 and int(text) < 256 else None
    return _NUMBERS.get(text.lower())


def flags_of_letters(text: str) -> int:
    """`.A..S.`, `S`, `12UAPRSF`: one letter a flag, anything else is none."""
    return sum(_FLAGS.get(letter, 0) for letter in set(text))


def joined_port(protocol: int, port: int | None, code: int | None = None) -> int | None:
    """Port as `Packet` wants it: type and code of ICMP in one number; None for what is no port."""
    if protocol in (ICMP, ICMP6):
        return None if port is None else (port & 0xFF) << 8 | ((code or 0) & 0xFF)
    return port if port is not None and 0 <= port < 65536 else None


@lru_cache(maxsize=50_000)
def say_packet(protocol: int, port: int | None, flags: int | None) -> tuple[str, str, bytes]:
    """(kind, category, target) of a packet; `port` as from `joined_port`."""
    kind, category = classify(Packet(b"", b"", protocol, None, port, flags))
    return kind, category, target_of(protocol, port)


@lru_cache(maxsize=50_000)
def say_flow(protocol: int, port: int | None) -> tuple[str, str, bytes]:
    """The same for a flow whose first packet opened it: TCP without flags counts as a SYN, as the flow's reporter saw one."""
    return say_packet(protocol, port, SYN if protocol == TCP else None)


def say_answered_flow(protocol: int, port: int | None, source_port: int | None, flags: int | None) -> tuple[str, str, bytes]:
    """The same for a flow with the flags of all its packets: one with SYN and ACK counts where it goes to the lower port, else it is the answer.

    Exporters without flags write none, or 0: then it counts.
    """
    if not flags or (flags & SYN_ACK == SYN_ACK and (port or 0) <= (source_port or 0)):
        return say_flow(protocol, joined_port(protocol, port))
    return say_packet(protocol, joined_port(protocol, port), flags)
