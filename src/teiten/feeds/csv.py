# SPDX-License-Identifier: Apache-2.0
"""The attention list as CSV (RFC 4180, UTF-8): every cell quoted, none that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
from typing import Final

from teiten import texts
from teiten.publication.document import Document, Feed
from teiten.publication.view import Finding

COLUMNS: Final = (
    *(
        "id",
        "channel",
        "target",
        "level",
        "states",
        "since_on",
        "raised_on",
        "last_on",
        "accesses",
        "sources",
        "sensors",
        "of_sensors",
        "part_of_sensors",
    ),
    *("rule", "days", "networks", "usual", "ratio", "regions", "page"),
)
LONGEST: Final = 32_000  # what a cell of the usual spreadsheets holds
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(document: Document) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for item in document.attention:
        writer.writerow([safe(value) for value in _cells(document, item)])
    return out.getvalue().encode()


def _cells(document: Document, item: Finding) -> list[object]:
    regions = " ".join(f"{region.key}:{region.sources}" for region in item.regions if region.sources is not None)
    return [
        *(item.id, item.channel, item.target, item.level, " ".join(item.states), item.since_on, item.raised_on, item.last_on),
        *(item.accesses, item.sources, item.sensors, item.live, item.reach, item.rule, f"{item.days:g}", item.networks, item.usual, item.ratio),
        *(regions, document.page_of(item)),
    ]


def safe(value: object) -> str:
    """Text without anything that hides or moves; an apostrophe before what looks like a formula. Withheld counts are empty."""
    shown = "" if value is None else texts.visible(str(value), LONGEST)
    return "'" + shown if shown.lstrip(" ").startswith(_FORMULA) else shown


FEEDS: Final = (Feed("CSV", "feeds/attention.csv", "text/csv; charset=utf-8", "feeds.csv", write),)
