# SPDX-License-Identifier: Apache-2.0
"""How addresses, names and MACs are written in plain text, brought to normal forms in which all spellings are the same value.

A text has few normal forms: its numbers in order, its hexadecimal digits in a row, its groups of digits, its binary digits, its words as
whole numbers, its letters and digits alone. What stands between never counts, so that no list of separators can be incomplete.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from teiten.publication.prefixes import Prefixes

_NUMBER = re.compile(rb"0[xX][0-9A-Fa-f]{1,32}|0[oO][0-7]{1,43}|0[bB][01]{1,128}|[0-9]{1,43}")
_HEX_WORD = re.compile(rb"(?<![0-9a-f])(?:0(?=x))?([0-9a-f]{1,2})(?![0-9a-f])")
_GROUP = re.compile(rb"(?<![0-9a-f])([0-9a-f]{1,4})(?![0-9a-f])")
_GROUPS = re.compile(rb"(?:[0-9a-f]{0,4}(?::{1,2}|-{1,2}|_{1,2}|\.{1,2}| {1,2}|\+|,|/|\|)){2,15}[0-9a-f]{0,4}")
_BETWEEN = re.compile(rb"0x(?=[0-9a-f])|[^0-9a-z]+")
_HEX = re.compile(rb"(?<![0-9a-f])[0-9a-f]{6,}(?![0-9a-f])")
_BITS = re.compile(rb"[01]{24,}")
_WORD = re.compile(rb"[0-9A-Za-z]{5,25}")
_PROOF: Final = 1 << 16  # a smaller whole number is a port, a year, a size

_BASES: Final = tuple(
    {ord(digit): value for value, digit in enumerate(digits)}
    for digits in (
        "0123456789abcdefghijklmnopqrstuvwxyz",
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    )
)


class Spellings:
    """`names` lower case; `macs` 6 bytes."""

    def __init__(self, v4: Prefixes, v6: Prefixes, names: Iterable[bytes], macs: Iterable[bytes]) -> None:
        macs = set(macs)
        self._v4 = v4
        self._v6 = v6
        self._names = frozenset(filter(None, map(only_letters, names)))
        both = v4.units | {prefix[::-1] for prefix in v4.units}
        self._binary = frozenset(f"{int.from_bytes(one):0{len(one) * 8}b}".encode() for one in both)
        hexes = both | {_turned(one) for one in v4.units} | v6.units | macs | {_interface_identifier(mac) for mac in macs}
        self._hex = {length: frozenset(one.hex() for one in hexes if len(one) == length) for length in sorted({len(one) for one in hexes})}

    def within(self, reading: bytes) -> bool:
        lower = reading.lower()
        joined = _BETWEEN.sub(b"", lower)
        return (
            any(name in joined for name in self._names)
            or any(self._in_hex(found[0]) for found in _HEX.finditer(joined))
            or any(self._in_bits(run[0]) for run in _BITS.finditer(joined))
            or self._in_numbers([_values(found[0]) for found in _NUMBER.finditer(lower)])
            or bool(self._v4 and self._in_numbers([(int(found[1], 16),) for found in _HEX_WORD.finditer(lower)], whole=False))
            or self._in_hex_words(_GROUP.findall(lower))
            or any(self._whole(number) for word in _WORD.findall(reading) for number in _in_bases(word))
            or bool(self._v6 and any(self._in_groups(found[0]) for found in _GROUPS.finditer(lower)))
        )

    def _in_hex(self, run: bytes) -> bool:
        """The digits of a whole address anywhere; those of a /24 only with a host's two beside them, or standing alone."""
        text = run.decode()
        for length, secrets in self._hex.items():
            digits = length * 2
            if length == 3 and len(text) == 7:
                continue
            if any(text[at : at + digits] in secrets for at in range(len(text) - digits + 1)):
                return True
        return len(text) != 7 and self._wide_in(text, 16)

    def _in_bits(self, run: bytes) -> bool:
        return any(bits in run for bits in self._binary) or self._wide_in(run.decode(), 2)

    def _wide_in(self, digits: str, base: int) -> bool:
        """Whether a network that is compared, not listed, stands anywhere in digits of base 2 or 16."""
        bits = {2: 1, 16: 4}[base]
        for known, length in ((self._v4, 24 // bits), (self._v6, 48 // bits)):
            if known.wide and any(self._any_way(known, digits[at : at + length], base) for at in range(len(digits) - length + 1)):
                return True
        return False

    def _any_way(self, known: Prefixes, digits: str, base: int) -> bool:
        unit = int(digits, base).to_bytes(known.unit)
        return known.covers(unit) or (known is self._v4 and (known.covers(unit[::-1]) or known.covers(_turned(unit))))

    def _in_numbers(self, numbers: list[tuple[int, ...]], whole: bool = True) -> bool:
        """Octets in a row, forwards or backwards; inet_aton's short forms; whole numbers."""
        for at in range(len(numbers)):
            window = numbers[at : at + 4]
            if len(window) > 2 and any(self._octets(row) for row in _rows(window)):
                return True
            if whole and any(self._whole(value) for value in _short_forms(window[:3])):
                return True
        return False

    def _in_hex_words(self, groups: list[bytes]) -> bool:
        """The first three groups of an IPv6 address; IPv4 inside one without its leading zeros (RFC 4291, 3056, 6052, Teredo: 4380)."""
        packed = [int(group, 16).to_bytes(2) for group in groups]
        if any(b"".join(packed[at : at + 3]) in self._v6 for at in range(len(packed) - 2)):
            return True
        pairs = (first + second for first, second in pairwise(packed))
        return any(part in self._v4 or _turned(part) in self._v4 for pair in pairs for part in (pair, pair[:3]))

    def _octets(self, row: bytes) -> bool:
        return any(part in self._v4 or part[::-1] in self._v4 for part in (row[:3], row[-3:], row))

    def _whole(self, number: int) -> bool:
        """A whole number that is an address: 32 bits in either byte order, 24 bits of a network, or 128 bits."""
        if number < _PROOF:
            return False
        if number < 1 << 24 and number.to_bytes(3) in self._v4:
            return True
        if number < 1 << 32:
            packed = number.to_bytes(4)
            return any(part in self._v4 for one in (packed, packed[::-1]) for part in (one, one[:3]))
        return number < 1 << 128 and self._v6.begin(number.to_bytes(16))

    def _in_groups(self, run: bytes) -> bool:
        """Any part of the groups in a row that is an IPv6 address, with zeros left out or not."""
        groups = re.split(r"[^0-9a-f]", run.decode())
        for start in range(len(groups)):
            for end in range(start + 3, min(start + 9, len(groups)) + 1):
                packed = _v6_address(":".join(groups[start:end]))
                if packed and self._v6.begin(packed):
                    return True
        return False


def _turned(packed: bytes) -> bytes:
    """In IPv6 addresses of Teredo the client stands with every bit turned (RFC 4380)."""
    return bytes(255 - byte for byte in packed)


def only_letters(text: bytes) -> bytes:
    """Letters and digits alone, lower case: the normal form of names."""
    return re.sub(rb"[^0-9a-z\x80-\xff]+", b"", text.lower())


def _values(part: bytes) -> tuple[int, ...]:
    """What a number may mean: with a leading zero both octal and decimal; a long one without eight and nine as well."""
    text = part.decode()
    if text[1:2] in ("x", "o", "b"):
        return (int(text, 0),)
    octal = set(text).isdisjoint("89") and (text.startswith("0") or len(text) > 8)
    return tuple({int(text), int(text, 8)}) if octal else (int(text),)


def _rows(window: list[tuple[int, ...]]) -> Iterator[bytes]:
    """Every choice of values of three or four numbers that fit into octets."""
    choices = [[value for value in values if value < 256] for values in window]
    if len(choices) > 3 and not choices[3]:
        choices = choices[:3]
    rows = [b""]
    for values in choices:
        rows = [row + bytes([value]) for row in rows for value in values]
    return iter(rows)


def _short_forms(parts: list[tuple[int, ...]]) -> Iterator[int]:
    """Whole numbers, and the forms `a.d` and `a.b.d` of inet_aton."""
    first = parts[0]
    yield from first
    if len(parts) > 1:
        yield from (a << 24 | d for a in first for d in parts[1] if a < 256 and 255 < d < 1 << 24)
    if len(parts) > 2:
        yield from (a << 24 | b << 16 | d for a in first for b in parts[1] for d in parts[2] if a < 256 and b < 256 and 255 < d < 1 << 16)


def _in_bases(word: bytes) -> Iterator[int]:
    """The word as a whole number in the bases that shorten numbers: 36, 58, 62. Longer than 128 bits can be is no address."""
    for digits in _BASES:
        number = 0
        for char in word.lower() if len(digits) == 36 else word:
            value = digits.get(char)
            if value is None:
                break
            number = number * len(digits) + value
        else:
            yield number


def _v6_address(text: str) -> bytes | None:
    try:
        return ipaddress.IPv6Address(text).packed
    except ValueError:
        return None


def _interface_identifier(mac: bytes) -> bytes:
    """EUI-64 as in addresses that a host gives itself (RFC 4291)."""
    return bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
