# SPDX-License-Identifier: Apache-2.0
"""Findings for programs, one file for each format; each module has `FEEDS`. They get a Document and give bytes, and know nothing else."""

from __future__ import annotations

import importlib
from typing import Final

from teiten.publication.document import Feed

FORMATS: Final[dict[str, str]] = {
    "xml": "teiten.feeds.xml",
    "json": "teiten.feeds.json",
    "csv": "teiten.feeds.csv",
    "atom": "teiten.feeds.atom",
}


def all_feeds() -> tuple[Feed, ...]:
    return tuple(feed for module in FORMATS.values() for feed in importlib.import_module(module).FEEDS)
