# SPDX-License-Identifier: Apache-2.0
"""The trend marks beside the targets of a page, from the store. About the spread of sources, never about volume (A-02, M-12).

A mark is recomputed from forty complete days each time and keeps no state, so that any past page can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final

from teiten.detectors.trend import DailySpread, Mark, standing_mark
from teiten.model import Period
from teiten.questions.observation import observed_sensors
from teiten.questions.spread import daily_spread
from teiten.store.interface import Store

_fitted = lru_cache(maxsize=20_000)(standing_mark)  # the same series has the same mark: pages made again and lists of one window share it
LOOK_BACK_DAYS: Final = 40  # an arrow that has held longer than this is earned by the last twenty days anyway


class StoreMarks:
    """Callable as `site.asking.Marks`: the marks after the last day of the period."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, period: Period, channel: str, group: str | None, targets: Sequence[bytes]) -> Mapping[bytes, Mark]:
        if not targets:
            return {}
        history = Period(period.to_on - timedelta(days=LOOK_BACK_DAYS), period.to_on)
        observed = observed_sensors(self._store, history, group=group, channel=channel)
        spread = daily_spread(self._store, history, channel, group, targets)
        days = history.dates()
        live = tuple(float(observed.get(day, 0)) for day in days)
        return {target: _fitted(DailySpread(tuple(spread.get(target, {}).get(day, 0) for day in days), live)) for target in dict.fromkeys(targets)}
