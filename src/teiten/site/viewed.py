# SPDX-License-Identifier: Apache-2.0
"""The public's answers, from the view alone: no store is within reach of this code or of the process that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from teiten import texts
from teiten.model import CHANNELS
from teiten.publication.view import Counted, Finding, Listed, Target, target_id
from teiten.publication.view import View as PublicView
from teiten.questions.counts import Network
from teiten.site.figures import figure, sparkline
from teiten.site.lookup import FOUND, About, Fresh, Known
from teiten.site.requests import View
from teiten.site.top import REGIONS, TOP, URGENT, DayRow, Panel, TargetRow, TargetTable

ORDER: Final = ("packet", "ssh", "web", "mail")


class ViewLookup:
    """A Lookup over one view; dates and groups are the view's, whatever is asked."""

    def __init__(self, view: PublicView) -> None:
        self._view = view

    def about(self, view: View) -> About:
        seen = self._view
        return About(seen.period, seen.as_of, seen.region_data_on, seen.observed, seen.sensors)

    def target(self, channel: str, target: bytes, view: View) -> Target | None:
        return self._view.targets.get(target_id(channel, target))

    def findings(self, view: View) -> Sequence[Finding]:
        return self._view.findings

    def fresh(self, channel: str, view: View) -> Fresh:
        return Fresh(self._view.fresh.get(channel, ()), 0)

    def search(self, text: bytes, view: View) -> list[Known]:
        wanted = texts.lossless(text).casefold()
        rows = (row for channel in CHANNELS for row in self._view.lists.get(channel, ()))
        return [_known(row) for row in rows if wanted and wanted in row.target.casefold()][:FOUND]

    def known(self, channel: str, targets: Sequence[bytes], view: View) -> dict[bytes, Known]:
        found = {target: self._view.targets.get(target_id(channel, target)) for target in targets}
        return {target: _known(one.listed) for target, one in found.items() if one}

    def regions(self, view: View) -> Sequence[Counted]:
        return self._view.channel_regions.get(view.channel, ()) if view.channel else self._view.regions

    def networks(self, view: View) -> Sequence[Network]:
        return ()


def top_of(view: PublicView) -> dict[str, Any]:
    """The first page's values, as top.top_page gives them to the operator."""
    return {
        "total": view.total,
        "per_day": view.per_day,
        "regions": view.regions[:REGIONS],
        "in_window": view.channels,
        "panels": [Panel(name or None, figure(days, "sources"), figure(days, "accesses")) for name, days in view.series.items()],
        "days": [DayRow(row[0].day, row[0], list(row[1:])) for row in zip(*(view.series[name] for name in ("", *CHANNELS)), strict=True)],
        "tables": [TargetTable(channel, _rows(view.lists[channel][:TOP])) for channel in ORDER],
        "urgent": view.findings[:URGENT],
        "urgent_all": len(view.findings),
        "urgent_muted": 0,
        "marked": True,
    }


def list_of(view: PublicView, channel: str) -> dict[str, Any]:
    return {
        "table": TargetTable(channel, _rows(view.lists[channel])),
        "sparks": [sparkline([day.sources for day in view.targets[row.id].days]) for row in view.lists[channel]],
        "total": view.channels[channel],
        "other": view.others[channel],
        "limit": len(view.lists[channel]),
        "marked": True,
    }


def _rows(listed: Sequence[Listed]) -> list[TargetRow]:
    return [TargetRow(row.channel, row.rank, row.mark, row.target, row.accesses, row.sources, row.sensors, row.reach, None, row.id) for row in listed]


def _known(row: Listed) -> Known:
    return Known(row.channel, row.target, row.first_on, None, row.accesses, row)
