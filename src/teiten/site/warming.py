# SPDX-License-Identifier: Apache-2.0
"""Asks what the pages of today ask, so that the store keeps the answers before a reader comes: after days were sealed, and after a start."""

from __future__ import annotations

from datetime import date
from typing import Final

from teiten.model import CHANNELS
from teiten.site.asking import Asker, Marks
from teiten.site.lookup import Lookup
from teiten.site.muting import NOTHING_MUTED
from teiten.site.requests import View
from teiten.site.sources import StoreSources
from teiten.site.top import list_page, top_page

MOST_GROUPS: Final = 5  # of many groups the first ones by name; the others' first readers wait for the engine


def warm(ask: Asker, lookup: Lookup, marks: Marks | None, today: date, sources: StoreSources | None = None) -> None:
    """The first page, the lists, the new targets, the map and the sources, for all groups together and for each. What is kept costs nothing."""
    groups = sorted({sensor.group for sensor in ask.sensors()})
    for group in (None, *(groups[:MOST_GROUPS] if len(groups) > 1 else ())):
        view = View(group, today, today)
        top_page(ask, view, marks, lookup.findings(view))
        lookup.regions(view)
        lookup.about(view)
        lookup.search(b"0", view)
        if sources:
            sources.most_active(view, NOTHING_MUTED)
        for channel in CHANNELS:
            list_page(ask, view, channel, marks)
            lookup.fresh(channel, view)
