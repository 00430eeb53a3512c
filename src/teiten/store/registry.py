# SPDX-License-Identifier: Apache-2.0
"""The sensor registry: names, groups and the secret addresses of sensors. Addresses leave it only towards redaction, never towards a page."""

from __future__ import annotations

from typing import Any

import msgspec

from teiten.model import SensorEntry

DEFAULT_GROUP = "local"
MOST_ADDRESSES = 256  # of one sensor; of more, the oldest are forgotten


class Registry:
    """Kept in memory and in the database; `version` changes with every change, since answers about a group depend on it."""

    def __init__(self, connection: Any) -> None:
        found = connection.execute("select name, sensor_group, demo, addresses from sensors").fetchall()
        self._entries = {name: SensorEntry(name, group, demo, tuple(msgspec.json.decode(text))) for name, group, demo, text in found}
        self.version = 0

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def get(self, name: str) -> SensorEntry | None:
        return self._entries.get(name)

    def entries(self) -> list[SensorEntry]:
        return [entry for _, entry in sorted(dict(self._entries).items())]

    def joined(self, entry: SensorEntry) -> SensorEntry:
        """The entry with the addresses the sensor had before: texts that echo those are in the store for ever."""
        known = self._entries.get(entry.name)
        addresses = dict.fromkeys((*entry.addresses, *(known.addresses if known else ())))
        return msgspec.structs.replace(entry, addresses=tuple(addresses)[:MOST_ADDRESSES])

    def write(self, connection: Any, entry: SensorEntry) -> None:
        """In the caller's transaction."""
        connection.execute("delete from sensors where name = ?", [entry.name])
        addresses = msgspec.json.encode(entry.addresses).decode()
        connection.execute("insert into sensors values (?, ?, ?, ?)", [entry.name, entry.group, entry.demo, addresses])

    def note(self, entry: SensorEntry) -> None:
        """The entry is durable."""
        self._entries[entry.name] = entry
        self.version += 1
