# SPDX-License-Identifier: Apache-2.0
"""Writes batches as one Parquet file for `Store.take_file`: how a process that doesn't hold the store gives it many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np

from teiten.columnar import Columns, length
from teiten.store import arrow, intake


def write(batches: Sequence[Columns], path: Path) -> None:
    """Atomic: the file is there wholly or not at all. Durability is the store's, once it has taken the batches.

    The column `batch` is a row's place in `batches`. Raises ValueError as `Store.prepare` does.
    """
    for columns in batches:
        intake.check(columns)
    held = [number for number, columns in enumerate(batches) if length(columns)]
    together = intake.together([batches[number] for number in held]) if held else {"observed_at": np.empty(0, np.int64)}
    numbers = np.repeat(np.array(held, np.int64), [length(batches[number]) for number in held])
    partial = path.with_suffix(".partial")
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("batch", arrow.stream({**together, "batch": numbers}))
        connection.execute(f"copy batch to '{intake.quoted(partial)}' (format parquet, compression zstd)")
    partial.rename(path)
