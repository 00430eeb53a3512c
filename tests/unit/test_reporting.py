# SPDX-License-Identifier: Apache-2.0
"""A running node's reports: due on the first of the month, made by a process of its own, once; a failure is tried again after an hour."""

from __future__ import annotations

import asyncio
import random
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from teiten.clock import MICROSECONDS, to_microseconds
from teiten.home import Home
from teiten.reporting import Reporter
from teiten.store.node import NodeStore
from tests.unit.report.shapes import DAYS, access, put

TOKYO = ZoneInfo("Asia/Tokyo")


def test_last_months_report_is_made_once_and_published_a_day_later(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    now = [to_microseconds(datetime(2026, 7, 1, 7, 30, tzinfo=TOKYO))]
    said: list[str] = []
    store = NodeStore.open(home.store, TOKYO)
    dice = random.Random(8)
    for name in ("a", "b", "c"):
        put(store, name, [access(day, b"22/tcp", dice) for day in DAYS for _ in range(3)], days=DAYS)
    reporter = Reporter(home, TOKYO, "public", store, lambda: now[0], said.append)
    (one, earlier) = reporter.due()  # May's, which was missed, for others; June's for the operator
    assert [(due.span.name, due.policy) for due in (one, earlier)] == [("2026-06", "operator"), ("2026-05", "public")]
    store.close()  # a running node lends a copy instead
    (home.root / "report").mkdir()
    settings = home.root / "report" / "report.toml"
    settings.write_text("unknown = 1\n", encoding="utf-8")
    asyncio.run(reporter.make(one))
    assert said and not (home.reports / "2026-06").exists()
    settings.unlink()
    store = NodeStore.open(home.store, TOKYO)
    reporter = Reporter(home, TOKYO, "public", store, lambda: now[0], said.append)
    store.close()
    asyncio.run(reporter.make(one))
    files = {path.name for path in (home.reports / "2026-06").glob("*/*") if path.suffix != ".csv"}
    assert files == {f"report-2026-06-{language}.{kind}" for language in ("ja", "en") for kind in ("html", "pdf", "txt", "json")}
    store = NodeStore.open(home.store, TOKYO)
    reporter = Reporter(home, TOKYO, "public", store, lambda: now[0], said.append)
    assert [due.policy for due in reporter.due()] == ["public"]
    now[0] += 86_400 * MICROSECONDS
    assert [(due.span.name, due.policy) for due in reporter.due()] == [("2026-06", "public")]
    store.close()


def test_nothing_is_due_where_nothing_was_observed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    store = NodeStore.open(home.store, TOKYO)
    at = to_microseconds(datetime(2026, 7, 15, tzinfo=TOKYO))
    assert Reporter(home, TOKYO, "public", store, lambda: at, print).due() == []
    store.cover("a", "packet", date(2026, 6, 1), date(2026, 6, 2))
    assert len(Reporter(home, TOKYO, "operator", store, lambda: at, print).due()) == 1
    store.close()
