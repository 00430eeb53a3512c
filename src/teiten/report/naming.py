# SPDX-License-Identifier: Apache-2.0
"""Names and inks of targets and regions: one name and one colour for each, through the whole report. Targets become text in here only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from teiten import texts
from teiten.dictionary.entries import Entry, dictionary
from teiten.drawing.palette import REST, UNKNOWN, Ink, Inks
from teiten.drawing.source_map import places
from teiten.report import facts as known
from teiten.report.facts import Facts, Share
from teiten.report.wording import Wording

TOP: Final = 10
REGIONS: Final = 8
_LIMIT: Final = 200
# CLDR's names of these two are too long for a figure
_REGION_NAMES: Final = {"HK": ("香港", "Hong Kong"), "MO": ("マカオ", "Macao"), "US": ("米国", "United States")}
_SHORT: Final = 26  # full-width characters count twice


def top_keys(facts: Facts, part: str, n: int) -> list[bytes]:
    """Keys that any figure shows, the month's most frequent first: they get the inks that are easiest to tell apart."""
    shares: list[Share] = []
    for month in reversed(facts.months):
        breakdown = month.targets if part == "targets" else month.regions
        for measure in known.MEASURES:
            shares += breakdown.top(measure, n)
    return list(dict.fromkeys(share.key for share in shares))


def single_target_regions(facts: Facts) -> list[bytes]:
    """Regions that are frequent for one target only, in the figures of topics and of the leading target."""
    found: list[bytes] = []
    for days in (*(surge.by_region for surge in facts.surges), facts.leading):
        sums: dict[bytes, int] = {}
        for day in days:
            for key, (accesses, sources) in day.shares.items():
                sums[key] = sums.get(key, 0) + accesses + sources
        found += sorted((key for key in sums if key != known.UNKNOWN), key=lambda key: (-sums[key], key))[:REGIONS]
    return list(dict.fromkeys(found))


_BRACKETS: Final = re.compile(r"\(.*?\)")


class Naming:
    def __init__(self, facts: Facts, wording: Wording) -> None:
        self._wording = wording
        self._on = facts.month.to_on
        self._channel = facts.channel
        self._targets = Inks(self.target(key) for key in top_keys(facts, "targets", TOP))
        self._regions = Inks(self.region(key) for key in [*top_keys(facts, "regions", TOP), *single_target_regions(facts)])

    def target(self, key: bytes) -> str:
        return target_name(self._wording, self._channel, key)

    def short(self, key: bytes) -> str:
        """For the axis of a figure, where a long name would take the room of the bars."""
        return clipped(self.target(key), _SHORT)

    def region(self, key: bytes) -> str:
        return region_name(self._wording, key)

    def target_ink(self, key: bytes) -> Ink:
        return self._targets.of(self.target(key))

    def region_ink(self, key: bytes) -> Ink:
        return UNKNOWN if key == known.UNKNOWN else self._regions.of(self.region(key))

    def entry(self, key: bytes) -> Entry | None:
        """What the dictionary says of a port kind, for running text; other channels' targets speak for themselves."""
        return self.notes(key) if self._channel == "packet" else None

    def notes(self, key: bytes) -> Entry | None:
        """What the dictionary says of a target of any channel."""
        found = dictionary(self._channel).of(key) if key != known.WITHHELD else None
        return found.at(self._on) if found else None

    def service(self, key: bytes) -> str:
        """For running text: without what stands in brackets, since it will stand in brackets itself."""
        entry = self.entry(key)
        if entry is None:
            return self._wording.word("unnamed_service")
        return _BRACKETS.sub("", entry.service.of(self._wording.language)).strip()

    def kinds(self, keys: Sequence[bytes]) -> str:
        return self._wording.list_of([self.target(key) for key in keys])


def target_name(wording: Wording, channel: str, key: bytes) -> str:
    """The name of a target of any channel. Targets become text here only."""
    if key == known.WITHHELD:
        return wording.word("withheld")
    if channel == "packet" and key.endswith(b"/icmp"):
        name = texts.visible(key[: -len(b"/icmp")], _LIMIT)
        return f"{name[:1].upper()}{name[1:]}{'' if wording.language == 'ja' else ' '}(ICMP)"
    return texts.visible(key, _LIMIT)


def region_name(wording: Wording, key: bytes) -> str:
    if key in (known.UNKNOWN, known.WITHHELD):
        return wording.word("unknown" if key == known.UNKNOWN else "other_short")
    code = texts.visible(key, 8)
    if code in _REGION_NAMES:
        return _REGION_NAMES[code][wording.language == "en"]
    place = places().get(code)
    return code if place is None else place.ja if wording.language == "ja" else place.en


def clipped(name: str, limit: int) -> str:
    width = 0
    for place, char in enumerate(name):
        width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if width > limit:
            return name[: max(1, place - 1)] + "…"
    return name


def rest_ink() -> Ink:
    return REST


def distinct(names: Iterable[str]) -> list[str]:
    """The same names, numbered where two are alike, so that a figure keeps them apart."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
