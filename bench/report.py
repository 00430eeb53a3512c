# SPDX-License-Identifier: Apache-2.0
"""Times the monthly report over a skewed world of N rows and 180 days: asking, drawing each figure, HTML, PDF, text, CSV and JSON; peak memory.

    python -m bench report [--rows 1000000 …] [--full] [--folder DIR] [--reports 6] [--policy operator]

The world is that of bench/questions.py (10 sensors, 4 channels). Goal: a month of 100 million stored accesses in 10 s and 1 GiB. Each report reads
six months; `--reports 6` makes those of the last six months one after the other. Times are CPU seconds of the process and, in brackets, on the clock.
Peak memory is that of the process, so that of loading too if the store was made in it: run twice with --folder to see the report's alone.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.questions import TOKYO, load
from teiten.questions.windows import month, months_before
from teiten.report import figures
from teiten.report.compose import compose
from teiten.report.gather import Scope, gather
from teiten.report.model import Report, figures_of
from teiten.report.page import to_page
from teiten.report.pdf import to_pdf
from teiten.report.plain import to_text
from teiten.report.settings import ReportSettings
from teiten.report.showing import showing_by
from teiten.report.tabular import to_csv, to_json
from teiten.store.node import NodeStore

KEY = b"a key of this bench"


class Watch:
    """Laps in CPU seconds and on the clock."""

    def __init__(self) -> None:
        self._laps: list[tuple[str, float, float]] = []

    def lap(self, name: str, work: Callable[[], Any]) -> Any:
        cpu, clock = time.process_time(), time.perf_counter()
        done = work()
        self._laps.append((name, time.process_time() - cpu, time.perf_counter() - clock))
        return done

    def told(self) -> str:
        cpu, clock = (sum(lap[place] for lap in self._laps) for place in (1, 2))
        return f"{cpu:6.2f} s ({clock:6.2f}) = " + " + ".join(f"{name} {one:.2f} ({two:.2f})" for name, one, two in self._laps)


def measure(store: NodeStore, rows: int, policy: str, reports: int) -> None:
    drawn: list[float] = []
    to_svg = figures.to_svg

    def timed(*arguments: Any) -> str:
        began = time.process_time()
        made = to_svg(*arguments)
        drawn.append(time.process_time() - began)
        return made

    figures.to_svg = timed
    showing = showing_by(policy, store.sensors(), KEY)
    for period in months_before(month(2026, 6), reports):
        watch = Watch()
        scope = Scope(period, TOKYO, channel="packet", today=date(2026, 6, 30))
        facts = watch.lap("ask", partial(gather, store, scope, showing))
        report = watch.lap("compose and draw", partial(compose, facts, "ja", ReportSettings(), (), policy))
        watch.lap("HTML", partial(to_page, report))
        watch.lap("PDF", partial(to_pdf, report))
        watch.lap("text, CSV, JSON", partial(_tables, report))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        accesses = facts.now.per_day.accesses
        print(f"{rows:>12,} rows, {period.from_on:%Y-%m} of {accesses:,} accesses, {policy}: {watch.told()}; peak {memory} MiB", flush=True)
    figures.to_svg = to_svg
    if drawn:
        print(f"             a figure: median {median(drawn) * 1000:.0f} ms, dearest {max(drawn) * 1000:.0f} ms, of {len(drawn)}", flush=True)


def _tables(report: Report) -> list[str]:
    return [to_text(report), to_json(report).decode(), *(to_csv(one) for one in figures_of(report.sections))]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench report", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--full", action="store_true", help="1, 10 and 100 million rows")
    parser.add_argument("--folder", type=Path, help="keep the stores there, and use what is there already")
    parser.add_argument("--reports", type=int, default=1)
    parser.add_argument("--policy", choices=("operator", "partners", "public"), nargs="*", default=["operator"])
    chosen = parser.parse_args(arguments)
    base = chosen.folder or Path(tempfile.mkdtemp(prefix="teiten-bench-"))
    try:
        for rows in [1_000_000, 10_000_000, 100_000_000] if chosen.full else chosen.rows:
            store = NodeStore.open(base / str(rows), TOKYO)
            if not store.days():
                load(store, rows)
            for policy in chosen.policy:
                measure(store, rows, policy, chosen.reports)
            store.close()
    finally:
        if chosen.folder is None:
            shutil.rmtree(base)
    return 0
