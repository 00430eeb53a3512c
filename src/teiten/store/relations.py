# SPDX-License-Identifier: Apache-2.0
"""What `rows`, `pairs` and `rollup` are for the days that a question asks for: sealed Parquet parts and open rows as one relation.

Only the parts of these days are named, since each file costs a fifth of a millisecond. A day with open rows is aggregated again from
its sealed pairs and its open rows, so that an answer is the same before and after sealing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

import msgspec

from teiten.store.catalogue import Contents
from teiten.store.schema import DAILY, LEAST_SURVEYED, PAIR_KEYS, PAIRS, ROLLUP, ROLLUP_KEYS, ROWS, STORED, SURVEYS


class Sight(msgspec.Struct, frozen=True):
    """What one reader sees: the catalogue's contents, the days with open rows, and the days it asks for."""

    folder: Path
    contents: Contents
    open_days: frozenset[date]
    from_on: date | None = None
    to_on: date | None = None
    last_arrival: int | None = None  # sealing looks at open rows up to this one only

    def asked(self, days: Iterable[date]) -> list[date]:
        return sorted(day for day in days if (self.from_on is None or day >= self.from_on) and (self.to_on is None or day < self.to_on))

    def dirty(self) -> list[date]:
        return self.asked(self.open_days)

    def files(self, kind: str, days: Iterable[date] | None = None) -> list[str]:
        held = self.contents.live(kind)
        return [str(self.folder / part.path) for day in self.asked(held if days is None else days) for part in held.get(day, ())]


def define(name: str, sight: Sight) -> str:
    return {"rows": _rows, "pairs": _pairs, "rollup": _rollup, "daily": _daily, "surveys": _surveys}[name](sight)


def parquet(paths: Sequence[str], columns: str) -> str:
    quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"select {columns} from read_parquet([{quoted}], hive_partitioning = false)"


def stored_rows(sight: Sight) -> str:
    """Open rows of the asked days with every stored column, as sealing writes them."""
    return f"select {STORED} from open_rows where {_open_filter(sight)}"


def rollup_of(pairs: str) -> str:
    """Accesses under the region of each; a source once for a day, sensor and target, under the last of its regions by name, so a known
    one: when new region data comes within a day, the shares of regions and of targets still add up to the cumulative sources."""
    parties = ROLLUP_KEYS.removesuffix(", region")
    return (
        f"select * from (with met as ({pairs}), once as (select {parties}, source, max(region) as region from met group by {parties}, source)"
        f" select {ROLLUP_KEYS}, cast(sum(accesses) as bigint) as accesses, cast(sum(sources) as bigint) as sources"
        f" from (select {ROLLUP_KEYS}, accesses, 0 as sources from met union all select {ROLLUP_KEYS}, 0 as accesses, 1 as sources from once) as p"
        f" group by {ROLLUP_KEYS}) as r"
    )


def daily_of(pairs: str) -> str:
    return (
        "select day, coalesce(sensor, '*') as sensor, coalesce(channel, '*') as channel, cast(sum(accesses) as bigint) as accesses,"
        f" count(distinct source) as sources from ({pairs}) as p where category = 'access'"
        " group by grouping sets ((day, sensor, channel), (day, sensor), (day, channel), (day))"
    )


def surveys_of(pairs: str) -> str:
    return (
        f"select day, channel, category, source, count(distinct target) as targets from ({pairs}) as p"
        f" group by day, channel, category, source having count(distinct target) >= {LEAST_SURVEYED}"
    )


def pairs_of(rows: str) -> str:
    return f"select {PAIR_KEYS}, cast(sum(times) as bigint) as accesses, min(observed_at) as first_at, max(observed_at) as last_at from ({rows}) as r group by {PAIR_KEYS}"  # noqa: E501


def _rows(sight: Sight) -> str:
    arms = [parquet(files, ROWS)] if (files := sight.files("rows")) else []
    if sight.dirty() or not arms:
        arms.append(f"select {ROWS} from open_rows where {_open_filter(sight)}")
    return " union all ".join(arms)


def _pairs(sight: Sight) -> str:
    arms = [parquet(files, PAIRS)] if (files := _clean(sight, "pairs")) else []
    if sight.dirty() or not arms:
        arms.append(_dirty_pairs(sight))
    return " union all ".join(arms)


def _rollup(sight: Sight) -> str:
    arms = [parquet(files, ROLLUP)] if (files := _clean(sight, "rollup")) else []
    if sight.dirty() or not arms:
        arms.append(rollup_of(_dirty_pairs(sight)))
    return " union all ".join(arms)


def _daily(sight: Sight) -> str:
    return _summary(sight, f"select {DAILY} from daily_sealed", daily_of)


def _surveys(sight: Sight) -> str:
    return _summary(sight, f"select {SURVEYS} from surveys_sealed", surveys_of)


def _summary(sight: Sight, table: str, summarise: Callable[[str], str]) -> str:
    """A summary that the database keeps of sealed days; of days with open rows it is made again."""
    dirty = sight.dirty()
    sealed = f"{table} where {_days_filter(sight)}"
    if not dirty:
        return sealed
    listed = ", ".join(f"date '{day}'" for day in dirty)
    return f"{sealed} and day not in ({listed}) union all {summarise(_dirty_pairs(sight))}"


def _days_filter(sight: Sight) -> str:
    return f"day >= date '{sight.from_on or date.min}' and day < date '{sight.to_on or date.max}'"


def _clean(sight: Sight, kind: str) -> list[str]:
    return sight.files(kind, set(sight.contents.live(kind)) - sight.open_days)


def _dirty_pairs(sight: Sight) -> str:
    opened = pairs_of(f"select * from open_rows where {_open_filter(sight)}")
    sealed = sight.files("pairs", sight.dirty())
    if not sealed:
        return opened
    both = f"{parquet(sealed, PAIRS)} union all {opened}"
    return (
        f"select {PAIR_KEYS}, cast(sum(accesses) as bigint) as accesses, min(first_at) as first_at, max(last_at) as last_at"
        f" from ({both}) as b group by {PAIR_KEYS}"
    )


def _open_filter(sight: Sight) -> str:
    # Only days that this reader knows as open: rows that came after it looked must not be read beside their day's sealed pairs.
    known = sight.dirty()
    if not known:
        return "false"
    listed = ", ".join(f"date '{day}'" for day in known)
    arrived = f" and arrival <= {sight.last_arrival}" if sight.last_arrival is not None else ""
    return f"day between date '{known[0]}' and date '{known[-1]}' and day in ({listed}){arrived}"
