# SPDX-License-Identifier: Apache-2.0
"""Finding damaged parts and making again what the undamaged ones still tell. Damaged files are moved, never deleted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from teiten.store import relations
from teiten.store.catalogue import Contents, Part
from teiten.store.lake import fault
from teiten.store.schema import PAIRS
from teiten.store.sealing import Draft, draft_summaries


class Fault(msgspec.Struct, frozen=True):
    """A damaged part and what is wrong with it: missing, size, checksum or unreadable."""

    part: Part
    reason: str

    def __str__(self) -> str:
        return f"{self.part.path}: {self.reason}"


def find(folder: Path, parts: Iterable[Part]) -> list[Fault]:
    checked = ((part, fault(folder, part)) for part in parts if part.state == "live")
    return [Fault(part, reason) for part, reason in checked if reason]


def draft(connection: Any, folder: Path, contents: Contents, day: date) -> Draft | None:
    """New pairs and rollup for a day that lost one of them: from its pairs, or else from its rows if these are complete."""
    pairs, rows = contents.live("pairs").get(day), contents.live("rows").get(day)
    if pairs and contents.live("rollup").get(day):
        return None
    if pairs:
        source = relations.parquet([str(folder / part.path) for part in pairs], PAIRS)
    elif rows and day not in contents.without_rows():
        paths = [str(folder / part.path) for part in rows]
        source = relations.pairs_of(relations.parquet(paths, "*"))
    else:
        return None
    return Draft(day, None, 0, draft_summaries(connection, folder, day, source))


def remove_retired(connection: Any, folder: Path) -> None:
    """Files of replaced parts that an earlier process had no time to remove."""
    for (path,) in connection.execute("select path from parts where state = 'retired'").fetchall():
        (folder / path).unlink(missing_ok=True)
    connection.execute("delete from parts where state = 'retired'")
