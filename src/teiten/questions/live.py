# SPDX-License-Identifier: Apache-2.0
"""The newest accesses for a live list, and the state of the store. Never a credential, never content."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import msgspec

from teiten.questions.filters import open_period
from teiten.questions.observation import ACCESS
from teiten.store.interface import Store

_FIRST_LOOK_DAYS: Final = 2


class Seen(msgspec.Struct, frozen=True):
    """One row as an operator's list shows it."""

    observed_at: int  # microseconds UTC
    sensor: str
    channel: str
    kind: str
    category: str
    source: bytes
    region: str  # "" when unknown
    target: bytes
    times: int
    source_port: int | None
    destination_port: int | None
    protocol: str
    handshake: bool
    account: bytes | None
    client: bytes | None
    request: bytes | None
    size: int | None
    encrypted: bool
    session: str | None
    outcome: str | None


def latest(
    store: Store,
    n: int,
    *,
    channel: str | None = None,
    group: str | None = None,
    sensor: str | None = None,
    target: bytes | None = None,
    source: bytes | None = None,
    category: str | None = ACCESS,
    from_on: date | None = None,
    to_on: date | None = None,
) -> list[Seen]:
    """The newest `n` rows, newest first; rows that retention dropped are not among them. Looks at few days first, since the newest are there."""
    asked = {"channel": channel, "category": category, "sensor": sensor, "group": group, "target": target, "source": source}
    days = [day for day in store.days() if (from_on is None or day >= from_on) and (to_on is None or day < to_on)]
    found: list[Seen] = []
    looked = _FIRST_LOOK_DAYS
    while days and len(found) < n:
        chosen, parameters = open_period(days[-looked:][0], days[-1] + timedelta(days=1), **asked)
        found = [Seen(*row) for row in store.ask("latest", {**parameters, "top": n}, {"filters": chosen})]
        if looked >= len(days):
            break
        looked *= 8
    return found


def status(store: Store) -> dict[str, Any]:
    """As the store tells it; see docs/operation.md for the meaning of each entry."""
    return store.status()


def clock_errors(store: Store) -> dict[str, int]:
    """For each sensor with rows on the newest day: the shortest time from an observation to its receipt, microseconds.

    Below zero its clock is ahead of the centre's by at least so much; above, it is behind by at most so much.
    """
    days = store.days()
    chosen, parameters = open_period(days[-1], None) if days else ("", {})
    return dict(store.ask("clocks", parameters, {"filters": chosen})) if days else {}
