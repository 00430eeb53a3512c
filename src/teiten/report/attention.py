# SPDX-License-Identifier: Apache-2.0
"""A period's items of attention and risk, from the book of findings. A period before the first tick of the detectors has none, and says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from teiten.clock import day_of
from teiten.findings.model import Finding
from teiten.model import Period
from teiten.report.facts import Attention
from teiten.report.showing import Showing
from teiten.store.interface import Store

MOST = 100  # more can't be told in a report


def attention_of(
    store: Store, findings: Sequence[Finding], period: Period, zone: ZoneInfo, group: str | None, channel: str | None, showing: Showing
) -> tuple[Attention, ...]:
    """Findings opened in the period on targets that may be named, attention first, then the strongest. `channel` None: of all channels."""
    chosen = [
        (finding, day_of(finding.opened_at, zone))
        for finding in findings
        if channel in (None, finding.channel)
        and (group is None or finding.group in ("", group))
        and period.from_on <= day_of(finding.opened_at, zone) < period.to_on
    ]
    chosen.sort(key=lambda one: (one[0].highest != "attention", -one[0].best_score, one[0].target))
    chosen = chosen[:MOST]
    channels = {finding.channel for finding, _ in chosen}
    named = {name: showing.namable(store, period, name, group, [f.target for f, _ in chosen if f.channel == name]) for name in channels}
    return tuple(Attention(f.target, f.channel, f.highest, on) for f, on in chosen if f.target in named[f.channel])
