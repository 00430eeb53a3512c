# SPDX-License-Identifier: Apache-2.0
"""Which connections of a honeypot's log were told of before, so that several events of one count once. Bounded; forgets the oldest."""

from __future__ import annotations

FURTHER = "further event of a connection"
_MOST = 50_000
_WITHIN_US = 3_600_000_000
"""A port may be used again; after an hour it is another connection."""

Connection = tuple[bytes, int | None, int | None]  # source, source port, destination port


class SeenConnections:
    def __init__(self) -> None:
        self._last: dict[Connection, int] = {}

    def before(self, connection: Connection, at: int) -> bool:
        """Whether this connection was told of within the last hour; remembers it. Without a source port nothing can be told apart."""
        if connection[1] is None:
            return False
        last = self._last.pop(connection, None)
        if len(self._last) >= _MOST:
            del self._last[next(iter(self._last))]
        self._last[connection] = at
        return last is not None and abs(at - last) <= _WITHIN_US
