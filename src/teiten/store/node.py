# SPDX-License-Identifier: Apache-2.0
"""The store on one machine: DuckDB for what is open, Parquet parts for days that are over. One writer at a time, readers beside it.

It must never acknowledge what isn't durable, never change what a repeated key names, and never give another answer after sealing than before.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from teiten.clock import Clock, day_of, system_clock
from teiten.columnar import Columns
from teiten.errors import ConfigurationError, TeitenError
from teiten.model import BatchKey, Gap, Heartbeat, Receipt, SensorEntry
from teiten.store import health, intake, lake, repair, retention, sealing, statements
from teiten.store.answers import Answers, Rows
from teiten.store.catalogue import Catalogue, Part
from teiten.store.days import dates_of, days_of, start_of
from teiten.store.engine import FILE, connect, transaction
from teiten.store.intake import Insert, Inserted, Stamp
from teiten.store.interface import Told
from teiten.store.ledger import Ledger
from teiten.store.readers import Readers
from teiten.store.registry import DEFAULT_GROUP, Registry
from teiten.store.relations import Sight, define
from teiten.store.retention import Retention
from teiten.store.schema import LAYOUT

MEMORY_BYTES: Final = 1_000_000_000
LEDGER_ENTRIES: Final = 1024  # newest batches of an epoch whose hashes are kept


class NodeStore:
    """Implements store.interface.Store. Use `NodeStore.open`."""

    def __init__(self, folder: Path, zone: ZoneInfo, clock: Clock, memory_bytes: int, threads: int, ledger_entries: int) -> None:
        self.folder, self.zone, self._clock = folder, zone, clock
        self._limits = (memory_bytes, threads)
        self._ledger_entries = ledger_entries
        self._write_lock = threading.RLock()
        self._seal_lock = threading.Lock()
        # A reader takes its snapshot and the catalogue's contents in one step; sealing commits and publishes in one step.
        self._switch = threading.Lock()
        self._changes = 0
        self.duplicates = 0
        self.orphans: list[str] = []
        self._start()

    @classmethod
    def open(
        cls,
        folder: Path,
        zone: ZoneInfo,
        *,
        clock: Clock = system_clock,
        memory_bytes: int = MEMORY_BYTES,
        threads: int = 2,
        ledger_entries: int = LEDGER_ENTRIES,
    ) -> NodeStore:
        """Open or create the store in `folder`. Raises StoreBusy when another process holds it, StoreDamaged when it can't be read."""
        lake.prepare(folder)
        return cls(folder.absolute(), zone, clock, memory_bytes, threads, ledger_entries)

    def _start(self) -> None:
        self._connection = connect(self.folder, *self._limits)
        self._readers = Readers(self._connection)
        self._catalogue = Catalogue(self._connection, self.folder)
        if self._catalogue.layout < LAYOUT:
            sealing.upgrade(self._connection, self._catalogue)
        self._hold_zone()
        self._ledger = Ledger(self._connection)
        self._registry = Registry(self._connection)
        self._open_days = frozenset(day for (day,) in self._connection.execute("select distinct day from open_rows").fetchall())
        repair.remove_retired(self._connection, self.folder)
        self.orphans = lake.clean(self.folder, (part.path for part in self._catalogue.contents.parts))
        self._answers = Answers()
        self._touched: dict[date, int] = {}
        self._broken = False
        self._closing = False

    def _hold_zone(self) -> None:
        """Days that are stored were cut in one zone; another would give other answers without a word."""
        self._connection.execute("insert into zone select ? where not exists (select 1 from zone)", [str(self.zone)])
        (held,) = self._connection.execute("select name from zone").fetchone()
        if held != str(self.zone):
            self._connection.close()
            raise ConfigurationError(
                f"zone: the days of this store are days of {held}, not of {self.zone}", f'Set zone = "{held}" in teiten.toml, or use a new home.'
            )

    def close(self) -> None:
        """Waits for a day that is being sealed, not for all of them; questions that still run are broken off."""
        self._closing = True
        with self._seal_lock, self._write_lock:
            self._readers.end()
            self._connection.close()

    # Writing

    def take(self, key: BatchKey, columns: Columns, received_at: int, heartbeats: Sequence[Heartbeat] = (), gaps: Sequence[Gap] = ()) -> Receipt:
        """As the interface says. An error means that nothing of the batch is stored and that it may be sent again."""
        prepared = intake.prepare([columns], self.zone)

        def insert(connection: Any, stamps: Sequence[Stamp], at: int) -> Inserted:
            if stamps:
                intake.insert_heartbeats(connection, key.sensor, heartbeats, self.zone)
                intake.insert_gaps(connection, key.sensor, gaps, self.zone)
            return intake.insert_prepared(connection, prepared, stamps, at)

        return self._take([key], received_at, insert, _days_told(heartbeats, gaps, self.zone))[0]

    def prepare(self, batches: Sequence[tuple[BatchKey, Columns]]) -> Callable[[int], list[Receipt]]:
        """As the interface says."""
        keys = [key for key, _ in batches]
        prepared = intake.prepare([columns for _, columns in batches], self.zone)

        def insert(connection: Any, stamps: Sequence[Stamp], at: int) -> Inserted:
            return intake.insert_prepared(connection, prepared, stamps, at)

        return lambda received_at: self._take(keys, received_at, insert)

    def take_file(self, keys: Sequence[BatchKey], path: Path, received_at: int) -> list[Receipt]:
        """As the interface says."""
        return self._take(keys, received_at, lambda connection, stamps, at: intake.insert_file(connection, path, stamps, at, self.zone))

    def _take(self, keys: Sequence[BatchKey], received_at: int, insert: Insert, also: Collection[date] = ()) -> list[Receipt]:
        with self._writing() as connection:
            try:
                with transaction(connection):
                    status, inserted = self._enter(connection, keys, received_at, insert)
                    newcomers = self._newcomers(connection, keys, status)
                    self._open_days |= frozenset(inserted.days)  # before the commit: a reader may treat a day as open that has no rows yet
            except BaseException:
                self._ledger.undo()
                raise
            self._ledger.settle()
            for newcomer in newcomers:
                self._registry.note(newcomer)
            if any(one != "duplicate" for one in status):
                self._touch({*inserted.days, *also})
            self.duplicates += status.count("duplicate")
            return [Receipt(one, inserted.rows.get(batch, 0)) for batch, one in enumerate(status)]

    def _enter(self, connection: Any, keys: Sequence[BatchKey], received_at: int, insert: Insert) -> tuple[list[str], Inserted]:
        status = self._judge(connection, keys)
        fresh = [batch for batch, one in enumerate(status) if one != "duplicate"]
        arrivals = range(self._ledger.arrival + 1, self._ledger.arrival + 1 + len(fresh))
        stamps = [Stamp(batch, keys[batch].sensor, arrival, status[batch] == "conflict") for batch, arrival in zip(fresh, arrivals, strict=True)]
        inserted = insert(connection, stamps, received_at)
        self._ledger.enter(connection, [(keys[batch], inserted.rows.get(batch, 0), status[batch]) for batch in fresh], received_at)
        return status, inserted

    def _judge(self, connection: Any, keys: Sequence[BatchKey]) -> list[str]:
        """As the ledger says; a key that comes twice in one call is known the second time."""
        found: list[str] = []
        here: dict[tuple[str, str, int], set[bytes]] = {}
        for key in keys:
            hashes = here.setdefault((key.sensor, key.epoch, key.seq), set())
            status = "duplicate" if key.content_hash in hashes else self._ledger.judge(connection, key)
            found.append("conflict" if status == "stored" and hashes else status)
            hashes.add(key.content_hash)
        return found

    def _newcomers(self, connection: Any, keys: Sequence[BatchKey], status: Sequence[str]) -> list[SensorEntry]:
        names = dict.fromkeys(key.sensor for key, one in zip(keys, status, strict=True) if one != "duplicate" and key.sensor not in self._registry)
        entries = [SensorEntry(name, DEFAULT_GROUP) for name in names]
        for entry in entries:
            self._registry.write(connection, entry)
        return entries

    def register(self, entry: SensorEntry) -> None:
        with self._writing() as connection:
            entry = self._registry.joined(entry)
            known = self._registry.get(entry.name)
            if known == entry or (known and {*known.addresses} == {*entry.addresses} and (known.group, known.demo) == (entry.group, entry.demo)):
                return
            with transaction(connection):
                self._registry.write(connection, entry)
            self._registry.note(entry)

    def cover(self, sensor: str, channel: str, first_on: date, last_on: date) -> None:
        days = [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1)]
        if not days:
            return
        if sensor not in self._registry:
            self.register(SensorEntry(sensor, DEFAULT_GROUP))
        with self._writing() as connection:
            with transaction(connection):
                intake.insert_cover(connection, sensor, channel, days, self.zone)
            self._touch(set(days))

    def _touch(self, days: set[date]) -> None:
        """After the commit, by the writer: answers about these days that were read before are no longer used."""
        self._changes += 1
        self._touched |= dict.fromkeys(days, self._changes)

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """The one writer's connection. After the engine gave up (a full disk can do that) the file is opened again."""
        with self._write_lock:
            if self._broken:
                self._readers.end()
                self._connection.close()
                self._start()
            with self._told("write"):
                yield self._connection

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """The engine's failures in words for people. A wrong query stays what it is: a bug."""
        try:
            yield
        except (duckdb.OperationalError, duckdb.InternalError, duckdb.FatalException) as error:
            self._broken |= isinstance(error, (duckdb.InternalError, duckdb.FatalException))
            free = shutil.disk_usage(self.folder).free
            next_step = f"Nothing was changed; it can be tried again. Free space there: {free // 1_000_000} MB."
            raise TeitenError(f"{self.folder}: the store could not {what}: {error}", next_step) from error

    # Sealing and care

    def seal(self, before_on: date, told: Told | None = None) -> list[date]:
        sealed = []
        with self._seal_lock:
            days = sorted(day for day in self._open_days if day < before_on)
            with closing(sealing.side_by_side(self.folder, self._draft_day, days)) as drafts:
                for number, draft in enumerate(drafts, 1):
                    if told is not None:
                        told(number, len(days))
                    if draft is not None:
                        self._list(draft)
                        sealed.append(draft.day)
            if not self._closing:
                self._tidy(before_on)
        return sealed

    def _draft_day(self, day: date) -> sealing.Draft | None:
        """None for a day without open rows, and while the store is being closed."""
        if self._closing:
            return None
        with self._writing() as connection:
            if not connection.execute("select count(*) from open_rows where day = ?", [day]).fetchone()[0]:
                self._open_days -= {day}  # a batch that failed had marked it
                return None
            last_arrival = self._ledger.arrival
        with self._told("seal"), self._readers.reading() as cursor:
            return sealing.draft_day(cursor, self.folder, self._catalogue, day, last_arrival)

    def _list(self, draft: sealing.Draft) -> None:
        with self._writing() as connection, self._switch:
            with transaction(connection):
                replaced = sealing.list_parts(connection, self._catalogue, draft, self._clock())
                late = connection.execute("select count(*) from open_rows where day = ?", [draft.day]).fetchone()[0]
            if not late:
                self._open_days -= {draft.day}
            self._catalogue.publish(self._catalogue.read(connection), replaced)

    def _tidy(self, before_on: date) -> None:
        """Fold old ledger entries and old heartbeats, which only the newest of each sensor and channel are asked for."""
        with self._writing() as connection:
            with transaction(connection):
                marks = self._ledger.collapse(connection, self._ledger_entries)
                sealing.forget_old_beats(connection)
                sealing.merge_crowded(connection, before_on)
            self._ledger.collapsed(marks)

    def verify(self, from_on: date | None = None, to_on: date | None = None) -> list[repair.Fault]:
        """Check size and checksum of the parts; faulty ones are set aside (lake/quarantine), and what can be is made again from the rest."""
        with self._seal_lock:
            with self._catalogue.hold() as contents:
                days = set(Sight(self.folder, contents, frozenset(), from_on, to_on).asked(part.day for part in contents.parts))
                faults = repair.find(self.folder, (part for part in contents.parts if part.day in days))
            if faults:
                self._drop([fault.part for fault in faults], "corrupt")
                for fault in faults:
                    lake.set_aside(self.folder, fault.part.path)
                self._rebuild({fault.part.day for fault in faults})
        return faults

    def _rebuild(self, days: set[date]) -> None:
        for day in sorted(days):
            with self._told("repair"), self._readers.reading() as cursor:
                draft = repair.draft(cursor, self.folder, self._catalogue.contents, day)
            if draft is not None:
                self._list(draft)
                with self._write_lock:
                    self._touch({day})

    def _drop(self, parts: Sequence[Part], state: str) -> None:
        with self._writing() as connection, self._switch:
            with transaction(connection):
                self._catalogue.mark(connection, [part.part_id for part in parts], state, self._clock())
                self._catalogue.advance(connection)
            self._catalogue.publish(self._catalogue.read(connection), parts if state == "expired" else ())
            self._touch({part.day for part in parts})

    def apply_retention(self, keep_days: int | None = None, keep_bytes: int | None = None) -> Retention:
        """Drop rows sealed more than `keep_days` full days ago, and the oldest days beyond `keep_bytes`; counts stay exact."""
        now = self._clock()
        before_at = None if keep_days is None else start_of(day_of(now, self.zone) - timedelta(days=keep_days), self.zone)
        with self._seal_lock:
            contents = self._catalogue.contents
            chosen = retention.choose(contents, before_at, keep_bytes)
            if chosen:
                self._drop(chosen, "expired")
        return retention.report(contents, chosen)

    def backup(self, target: Path) -> int:
        """A consistent copy of database and live parts in the empty folder `target`, made beside a running node; returns its bytes.

        Parts never change, so on one file system they are linked, not copied. The copy opens like any store.
        """
        lake.prepare(target)
        with self._seal_lock, self._catalogue.hold() as contents:
            with self._writing() as connection:
                connection.execute("force checkpoint")
                shutil.copyfile(self.folder / FILE, target / FILE)
            return lake.copy(self.folder, target, [part.path for part in contents.parts if part.state == "live"]) + (target / FILE).stat().st_size

    # Reading

    def ask(self, query: str, parameters: Mapping[str, Any], slots: Mapping[str, str] | None = None) -> Rows:
        """As the interface says; parameters `from_on` and `to_on` also limit the parts that are read. Answers are kept while they are true."""
        chosen = slots or {}
        text = statements.statement(query).fill(chosen)
        bound, used = statements.bind(text, parameters)
        period = (parameters.get("from_on"), parameters.get("to_on"))
        question = (query, frozenset(chosen.items()), frozenset(used.items()), period)
        return self._answers.get(
            question,
            lambda: self._state("from sensors" in text, *period),
            lambda: self._read_whole(bound, used, statements.relations_in(text), *period),
        )

    def _state(self, of_groups: bool, from_on: date | None, to_on: date | None) -> Hashable:
        """What an answer depends on: what came to the days it asks for, and who is in which group. Sealing changes no answer."""
        inside = (n for day, n in self._touched.copy().items() if (from_on is None or day >= from_on) and (to_on is None or day < to_on))
        return (max(inside, default=0), self._registry.version if of_groups else 0)

    def _read_whole(self, text: str, parameters: dict[str, Any], relations: list[str], from_on: date | None, to_on: date | None) -> Rows:
        """One retry when a damaged part had to be set aside."""
        try:
            return self._read(text, parameters, relations, from_on, to_on)
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException, duckdb.ConversionException):
            with self._told("answer"):
                if not self.verify(from_on, to_on):
                    raise
                return self._read(text, parameters, relations, from_on, to_on)

    def _read(self, text: str, parameters: dict[str, Any], relations: list[str], from_on: date | None, to_on: date | None) -> Rows:
        with ExitStack() as stack:
            cursor = stack.enter_context(self._readers.reading())
            with self._switch:
                contents = stack.enter_context(self._catalogue.hold())
                sight = Sight(self.folder, contents, self._open_days, from_on, to_on)
                cursor.execute("begin transaction")
                cursor.execute("select value from facts").fetchall()
            definitions = {name: define(name, sight) for name in relations}
            rows: Rows = cursor.execute(statements.with_relations(text, definitions), parameters).fetchall()
            cursor.execute("commit")
            return rows

    def batches(self, sensor: str, epoch: str) -> list[tuple[int, bytes, int]]:
        if not self._ledger.has(sensor, epoch):  # most files of an import are new: they need not wait for the writer
            return []
        with self._writing() as connection:
            return self._ledger.batches(connection, sensor, epoch)

    def sensors(self) -> list[SensorEntry]:
        return self._registry.entries()

    def rows_incomplete(self) -> dict[date, str]:
        """Days whose single rows are not all there any more, and why: `expired` by retention or `corrupt`."""
        return self._catalogue.contents.without_rows()

    def days(self) -> list[date]:
        contents = self._catalogue.contents
        return sorted({*contents.live("rows"), *contents.live("pairs"), *self._open_days})

    def status(self) -> dict[str, Any]:
        with self._writing() as connection:
            told = health.describe(connection, self.folder, self._catalogue.contents, self._open_days, self.sensors())
        return {**told, "duplicates_since_start": self.duplicates, "orphans": self.orphans, "zone": str(self.zone)}


def _days_told(heartbeats: Sequence[Heartbeat], gaps: Sequence[Gap], zone: ZoneInfo) -> set[date]:
    """Days whose coverage or gaps a batch changes."""
    instants = [instant for told in (heartbeats, gaps) for one in told for instant in (one.from_at, one.to_at)]
    low, high = (dates_of(days_of(np.array([pick(instants)], np.int64), zone))[0] for pick in (min, max)) if instants else (date.max, date.min)
    return {low + timedelta(days=n) for n in range((high - low).days + 1)} if instants else set()
