# SPDX-License-Identifier: Apache-2.0
"""Which sensors observed at all in a period, and on how many of its days."""

from __future__ import annotations

from datetime import date

import msgspec

from teiten.model import Period
from teiten.questions.filters import period_filters
from teiten.store.interface import Store


class Presence(msgspec.Struct, frozen=True):
    sensor: str
    days: int  # observed ones
    first_on: date
    last_on: date


def presences(store: Store, period: Period, *, group: str | None = None, channel: str | None = None) -> list[Presence]:
    """By name; sensors that did not observe on any day are absent."""
    chosen, parameters = period_filters(period, group=group, channel=channel)
    return [Presence(*row) for row in store.ask("observed_by_sensor", parameters, {"filters": chosen})]
