# SPDX-License-Identifier: Apache-2.0
"""A day that is over moves from the database into Parquet parts: its rows, its pairs and its rollup.

Files are durable before one transaction lists them and deletes the rows they hold, so a kill at any point loses nothing and doubles nothing.
Late rows make their day open again; the next sealing adds a rows part and replaces pairs and rollup.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from teiten.store import relations
from teiten.store.catalogue import Catalogue, Part
from teiten.store.engine import transaction
from teiten.store.lake import Written, finish, temporary
from teiten.store.relations import Sight
from teiten.store.schema import LAYOUT, PAIRS

# Small enough that one target's part of a day is found without reading the day: of pairs 10,000 halve the time for a few targets against
# 100,000 (86 and 179 ms for five targets on forty days of 50,000 pairs), cost 4 % of their bytes, and nothing where all is read.
_ROW_GROUPS: Final = {"rows": 100_000, "pairs": 10_240, "rollup": 10_240}


_DAYS_AT_ONCE: Final = 2


class Draft(msgspec.Struct, frozen=True):
    """What a sealed day becomes, durable on disk but not listed yet."""

    day: date
    last_arrival: int | None
    rows: int
    written: dict[str, tuple[Written, int]]


def side_by_side(folder: Path, draft: Callable[[date], Draft | None], days: Iterable[date]) -> Generator[Draft | None, None, None]:
    """Drafts in the order of the days, made on threads: a day is sorted and packed by one core while another does the next.

    To be closed: files drafted ahead of a day that failed are removed, or a full disk would get fuller with each try.
    """
    ahead: deque[Future[Draft | None]] = deque()
    pool = ThreadPoolExecutor(_DAYS_AT_ONCE, "sealing")
    try:
        for day in days:
            ahead.append(pool.submit(draft, day))
            if len(ahead) > _DAYS_AT_ONCE:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        for future in ahead:
            if not future.cancelled() and future.exception() is None and (unlisted := future.result()) is not None:
                for written, _ in unlisted.written.values():
                    (folder / written.path).unlink(missing_ok=True)


def draft_day(connection: Any, folder: Path, catalogue: Catalogue, day: date, last_arrival: int) -> Draft:
    """Write the day's open rows up to `last_arrival` and its new pairs and rollup."""
    with catalogue.hold() as contents:
        sight = Sight(folder, contents, frozenset({day}), day, day + timedelta(days=1), last_arrival)
        written: dict[str, tuple[Written, int]] = {}
        written["rows"] = write(connection, folder, day, "rows", relations.stored_rows(sight), "channel, target, observed_at")
        written |= draft_summaries(connection, folder, day, relations.define("pairs", sight))
    return Draft(day, last_arrival, written["rows"][1], written)


def draft_summaries(connection: Any, folder: Path, day: date, pairs: str) -> dict[str, tuple[Written, int]]:
    """Write pairs and, from them, the rollup."""
    written = {"pairs": write(connection, folder, day, "pairs", pairs, "channel, category, target, source, sensor")}
    source = relations.parquet([str(folder / written["pairs"][0].path)], PAIRS)
    written["rollup"] = write(connection, folder, day, "rollup", relations.rollup_of(source), "channel, category, target, sensor")
    return written


def write(connection: Any, folder: Path, day: date, kind: str, query: str, order: str) -> tuple[Written, int]:
    path = temporary(folder, day, kind)
    target = str(path).replace("'", "''")
    options = f"format parquet, compression zstd, row_group_size {_ROW_GROUPS[kind]}, use_tmp_file false"
    try:
        rows = connection.execute(f"copy (select * from ({query}) as w order by {order}) to '{target}' ({options})").fetchone()[0]
        return finish(folder, path), rows
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def list_parts(connection: Any, catalogue: Catalogue, draft: Draft, at: int) -> list[Part]:
    """Enter the draft into the catalogue and delete the rows it holds, in the caller's transaction; returns the parts it replaces."""
    number = catalogue.next_part_id(connection)
    parts = [
        Part(number + n, draft.day, kind, written.path, written.size, written.hash, rows, "live", at)
        for n, (kind, (written, rows)) in enumerate(draft.written.items())
    ]
    replaced = [part for kind in ("pairs", "rollup") if kind in draft.written for part in catalogue.contents.live(kind).get(draft.day, ())]
    catalogue.mark(connection, [part.part_id for part in replaced], "retired", at)
    catalogue.add(connection, parts)
    if draft.last_arrival is not None:
        connection.execute("delete from open_rows where day = ? and arrival <= ?", [draft.day, draft.last_arrival])
        merge_coverage(connection, draft.day)
    pairs = relations.parquet([str(catalogue.folder / draft.written["pairs"][0].path)], PAIRS)
    for table, query in _SUMMARIES.items():
        connection.execute(f"delete from {table} where day = ?", [draft.day])
        connection.execute(f"insert into {table} {query(pairs)}")
    catalogue.advance(connection)
    return replaced


# The small exact summaries of sealed days that stay in the database, from their pairs.
_SUMMARIES: Final[dict[str, Callable[[str], str]]] = {
    "daily_sealed": relations.daily_of,
    "surveys_sealed": relations.surveys_of,
    "seen": lambda pairs: f"select distinct day, sensor, channel from ({pairs}) as p",
}


def upgrade(connection: Any, catalogue: Catalogue) -> None:
    """Layout 1 had no surveys: they are made from the sealed pairs, in one transaction with the layout's number."""
    with transaction(connection):
        for parts in catalogue.contents.live("pairs").values():
            pairs = relations.parquet([str(catalogue.folder / part.path) for part in parts], PAIRS)
            connection.execute(f"insert into surveys_sealed {relations.surveys_of(pairs)}")
        connection.execute("update facts set value = ? where name = 'layout'", [LAYOUT])


def forget_old_beats(connection: Any) -> None:
    newest = "select sensor, channel, max(to_at) from beats group by sensor, channel"
    connection.execute(f"delete from beats where (sensor, channel, to_at) not in ({newest})")


def merge_crowded(connection: Any, before_on: date) -> None:
    """The same for days over that got many heartbeats but no rows."""
    crowded = "select day from coverage where day < ? group by day having count(*) > 3 * count(distinct (sensor, channel)) order by day"
    for (day,) in connection.execute(crowded, [before_on]).fetchall():
        merge_coverage(connection, day)


def merge_coverage(connection: Any, day: date) -> None:
    """Join a day's touching and overlapping intervals, so that thousands of heartbeats become a few rows."""
    connection.execute("create or replace temp table merged as " + _MERGED, [day])
    connection.execute("delete from coverage where day = ?", [day])
    connection.execute("insert into coverage select day, sensor, channel, from_at, to_at from merged")
    connection.execute("drop table merged")


_MERGED = """
select day, sensor, channel, min(from_at) as from_at, max(to_at) as to_at from (
  select *, sum(fresh) over (partition by sensor, channel order by from_at, to_at rows unbounded preceding) as island from (
    select *, case when from_at <= max(to_at) over (partition by sensor, channel order by from_at, to_at
      rows between unbounded preceding and 1 preceding) then 0 else 1 end as fresh
    from coverage where day = ?))
group by day, sensor, channel, island"""
