# SPDX-License-Identifier: Apache-2.0
"""The addresses of this machine, asked from its own kernel over netlink (as `ip addr` does); nothing leaves the machine.

They decide which packets are addressed to the sensor. They are secret: no record, log line or metric may carry one.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from struct import Struct, error, pack

_HEADER = Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_ADDRESS = Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, interface
_ATTRIBUTE = Struct("=HH")  # struct rtattr: length, type
_NEW_ADDRESS, _GET_ADDRESS, _DONE, _ERROR = 20, 22, 3, 2
_REQUEST_DUMP = 0x301
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_MOST_MESSAGES = 256


def own_addresses() -> frozenset[bytes]:
    """Every address of every interface in this network namespace, as 4 or 16 bytes."""
    found: set[bytes] = set()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as netlink:
        netlink.settimeout(1)
        netlink.bind((0, 0))
        netlink.send(_HEADER.pack(24, _GET_ADDRESS, _REQUEST_DUMP, 1, 0) + pack("=B7x", socket.AF_UNSPEC))
        for _ in range(_MOST_MESSAGES):
            addresses, done = addresses_in(netlink.recv(1 << 16))
            found |= addresses
            if done:
                break
    return frozenset(found)


def addresses_in(message: bytes) -> tuple[set[bytes], bool]:
    """Addresses in one netlink datagram, and whether the answer ends here. Never raises."""
    found: set[bytes] = set()
    at = 0
    while at + _HEADER.size <= len(message):
        length, kind, *_ = _HEADER.unpack_from(message, at)
        if kind in (_DONE, _ERROR):
            return found, True
        if length < _HEADER.size:
            break
        if kind == _NEW_ADDRESS:
            found |= _addresses_of(message[at + _HEADER.size : at + length])
        at += (length + 3) & ~3
    return found, False


def _addresses_of(body: bytes) -> set[bytes]:
    """On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL is ours wherever it is given."""
    attributes = dict(_attributes(body))
    own = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS) or b""
    return {own} if len(own) in (4, 16) else set()


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = _ADDRESS.size
    while True:
        try:
            length, kind = _ATTRIBUTE.unpack_from(body, at)
        except error:
            return
        if length < _ATTRIBUTE.size:
            return
        yield kind, body[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
