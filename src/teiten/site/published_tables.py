# SPDX-License-Identifier: Apache-2.0
"""The tables under the public's figures as files: the same rows of the same view as CSV. An empty count was withheld as too small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from teiten.model import CHANNELS
from teiten.publication.view import Counted, Day, Listed, View
from teiten.site.tabular import table

_LISTED: Final = ("channel", "rank", "target", "mark", "accesses", "sources", "sensors", "reach", "first_on", "id")
_REGIONS: Final = ("region", "sources", "accesses")
_SERIES: Final = ("channel", "day", "observed", "sources", "accesses")


def places(view: View) -> Iterator[str]:
    """Paths below /api/."""
    yield from ("series.csv", "new.csv", "regions.csv")
    for channel in CHANNELS:
        yield from (f"lists/{channel}.csv", f"regions/{channel}.csv")
    for one in view.targets:
        yield from (f"targets/{one}.csv", f"targets/{one}/regions.csv")


def content(view: View, place: str) -> bytes | None:
    """None: there is no such table; for a target that is withheld and for one that never was, alike."""
    kind, _, name = place.removesuffix(".csv").partition("/")
    if not place.endswith(".csv"):
        return None
    if not name:
        return _whole(view, kind)
    if kind in ("lists", "regions"):
        if name not in CHANNELS:
            return None
        return _listed(view.lists[name]) if kind == "lists" else _regions(view.channel_regions.get(name, ()))
    one, _, part = name.partition("/")
    found = view.targets.get(one) if kind == "targets" and part in ("", "regions") else None
    if found is None:
        return None
    return _regions(found.regions) if part else _days(found.days)


def _whole(view: View, kind: str) -> bytes | None:
    if kind == "series":
        rows = [{"channel": name or "all", **_day(day)} for name, days in view.series.items() for day in days]
        return table(rows, _SERIES)
    if kind == "new":
        return _listed(row for channel in CHANNELS for row in view.fresh.get(channel, ()))
    return _regions(view.regions) if kind == "regions" else None


def _listed(rows: Iterable[Listed]) -> bytes:
    return table([{name: getattr(row, name) for name in _LISTED} for row in rows], _LISTED)


def _regions(rows: Sequence[Counted]) -> bytes:
    return table([{"region": row.key, "sources": row.sources, "accesses": row.accesses} for row in rows], _REGIONS)


def _days(days: Sequence[Day]) -> bytes:
    return table([_day(day) for day in days], _SERIES[1:])


def _day(day: Day) -> Mapping[str, Any]:
    """A day that nobody observed has no counts: nothing is known of it."""
    counts = {"sources": day.sources, "accesses": day.accesses} if day.observed else {"sources": None, "accesses": None}
    return {"day": day.day, "observed": "yes" if day.observed else "no", **counts}
