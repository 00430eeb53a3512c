# SPDX-License-Identifier: Apache-2.0
"""Entries of the dictionary: what a target is for, how it is abused, what to check, with malware and dated advisories (R-23 … R-25, M-21).

An entry may cover several targets, which then share a row (R-24), or point to another by `see`. Which entry fits: see `Dictionary.of`.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec

from teiten.model import Channel

_HERE: Final = Path(__file__).parent
FILES: Final[dict[Channel, str]] = {"packet": "ports.toml", "web": "requests.toml", "ssh": "accounts.toml", "mail": "mails.toml"}
_LONGEST: Final = 4_096  # of a target: no pattern needs more
_DIGITS: Final = b"0123456789"


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same in both languages."""

    ja: str
    en: str

    def of(self, language: str) -> str:
        return self.ja if language == "ja" else self.en


class Advisory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`on` is as exact as it is known: a year, a month or a day. `confirmed_by`: a public page that says so; `url`: the notice itself."""

    issuer: str
    on: str
    confirmed_by: str
    url: str = ""
    id: str = ""  # its key in the file

    @property
    def link(self) -> str:
        return self.url or self.confirmed_by


class Malware(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`since`: the year from which a report may name it; 0: any."""

    confirmed_by: str
    since: int = 0
    name: str = ""  # its key in the file


class Entry(msgspec.Struct, frozen=True):
    """`group`: its targets are used for one purpose, so that their shares are worth adding up. `key`: what the entry is known by."""

    key: str
    kinds: tuple[str, ...]
    service: Words
    abuse: Words
    check: Words
    malware: tuple[Malware, ...] = ()
    advisories: tuple[Advisory, ...] = ()
    see: str = ""
    group: bool = False

    def at(self, day: date) -> Entry:
        """The entry as it could have been written on `day`: without malware and advisories of later times."""
        malware = tuple(one for one in self.malware if one.since <= day.year)
        return msgspec.structs.replace(self, malware=malware, advisories=tuple(one for one in self.advisories if one.on <= day.isoformat()))


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry as it stands in the file."""

    service: Words
    abuse: Words
    kinds: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    check: str = ""
    see: str = ""
    malware: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()
    group: bool = False


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    advisories: dict[str, Advisory]
    malware: dict[str, Malware]


class Dictionary:
    """The entries of one channel, in the order of its file."""

    def __init__(self, version: str, written: list[_Written]) -> None:
        checks = {kind: one.check for one in written for kind in one.kinds}
        self.version = version
        self.entries = tuple(_resolved(one, one.check or checks[one.see]) for one in written)
        self._exact = {kind.encode(): entry for entry in self.entries for kind in entry.kinds}
        self._patterns = [
            (tuple(text.lower().encode() for text in one.begins), tuple(text.lower().encode() for text in one.contains), entry)
            for one, entry in zip(written, self.entries, strict=True)
            if one.begins or one.contains
        ]

    def of(self, target: bytes) -> Entry | None:
        """The target itself; else the first entry with a pattern that fits, in small letters, as sent or decoded; else its name without
        the digits at its end (`test1`). A stranger's bytes are compared only, and only so many of them."""
        if found := self._exact.get(target):
            return found
        sent = target[:_LONGEST].lower()
        forms = {sent, unquote_to_bytes(sent).lower()}
        for begins, contains, entry in self._patterns:
            if any(form.startswith(begins) or any(text in form for text in contains) for form in forms):
                return entry
        stem = sent.rstrip(_DIGITS)
        return self._exact.get(stem) if stem and b"/" not in stem else None


@cache
def dictionary(channel: Channel) -> Dictionary:
    raw = _read(FILES[channel])
    return Dictionary(raw["version"], msgspec.convert(raw["entry"], list[_Written]))


@cache
def facts() -> Facts:
    return msgspec.convert(_read("facts.toml"), Facts)


@cache
def advice() -> dict[str, Words]:
    return msgspec.convert(_read("advice.toml")["advice"], dict[str, Words])


@cache
def usual_check(channel: Channel) -> Words:
    """What to check for a target that no entry fits. The only home of these words: findings, pages and feeds say them."""
    return msgspec.convert(_read("advice.toml")["any"], dict[str, Words])[channel]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))


def _resolved(one: _Written, check: str) -> Entry:
    """Names become what they stand for; a name that isn't there is a KeyError, which a test finds."""
    replace = msgspec.structs.replace
    return Entry(
        key=(one.kinds or one.contains or one.begins)[0],
        kinds=one.kinds,
        service=one.service,
        abuse=one.abuse,
        check=advice()[check],
        malware=tuple(replace(facts().malware[name], name=name) for name in one.malware),
        advisories=tuple(replace(facts().advisories[id_], id=id_) for id_ in one.advisories),
        see=one.see,
        group=one.group,
    )
