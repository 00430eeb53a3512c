# SPDX-License-Identifier: Apache-2.0
"""Writes flowtuples as Parquet files into a folder, a part at a time, in bounded memory. For other programs; Teiten doesn't read them.

`ipv4-000000.parquet`: source and destination as 32-bit numbers; `microsecond` is the
first packet's place in its minute. `ipv6-000000.parquet`: as two 64-bit halves each. Rows of a minute may
come in several parts that add up (see flowtuple.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from teiten.errors import TeitenError
from teiten.packets.flowtuple import FlowBatch

# Version 2 has encodings by difference, which these numbers suit better than dictionaries: two thirds of the time, four fifths of the room. Snappy
# takes 0.7 of the time of zstd, for a fifteenth more room.
_WRITE: Final = "COPY flows TO '{}' (FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 65536)"
_ROWS_PER_PART: Final = 1 << 17
_ROWS_AT_ONCE: Final = 1 << 13  # a row is looked at once for each column, so they had better be in the cache
Table = dict[str, NDArray[Any]]


class FlowFiles:
    """`folder` is made, and must not hold anything: parts of two captures would look like one. Call `close` at the end."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise TeitenError(f"{folder}: is not empty.", "Name another folder, which will be made.")
        self._folder = folder
        self._connection = duckdb.connect(config={"threads": 1})
        self._waiting: dict[int, list[Table]] = {4: [], 6: []}
        self._rows = {4: 0, 6: 0}
        self._parts = {4: 0, 6: 0}
        self.rows = 0

    def write(self, batch: FlowBatch) -> None:
        """Copies what it needs: the batch's memory is free afterwards."""
        version = batch.version
        for begin in range(0, len(batch.words), _ROWS_AT_ONCE):
            words = batch.words[begin : begin + _ROWS_AT_ONCE]
            self._waiting[version].append(columns_of(FlowBatch(version, words)))
            self._rows[version] += len(words)
            if self._rows[version] >= _ROWS_PER_PART:
                self._write_part(version)

    def close(self) -> None:
        for version in (4, 6):
            self._write_part(version)
        self._connection.close()

    def _write_part(self, version: int) -> None:
        tables = self._waiting[version]
        if not tables:
            return
        self._connection.register("flows", {name: np.concatenate([table[name] for table in tables]) for name in tables[0]})
        path = self._folder / f"ipv{version}-{self._parts[version]:06}.parquet"
        self._connection.execute(_WRITE.format(str(path).replace("'", "''")))
        self._connection.unregister("flows")
        self.rows += self._rows[version]
        self._parts[version] += 1
        self._rows[version] = 0
        tables.clear()


def columns_of(batch: FlowBatch) -> Table:
    """As they are stored; numbers no wider than they must be."""
    words, key = batch.words, batch.key
    table: Table = {"minute": batch.minute.astype(np.uint32)}
    if batch.version == 4:
        table |= {"source": (words[:, 0] >> 32).astype(np.uint32), "destination": words[:, 0].astype(np.uint32)}
    else:
        halves = ("source_high", "source_low", "destination_high", "destination_low")
        table |= {name: words[:, number].astype(np.uint64) for number, name in enumerate(halves)}
    table |= {"protocol": (key >> 8).astype(np.uint8), "port": (key >> 16).astype(np.uint16), "flags": key.astype(np.uint8)}
    table |= {"doubt": (key >> 32).astype(np.uint8), "packets": batch.packets.astype(np.uint32), "bytes": batch.bytes.astype(np.uint64)}
    return table | {"payload": batch.payload.astype(np.uint64), "microsecond": batch.microsecond.astype(np.uint32)}
