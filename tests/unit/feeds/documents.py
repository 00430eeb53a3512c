# SPDX-License-Identifier: Apache-2.0
"""Attention documents for tests: an ordinary one, and one for each thing a stranger may send as a target."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from teiten import texts
from teiten.model import Period
from teiten.publication.document import Document
from teiten.publication.findings import Level
from teiten.publication.view import Counted, Finding, target_id


def finding(target: bytes, number: int = 0, level: Level = "attention", channel: str = "web") -> Finding:
    return Finding(
        id=f"f{number}", target_id=target_id(channel, target), channel=channel, target=texts.lossless(target), level=level,
        states=("new", "becoming"), since_on=date(2026, 8, 18), raised_on=date(2026, 8, 19), last_on=date(2026, 8, 20), days=0.5,
        networks=44, usual=None, ratio=9.0, sensors=None, live=None, reach="half", rule="rise-1", accesses=130, sources=None,
        regions=(Counted("JP", 100, 30), Counted("other", None, None)),
    )  # fmt: skip


def document(items: Iterable[Finding], name: str = "Teiten", address: str = "https://observation.example") -> Document:
    return Document(
        name=name, address=address, policy="public", made_on=date(2026, 8, 22), as_of=date(2026, 8, 21),
        period=Period(date(2026, 8, 10), date(2026, 8, 21)), zone="Asia/Tokyo", region_data_on=date(2026, 8, 1), items=tuple(items),
    )  # fmt: skip
