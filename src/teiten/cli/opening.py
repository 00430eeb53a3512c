# SPDX-License-Identifier: Apache-2.0
"""Opens the centre for a verb: the running node's if there is one, else the store itself in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from teiten.errors import StoreBusy, UsageError
from teiten.home import Home
from teiten.settings import settings_of

if TYPE_CHECKING:
    from teiten.centre.interface import Centre

PATIENCE_SECONDS: Final = 5.0


def zone_of(home: Home) -> ZoneInfo:
    return settings_of(home).zone_info()


@contextmanager
def open_centre(home: Home, *, make: bool = False) -> Iterator[Centre]:
    """`make`: a home that isn't there yet is made; without it, that is an error, since the answer would always be nothing."""
    if not make and not home.root.is_dir():
        raise UsageError(f"{home.root}: there is no such home.", "Name it with --home, or start one with `teiten up`, `import` or `demo`.")
    centre = _opened(home)
    try:
        yield centre
    finally:
        centre.close()


def _opened(home: Home) -> Centre:
    """Waits a little for another verb that works on the store, or for a node that is just starting."""
    from teiten.centre.beside import Beside, answers

    settings = settings_of(home)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answers(home.socket):
        from teiten.app import open_here

        home.prepare()
        try:
            return open_here(home, settings)
        except StoreBusy:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)
    return Beside(home.socket, home.incoming)
