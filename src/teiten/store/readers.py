# SPDX-License-Identifier: Apache-2.0
"""Who is reading now. The engine refuses to close a connection while one of its cursors is at work, so they are ended first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import duckdb

from teiten.errors import StoreBusy

_AGAIN_SECONDS: Final = 0.1  # an interruption between two statements of a reader is lost


class Readers:
    """Cursors of one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursors: set[Any] = set()
        self._changed = threading.Condition()
        self._ended = False

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """A cursor until the block ends. Raises StoreBusy when the store is closed meanwhile."""
        with self._changed:
            if self._ended:
                raise StoreBusy("The store is being closed.", "Ask again in a moment.")
            cursor = self._connection.cursor()
            self._cursors.add(cursor)
        try:
            yield cursor
        except duckdb.InterruptException as error:
            raise StoreBusy("The store is being closed.", "Ask again in a moment.") from error
        finally:
            with self._changed:  # closed under the lock: a closed cursor can't be interrupted
                cursor.close()
                self._cursors.discard(cursor)
                self._changed.notify_all()

    def end(self) -> None:
        """Interrupt them; returns when none is left, and lets no new one in."""
        with self._changed:
            self._ended = True
            while self._cursors:
                for cursor in self._cursors:
                    cursor.interrupt()
                self._changed.wait(_AGAIN_SECONDS)
