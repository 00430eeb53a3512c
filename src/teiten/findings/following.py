# SPDX-License-Identifier: Apache-2.0
"""Keeps the book up to date: the ticks that are due since the last one, in order. Restartable at any point; a tick is done or it is not.

Over days that were missed it goes by midnights, on the last day by the newest full hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from teiten.clock import day_of
from teiten.findings.book import Book, Page, turned
from teiten.findings.watching import Marks, watch
from teiten.questions.tick import HOUR_US
from teiten.store.days import start_of
from teiten.store.interface import Store

FIRST_LOOK_DAYS: Final = 31  # an empty book begins so long ago, so that the month's report has its findings


def due(last_at: int | None, now: int, zone: ZoneInfo, first_look_days: int = FIRST_LOOK_DAYS) -> Iterator[tuple[int, bool]]:
    """(tick, whether windows of hours are looked at). Nothing when the clock went back or the hour isn't over."""
    newest = now - now % HOUR_US
    today = day_of(newest, zone)
    begin = today - timedelta(days=first_look_days) if last_at is None else day_of(last_at, zone) + timedelta(days=1)
    for day in _days(max(begin, today - timedelta(days=first_look_days)), today):
        midnight = start_of(day, zone)
        if midnight < newest and (last_at is None or midnight > last_at):
            yield midnight, False
    if last_at is None or newest > last_at:
        yield newest, True


def follow(store: Store, book: Book, now: int, zone: ZoneInfo, marks: Marks) -> Page:
    """All ticks that are due; the book after the last of them."""
    page = book.read()
    for at, hourly in due(page.at, now, zone):
        page = book.enter(watch(store, at, zone, page.findings, marks, hourly=hourly))
    return page


def recompute(store: Store, at: int, zone: ZoneInfo, marks: Marks) -> Page:
    """What would be in an empty book at that past moment: the ticks of the month before it, with the rules of today; enters nothing."""
    page = Page()
    for tick, hourly in due(None, at, zone):
        page = turned(page, watch(store, tick, zone, page.findings, marks, hourly=hourly))
    return page


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
