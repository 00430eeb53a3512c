# SPDX-License-Identifier: Apache-2.0
"""Which reports are due: of the month, week and day that were over last, once each, from the configured hour on. Missed ones are made up for.

Pure but for looking whether a report's folder is there. Older ones than the last are made by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Final

import msgspec

from teiten.model import Period
from teiten.report.periods import KINDS, Kind, Span, last_complete
from teiten.report.settings import ReportSettings

_DAY_HOURS: Final = 24


class Shelf(msgspec.Struct, frozen=True):
    """Where reports of one policy stand, and how old their newest day must be."""

    policy: str
    folder: Path
    delay_hours: int


class Due(msgspec.Struct, frozen=True):
    span: Span
    policy: str


def due(now: datetime, settings: ReportSettings, shelves: Sequence[Shelf], observed: Callable[[Period], bool]) -> list[Due]:
    """`now` in the zone of the days. A period in which nothing was observed gets no report by itself."""
    found = []
    for kind in KINDS:
        for shelf in shelves if _wanted(kind, settings) else ():
            late = timedelta(days=ceil(shelf.delay_hours / _DAY_HOURS))
            span = last_complete(kind, now.date() - late)
            first = span.period.to_on + late
            early = now.date() == first and now.hour < settings.hour
            if not early and not (shelf.folder / span.name).exists() and observed(span.period):
                found.append(Due(span, shelf.policy))
    return found


def _wanted(kind: Kind, settings: ReportSettings) -> bool:
    return {"month": settings.monthly, "week": settings.weekly, "day": settings.daily}[kind]
