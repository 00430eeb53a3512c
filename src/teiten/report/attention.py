# SPDX-License-Identifier: Apache-2.0
"""The month's items of attention and risk, from the book of findings. A month before the first tick of the detectors has none, and says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from teiten.clock import day_of
from teiten.findings.model import Finding
from teiten.model import Period
from teiten.report.facts import Attention
from teiten.report.gather import Shown


def attention_of(findings: Sequence[Finding], period: Period, zone: ZoneInfo, group: str | None, channel: str, shown: Shown) -> tuple[Attention, ...]:
    """Findings opened in the period, attention first, then the strongest."""
    chosen = [
        (finding, day_of(finding.opened_at, zone))
        for finding in findings
        if finding.channel == channel
        and (group is None or finding.group in ("", group))
        and period.from_on <= day_of(finding.opened_at, zone) < period.to_on
    ]
    chosen.sort(key=lambda one: (one[0].highest != "attention", -one[0].best_score, one[0].target))
    return tuple(Attention(shown(channel, finding.target), channel, finding.highest, on) for finding, on in chosen)
