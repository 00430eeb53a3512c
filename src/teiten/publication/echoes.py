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

from teiten import addresses
from teiten.model import SensorEntry
from teiten.publication.encodings import LONGEST, readings

MASK: Final = b"[masked]"

_NUMBERS = re.compile(rb"(?:0[xX][0-9A-Fa-f]{1,32}|0[oO][0-7]{1,43}|[0-9]{1,39})(?:[.\-_:,/ ](?:0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,10})){0,15}")
_PART = re.compile(rb"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|[0-9]+")
_GROUPS = re.compile(
    rb"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,15}|[0-9A-Fa-f]{0,4}(?:-[0-9A-Fa-f]{0,4}){2,15}|[0-9A-Fa-f]{0,4}(?:_[0-9A-Fa-f]{0,4}){2,15}"
)
_SEPARATORS = re.compile(rb"0[xX](?=[0-9A-Fa-f])|[ :.\-_,/\\]")
_NIBBLES = re.compile(rb"[0-9A-Fa-f](?:\.[0-9A-Fa-f]){11,31}")
_WORD = re.compile(rb"[^\s\"'<>()\[\]{},;]+")


class Redactor:
    """Knows what must stay secret. `mask` is a pure function of the value: the same field is masked the same way everywhere."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """`secrets`: addresses, networks (`203.0.113.0/24`), host names and MACs in text."""
        self._v4: set[bytes] = set()  # 3 bytes, the /24
        self._v6: set[bytes] = set()  # 6 bytes, the /48
        self._names: set[bytes] = set()
        self._macs: set[bytes] = set()  # 12 lower-case hex digits
        for secret in filter(None, (text.strip() for text in secrets)):
            self._learn(secret)
        self._hex = self._macs | {prefix.hex().encode() for prefix in self._v4 | self._v6}
        self._hex_backwards = {prefix[::-1].hex().encode() for prefix in self._v4}
        self._binary = {f"{int.from_bytes(prefix):024b}".encode() for prefix in self._v4}
        self._nibbles = {prefix.hex().encode()[::-1] for prefix in self._v6}

    def mask(self, value: bytes) -> bytes:
        """The value with every word that holds a secret masked; wholly masked when only a reading of the whole shows one."""
        if not self._secret():
            return value
        if len(value) > LONGEST:
            return MASK
        if not self.betrays(value):
            return value
        masked = _WORD.sub(lambda word: MASK if self.betrays(word[0]) else word[0], value)
        return MASK if self.betrays(masked) else masked

    def betrays(self, value: bytes) -> bool:
        """Whether any reading of the value holds a secret."""
        return self._secret() and any(self._written(reading) or (carried and self._packed(reading)) for reading, carried in readings(value))

    def _secret(self) -> bool:
        return bool(self._v4 or self._v6 or self._names or self._macs)

    def _learn(self, secret: str) -> None:
        digits = re.sub(r"[:.\-]", "", secret).lower()
        if re.fullmatch(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}", secret):
            self._macs.add(digits.encode())
            return
        try:
            network = ipaddress.ip_network(secret.partition("%")[0], strict=False)
        except ValueError:
            self._names.add(secret.lower().rstrip(".").encode())
            return
        for covered in _units(network):
            (self._v4 if len(covered) == 3 else self._v6).add(covered)

    def _written(self, reading: bytes) -> bool:
        lower = reading.lower()
        return (
            any(name in lower for name in self._names)
            or any(self._numeric(found[0]) for found in _NUMBERS.finditer(reading))
            or any(self._v6_written(found[0]) for found in _GROUPS.finditer(reading))
            or self._hex_written(lower)
            or self._unprintable(reading)
        )

    def _numeric(self, run: bytes) -> bool:
        """Numbers in a row: octets forwards and backwards, inet_aton's short forms, one whole number; decimal, octal or hexadecimal."""
        parts = [_values(part) for part in _PART.findall(run)]
        return any(self._octets(parts[at : at + 3]) for at in range(len(parts) - 2)) or any(
            value in self for at in range(len(parts)) for value in _short_forms(parts[at : at + 3])
        )

    def _octets(self, parts: list[tuple[int, ...]]) -> bool:
        rows = [(a, b, c) for a in parts[0] for b in parts[1] for c in parts[2] if max(a, b, c) < 256]
        return any(bytes(row) in self._v4 or bytes(row[::-1]) in self._v4 for row in rows)

    def __contains__(self, number: int) -> bool:
        """A whole number that is an address: 32 bits in either byte order, or 128 bits."""
        if number < 1 << 32:
            packed = number.to_bytes(4)
            return packed[:3] in self._v4 or packed[::-1][:3] in self._v4
        return number < 1 << 128 and number.to_bytes(16)[:6] in self._v6

    def _v6_written(self, token: bytes) -> bool:
        """Any part of the groups in a row that is an address, and a bare network of three groups."""
        groups = re.split(r"[:_-]", token.decode())
        found = (
            _v6_address(":".join(groups[start:end])) for start in range(len(groups)) for end in range(start + 3, min(start + 9, len(groups)) + 1)
        )
        if any(one.packed[:6] in self._v6 or any(inner.packed[:3] in self._v4 for inner in _inner(one)) for one in found if one):
            return True
        rows = (groups[at : at + 3] for at in range(len(groups) - 2))
        return any(all(row) and b"".join(int(group, 16).to_bytes(2) for group in row) in self._v6 for row in rows)

    def _hex_written(self, lower: bytes) -> bool:
        if any(bits in lower for bits in self._binary):
            return True
        if any(nibbles in found[0].replace(b".", b"") for found in _NIBBLES.finditer(lower) for nibbles in self._nibbles):
            return True
        joined = _SEPARATORS.sub(b"", lower)
        return any(_continued(joined, digits, 2 if len(digits) == 6 else 0) for digits in self._hex) or any(
            re.search(rb"[0-9a-f]{2}" + digits, joined) for digits in self._hex_backwards
        )

    def _unprintable(self, reading: bytes) -> bool:
        """Packed addresses in plain text. A prefix of three printable bytes is a word like any other and proves nothing."""
        return any(prefix in reading or prefix[::-1] in reading for prefix in self._v4 if not prefix.isascii() or min(prefix) < 32) or any(
            prefix in reading for prefix in self._v6
        )

    def _packed(self, reading: bytes) -> bool:
        return any(prefix in reading or prefix[::-1] in reading for prefix in self._v4 | self._v6)


def redactor(sensors: Iterable[SensorEntry], hidden: Iterable[str] = ()) -> Redactor:
    return Redactor([*(address for sensor in sensors for address in sensor.addresses), *hidden])


def own_networks(packed: Iterable[bytes]) -> list[str]:
    """This machine's own addresses as secrets, without loopback and link-local ones, which every machine has."""
    found = (ipaddress.ip_address(addresses.unpack(one)) for one in packed)
    return [str(one) for one in found if not (one.is_loopback or one.is_link_local or one.is_unspecified)]


def _units(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Iterator[bytes]:
    """The /24s (/48s) that a network covers or lies in; a very large network is refused rather than half hidden."""
    length = 24 if network.version == 4 else 48
    if length - network.prefixlen > 12:
        raise ValueError(f"hidden network /{network.prefixlen} is too large; list its parts of /{length - 12} or smaller")
    parts = [network.supernet(new_prefix=length)] if network.prefixlen >= length else network.subnets(new_prefix=length)
    for part in parts:
        yield part.network_address.packed[: length // 8]


def _values(part: bytes) -> tuple[int, ...]:
    """What a number may mean: with a leading zero both octal and decimal."""
    text = part.decode().lower()
    if text.startswith("0x"):
        return (int(text, 16),)
    if text.startswith("0o"):
        return (int(text[2:], 8),)
    octal = (int(text, 8),) if text.startswith("0") and not set(text) & set("89") else ()
    return tuple({int(text), *octal})


def _short_forms(parts: list[tuple[int, ...]]) -> Iterator[int]:
    """Whole numbers, and the forms `a.d` and `a.b.d` of inet_aton."""
    first = parts[0]
    yield from first
    if len(parts) > 1:
        yield from (a << 24 | d for a in first for d in parts[1] if a < 256 and 255 < d < 1 << 24)
    if len(parts) > 2:
        yield from (a << 24 | b << 16 | d for a in first for b in parts[1] for d in parts[2] if a < 256 and b < 256 and 255 < d < 1 << 16)


def _v6_address(text: str) -> ipaddress.IPv6Address | None:
    try:
        return ipaddress.IPv6Address(text)
    except ValueError:
        return None


def _inner(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """IPv4 addresses that an IPv6 address carries: mapped, 6to4, Teredo, NAT64 and alike (RFC 4291, 3056, 4380, 6052)."""
    yield ipaddress.IPv4Address(address.packed[12:])
    yield from filter(None, (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())))


def _continued(joined: bytes, digits: bytes, more: int) -> bool:
    """Hex digits of a network followed by those of a host; or the network's digits standing alone."""
    pattern = digits + (rb"(?:[0-9a-f]{2}|(?![0-9a-z]))" if more else b"")
    return re.search(pattern, joined) is not None
