# SPDX-License-Identifier: Apache-2.0
"""Times the monthly report over a skewed world of N rows and 180 days: asking, composing with all figures, HTML, PDF, CSV and JSON; peak memory.

    python -m bench report [--rows 1000000 …] [--full] [--folder DIR]

The world is that of bench/questions.py (10 sensors, 4 channels). Goal: a month of 100 million stored accesses in 10 s and 1 GiB.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path

from bench.questions import TOKYO, load
from teiten.questions.windows import month
from teiten.report.compose import compose
from teiten.report.gather import Scope, gather
from teiten.report.model import figures_of
from teiten.report.page import to_page
from teiten.report.pdf import to_pdf
from teiten.report.settings import ReportSettings
from teiten.report.tabular import to_csv, to_json
from teiten.store.node import NodeStore


def measure(store: NodeStore, rows: int) -> None:
    started = time.perf_counter()
    facts = gather(store, Scope(month(2026, 6), TOKYO, channel="packet"))
    asked = time.perf_counter()
    report = compose(facts, "ja", ReportSettings(), (), "public")
    composed = time.perf_counter()
    to_page(report)
    paged = time.perf_counter()
    to_pdf(report)
    printed = time.perf_counter()
    figures = figures_of(report.sections)
    to_json(report)
    for figure in figures:
        to_csv(figure)
    done = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{rows:>12,} rows, month of {facts.now.per_day.accesses:,} accesses: whole {done - started:5.2f} s = ask {asked - started:5.2f}"
        f" + {len(figures)} figures and text {composed - asked:5.2f} + HTML {paged - composed:4.2f} + PDF {printed - paged:4.2f}"
        f" + CSV and JSON {done - printed:4.2f}; peak {memory} MiB",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench report", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--full", action="store_true", help="1, 10 and 100 million rows")
    parser.add_argument("--folder", type=Path, help="keep the stores there, and use what is there already")
    chosen = parser.parse_args(arguments)
    base = chosen.folder or Path(tempfile.mkdtemp(prefix="teiten-bench-"))
    try:
        for rows in [1_000_000, 10_000_000, 100_000_000] if chosen.full else chosen.rows:
            store = NodeStore.open(base / str(rows), TOKYO)
            if not store.days():
                load(store, rows)
            measure(store, rows)
            store.close()
    finally:
        if chosen.folder is None:
            shutil.rmtree(base)
    return 0
