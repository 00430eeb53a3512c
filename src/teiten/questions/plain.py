# SPDX-License-Identifier: Apache-2.0
"""Answers as plain objects for JSON, CSV and tables: one form for the shell, the site's data links and a running node's socket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from teiten import addresses, texts
from teiten.questions.interface import By, Count


def plain(counts: Sequence[Count], by: By | None) -> list[dict[str, Any]]:
    """One object per row: the `by` key (bytes in the lossless form of texts.py, addresses and times as text) and the three counts."""
    return [_row(count, by) for count in counts]


def _row(count: Count, by: By | None) -> dict[str, Any]:
    counts = {"accesses": count.accesses, "sources": count.sources, "sensors": count.sensors}
    return counts if by is None else {by: _key(count.key, by), **counts}


def _key(key: bytes | str | date | None, by: By) -> str:
    if isinstance(key, bytes):
        return addresses.unpack(key) if by == "source" else texts.lossless(key)
    if isinstance(key, datetime):
        return key.isoformat(timespec="minutes")
    return str(key)
