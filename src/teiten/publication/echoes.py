# SPDX-License-Identifier: Apache-2.0
"""Echo redaction (P1): no address of a sensor, its /24 or /48, its host name or MAC, in any encoding known here, leaves in any text.

Relay testers write the address they test into subjects and URLs; so the seed's own table most likely published sensors. What a stranger
encodes in a way of his own is stopped by the closed vocabulary instead. Masking is generous: a wrong mask costs a word, a miss a sensor.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Final

from teiten.model import SensorEntry
from teiten.publication.encodings import LONGEST, TooMany, promising, readings
from teiten.publication.spellings import Spellings

MASK: Final = b"[masked]"

_WORD = re.compile(rb"[^\s\"'<>()\[\]{},;]+")
_MAC = re.compile(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}")
_LARGEST: Final = 12  # bits above the unit: a hidden IPv4 network is a /12 at most
# Of everybody: an echo tells nobody where a sensor is, and probes name the first addresses of home networks all the time.
_EVERYBODYS: Final = [ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]


class Redactor:
    """Knows what must stay secret. `mask` is a pure function of the value: the same field is masked the same way everywhere."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """`secrets`: addresses, networks (`203.0.113.0/24`), host names and MACs in text."""
        prefixes: set[bytes] = set()
        names: set[bytes] = set()
        macs: set[bytes] = set()
        for secret in filter(None, (text.strip() for text in secrets)):
            if _MAC.fullmatch(secret):
                macs.add(bytes.fromhex(re.sub(r"[:.\-]", "", secret)))
            elif network := _network(secret):
                prefixes.update(_units(network))
            else:
                names.add(secret.lower().rstrip(".").encode())
        self._prefixes = frozenset(prefixes | {prefix[::-1] for prefix in prefixes if len(prefix) <= 4})
        self._spellings = Spellings(prefixes, names, macs)
        self._secret = bool(prefixes or names or macs)

    def mask(self, value: bytes) -> bytes:
        """The value with every word that holds a secret masked; wholly masked when only a reading of the whole shows one."""
        if not self._secret:
            return value
        if len(value) > LONGEST:
            return MASK
        if not self.betrays(value):
            return value
        masked = _WORD.sub(lambda word: MASK if self.betrays(word[0]) else word[0], value)
        return MASK if self.betrays(masked) else masked

    def betrays(self, value: bytes) -> bool:
        """Whether any reading of the value holds a secret, or there are too many readings to tell."""
        if not self._secret:
            return False
        try:
            return any(self._shows(reading, carried) for reading, carried in readings(value))
        except TooMany:
            return True

    def spells(self, value: bytes) -> bool:
        """Whether a secret stands in the value as it is written: for texts that are ours, in which no stranger can have hidden one."""
        return self._secret and self._shows(value, False)

    def _shows(self, reading: bytes, carried: bool) -> bool:
        if any(prefix in reading and (carried or _tells(prefix)) for prefix in self._prefixes):
            return True
        return (not carried or promising(reading)) and self._spellings.within(reading)


def _tells(prefix: bytes) -> bool:
    """In plain text a packed prefix of three printable bytes is a word like any other and proves nothing."""
    return len(prefix) > 4 or not prefix.isascii() or min(prefix) < 32


def redactor(sensors: Iterable[SensorEntry], hidden: Iterable[str] = ()) -> Redactor:
    return Redactor([*(address for sensor in sensors for address in sensor.addresses), *hidden])


def _network(secret: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(secret.partition("%")[0], strict=False)
    except ValueError:
        return None


def _units(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Iterator[bytes]:
    """The /24s (/48s) that a network covers or lies in, as packed prefixes; a single address that is everybody's is whole.

    Raises ValueError for a very large network, rather than half hide it.
    """
    length = 24 if network.version == 4 else 48
    if network.prefixlen == network.max_prefixlen and any(network.version == one.version and network.subnet_of(one) for one in _EVERYBODYS):  # type: ignore[arg-type]
        yield network.network_address.packed
        return
    if length - network.prefixlen > _LARGEST:
        raise ValueError(f"hidden network /{network.prefixlen} is too large; list its parts of /{length - _LARGEST} or smaller")
    parts = [network.supernet(new_prefix=length)] if network.prefixlen >= length else network.subnets(new_prefix=length)
    for part in parts:
        yield part.network_address.packed[: length // 8]
