# SPDX-License-Identifier: Apache-2.0
"""Source addresses as 4 or 16 bytes, and the words around them. IPv4-mapped IPv6 becomes IPv4, so that one host is one source."""

from __future__ import annotations

import ipaddress
import re
import socket

_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{1,62}\.?", re.IGNORECASE)
_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE)
_MAPPED = bytes(10) + b"\xff\xff"


def pack(text: str) -> bytes:
    """Bytes of an address in text; a zone index (`fe80::1%eth0`) is dropped. Raises ValueError."""
    bare = text.partition("%")[0]
    try:
        return socket.inet_pton(socket.AF_INET, bare)
    except OSError:
        try:
            return unmap(socket.inet_pton(socket.AF_INET6, bare))
        except OSError:
            raise ValueError(f"not an address: {text!r}") from None


def unmap(packed: bytes) -> bytes:
    return packed[12:] if len(packed) == 16 and packed.startswith(_MAPPED) else packed


def unpack(packed: bytes) -> str:
    """Canonical text of 4 or 16 bytes."""
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def network_of(packed: bytes) -> str:
    """The covering network as text: IPv4 /24, IPv6 /48 (the unit of spread; see docs/ontology.md)."""
    return str(ipaddress.ip_network((packed, 24 if len(packed) == 4 else 48), strict=False))


def locates(text: str) -> bool:
    """Whether the text can name where a sensor is: an address, a network that isn't too large to hide, a MAC, or a host name with a dot."""
    if _HOST.fullmatch(text) or _MAC.fullmatch(text):
        return True
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (8 if network.version == 4 else 16)
