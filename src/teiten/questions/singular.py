# SPDX-License-Identifier: Apache-2.0
"""Sources that came once and never again: one access, at one sensor, for one target."""

from __future__ import annotations

from teiten.model import Period
from teiten.questions.filters import period_filters
from teiten.questions.observation import ACCESS
from teiten.store.interface import Store


def single_sources(store: Store, period: Period, *, channel: str, group: str | None = None) -> dict[bytes, dict[str, int]]:
    """For each target and sensor, how many sources of the period made one access and no other in the channel."""
    chosen, parameters = period_filters(period, channel=channel, category=ACCESS, group=group)
    found: dict[bytes, dict[str, int]] = {}
    for target, sensor, sources in store.ask("single_sources", parameters, {"filters": chosen}):
        found.setdefault(target, {})[sensor] = sources
    return found
