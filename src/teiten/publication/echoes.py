# SPDX-License-Identifier: Apache-2.0
"""Echo redaction (P1): no address of a sensor, its /24 or /48, its host name or MAC, in any encoding known here, leaves in any text.

Relay testers write the address they test into subjects and URLs; so the seed's own table most likely published sensors. What a stranger
encodes in a way of his own is stopped by the closed vocabulary instead. Masking is generous: a wrong mask costs a word, a miss a sensor.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from teiten.model import SensorEntry
from teiten.publication.encodings import LONGEST, TooMany, promising, readings
from teiten.publication.prefixes import Network, Prefixes
from teiten.publication.spellings import Spellings

MASK: Final = b"[masked]"

_WORD = re.compile(rb"[^\s\"'<>()\[\]{},;]+")
_MAC = re.compile(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}")


class Redactor:
    """Knows what must stay secret. `mask` is a pure function of the value: the same field is masked the same way everywhere."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """`secrets`: addresses, networks (`203.0.113.0/24`), host names and MACs in text."""
        networks: list[Network] = []
        names: set[bytes] = set()
        macs: set[bytes] = set()
        for secret in filter(None, (text.strip() for text in secrets)):
            if _MAC.fullmatch(secret):
                macs.add(bytes.fromhex(re.sub(r"[:.\-]", "", secret)))
            elif network := _network(secret):
                networks.append(network)
            else:
                names.add(secret.lower().rstrip(".").encode())
        self._v4, self._v6 = Prefixes(4, networks), Prefixes(6, networks)
        self._packed = self._v4.units | {unit[::-1] for unit in self._v4.units} | self._v6.units
        self._spellings = Spellings(self._v4, self._v6, names, macs)
        self._ours = Spellings(self._v4.listed(), self._v6.listed(), names, macs)
        self._secret = bool(networks or names or macs)

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
        """Whether a secret stands in the value as it is written: for texts that are ours, in which no stranger can have hidden one.

        Wide networks are left out: words lie in a /8 by chance.
        """
        return self._secret and (self._packs(value, False) or self._ours.within(value))

    def _shows(self, reading: bytes, carried: bool) -> bool:
        if self._packs(reading, carried) or self._packs_wide(reading, carried):
            return True
        return (not carried or promising(reading)) and self._spellings.within(reading)

    def _packs(self, reading: bytes, carried: bool) -> bool:
        return any(prefix in reading and (carried or _tells(prefix)) for prefix in self._packed)

    def _packs_wide(self, reading: bytes, carried: bool) -> bool:
        for known in (self._v4, self._v6):
            for at in range(len(reading) - known.unit + 1) if known.wide else ():
                unit = reading[at : at + known.unit]
                if (carried or _tells(unit)) and (known.covers(unit) or (known is self._v4 and known.covers(unit[::-1]))):
                    return True
        return False


def _tells(prefix: bytes) -> bool:
    """In plain text a packed prefix of three printable bytes is a word like any other and proves nothing."""
    return len(prefix) > 4 or not prefix.isascii() or min(prefix) < 32


def redactor(sensors: Iterable[SensorEntry], hidden: Iterable[str] = ()) -> Redactor:
    return Redactor([*(address for sensor in sensors for address in sensor.addresses), *hidden])


def _network(secret: str) -> Network | None:
    try:
        return ipaddress.ip_network(secret.partition("%")[0], strict=False)
    except ValueError:
        return None
