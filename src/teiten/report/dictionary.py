# SPDX-License-Identifier: Apache-2.0
"""The dictionary of ports (kinds.toml): what a kind is for, how it is abused, with malware and dated advisories. In Japanese and English.

An entry may cover several kinds, which then count as one group (R-10) and share a row (R-24), or point to another entry by `see`.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from teiten.report.settings import Bilingual

_YEAR: Final = re.compile(r" \((\d{4})\)$")


class Advisory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`on` is as exact as it is known: a year, a month or a day."""

    id: str
    on: str
    url: str = ""


class PortEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`group`: its kinds are used for one purpose, so that their shares are worth adding up."""

    kinds: tuple[str, ...]
    service: Bilingual
    abuse: Bilingual
    malware: tuple[str, ...] = ()
    advisories: tuple[Advisory, ...] = ()
    see: str = ""  # a kind whose entry says more
    group: bool = False

    def at(self, day: date) -> PortEntry:
        """The entry as it could have been written on `day`: without malware and advisories of later times."""
        malware = tuple(_YEAR.sub("", name) for name in self.malware if not (found := _YEAR.search(name)) or int(found[1]) <= day.year)
        return msgspec.structs.replace(self, malware=malware, advisories=tuple(one for one in self.advisories if one.on <= day.isoformat()))


class PortDictionary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    entry: tuple[PortEntry, ...]

    def of(self, kind: bytes) -> PortEntry | None:
        return _by_kind().get(kind.decode("ascii", "replace"))


@cache
def port_dictionary() -> PortDictionary:
    raw = tomllib.loads((Path(__file__).parent / "kinds.toml").read_text(encoding="utf-8"))
    return msgspec.convert(raw, PortDictionary)


@cache
def _by_kind() -> dict[str, PortEntry]:
    return {kind: entry for entry in port_dictionary().entry for kind in entry.kinds}
