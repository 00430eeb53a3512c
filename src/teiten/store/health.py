# SPDX-License-Identifier: Apache-2.0
"""What the store holds and how it fares, as plain data for `teiten status` and the operator's page. Never a sensor's address."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from teiten.model import SensorEntry
from teiten.store.catalogue import KINDS, Contents
from teiten.store.engine import FILE


def describe(connection: Any, folder: Path, contents: Contents, open_days: frozenset[date], entries: list[SensorEntry]) -> dict[str, Any]:
    return {
        "catalogue_version": contents.version,
        "days": _days(contents, open_days),
        "rows": _rows(connection, contents),
        "parts": {kind: _parts(contents, kind) for kind in KINDS},
        "corrupt": [part.path for part in contents.parts if part.state == "corrupt"],
        "rows_dropped": [str(day) for day, why in sorted(contents.without_rows().items()) if why == "expired"],
        "batches": _batches(connection),
        "gaps": _gaps(connection),
        "sensors": _sensors(connection, entries),
        "disk": _disk(folder),
    }


def _days(contents: Contents, open_days: frozenset[date]) -> dict[str, Any]:
    sealed = set(contents.live("pairs"))
    every = sorted(sealed | open_days)
    return {
        "first": str(every[0]) if every else None,
        "last": str(every[-1]) if every else None,
        "sealed": len(sealed),
        "open": [str(day) for day in sorted(open_days)],
    }


def _rows(connection: Any, contents: Contents) -> dict[str, int]:
    opened = connection.execute("select count(*) from open_rows").fetchone()[0]
    return {"open": opened, "sealed": sum(part.rows for parts in contents.live("rows").values() for part in parts)}


def _parts(contents: Contents, kind: str) -> dict[str, int]:
    parts = [part for parts in contents.live(kind).values() for part in parts]
    return {"files": len(parts), "rows": sum(part.rows for part in parts), "bytes": sum(part.size for part in parts)}


def _batches(connection: Any) -> dict[str, int]:
    listed = dict(connection.execute("select status, count(*) from ledger group by status").fetchall())
    collapsed, rows = connection.execute("select coalesce(sum(batches), 0), coalesce(sum(batch_rows), 0) from epochs").fetchone()
    listed_rows = connection.execute("select coalesce(sum(batch_rows), 0) from ledger").fetchone()[0]
    conflict_rows = connection.execute("select coalesce(sum(batch_rows), 0) from ledger where status = 'conflict'").fetchone()[0]
    return {
        "stored": listed.get("stored", 0) + int(collapsed),
        "conflicts": listed.get("conflict", 0),
        "rows": int(rows) + int(listed_rows),
        "conflict_rows": int(conflict_rows),
        "listed": sum(listed.values()),
    }


def _gaps(connection: Any) -> list[dict[str, Any]]:
    found = connection.execute(
        "select sensor, channel, reason, count(*), sum(records), min(from_at), max(to_at) from gaps group by all order by sensor, channel, reason"
    )
    names = ("sensor", "channel", "reason", "gaps", "records", "from_at", "to_at")
    return [dict(zip(names, (*row[:4], int(row[4]), *row[5:]), strict=True)) for row in found.fetchall()]


def _sensors(connection: Any, entries: list[SensorEntry]) -> list[dict[str, Any]]:
    found = connection.execute(
        "select sensor, channel, max(to_at), arg_max(emitted, to_at), arg_max(dropped, to_at), arg_max(backlog_bytes, to_at), arg_max(detail, to_at)"
        " from beats group by all order by sensor, channel"
    ).fetchall()
    last = dict(connection.execute("select e.sensor, max(l.received_at) from ledger l join epochs e using (epoch_id) group by all").fetchall())
    names = ("last_heartbeat_at", "emitted", "dropped", "backlog_bytes", "detail")
    beats: dict[str, dict[str, Any]] = {}
    for sensor, channel, *told in found:
        beats.setdefault(sensor, {})[channel] = dict(zip(names, told, strict=True))
    return [
        {"name": entry.name, "group": entry.group, "demo": entry.demo, "last_batch_at": last.get(entry.name), "channels": beats.get(entry.name, {})}
        for entry in entries
    ]


def _disk(folder: Path) -> dict[str, int]:
    database = sum(path.stat().st_size for path in (folder / FILE, folder / f"{FILE}.wal") if path.exists())
    return {"database_bytes": database, "free_bytes": shutil.disk_usage(folder).free}
