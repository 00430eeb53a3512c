# SPDX-License-Identifier: Apache-2.0
"""The pages and their order: first the seven of the menu as MUSTAN had them (M-03), then what else there is."""

from __future__ import annotations

from typing import Final, NamedTuple


class Entry(NamedTuple):
    """A page: its place, its texts' key, its template, and the channel a list is about. `inside`: the operator's only."""

    place: str
    key: str
    template: str
    channel: str | None = None
    inside: bool = False


MENU: Final = (
    Entry("", "top", "top.html"),
    Entry("attention", "attention", "findings.html"),
    Entry("risk", "risk", "findings.html"),
    Entry("ports", "list.packet", "list.html", "packet"),
    Entry("urls", "list.web", "list.html", "web"),
    Entry("accounts", "list.ssh", "list.html", "ssh"),
    Entry("mail", "list.mail", "list.html", "mail"),
)
MORE: Final = (
    Entry("check", "check", "check.html"),
    Entry("search", "search", "search.html"),
    Entry("new", "fresh", "fresh.html"),
    Entry("map", "map", "map.html"),
    Entry("feeds", "feeds", "feeds.html"),
    Entry("reports", "reports", "reports.html"),
    Entry("definitions", "definitions", "definitions.html"),
    Entry("about", "about", "about.html"),
    Entry("sources", "sources", "sources.html", inside=True),
    Entry("sensors", "sensors", "sensors.html", inside=True),
    Entry("imports", "imports", "imports.html", inside=True),
    Entry("markers", "markers", "markers.html", inside=True),
    Entry("mutes", "mutes", "mutes.html", inside=True),
)
DETAIL: Final = Entry("detail", "detail", "detail.html")
SOURCE: Final = Entry("source", "source", "source.html", inside=True)
PUBLISHED_BY_CHANNEL: Final = frozenset(("attention", "risk", "fresh", "map"))  # of the public's pages, which are files
BY_CHANNEL: Final = frozenset(("attention", "risk", "fresh", "search", "map", "sources", "sensors"))  # pages that can be about one channel
PLACES: Final = {entry.channel: entry.place for entry in MENU if entry.channel}


def entries(inside: bool) -> tuple[Entry, ...]:
    return (*MENU, *(entry for entry in MORE if inside or not entry.inside))
