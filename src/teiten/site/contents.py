# SPDX-License-Identifier: Apache-2.0
"""What the pages about findings, targets, searches and definitions say: asks a Lookup and hands finished values to the templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from teiten import addresses, texts
from teiten.columns import COLUMNS
from teiten.drawing.source_map import HEIGHT, WIDTH, outline, placed, scattered
from teiten.publication.document import Feed
from teiten.publication.view import Counted, Target
from teiten.site.checking import MOST_ENTRIES, Entry, entries
from teiten.site.figures import Figure, figure
from teiten.site.finished import FinishedReports
from teiten.site.lookup import About, Known, Lookup
from teiten.site.muting import NOTHING_MUTED, Mutes, apart
from teiten.site.requests import View

FRESH_CHANNELS: Final = ("web", "ssh", "packet", "mail")
LONGEST_SEARCH: Final = 200
# Definitions a reader meets on the pages; docs/ontology.md is their home.
DEFINITIONS: Final = (
    *("sensor", "channel", "target", "access", "source", "network", "region", "day", "window", "per_day", "rank", "mark", "finding"),
    *("attention", "risk", "new", "active", "becoming", "coverage"),
)


class Drawn(msgspec.Struct, frozen=True):
    """A map: circles, largest first, and how many regions or networks have no place on it."""

    circles: list[Any]
    unplaced: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def land(self) -> str:
        return outline()


class Answer(msgspec.Struct, frozen=True):
    """What is known of one line of a self-check."""

    entry: Entry
    found: list[Known]


def drawn(regions: Sequence[Counted]) -> Drawn:
    sized = [(row.key, row.sources or 0) for row in regions]
    circles = placed(sized)
    return Drawn(circles, len([key for key, sources in sized if sources]) - len(circles))


def findings_page(lookup: Lookup, view: View, level: str, mutes: Mutes = NOTHING_MUTED) -> dict[str, Any]:
    """M-14 (attention), M-16 (risk): most urgent first."""
    found = (finding for finding in lookup.findings(view) if finding.level == level and view.channel in (None, finding.channel))
    shown, muted = apart(mutes, found)
    return {"level": level, "period": view.period, "findings": shown, "muted": muted, "about": lookup.about(view)}


def fresh_page(lookup: Lookup, view: View, mutes: Mutes = NOTHING_MUTED) -> dict[str, Any]:
    """M-17, M-18, A-07, A-08."""
    found = [(channel, lookup.fresh(channel, view)) for channel in FRESH_CHANNELS if view.channel in (None, channel)]
    parted = [(channel, *apart(mutes, fresh.rows), fresh.rest) for channel, fresh in found]
    return {
        "period": view.period,
        "tables": [(channel, shown, rest) for channel, shown, _, rest in parted],
        "muted": [pair for _, _, muted, _ in parted for pair in muted],
        "about": lookup.about(view),
    }


def search_page(lookup: Lookup, view: View, asked: str) -> dict[str, Any]:
    """M-19. An answer for what is withheld and for what was never seen is the same, byte for byte."""
    text = asked.strip()[:LONGEST_SEARCH]
    found = lookup.search(texts.parse(text), view) if text else []
    return {"asked": text, "found": found, "source": _address(text), "about": lookup.about(view), "period": view.period}


def _address(text: str) -> bytes | None:
    try:
        return addresses.pack(text)
    except ValueError:
        return None


def check_page(lookup: Lookup, view: View, pasted: str | None) -> dict[str, Any]:
    """U-41, M-17, M-18, M-21; nothing of what was pasted outlives the answer."""
    asked = entries(pasted) if pasted else []
    by_channel: dict[str, list[bytes]] = {}
    for entry in asked:
        for channel, target in entry.targets:
            by_channel.setdefault(channel, []).append(target)
    known = {channel: lookup.known(channel, targets, view) for channel, targets in by_channel.items()}
    answers = [Answer(entry, [known[c][t] for c, t in entry.targets if t in known[c]]) for entry in asked]
    return {"pasted": pasted, "answers": answers, "most": MOST_ENTRIES, "about": lookup.about(view), "period": view.period}


def detail_page(lookup: Lookup, view: View, channel: str, target: bytes) -> dict[str, Any]:
    """M-15, M-21. `found` None: not in the window, or withheld."""
    found = lookup.target(channel, target, view)
    return {"channel": channel, "target": target, "period": view.period, "about": lookup.about(view), **target_parts(found)}


def target_parts(found: Target | None) -> dict[str, Any]:
    if found is None:
        return {"found": None, "figures": [], "map": None}
    figures: list[Figure] = [figure(found.days, "sources"), figure(found.days, "accesses")]
    return {"found": found, "figures": figures, "map": drawn(found.regions)}


def map_page(lookup: Lookup, view: View, by: str = "") -> dict[str, Any]:
    """M-24. `by` "network": circles for networks, in the region where each is registered."""
    told = {"period": view.period, "about": lookup.about(view), "by": by}
    if by == "network":
        networks = lookup.networks(view)
        circles = scattered((row.network, row.region, row.sources) for row in networks)
        return told | {"networks": networks, "map": Drawn(circles, len(networks) - len(circles))}
    regions = lookup.regions(view)
    return told | {"regions": regions, "map": drawn(regions)}


def about_page(about: About) -> dict[str, Any]:
    return {"about": about, "period": about.period}


def definitions_page(inside: bool) -> dict[str, Any]:
    """The data dictionary is made from the table that makes the schema. Fields that are the operator's alone are told to the operator alone."""
    return {"definitions": DEFINITIONS, "columns": [column for column in COLUMNS if inside or column.privacy == "open"]}


def feeds_page(feeds: Sequence[Feed], address: str) -> dict[str, Any]:
    return {"feeds": feeds, "address": address}


def reports_page(reports: FinishedReports) -> dict[str, Any]:
    return {"reports": reports.listed(), "older": reports.older}
