# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows while an import goes on: one line, redrawn at most ten times a second, of the file that is read or the day that is sealed."""

from __future__ import annotations

import sys
import time
from typing import Final

from teiten import texts

_PAUSE_SECONDS: Final = 0.1


def watched(format_: str) -> TerminalProgress | None:
    """None where nobody watches: no terminal, or a program that reads the report."""
    return TerminalProgress() if format_ != "json" and sys.stderr.isatty() else None


class TerminalProgress:
    def __init__(self) -> None:
        self._drawn, self._files, self._current = 0.0, 0, ""
        self._file_began = time.monotonic()

    def __call__(self, name: str, done_bytes: int, all_bytes: int, records: int) -> None:
        """`importers.intake.Progress`: share of the file, rate, and the time it still takes."""
        now = time.monotonic()
        if name != self._current:
            self._current, self._files, self._file_began = name, self._files + 1, now if self._files else self._file_began
        if now - self._drawn < _PAUSE_SECONDS and (done_bytes < all_bytes or self._files > 1):
            return
        spent = max(now - self._file_began, 0.001)
        share = f"{done_bytes / all_bytes:4.0%}" if all_bytes else f"{done_bytes:,} bytes"
        left = f", {spent / done_bytes * (all_bytes - done_bytes):,.0f} s left" if spent > 1 and 0 < done_bytes < all_bytes else ""
        self._draw(now, f"file {self._files:,}: {share}, {records:,} records, {records / spent:,.0f}/s{left}  {texts.visible(name, 60)}")

    def sealing(self, number: int, days: int) -> None:
        """Days that are over move into the lake; 0 of 0: a running node does it, and doesn't say how far it is."""
        now = time.monotonic()
        if now - self._drawn >= _PAUSE_SECONDS or number in (0, 1, days):
            self._draw(now, f"sealing day {number:,} of {days:,}" if days else "sealing the days that are over")

    def clear(self) -> None:
        sys.stderr.write("\r\x1b[K")

    def _draw(self, now: float, line: str) -> None:
        self._drawn = now
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
