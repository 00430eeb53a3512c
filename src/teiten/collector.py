# SPDX-License-Identifier: Apache-2.0
"""Receive, check, enrich, store, acknowledge. A receipt is given only after the store says that data and key are durable.

The edge where a sensor's bytes become values: a sensor may be in a stranger's hands, so every field is checked, and what is impossible
is put aside and stated as a gap while the rest of its batch is stored.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from teiten.addresses import locates
from teiten.clock import Clock
from teiten.columnar import Columns, from_accesses
from teiten.gathering import Deliver
from teiten.metrics import batches, problems, rows
from teiten.model import CATEGORIES, CHANNELS, Access, BatchKey, Gap, Heartbeat, Receipt, Record
from teiten.store.interface import Store
from teiten.transport.batches import Batch

log = logging.getLogger("teiten.collector")

Enrich = Callable[[Columns], Columns]
"""The columns with a `region` column, unless they have one."""

_AHEAD_US = 5 * 60 * 1_000_000
_LAST_INSTANT = 7_258_118_400_000_000  # year 2200: an invented far future must not make the store count its days
_MOST_ADDRESSES = 64  # of one heartbeat
_MAX_QUARANTINED = 10_000
_decoder = msgspec.msgpack.Decoder(Record)


class Collector:
    """Thread-safe as far as the store is."""

    def __init__(self, store: Store, enrich: Enrich, clock: Clock, quarantine: Path | None = None) -> None:
        self._store = store
        self._enrich = enrich
        self._clock = clock
        self._quarantine = quarantine
        self._quarantined = 0
        self._told: dict[str, set[str]] = {}  # per sensor, of the newest batch

    def take(self, batch: Batch) -> Receipt:
        """Raises ValueError for a key that can't be, and what the store raises when it can't store."""
        _check_key(batch.key)
        received_at = self._clock()
        accesses: list[Access] = []
        heartbeats: list[Heartbeat] = []
        gaps = [gap for gap in batch.gaps if _possible(gap)]
        bad = []
        for payload in batch.payloads:
            record = _decode(payload)
            if isinstance(record, Access):
                accesses.append(record)
            elif isinstance(record, Heartbeat):
                heartbeats.append(record)
            elif isinstance(record, Gap):
                gaps.append(record)
            else:
                bad.append(payload)
        if bad:
            self._put_aside(batch.key, bad)
            gaps.append(Gap(from_at=received_at, to_at=received_at, channel=batch.channel, records=len(bad), reason="not readable by the collector"))
        ahead = sum(access.observed_at > received_at + _AHEAD_US for access in accesses)
        if ahead:
            problems.labels("collector", "observed in the future").inc(ahead)
        columns = from_accesses(accesses)
        receipt = self._store.take(batch.key, self._enrich(columns), received_at, heartbeats, gaps)
        _count(batch.key, _channels(columns), receipt)
        self._learn(batch.key.sensor, {address for beat in heartbeats for address in beat.addresses[:_MOST_ADDRESSES]})
        return receipt

    def prepare(self, given: Sequence[tuple[BatchKey, Columns]]) -> Deliver:
        """The same for batches that come as columns (importers, worlds): what is returned stores all of them in one transaction."""
        for key, _ in given:
            _check_key(key)
        store = self._store.prepare([(key, self._enrich(columns)) for key, columns in given])
        told = [(key, _channels(columns)) for key, columns in given]

        def deliver() -> list[Receipt]:
            receipts = store(self._clock())
            for (key, channels), receipt in zip(told, receipts, strict=True):
                _count(key, channels, receipt)
            return receipts

        return deliver

    def _learn(self, name: str, told: set[str]) -> None:
        """Addresses that a sensor says it has go into the registry, for publication to withhold; what can't be one is counted and forgotten."""
        if not told or told == self._told.get(name):
            return
        likely = {text for text in told if locates(text)}
        if likely != told:
            problems.labels("collector", "impossible sensor address").inc(len(told - likely))
        known = next((entry for entry in self._store.sensors() if entry.name == name), None)
        if known is not None and not likely <= set(known.addresses):
            self._store.register(msgspec.structs.replace(known, addresses=tuple(sorted(likely))))
        self._told[name] = told

    def _put_aside(self, key: BatchKey, payloads: list[bytes]) -> None:
        problems.labels("collector", "unreadable record").inc(len(payloads))
        if self._quarantine is None or self._quarantined >= _MAX_QUARANTINED:
            return
        self._quarantined += len(payloads)
        try:
            self._quarantine.mkdir(parents=True, exist_ok=True)
            (self._quarantine / f"{key.content_hash.hex()}.msgpack").write_bytes(msgspec.msgpack.encode([key, payloads]))
        except OSError:
            problems.labels("collector", "quarantine full").inc()


def _channels(columns: Columns) -> Counter[str]:
    return Counter(columns["channel"].tolist()) if columns else Counter()


def _count(key: BatchKey, channels: Counter[str], receipt: Receipt) -> None:
    batches.labels(receipt.status).inc()
    if receipt.status == "conflict":
        log.warning("conflict: %s %s %d came twice with different content; both are kept", key.sensor, key.epoch, key.seq)
    if receipt.rows:
        for channel, count in channels.items():
            rows.labels(channel if channel in CHANNELS else "other").inc(count)


def _decode(payload: bytes) -> Record | None:
    try:
        record: Record = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return record if _possible(record) else None


def _possible(record: Record) -> bool:
    if isinstance(record, Access):
        return (
            len(record.source) in (4, 16)
            and record.category in CATEGORIES
            and 0 <= record.observed_at < _LAST_INSTANT
            and 1 <= record.times < 1 << 31
            and _within(record.source_port, 1 << 16)
            and _within(record.destination_port, 1 << 16)
            and _within(record.size, 1 << 62)
            and _within(record.duration_us, 1 << 62)
            and _within(record.tcp_flags, 1 << 16)
            and _named(record.channel)
        )
    counts = (record.records,) if isinstance(record, Gap) else (record.emitted, record.dropped, record.backlog_bytes)
    return 0 <= record.from_at <= record.to_at < _LAST_INSTANT and all(_within(count, 1 << 62) for count in counts) and _named(record.channel)


def _within(value: int | None, limit: int) -> bool:
    return value is None or 0 <= value < limit


def _named(channel: str) -> bool:
    """Channels become labels and folder names: short plain words only, so that a sensor can't invent endless or odd ones."""
    return 0 < len(channel) <= 16 and channel.isascii() and channel.isalnum()


def _check_key(key: BatchKey) -> None:
    if not key.sensor or len(key.sensor) > 200 or not key.epoch or len(key.epoch) > 200 or not 0 <= key.seq < 1 << 62 or len(key.content_hash) != 16:
        raise ValueError("a batch key with an impossible part")
