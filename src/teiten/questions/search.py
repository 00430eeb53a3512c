# SPDX-License-Identifier: Apache-2.0
"""Targets by a part of their text. Parts only, no patterns: the cost of a search never depends on how it is written."""

from __future__ import annotations

from teiten.model import Period
from teiten.questions.filters import period_filters
from teiten.questions.observation import ACCESS
from teiten.questions.rankings import FirstSeen
from teiten.store.interface import Store


def matching(store: Store, text: bytes, period: Period, *, channel: str | None = None, group: str | None = None, top: int = 100) -> list[FirstSeen]:
    """The `top` with most accesses of the targets that contain the text byte for byte. Nothing for an empty text."""
    if not text:
        return []
    chosen, parameters = period_filters(period, channel=channel, category=ACCESS, group=group)
    # Half-byte shifts match in hexadecimal too and are sorted out here, so a few more than asked for are fetched.
    rows = store.ask("matching", {**parameters, "wanted": text.hex().upper(), "top": top * 2}, {"filters": chosen})
    return [FirstSeen(*row) for row in rows if text in row[1]][:top]
