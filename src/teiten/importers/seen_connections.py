# SPDX-License-Identifier: Apache-2.0
"""Which connections of a honeypot's log were told of before, so that several events of one count once. Bounded; forgets the oldest."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

FURTHER = "further event of a connection"
_MOST = 50_000
_WITHIN_US = 3_600_000_000
"""A port may be used again; after an hour it is another connection."""

Connection = tuple[bytes, int | None, int | None]  # source, source port, destination port
Array = NDArray[Any]


class SeenConnections:
    def __init__(self) -> None:
        self._last: OrderedDict[int | Connection, int] = OrderedDict()  # a plain dict finds its oldest by passing all that were there

    def before(self, connection: Connection, at: int) -> bool:
        """Whether this connection was told of within the last hour; remembers it. Without a source port nothing can be told apart."""
        source, there, here = connection
        if there is None:
            return False
        key = connection if len(source) != 4 or here is None else int.from_bytes(source) << 32 | there << 16 | here
        last = self._last.pop(key, None)
        if len(self._last) >= _MOST:
            self._last.popitem(last=False)
        self._last[key] = at
        return last is not None and abs(at - last) <= _WITHIN_US

    def fresh(self, source: Array, there: Array, here: Array, at: Array) -> Array:
        """Where connections from IPv4 numbers, in the order of the log, were not told of before; the same as asking `before` for each.

        Nearly all are new: those need no step of their own. Ports below zero are none.
        """
        keys = source.astype(np.uint64) << np.uint64(32) | (np.maximum(there, 0) << 16 | here).astype(np.uint64)
        known = self._last.keys()
        again = np.ones(len(keys), np.bool_)
        again[np.unique(keys, return_index=True)[1]] = False
        repeated = set(keys[again].tolist())
        repeated.update(known & set(keys.tolist()))
        is_new: Array = np.ones(len(keys), np.bool_)
        named = there >= 0
        if repeated:
            slow = np.flatnonzero(named & np.isin(keys, np.fromiter((key for key in repeated if isinstance(key, int)), np.uint64)))
            for place, key, when in zip(slow.tolist(), keys[slow].tolist(), at[slow].tolist(), strict=True):
                last = self._last.pop(key, None)
                self._last[key] = when
                is_new[place] = last is None or abs(when - last) > _WITHIN_US
            named = named.copy()
            named[slow] = False
        self._last.update(zip(keys[named].tolist(), at[named].tolist(), strict=True))
        for _ in range(len(self._last) - _MOST):
            self._last.popitem(last=False)
        return is_new
