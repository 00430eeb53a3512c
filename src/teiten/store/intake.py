# SPDX-License-Identifier: Apache-2.0
"""A batch becomes rows, coverage and gaps in the caller's transaction. Attackers' bytes pass through as bytes and are never looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
from numpy.typing import NDArray

from teiten.columnar import Columns, length
from teiten.columns import NAMES, SENSOR_NAMES
from teiten.model import Gap, Heartbeat
from teiten.store.days import DAY_US, dates_of, day_expression, days_of, split_by_day, start_of
from teiten.store.schema import COLUMN_TYPES, DEFAULTS, STORED

GIVEN: Final = (*SENSOR_NAMES, "region")
# A longer heartbeat is a broken clock: it is kept as a sign of life, but it covers nothing.
LONGEST_HEARTBEAT_US: Final = 40 * DAY_US


class Stamp:
    """What the store adds to every row of a batch."""

    def __init__(self, sensor: str, received_at: int, arrival: int, conflict: bool) -> None:
        self.parameters = {"sensor": sensor, "received_at": received_at, "arrival": arrival, "conflict": conflict}


Insert = Callable[[Any, Stamp], tuple[list[date], int]]
"""Inserts a batch's content with the stamp; returns the days of its rows and their number."""


def insert_columns(connection: Any, columns: Columns, stamp: Stamp, zone: ZoneInfo) -> list[date]:
    """Insert the rows of a batch; returns the days they belong to. Raises ValueError for a column that isn't known."""
    rows = length(columns)
    if not rows:
        return []
    unknown = set(columns) - set(GIVEN)
    if unknown or {len(array) for array in columns.values()} != {rows}:
        raise ValueError(f"columns: {f'unknown {sorted(unknown)}' if unknown else 'not all of one length'}")
    days = days_of(columns["observed_at"], zone)
    connection.register("batch", {**plain(columns), "day_number": days})
    try:
        _insert(connection, "batch", set(columns), "date '1970-01-01' + day_number", stamp)
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise ValueError(f"columns: {error}") from error
    finally:
        connection.unregister("batch")
    return dates_of(days)


def insert_file(connection: Any, path: Path, stamp: Stamp, zone: ZoneInfo) -> tuple[list[date], int]:
    """The same from a Parquet file; returns the days and the number of rows."""
    source = connection.read_parquet(str(path), hive_partitioning=False)
    given = set(source.columns) & set(GIVEN)
    if "observed_at" not in given:
        raise ValueError(f"{path}: no column observed_at")
    relation = f"read_parquet('{str(path).replace(chr(39), chr(39) * 2)}', hive_partitioning = false)"
    first, last, rows = connection.execute(f"select min(observed_at), max(observed_at), count(*) from {relation}").fetchone()
    if not rows:
        return [], 0
    _insert(connection, relation, given, day_expression("observed_at", first, last, zone), stamp)
    days = connection.execute("select distinct day from open_rows where arrival = ?", [stamp.parameters["arrival"]]).fetchall()
    return sorted(day for (day,) in days), rows


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
    starts = [start_of(day, zone) for day in [*days, date.fromordinal(days[-1].toordinal() + 1)]]
    rows = [[day, sensor, channel, low, high] for day, low, high in zip(days, starts, starts[1:], strict=False) if low < high]
    if rows:
        connection.executemany("insert into coverage values (?, ?, ?, ?, ?)", rows)


def _insert(connection: Any, relation: str, given: set[str], day: str, stamp: Stamp) -> None:
    used = dict(stamp.parameters)
    fields = ", ".join(_field(name, given, day, used) for name in NAMES)
    connection.execute(f"insert into open_rows ({STORED}, arrival) select {fields}, $conflict, $arrival from {relation}", used)


def _field(name: str, given: set[str], day: str, used: dict[str, Any]) -> str:
    if name == "day":
        return day
    if name in ("sensor", "received_at"):
        return f"${name}"
    if name == "region":
        return "coalesce(region, '')" if "region" in given else "''"
    if name in given:
        return f"cast({name} as {COLUMN_TYPES[name]})"
    if name not in DEFAULTS:
        raise ValueError(f"columns: {name} is missing")
    used[f"default_{name}"] = DEFAULTS[name]
    return f"cast($default_{name} as {COLUMN_TYPES[name]})"


def plain(columns: Columns) -> dict[str, Any]:
    """Columns in forms whose type the engine can't get wrong. Raises ValueError for a number that doesn't fit into 64 bits.

    It guesses the type of an object array from a sample, and refuses the batch when an unsampled number is larger than the guess allows.
    """
    return {name: _whole(array) if COLUMN_TYPES[name] == "bigint" else _plain(array) for name, array in columns.items()}


def _whole(array: NDArray[Any]) -> Any:
    if array.dtype != object:
        return array
    missing = array == None  # noqa: E711  element by element
    if missing.all():
        return array
    try:
        if not missing.any():
            return array.astype(np.int64)
        return np.ma.masked_array(np.where(missing, 0, array).astype(np.int64), mask=missing)
    except (OverflowError, TypeError) as error:
        raise ValueError(f"columns: not a 64-bit number: {error}") from error


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Fixed-width text and bytes as objects, which is what the engine takes."""
    return array.astype(object) if array.dtype.kind in "US" else array
