# SPDX-License-Identifier: Apache-2.0
"""Which sealed rows are dropped when they are too old or too many. Pairs and rollups stay, so counts stay exact; single rows are gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from teiten.store.catalogue import Contents, Part


class Retention(msgspec.Struct, frozen=True):
    """What was dropped (nothing: empty `days`) and what is kept."""

    days: tuple[date, ...]
    dropped_rows: int
    dropped_bytes: int
    kept_bytes: int


def choose(contents: Contents, before_at: int | None, keep_bytes: int | None) -> list[Part]:
    """Rows parts of days that were last written before `before_at`, and then the oldest days until the rest fits into `keep_bytes`.

    The age is that of the parts, not of the day: a log of long ago that was imported today is as fresh as what was observed today.
    """
    live = contents.live("rows")
    chosen = {day for day, parts in live.items() if before_at is not None and max(part.changed_at for part in parts) < before_at}
    if keep_bytes is not None:
        held = size(part for day in live if day not in chosen for part in live[day])
        for day in sorted(set(live) - chosen):
            if held <= keep_bytes:
                break
            held -= size(live[day])
            chosen.add(day)
    return [part for day in sorted(chosen) for part in live[day]]


def size(parts: Iterable[Part]) -> int:
    return sum(part.size for part in parts)


def report(contents: Contents, dropped: list[Part]) -> Retention:
    kept = sum(size(parts) for parts in contents.live("rows").values()) - size(dropped)
    return Retention(tuple(sorted({part.day for part in dropped})), sum(part.rows for part in dropped), size(dropped), kept)
