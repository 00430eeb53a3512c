# SPDX-License-Identifier: Apache-2.0
"""How a bench prints: one aligned table (Markdown, so that it can be kept), under the command, seed, machine and load it was measured with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.machine import command, describe

SEED = 1


def heading(title: str, *packages: str, seed: int = SEED) -> None:
    print(f"\n{title}\n  {command()}   seed {seed}\n  {describe(*packages)}\n  {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {busy()}\n", flush=True)


def busy() -> str:
    return f"load average {os.getloadavg()[0]:.1f}"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """The first column is text, the others are numbers, right-aligned."""
    cells = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(columns))]
    lines = [
        "| " + " | ".join(c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True))) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (w + 2) if n == 0 else "-" * (w + 1) + ":" for n, w in enumerate(widths)) + "|"
    print("\n".join([lines[0], rule, *lines[1:]]), flush=True)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))] if ordered else float("nan")
