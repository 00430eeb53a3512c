# SPDX-License-Identifier: Apache-2.0
"""From a question's fields to the fixed filters and parameters of a query; a filter that isn't asked for isn't in the text."""

from __future__ import annotations

from datetime import date
from typing import Any

from teiten.model import Period

FIELDS = {"channel": "channel", "category": "category", "sensor": "sensor", "group": "group", "target": "target", "source": "source"}


def filters(**asked: Any) -> tuple[str, dict[str, Any]]:
    """The choices for the slot `filters` and their parameters; None means that nothing is asked about that field."""
    given = {name: value for name, value in asked.items() if value is not None}
    parameters = {("from_on" if name == "from_" else "to_on" if name == "to" else name): value for name, value in given.items()}
    return " ".join(["all", *("from" if name == "from_" else name for name in given)]), parameters


def period_filters(period: Period, **asked: Any) -> tuple[str, dict[str, Any]]:
    return filters(from_=period.from_on, to=period.to_on, **asked)


def open_period(from_on: date | None, to_on: date | None, **asked: Any) -> tuple[str, dict[str, Any]]:
    return filters(from_=from_on, to=to_on, **asked)
