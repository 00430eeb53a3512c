# SPDX-License-Identifier: Apache-2.0
"""Every other question against a recount that shares nothing with the store: plain SQL over a table of all rows, or plain Python.

Random worlds with surveys, periods, groups and moments; open, sealed, with late rows, sealed again, and with the single rows dropped.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import hypothesis.strategies as st
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from teiten.addresses import pack
from teiten.clock import day_of, to_microseconds
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey, Period, SensorEntry
from teiten.questions.breadth import MOST_PER_SOURCE, breadth
from teiten.questions.counts import count
from teiten.questions.interface import Count, CountQuestion
from teiten.questions.live import latest
from teiten.questions.presence import Presence, presences
from teiten.questions.rankings import FirstSeen, cross, cumulative_sources, first_seen, ranking, totals
from teiten.questions.search import matching
from teiten.questions.spread import BROAD, daily_spread
from teiten.questions.tallies import Tally, tallies
from teiten.questions.tick import (
    HOUR_US,
    MEMORY_HOURS,
    Enough,
    Met,
    Newcomer,
    NewNetworks,
    RecentSpread,
    Tick,
    networks_met,
    new_networks,
    newcomers,
    recent_spread,
)
from teiten.store.interface import Store

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = to_microseconds(datetime(2026, 8, 20, 3, tzinfo=UTC))  # 12:00 in Tokyo
TODAY = date(2026, 8, 20)
GROUPS = {"one": "east", "two": "east", "three": "west"}
ADDRESSES = ("8.8.8.8", "8.8.8.9", "8.8.80.8", "8.9.1.1", "10.0.0.1", "2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db9:0:1::1")
SOURCES = tuple(pack(text) for text in ADDRESSES)
# A region belongs to a source, as the collector gives it: cumulative sources then add up over regions too.
REGION = {source: ("US", "JP", "")[n % 3] for n, source in enumerate(SOURCES)}
TARGETS = (b"1/tcp", b"2/tcp", b"1/t", b"\x00\xff'\\", b"")
Row = tuple[str, Access]

single = st.tuples(
    st.sampled_from(list(GROUPS)),
    st.integers(0, 24 * 20) | st.sampled_from([0, 1, 12, 13, 168, 169]),
    st.sampled_from(SOURCES),
    st.sampled_from(TARGETS),
    st.sampled_from(["packet", "packet", "packet", "web"]),
    st.sampled_from(["access", "access", "access", "backscatter"]),
    st.sampled_from([1, 1, 2, 70]),
)
survey = st.tuples(st.sampled_from(list(GROUPS)), st.integers(0, 24 * 4), st.sampled_from(SOURCES), st.integers(BROAD["packet"] - 3, BROAD["packet"]))


def build(singles: list[Any], surveys: list[Any]) -> list[Row]:
    rows = [
        (sensor, _access(hours, source, target, channel, category=category, times=times))
        for sensor, hours, source, target, channel, category, times in singles
    ]
    return rows + [(sensor, _access(hours, source, b"%d/tcp" % port, "packet")) for sensor, hours, source, n in surveys for port in range(n)]


def _access(hours: int, source: bytes, target: bytes, channel: str, **fields: Any) -> Access:
    return Access(observed_at=NOON - hours * HOUR_US, channel=channel, kind="syn", source=source, target=target, **fields)


def take(store: Store, rows: list[Row], seq: int) -> None:
    batches = []
    for sensor in GROUPS:
        own = [access for name, access in rows if name == sensor]
        columns = from_accesses(own)
        if own:
            columns["region"] = np.array([REGION[access.source] for access in own], dtype=object)
        batches.append((BatchKey(sensor, "e", seq, bytes(16)), columns))
    assert [receipt.status for receipt in store.prepare(batches)(NOON)] == ["stored"] * len(batches)


class Table:
    """All rows in a table of an engine of its own; `of` asks it in plain SQL."""

    def __init__(self, rows: list[Row]) -> None:
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute(
            "create table t (day date, met_at bigint, sensor text, party text, channel text, category text, source blob, target blob, region text,"
            " n bigint)"
        )
        values = [_columns(sensor, access) for sensor, access in rows]
        if values:
            self._connection.executemany("insert into t values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def of(self, text: str) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(text).fetchall())


def _columns(sensor: str, a: Access) -> list[Any]:
    day, region = day_of(a.observed_at, TOKYO), REGION[a.source] or "unknown"
    return [day, a.observed_at, sensor, GROUPS[sensor], a.channel, a.category, a.source, a.target, region, a.times]


class Asked:
    """What is asked in one example."""

    def __init__(self, low: int, length: int, group: str | None, channel: str | None, at: int) -> None:
        self.period = Period(TODAY - timedelta(days=low), TODAY - timedelta(days=low) + timedelta(days=length))
        self.group, self.channel, self.at = group, channel, NOON + at
        narrowed = f" and channel = '{channel}'" if channel else ""
        grouped = f" and party = '{group}'" if group else ""
        self.days = f"day >= date '{self.period.from_on}' and day < date '{self.period.to_on}'"
        self.where = f"category = 'access' and {self.days}{grouped}"
        self.narrow = f"{self.where}{narrowed}"


def check(store: Store, table: Table, rows: list[Row], asked: Asked) -> None:
    for checked in (_tables_by_two_keys, _lists, _breadths, _presence, _spread, _ticks):
        checked(store, table, rows, asked)


def _tables_by_two_keys(store: Store, table: Table, rows: list[Row], asked: Asked) -> None:
    narrow: dict[str, Any] = {"channel": asked.channel, "group": asked.group}
    for by, other in (("target", "channel"), ("day", "region"), ("sensor", "day")):
        counted = f"from t where {asked.narrow} group by {by}, {other} order by {by}, {other}"
        cumulated = f"select {by}, {other}, sum(n), count(distinct (source, day, sensor, channel, target)) {counted}"
        distinct = f"select {by}, {other}, sum(n), count(distinct source), count(distinct sensor) {counted}"
        assert [(c.key, c.other, c.accesses, c.sources, c.sensors) for c in cross(store, asked.period, by, other, **narrow)] == table.of(distinct)  # type: ignore[arg-type]
        assert tallies(store, asked.period, by, other, **narrow) == [Tally(*row) for row in table.of(cumulated)]  # type: ignore[arg-type]
        listed = cumulated.replace("group by", "and target in ('1/tcp'::blob, ''::blob) group by")
        assert tallies(store, asked.period, by, other, targets=[b"1/tcp", b""], **narrow) == [Tally(*row) for row in table.of(listed)]  # type: ignore[arg-type]
    for by in ("target", "region", "source"):
        counted = f"select {by}, count(distinct (source, day, sensor, channel, target)) from t where {asked.narrow} group by {by}"
        assert cumulative_sources(store, asked.period, by, **narrow) == dict(table.of(counted))  # type: ignore[arg-type]


def _lists(store: Store, table: Table, rows: list[Row], asked: Asked) -> None:
    numbers = "sum(n), count(distinct source), count(distinct sensor)"
    for order, place in (("accesses", 2), ("sources", 3)):
        for top in (None, 1, 3):
            found = ranking(store, asked.period, zone=TOKYO, channel=asked.channel, group=asked.group, top=top, order=order)  # type: ignore[arg-type]
            ranked = f"select target, {numbers}, rank() over (order by {('sum(n)', 'count(distinct source)')[place - 2]} desc)"
            told = table.of(f"{ranked} from t where {asked.narrow} group by target order by {place} desc, target limit {top or 999}")
            assert [(row.key, row.accesses, row.sources, row.sensors, row.rank) for row in found] == told
    found_totals = totals(store, asked.period, zone=TOKYO, group=asked.group)
    told = table.of(f"select channel, {numbers} from t where {asked.where} group by channel")
    whole = table.of(f"select null, coalesce(sum(n), 0), count(distinct source), count(distinct sensor) from t where {asked.where}")
    assert found_totals == {row[0]: Count(*row) for row in [*told, *whole]}
    upto = asked.narrow.replace(f"day >= date '{asked.period.from_on}' and ", "")
    first = f"select channel, target, min(day), max(day), sum(n) from t where {upto} group by channel, target"
    told = table.of(f"{first} having min(day) >= date '{asked.period.from_on}' order by 3, channel, target")
    assert first_seen(store, asked.period, channel=asked.channel, group=asked.group) == [FirstSeen(*row) for row in told]
    for text in (b"1/t", b"\xff"):
        within = f"from t where {asked.where} group by channel, target having hex(target) like '%{text.hex().upper()}%'"
        told = [row for row in table.of(f"select channel, target, min(day), max(day), sum(n) {within} order by 5 desc, 1, 2") if text in row[1]]
        assert matching(store, text, asked.period, group=asked.group) == [FirstSeen(*row) for row in told]


def _breadths(store: Store, table: Table, rows: list[Row], asked: Asked) -> None:
    net = "left(hex(source), {} * case when octet_length(source) = 4 then 1 else 2 end)"
    spans = ", ".join(f"count(distinct {net.format(digits)})" for digits in (6, 4, 2))
    capped = f"select sum(least(a, {MOST_PER_SOURCE})) from (select sum(n) as a from t where {asked.narrow} group by channel, target, day, source)"
    keys = {"whole": "", "target": "target", "target_day": "target, day", "target_region": "target, region", "day": "day", "channel": "channel",
            "channel_day": "channel, day", "region": "region"}  # fmt: skip
    for over, key in keys.items():
        one = f"{key}, " if key else ""
        capping = f"select {one}sum(least(a, {MOST_PER_SOURCE})) as c from (select {one}sum(n) as a from t where {asked.narrow}"
        capping += f" group by {one}channel, target, day, source, region) group by all"
        counting = f"select {one}sum(n) as a, count(distinct source), {spans}, min(met_at), max(met_at) from t"
        counting += f" where {asked.narrow} group by all having count(*) > 0"
        width = len(key.split(", ")) if key else 0
        capped_of = {row[:width]: row[width] for row in table.of(capping)}
        told = {row[:width]: (capped_of[row[:width]], *row[width:]) for row in table.of(counting)}
        found = breadth(store, asked.period, over, channel=asked.channel, group=asked.group)  # type: ignore[arg-type]
        numbers = {
            row.keys: (row.capped, row.accesses, row.sources, row.networks, row.allocations, row.blocks, row.first_at, row.last_at)
            for row in found
            if row.accesses is not None
        }
        assert numbers == told, over
    whole = table.of(capped)[0][0]
    assert [row.capped for row in breadth(store, asked.period, "whole", channel=asked.channel, group=asked.group)] == ([whole] if whole else [])


def _presence(store: Store, table: Table, rows: list[Row], asked: Asked) -> None:
    narrowed = (f" and channel = '{asked.channel}'" if asked.channel else "") + (f" and party = '{asked.group}'" if asked.group else "")
    met = f"select sensor, count(distinct day), min(day), max(day) from t where {asked.days}{narrowed} group by sensor order by sensor"
    assert presences(store, asked.period, group=asked.group, channel=asked.channel) == [Presence(*row) for row in table.of(met)]


def broad_of(rows: list[Row], channel: str) -> set[tuple[date, bytes]]:
    met: dict[tuple[date, bytes], set[bytes]] = defaultdict(set)
    for _, a in rows:
        if a.channel == channel and a.category == "access":
            met[day_of(a.observed_at, TOKYO), a.source].add(a.target)
    return {key for key, targets in met.items() if len(targets) >= BROAD[channel]}


def network(source: bytes) -> bytes:
    return source[:3] if len(source) == 4 else source[:6]


def _spread(store: Store, table: Table, rows: list[Row], asked: Asked) -> None:
    channel = asked.channel or "packet"
    broad = broad_of(rows, channel)
    told: dict[bytes, dict[date, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for sensor, a in rows:
        day = day_of(a.observed_at, TOKYO)
        wanted = a.channel == channel and a.category == "access" and asked.group in (None, GROUPS[sensor])
        if wanted and asked.period.from_on <= day < asked.period.to_on and (day, a.source) not in broad:
            told[a.target][day].add(network(a.source))
    counted = {target: {day: len(networks) for day, networks in days.items()} for target, days in told.items()}
    assert daily_spread(store, asked.period, channel, asked.group) == counted
    some = [b"1/tcp", b"", b"1/tcp"]
    assert daily_spread(store, asked.period, channel, asked.group, some) == {target: days for target, days in counted.items() if target in some}


def _ticks(store: Store, table: Table, rows: list[Row], asked: Asked) -> None:
    channel = asked.channel or "packet"
    tick = Tick(asked.at, TOKYO, channel, asked.group)
    wanted = [(s, a) for s, a in rows if a.channel == channel and a.category == "access" and asked.group in (None, GROUPS[s])]
    own = [(s, a) for s, a in wanted if a.observed_at < tick.at]
    surveying = broad_of(rows, channel)
    for enough in (Enough(1, 24 * 10, 1, 24 * 10), Enough(2, 48, 2, 72)):
        assert new_networks(store, tick, 24 * 10, enough) == _new(own, surveying, tick, enough)
    for silent in (5, 12):
        counted = {}
        for group, one in product(set(GROUPS.values()), {a.channel for _, a in rows}):
            there = [(s, a) for s, a in rows if (a.channel, a.category, GROUPS[s]) == (one, "access", group) and a.observed_at < tick.at]
            counted[group, one] = _newcomers(there, broad_of(rows, one), Tick(asked.at, TOKYO, one, group), silent)
        assert newcomers(store, tick.at, TOKYO, 72, silent) == {key: told for key, told in counted.items() if told}
    for least in (1, 3):
        assert recent_spread(store, tick, 24, least) == _recent(own, surveying, tick, least, rows, channel)
    met: dict[tuple[bytes, bytes, str], int] = {}
    for sensor, a in own:
        if a.target in (b"1/tcp", b"2/tcp") and a.observed_at >= tick.since(24):
            key = (a.target, network(a.source), sensor)
            met[key] = min(met.get(key, a.observed_at), a.observed_at)
    found = {(one.target, one.network, one.sensor): one for one in networks_met(store, tick, 24, [b"2/tcp", b"1/tcp"])}
    assert set(met) <= set(found)  # a pair of a day is told with its first time, also when that lies before the hours
    assert {key: one for key, one in found.items() if one.first_at >= tick.since(24)} == {
        key: Met(*key, at) for key, at in met.items() if found[key].first_at >= tick.since(24)
    }


def _clean(own: list[Row], surveying: set[tuple[date, bytes]], from_on: date) -> list[Row]:
    """Neither on the day nor on the day before broad; a survey before the first day isn't known."""
    known = {(day, source) for day, source in surveying if day >= from_on}
    out = known | {(day + timedelta(days=1), source) for day, source in known}
    return [(s, a) for s, a in own if (day := day_of(a.observed_at, TOKYO)) >= from_on and (day, a.source) not in out]


def _new(own: list[Row], surveying: set[tuple[date, bytes]], tick: Tick, enough: Enough) -> list[NewNetworks]:
    last: dict[tuple[bytes, bytes], int] = {}
    fresh: dict[bytes, list[tuple[int, str]]] = defaultdict(list)
    for sensor, a in sorted(_clean(own, surveying, tick.period(24 * 10 + MEMORY_HOURS).from_on), key=lambda row: (row[1].observed_at, row[0])):
        before = last.get((a.target, network(a.source)))
        if (before is None or a.observed_at - before > MEMORY_HOURS * HOUR_US) and a.observed_at >= tick.since(24 * 10):
            fresh[a.target].append((a.observed_at, sensor))
        last[a.target, network(a.source)] = a.observed_at
    told: dict[tuple[bytes, str, int], list[int]] = defaultdict(list)
    for target, met in fresh.items():
        recent = [at for at, _ in met if at >= tick.since(enough.recent_hours)]
        near = {sensor for at, sensor in met if at >= max(tick.since(enough.near_hours), tick.since(enough.recent_hours))}
        if len(recent) >= enough.networks and len(near) >= enough.sensors:
            for at, sensor in met:
                age = tick.at - 1 - at
                told[target, sensor, age - age % (HOUR_US if age < 24 * HOUR_US else 24 * HOUR_US)].append(at)
    rows = sorted((target, sensor, min(met), len(met)) for (target, sensor, _), met in told.items())
    return [NewNetworks(target, sensor, (tick.at - 1 - at) // HOUR_US, n) for target, sensor, at, n in rows]


def _newcomers(own: list[Row], surveying: set[tuple[date, bytes]], tick: Tick, silent_days: int) -> list[Newcomer]:
    by_target: dict[bytes, list[Row]] = defaultdict(list)
    for sensor, a in _clean(own, surveying, tick.period(72 + silent_days * 24).from_on):
        by_target[a.target].append((sensor, a))
    firsts = {target: min(a.observed_at for _, a in met) for target, met in by_target.items()}
    return [
        Newcomer(target, firsts[target], len({network(a.source) for _, a in by_target[target]}), len({sensor for sensor, _ in by_target[target]}))
        for target in sorted(firsts)
        if firsts[target] >= tick.since(72)
    ]


def _recent(own: list[Row], surveying: set[tuple[date, bytes]], tick: Tick, least: int, rows: list[Row], channel: str) -> list[RecentSpread]:
    """Of the pairs (day, sensor, target, source) that the hours touch, with all their accesses of the day."""
    period = tick.period(24)
    broad = {source for day, source in surveying if period.from_on <= day < period.to_on}
    pairs: dict[tuple[date, str, bytes, bytes], list[Access]] = defaultdict(list)
    for sensor, a in rows:
        day = day_of(a.observed_at, TOKYO)
        if a.channel == channel and a.category == "access" and tick.group in (None, GROUPS[sensor]) and period.from_on <= day < period.to_on:
            pairs[day, sensor, a.target, a.source].append(a)
    times = {key: [a.observed_at for a in met] for key, met in pairs.items()}
    touched = {key: met for key, met in pairs.items() if max(times[key]) >= tick.since(24) and min(times[key]) < tick.at}
    found = []
    for target in sorted({key[2] for key in touched}):
        mine = {key: sum(a.times for a in met) for key, met in touched.items() if key[2] == target}
        of_source = {source: sum(n for key, n in mine.items() if key[3] == source) for source in {key[3] for key in mine}}
        clean = {(key[1], network(key[3])) for key in mine if key[3] not in broad}
        at_sensors = [len({net for name, net in clean if name == sensor}) for sensor in {name for name, _ in clean}]
        row = RecentSpread(target, sum(mine.values()), max(of_source.values()), len(of_source), len(set(of_source) & broad),
                           len({net for _, net in clean}), max(at_sensors, default=0), len(at_sensors))  # fmt: skip
        found += [row] if row.accesses >= least else []
    return found


asking = st.builds(
    Asked,
    st.integers(0, 20),
    st.integers(1, 21),
    st.sampled_from([None, "east", "west", "nobody"]),
    st.sampled_from([None, "packet", "web"]),
    st.sampled_from([0, 1, -1, HOUR_US, -5 * HOUR_US, 12 * HOUR_US]),
)


# No shrinking: an example is small, and each trial builds two stores.
@settings(max_examples=5, phases=[Phase.generate], deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    early=st.lists(single, min_size=8, max_size=30),
    late=st.lists(single, max_size=8),
    surveys=st.lists(survey, min_size=1, max_size=3),
    asked=st.lists(asking, min_size=2, max_size=2),
)
def test_every_question_equals_a_recount(
    engine: Callable[[Path, ZoneInfo], Store], early: list[Any], late: list[Any], surveys: list[Any], asked: list[Asked]
) -> None:
    """Design 3: no answer depends on when days were sealed, whether rows came late, or whether single rows are still kept."""
    first, second = build(early, surveys[:2]), build(late, surveys[2:])
    with tempfile.TemporaryDirectory() as folder:
        store = engine(Path(folder) / "store", TOKYO)
        for sensor, group in GROUPS.items():
            store.register(SensorEntry(sensor, group))
        take(store, first, 0)
        check(store, Table(first), first, asked[0])
        store.seal(TODAY - timedelta(days=2))
        take(store, second, 1)
        table, rows = Table(first + second), first + second
        for question in asked:
            check(store, table, rows, question)
        newest = sorted((a.observed_at for _, a in rows if a.category == "access"), reverse=True)
        assert [row.observed_at for row in latest(store, 5)] == newest[:5]
        store.seal(TODAY + timedelta(days=9))
        store.close()
        again = engine(Path(folder) / "store", TOKYO)
        drop = getattr(again, "apply_retention", None)
        if drop is not None:
            drop(keep_bytes=0)
            assert not rows or again.rows_incomplete()
        for question in asked:
            check(again, table, rows, question)
        assert count(again, CountQuestion(), TOKYO)[0].accesses == sum(a.times for _, a in rows if a.category == "access")
        again.close()
