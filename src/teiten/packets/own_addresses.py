# SPDX-License-Identifier: Apache-2.0
"""The addresses of this machine, asked from its own kernel over netlink (as `ip addr` does); nothing leaves the machine.

They decide which packets are addressed to the sensor. They are secret: a heartbeat takes them to the sensor registry, so that publication can
withhold echoes of them; no access, log line or metric may carry one.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from struct import Struct, error, pack
from typing import Final

from teiten.addresses import unpack

_HEADER = Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_LINK = Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS_BYTES: Final = 8  # struct ifaddrmsg
_ATTRIBUTE = Struct("=HH")  # struct rtattr: length, type
_ERROR, _DONE, _NEW_LINK, _GET_LINK, _NEW_ADDRESS, _GET_ADDRESS = 2, 3, 16, 18, 20, 22
_REQUEST_DUMP = 0x301
_IFA_ADDRESS, _IFA_LOCAL, _IFLA_MASTER = 1, 2, 10
_MOST_DATAGRAMS = 256


def own_addresses() -> frozenset[bytes]:
    """Every address of every interface in this network namespace, as 4 or 16 bytes."""
    return frozenset(found for datagram in _dump(_GET_ADDRESS) for found in addresses_in(datagram))


def told() -> tuple[str, ...]:
    """The same as text for the sensor registry, without loopback and link-local ones, which every machine has; () where netlink isn't allowed."""
    try:
        found = sorted(own_addresses())
    except OSError:
        return ()
    shown = (ipaddress.ip_address(unpack(one)) for one in found)
    return tuple(str(one) for one in shown if not (one.is_loopback or one.is_link_local or one.is_unspecified))


def member_links() -> frozenset[int]:
    """Indexes of the interfaces that belong to another one (a bridge, a bond), where their packets are seen again."""
    return frozenset(found for datagram in _dump(_GET_LINK) for found in members_in(datagram))


def addresses_in(datagram: bytes) -> Iterator[bytes]:
    """On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL is ours wherever it is given. Never raises."""
    for body in _messages(datagram, _NEW_ADDRESS):
        attributes = dict(_attributes(body[_ADDRESS_BYTES:]))
        own = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS) or b""
        if len(own) in (4, 16):
            yield own


def members_in(datagram: bytes) -> Iterator[int]:
    for body in _messages(datagram, _NEW_LINK):
        if len(body) >= _LINK.size and _IFLA_MASTER in dict(_attributes(body[_LINK.size :])):
            yield _LINK.unpack_from(body)[2]


def _dump(request: int) -> Iterator[bytes]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as netlink:
        netlink.settimeout(1)
        netlink.bind((0, 0))
        netlink.send(_HEADER.pack(32, request, _REQUEST_DUMP, 1, 0) + pack("=B15x", socket.AF_UNSPEC))
        for _ in range(_MOST_DATAGRAMS):
            datagram = netlink.recv(1 << 16)
            yield datagram
            if any(True for _ in _messages(datagram, _DONE, _ERROR)):
                return


def _messages(datagram: bytes, *kinds: int) -> Iterator[bytes]:
    """The bodies of the messages of these kinds."""
    at = 0
    while at + _HEADER.size <= len(datagram):
        length, kind, *_ = _HEADER.unpack_from(datagram, at)
        if length < _HEADER.size:
            return
        if kind in kinds:
            yield datagram[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while True:
        try:
            length, kind = _ATTRIBUTE.unpack_from(body, at)
        except error:
            return
        if length < _ATTRIBUTE.size:
            return
        yield kind, body[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
