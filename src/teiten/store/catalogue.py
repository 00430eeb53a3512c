# SPDX-License-Identifier: Apache-2.0
"""Which Parquet parts belong to the store, with size and checksum, and which version of that list a reader holds.

The list lives in the database and changes in the same transaction as the rows it replaces. Files of replaced parts are removed only when
no reader holds an older version.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from teiten.errors import StoreDamaged
from teiten.store.schema import LAYOUT, TABLES

KINDS = ("rows", "pairs", "rollup")
# live: answers questions; retired: replaced, file may be gone; expired: dropped by retention; corrupt: set aside
STATES = ("live", "retired", "expired", "corrupt")


class Part(msgspec.Struct, frozen=True):
    part_id: int
    day: date
    kind: str
    path: str  # relative to the store's folder
    size: int
    hash: bytes  # BLAKE2b, 16 bytes, of the whole file
    rows: int
    state: str
    changed_at: int


class Contents(msgspec.Struct, frozen=True):
    """One version of the catalogue."""

    version: int
    parts: tuple[Part, ...]
    by_kind: dict[str, dict[date, tuple[Part, ...]]]

    def live(self, kind: str) -> Mapping[date, tuple[Part, ...]]:
        return self.by_kind[kind]

    def without_rows(self) -> dict[date, str]:
        """Days whose rows are no longer complete, and why (expired or corrupt)."""
        return {part.day: part.state for part in self.parts if part.kind == "rows" and part.state in ("expired", "corrupt")}


def arrange(version: int, parts: Iterable[Part]) -> Contents:
    kept = tuple(parts)
    by_kind: dict[str, dict[date, tuple[Part, ...]]] = {kind: {} for kind in KINDS}
    for part in kept:
        if part.state == "live":
            held = by_kind[part.kind]
            held[part.day] = (*held.get(part.day, ()), part)
    return Contents(version, kept, by_kind)


class Catalogue:
    """Reads and changes the parts table. Changes happen inside the caller's transaction; `publish` shows them to readers."""

    def __init__(self, connection: Any, folder: Path) -> None:
        self.folder = folder
        self._readers: Counter[int] = Counter()
        self._retired: list[tuple[int, Path]] = []
        self._lock = threading.Lock()
        connection.execute(TABLES)
        self._check_layout(connection)
        self.contents = self.read(connection)

    def _check_layout(self, connection: Any) -> None:
        connection.execute("insert into facts select 'layout', ? where not exists (select 1 from facts where name = 'layout')", [LAYOUT])
        connection.execute("insert into facts select 'version', 1 where not exists (select 1 from facts where name = 'version')")
        self.layout: int = connection.execute("select value from facts where name = 'layout'").fetchone()[0]
        if not 1 <= self.layout <= LAYOUT:
            found = f"{self.folder}: the store has layout {self.layout}, this program reads layout {LAYOUT}"
            raise StoreDamaged(found, "Use the program that wrote it.")

    def read(self, connection: Any) -> Contents:
        version = connection.execute("select value from facts where name = 'version'").fetchone()[0]
        found = connection.execute(
            "select part_id, day, kind, path, size, hash, part_rows, state, changed_at from parts where state <> 'retired' order by part_id"
        )
        return arrange(version, (Part(*row) for row in found.fetchall()))

    @contextmanager
    def hold(self) -> Iterator[Contents]:
        """The current contents, whose files stay in place until the block ends."""
        with self._lock:
            contents = self.contents
            self._readers[contents.version] += 1
        try:
            yield contents
        finally:
            with self._lock:
                self._readers[contents.version] -= 1
                self._readers += Counter()
            self.remove_retired()

    def add(self, connection: Any, parts: Iterable[Part]) -> None:
        for part in parts:
            connection.execute("insert into parts values (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(msgspec.structs.astuple(part)))

    def mark(self, connection: Any, part_ids: Iterable[int], state: str, at: int) -> None:
        ids = list(part_ids)
        if ids:
            connection.execute("update parts set state = ?, changed_at = ? where part_id in (select unnest(?))", [state, at, ids])

    def next_part_id(self, connection: Any) -> int:
        return int(connection.execute("select coalesce(max(part_id), 0) + 1 from parts").fetchone()[0])

    def advance(self, connection: Any) -> None:
        """A new version, in the caller's transaction."""
        connection.execute("update facts set value = value + 1 where name = 'version'")

    def publish(self, contents: Contents, gone: Iterable[Part] = ()) -> None:
        """Show the committed version to new readers; files of `gone` are removed when the last older reader ends."""
        with self._lock:
            older = self.contents.version
            self.contents = contents
            self._retired += [(older, self.folder / part.path) for part in gone]
        self.remove_retired()

    def remove_retired(self) -> None:
        with self._lock:
            oldest = min(self._readers, default=self.contents.version)
            ready = [path for version, path in self._retired if version < oldest]
            self._retired = [(version, path) for version, path in self._retired if version >= oldest]
        for path in ready:
            path.unlink(missing_ok=True)
