# SPDX-License-Identifier: Apache-2.0
"""Targets by a part of their text. Parts only, no patterns: the cost of a search never depends on how it is written."""

from __future__ import annotations

from typing import Final

from teiten.model import Period
from teiten.questions.filters import period_filters
from teiten.questions.observation import ACCESS
from teiten.questions.rankings import FirstSeen
from teiten.store.interface import Store

MOST_KNOWN: Final = 50_000  # as many rows as the store keeps of one answer


def matching(store: Store, text: bytes, period: Period, *, channel: str | None = None, group: str | None = None, top: int = 100) -> list[FirstSeen]:
    """The `top` with most accesses of the targets that contain the text byte for byte. Nothing for an empty text."""
    if not text:
        return []
    known = known_targets(store, period, group=group)
    if known is not None:
        return [row for row in known if text in row.target and channel in (None, row.channel)][:top]
    chosen, parameters = period_filters(period, channel=channel, category=ACCESS, group=group)
    # Half-byte shifts match in hexadecimal too and are sorted out here, so a few more than asked for are fetched.
    rows = store.ask("matching", {**parameters, "wanted": text.hex().upper(), "top": top * 2}, {"filters": chosen, "text": "part"})
    return [FirstSeen(*row) for row in rows if text in row[1]][:top]


def known_targets(store: Store, period: Period, *, group: str | None = None) -> list[FirstSeen] | None:
    """Every target of the period, most accesses first: one question whose answer stays true until its days change, for any number of searches.

    None where there are more than MOST_KNOWN; then each search asks for itself.
    """
    chosen, parameters = period_filters(period, category=ACCESS, group=group)
    rows = store.ask("matching", {**parameters, "top": MOST_KNOWN}, {"filters": chosen, "text": "any"})
    return None if len(rows) >= MOST_KNOWN else [FirstSeen(*row) for row in rows]
