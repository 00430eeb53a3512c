# SPDX-License-Identifier: Apache-2.0
"""Writes a batch as a Parquet file for `Store.take_file`: how a process that doesn't hold the store gives it many rows at once."""

from __future__ import annotations

from pathlib import Path

import duckdb

from teiten.columnar import Columns
from teiten.store.intake import plain


def write(columns: Columns, path: Path) -> None:
    """Atomic: the file is there wholly or not at all. Durability is the store's, once it has taken the batch."""
    partial = path.with_suffix(".partial")
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("batch", plain(columns))
        connection.execute(f"copy batch to '{str(partial).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)")
    partial.rename(path)
