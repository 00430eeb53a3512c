# SPDX-License-Identifier: Apache-2.0
"""Accesses <-> numpy columns, the form in which batches enter the store. Only the centre imports this; sensors never load numpy.

Columns are a dict from a name of `columns.SENSOR_NAMES` to an array, all of one length. A missing optional column means "none"
in every row. Shapes: instants are int64 microseconds UTC; text and bytes are object arrays; integers may be object arrays with None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from teiten.columns import COLUMNS
from teiten.model import Access

Columns = dict[str, NDArray[Any]]

_FIELDS = msgspec.structs.fields(Access)
_TYPES = {column.name: column.type for column in COLUMNS}


def from_accesses(accesses: Sequence[Access]) -> Columns:
    """One array per field of `Access`, in the order given."""
    if not accesses:
        return {}
    turned = zip(*[msgspec.structs.astuple(access) for access in accesses], strict=True)
    return {field.name: _array(field.name, values) for field, values in zip(_FIELDS, turned, strict=True)}


def same(value: Any, rows: int) -> NDArray[Any]:
    """A column with one value in all rows, which takes no memory; read-only."""
    kind = np.bool_ if isinstance(value, bool) else np.int64 if isinstance(value, int) else object
    return np.broadcast_to(np.array(value, dtype=kind), rows)


def distinct(column: NDArray[Any]) -> set[Any]:
    """The values of a column of text; at once where `same` made it."""
    return set(column[:1].tolist() if column.strides == (0,) else column.tolist())


def length(columns: Columns) -> int:
    return len(columns["observed_at"]) if columns else 0


def _array(name: str, values: tuple[Any, ...]) -> NDArray[Any]:
    if _TYPES[name] == "instant":
        return np.array(values, dtype=np.int64)
    if _TYPES[name] == "boolean":
        return np.array(values, dtype=np.bool_)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
