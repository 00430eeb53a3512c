# SPDX-License-Identifier: Apache-2.0
"""From how many networks a target was met, without sources that survey everything. What marks and detectors are computed from.

A network is an IPv4 /24 or IPv6 /48. A source is broad on a day on which it met many targets of the channel, at any sensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from teiten.model import Period
from teiten.questions.filters import period_filters
from teiten.questions.observation import ACCESS
from teiten.store.interface import Store

# Targets on one day from which a source is broad. Accounts and subjects have no such rule: one dictionary holds hundreds of them.
# On real sensors such sources are 0.07 % of all, yet 38 % of those on rarely met ports.
BROAD: Final[dict[str, int]] = {"packet": 20, "web": 50}
NEVER_BROAD: Final = 1_000_000_000


def daily_spread(
    store: Store, period: Period, channel: str, group: str | None = None, targets: Sequence[bytes] | None = None
) -> dict[bytes, dict[date, int]]:
    """Clean networks of each target and day; days and targets without any are absent. `targets` None: all of the channel."""
    if targets is not None and not targets:
        return {}
    chosen, parameters = period_filters(period, channel=channel, category=ACCESS, group=group)
    everywhere, _ = period_filters(period, channel=channel, category=ACCESS)
    slots = {"filters": chosen if targets is None else f"{chosen} targets", "everywhere": everywhere}
    rows = store.ask("daily_spread", {**parameters, "wanted": listed(targets or ()), "broad": BROAD.get(channel, NEVER_BROAD)}, slots)
    found: dict[bytes, dict[date, int]] = {}
    for target, day, networks in rows:
        found.setdefault(target, {})[day] = networks
    return found


def listed(targets: Sequence[bytes]) -> tuple[bytes, ...]:
    """The list as a parameter: each once and in order, so that the same targets are the same question."""
    return tuple(sorted(set(targets)))
