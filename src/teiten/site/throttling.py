# SPDX-License-Identifier: Apache-2.0
"""How often a caller may ask what costs something: a bucket for each and one for all. Bounded; keeps addresses for seconds, in memory only."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MOST_CALLERS: Final = 10_000


class Throttle:
    """`per_second` in the long run and `burst` at once for a caller; all together get `together` times as much."""

    def __init__(self, per_second: float = 2.0, burst: float = 10.0, together: float = 20.0, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._together = together
        self._now = now
        self._lock = threading.Lock()
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._all = (burst * together, now())

    def allows(self, caller: str) -> bool:
        with self._lock:
            now = self._now()
            left = self._filled(self._callers.get(caller, (self._burst, now)), now, 1.0)
            whole = self._filled(self._all, now, self._together)
            allowed = left >= 1 and whole >= 1
            spent = 1.0 if allowed else 0.0
            self._all = (whole - spent, now)
            self._callers[caller] = (left - spent, now)
            self._callers.move_to_end(caller)
            while len(self._callers) > MOST_CALLERS:
                self._callers.popitem(last=False)
            return allowed

    def _filled(self, bucket: tuple[float, float], now: float, times: float) -> float:
        left, at = bucket
        return min(self._burst * times, left + (now - at) * self._per_second * times)
