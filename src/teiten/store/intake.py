# SPDX-License-Identifier: Apache-2.0
"""A batch becomes rows, coverage and gaps in the caller's transaction. Attackers' bytes pass through as bytes and are never looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from teiten.columnar import Columns, length
from teiten.columns import NAMES, SENSOR_NAMES
from teiten.model import Gap, Heartbeat
from teiten.store import arrow
from teiten.store.days import DAY_US, dates_of, day_expression, days_of, split_by_day, start_of
from teiten.store.schema import COLUMN_TYPES, DEFAULTS, STORED

GIVEN: Final = (*SENSOR_NAMES, "region")
_TYPES: Final = {**COLUMN_TYPES, "conflict": "boolean", "arrival": "bigint"}
_STAMPED: Final = frozenset({"sensor", "arrival", "conflict"})
_SAID_ONCE: Final[dict[str, type]] = {"varchar": str, "blob": bytes}
# A longer heartbeat is a broken clock: it is kept as a sign of life, but it covers nothing.
LONGEST_HEARTBEAT_US: Final = 40 * DAY_US


class Stamp(msgspec.Struct, frozen=True):
    """What the store adds to every row of a batch. `batch`: the batch's number among those that are inserted together."""

    batch: int
    sensor: str
    arrival: int
    conflict: bool


class Inserted(msgspec.Struct, frozen=True):
    """The days of the rows, and how many rows each batch had."""

    days: list[date]
    rows: dict[int, int]


Insert = Callable[[Any, Sequence[Stamp], int], Inserted]
"""Inserts the rows of batches with their stamps and the time of receipt."""


def check(columns: Columns) -> None:
    """Raises ValueError for a batch that can't be stored by its columns' names and lengths."""
    if not length(columns):
        return
    unknown = set(columns) - set(GIVEN)
    if unknown or {len(array) for array in columns.values()} != {length(columns)}:
        raise ValueError(f"columns: {f'unknown {sorted(unknown)}' if unknown else 'not all of one length'}")
    missing = [name for name in SENSOR_NAMES if name not in columns and name not in DEFAULTS]
    if missing:
        raise ValueError(f"columns: {missing[0]} is missing")


class Prepared(msgspec.Struct, frozen=True):
    """The rows of batches as the engine reads them: `relation` has their columns, `day_number`, and `batch` if there are several batches."""

    rows: dict[int, int]  # of each batch that has some
    days: list[date]
    names: frozenset[str]  # the columns given
    relation: Any
    same: dict[str, Any]  # columns with one value in all rows, which the relation leaves out


def prepare(batches: Sequence[Columns], zone: ZoneInfo) -> Prepared:
    """Nothing is asked of the engine. Raises ValueError for a batch that can't be stored."""
    for columns in batches:
        check(columns)
    rows = {number: length(columns) for number, columns in enumerate(batches) if length(columns)}
    if not rows:
        return Prepared({}, [], frozenset(), None, {})
    columns = together([batches[number] for number in rows])
    same, names, days = _same(columns), frozenset(columns), days_of(columns["observed_at"], zone)
    varied = {name: array for name, array in columns.items() if name not in same} | {"day_number": days}
    if len(rows) > 1:
        varied["batch"] = np.repeat(np.array(list(rows), np.int64), list(rows.values()))
    return Prepared(rows, dates_of(days), names, arrow.stream(varied), same)


def insert_prepared(connection: Any, prepared: Prepared, stamps: Sequence[Stamp], received_at: int) -> Inserted:
    """Insert the rows of the batches that have a stamp."""
    stamps = [stamp for stamp in stamps if stamp.batch in prepared.rows]
    if not stamps:
        return Inserted([], {})
    same, relation = {"received_at": received_at, **prepared.same}, "batch"
    if len(prepared.rows) == 1:
        same |= {name: getattr(stamps[0], name) for name in _STAMPED}
    else:
        connection.register("stamps", arrow.stream(_as_columns(stamps)))
        relation = "(select f.*, s.sensor, s.arrival, s.conflict from batch as f join stamps as s on s.batch = f.batch) as r"
    connection.register("batch", prepared.relation)
    try:
        _insert(connection, relation, prepared.names | _STAMPED, "date '1970-01-01' + cast(day_number as integer)", same)
    finally:
        connection.unregister("batch")
        connection.unregister("stamps")
    return Inserted(prepared.days, {stamp.batch: prepared.rows[stamp.batch] for stamp in stamps})


def insert_file(connection: Any, path: Path, stamps: Sequence[Stamp], received_at: int, zone: ZoneInfo) -> Inserted:
    """The same from a Parquet file, whose column `batch` numbers its batches (no such column: one batch, number 0)."""
    given = set(connection.read_parquet(str(path), hive_partitioning=False).columns)
    if "observed_at" not in given:
        raise ValueError(f"{path}: no column observed_at")
    file = f"(select *{', 0 as batch' if 'batch' not in given else ''} from read_parquet('{quoted(path)}', hive_partitioning = false))"
    counted = connection.execute(f"select batch, min(observed_at), max(observed_at), count(*) from {file} as f group by batch").fetchall()
    told = [(stamp, row) for stamp in stamps for row in counted if row[0] == stamp.batch]
    if not told:
        return Inserted([], {})
    connection.register("stamps", arrow.stream(_as_columns([stamp for stamp, _ in told])))
    day = day_expression("observed_at", min(row[1] for _, row in told), max(row[2] for _, row in told), zone)
    stamped = f"(select f.*, s.sensor, s.arrival, s.conflict from {file} as f join stamps as s on s.batch = f.batch)"
    try:
        _insert(connection, f"{stamped} as r", (given & set(GIVEN)) | _STAMPED, day, {"received_at": received_at})
    finally:
        connection.unregister("stamps")
    arrivals = [stamp.arrival for stamp, _ in told]
    days = connection.execute("select distinct day from open_rows where arrival between ? and ?", [min(arrivals), max(arrivals)]).fetchall()
    return Inserted(sorted(day for (day,) in days), {stamp.batch: row[3] for stamp, row in told})


def insert_heartbeats(connection: Any, sensor: str, heartbeats: Sequence[Heartbeat], zone: ZoneInfo) -> None:
    for beat in heartbeats:
        told = [sensor, beat.channel, beat.to_at, beat.emitted, beat.dropped, beat.backlog_bytes, beat.detail]
        connection.execute("insert into beats values (?, ?, ?, ?, ?, ?, ?)", told)
        if 0 < beat.to_at - beat.from_at <= LONGEST_HEARTBEAT_US:
            for day, from_at, to_at in split_by_day(beat.from_at, beat.to_at, zone):
                connection.execute("insert into coverage values (?, ?, ?, ?, ?)", [day, sensor, beat.channel, from_at, to_at])


def insert_gaps(connection: Any, sensor: str, gaps: Sequence[Gap], zone: ZoneInfo) -> None:
    for gap in gaps:
        day = dates_of(days_of(np.array([gap.from_at], np.int64), zone))[0]
        connection.execute(
            "insert into gaps values (?, ?, ?, ?, ?, ?, ?)", [day, sensor, gap.channel, gap.from_at, gap.to_at, gap.records, gap.reason]
        )


def insert_cover(connection: Any, sensor: str, channel: str, days: Sequence[date], zone: ZoneInfo) -> None:
    """Whole days. What an interval of the sensor and channel covers already is not added again: imports are repeated, sealed days merged."""
    starts = [start_of(day, zone) for day in [*days, date.fromordinal(days[-1].toordinal() + 1)]]
    rows = [(day, low, high) for day, low, high in zip(days, starts, starts[1:], strict=False) if low < high]
    if rows:
        told, lows, highs = zip(*rows, strict=True)
        connection.execute(_NOT_COVERED, {"sensor": sensor, "channel": channel, "days": told, "lows": lows, "highs": highs})


_NOT_COVERED: Final = """
insert into coverage
select n.day, $sensor, $channel, n.low, n.high
from (select unnest(cast($days as date[])) as day, unnest(cast($lows as bigint[])) as low, unnest(cast($highs as bigint[])) as high) as n
where not exists (select 1 from coverage as c where c.day = n.day and c.sensor = $sensor and c.channel = $channel
  and c.from_at <= n.low and c.to_at >= n.high)"""


def _insert(connection: Any, relation: str, given: Collection[str], day: str, same: Mapping[str, Any]) -> None:
    """`same`: what all rows have, said as parameters; the rest comes from the relation's columns, or is the field's default."""
    used = {f"same_{name}": value for name, value in same.items()}
    fields = ", ".join(_field(name, given, day, used) for name in (*NAMES, "conflict", "arrival"))
    connection.execute(f"insert into open_rows ({STORED}, arrival) select {fields} from {relation}", used)


def _same(columns: Columns) -> dict[str, Any]:
    """Columns of text or bytes with one value in all rows, which are said once instead of read row by row."""
    found = {}
    for name, column in columns.items():
        kind, first = _SAID_ONCE.get(COLUMN_TYPES[name]), column[0]
        if kind is None or column.dtype != object or not isinstance(first, (kind, type(None))):
            continue
        if column[-1] == first and column[len(column) // 2] == first and bool((column == first).all()):
            found[name] = first
    return found


def _field(name: str, given: Collection[str], day: str, used: dict[str, Any]) -> str:
    if name == "day":
        return day
    value = name
    if f"same_{name}" in used or name not in given:
        used.setdefault(f"same_{name}", DEFAULTS.get(name, ""))
        value = f"$same_{name}"
    value = f"cast({value} as {_TYPES[name]})"
    return f"coalesce({value}, '')" if name == "region" else value


def together(parts: Sequence[Columns]) -> Columns:
    """One after the other; a column that some parts leave out has its default there."""
    if len(parts) == 1:
        return parts[0]
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: np.concatenate([part[name] if name in part else _default(name, length(part)) for part in parts]) for name in names}


def _default(name: str, rows: int) -> NDArray[Any]:
    return np.full(rows, DEFAULTS.get(name, ""), dtype=object)


def _array(values: Sequence[Any]) -> NDArray[Any]:
    return np.array(values, dtype=object if isinstance(values[0], str) else None)


def _as_columns(stamps: Sequence[Stamp]) -> Columns:
    return {name: _array([getattr(stamp, name) for stamp in stamps]) for name in Stamp.__struct_fields__}


def quoted(path: Path) -> str:
    return str(path).replace("'", "''")
