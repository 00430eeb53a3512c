# SPDX-License-Identifier: Apache-2.0
"""The all-port listener: one socket that takes every TCP connection which the kernel's transparent proxy (TPROXY) hands to it.

The kernel completes the handshake, so that the source proves its address and says something; nothing is ever sent here. The passive
capture stays the record of what arrived; this adds first payloads to it, and `Joins` gives both rows of a connection one session.
Without connection tracking the original destination is the accepted socket's own address (docs/packets.md has the rules).
"""

from __future__ import annotations

import errno
import secrets
import socket
from collections import OrderedDict
from typing import Final

from teiten.clock import MICROSECONDS
from teiten.errors import ConfigurationError, PortTaken

_IP_TRANSPARENT, _IPV6_TRANSPARENT = 19, 75  # linux/in.h, linux/in6.h; no constants for them in the socket module
_MOST_JOINS: Final = 65_536
_JOIN_US: Final = 60 * MICROSECONDS  # between a SYN and the row of its connection: longer than any wait for a payload
SETTING: Final = "sensors.packet.all_ports"


class Joins:
    """Session ids of connections by (source, its port, our port); whichever of SYN and connection comes first makes the id."""

    def __init__(self, most: int = _MOST_JOINS) -> None:
        self._most = most
        self._made: OrderedDict[tuple[bytes, int, int], tuple[str, int]] = OrderedDict()

    def session(self, source: bytes, source_port: int, port: int, now: int) -> str:
        key = (source, source_port, port)
        known = self._made.get(key)
        if known is not None and abs(now - known[1]) <= _JOIN_US:
            return known[0]
        session = secrets.token_hex(8)
        self._made[key] = (session, now)
        self._made.move_to_end(key)
        if len(self._made) > self._most:
            self._made.popitem(last=False)
        return session


def bind(port: int, ipv6: bool = True) -> list[socket.socket]:
    """Transparent listening sockets on all addresses. Raises PortTaken, and ConfigurationError without CAP_NET_RAW or CAP_NET_ADMIN."""
    bound: list[socket.socket] = []
    try:
        for family, level, option in _FAMILIES if ipv6 else _FAMILIES[:1]:
            try:
                bound.append(_transparent(family, level, option, port))
            except OSError as error:
                if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL) or not bound:  # a machine without IPv6
                    raise
    except OSError as error:
        for sock in bound:
            sock.close()
        raise _explained(error, port) from error
    return bound


_FAMILIES: Final = (
    (socket.AF_INET, socket.SOL_IP, _IP_TRANSPARENT),
    (socket.AF_INET6, socket.IPPROTO_IPV6, _IPV6_TRANSPARENT),
)


def _transparent(family: int, level: int, option: int, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(level, option, 1)
        sock.bind(("", port))
        sock.listen(4096)
    except OSError:
        sock.close()
        raise
    return sock


def _explained(error: OSError, port: int) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(f"Port {port}/tcp belongs to another program.", f"Set `{SETTING}` to a free port, and the rule that leads there.")
    if error.errno == errno.EPERM:
        return ConfigurationError(
            f"{SETTING}: this process may not make a transparent socket.",
            "Give the service AmbientCapabilities=CAP_NET_RAW (as live capture needs), or take the setting out.",
        )
    return ConfigurationError(f"{SETTING}: no transparent socket: {error.strerror}.", "docs/packets.md says what the kernel must offer.")
