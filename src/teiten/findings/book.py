# SPDX-License-Identifier: Apache-2.0
"""The book of findings on disk: what is open, what was, and the last tick. One file, replaced whole and atomically at every tick.

A lost or damaged book loses nothing that the store couldn't tell again; it is then begun anew and the old one kept beside it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from teiten.errors import TeitenError
from teiten.findings.model import Finding, Noted, Outcome

LAYOUT: Final = 1
CLOSED_KEPT: Final = 20_000  # the newest ones


class Page(msgspec.Struct, frozen=True):
    """Everything in the book. `at`: the last tick, None before the first."""

    layout: int = LAYOUT
    at: int | None = None
    findings: tuple[Finding, ...] = ()
    noted: tuple[Noted, ...] = ()


class Book:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "findings.json"
        self._known: tuple[tuple[int, int, int], Page] | None = None

    def read(self) -> Page:
        """What is in it; empty when there is none. Raises TeitenError when it can't be read at all."""
        try:
            with self._path.open("rb") as file:
                about = os.fstat(file.fileno())
                state = (about.st_ino, about.st_mtime_ns, about.st_size)
                if self._known is not None and self._known[0] == state:
                    return self._known[1]
                page = self._decoded(file.read())
        except FileNotFoundError:
            return Page()
        except OSError as error:
            raise TeitenError(f"{self._path}: cannot be read: {error.strerror}", "Check the file's rights.") from error
        self._known = (state, page)  # every page of the site asks
        return page

    def _decoded(self, content: bytes) -> Page:
        try:
            page = msgspec.json.decode(content, type=Page)
        except (msgspec.DecodeError, msgspec.ValidationError):
            self._set_aside()
            return Page()
        if page.layout != LAYOUT:
            self._set_aside()
            return Page()
        return page

    def enter(self, outcome: Outcome) -> Page:
        """The book after this tick: its findings replace those of the same id, its lists replace the lists."""
        before = self.read()
        page = turned(before, outcome)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(page))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        return page

    def _set_aside(self) -> None:
        self._path.replace(self._path.with_suffix(".damaged"))


def turned(before: Page, outcome: Outcome) -> Page:
    by_id = {finding.id: finding for finding in before.findings}
    by_id.update({finding.id: finding for finding in outcome.findings})
    return Page(LAYOUT, outcome.at, _kept(list(by_id.values())), outcome.noted)


def _kept(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    opened = [finding for finding in findings if finding.held]
    closed = sorted((finding for finding in findings if not finding.held), key=lambda one: -(one.closed_at or 0))
    return (*opened, *closed[:CLOSED_KEPT])
