# SPDX-License-Identifier: Apache-2.0
"""Opens the centre for a verb: the running node's if there is one, else the store itself in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from teiten.errors import UsageError
from teiten.home import Home
from teiten.settings import settings_of

if TYPE_CHECKING:
    from teiten.centre.interface import Centre


def zone_of(home: Home) -> ZoneInfo:
    return settings_of(home).zone_info()


@contextmanager
def open_centre(home: Home, *, make: bool = False) -> Iterator[Centre]:
    """`make`: a home that isn't there yet is made; without it, that is an error, since the answer would always be nothing."""
    if not make and not home.root.is_dir():
        raise UsageError(f"{home.root}: there is no such home.", "Name it with --home, or start one with `teiten up`, `import` or `demo`.")
    from teiten.centre.beside import Beside, answers

    settings = settings_of(home)
    centre: Centre
    if answers(home.socket):
        centre = Beside(home.socket, home.incoming)
    else:
        from teiten.app import open_here

        home.prepare()
        centre = open_here(home, settings)
    try:
        yield centre
    finally:
        centre.close()
