# SPDX-License-Identifier: Apache-2.0
"""Findings of the book as the claims that pages and publication know, most urgent first. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from teiten.clock import day_of
from teiten.detectors.levels import Level
from teiten.findings.book import Book
from teiten.findings.model import Finding, urgency
from teiten.findings.sentences import LANGUAGES, sentence
from teiten.publication.findings import Claim
from teiten.store.days import start_of


class BookClaims:
    """Callable as `publication.findings.Claims`. `group` None: all groups.

    What held at the first instant of the day; `early`, for the operator: at its last one, and so on the day itself what the newest tick says.
    """

    def __init__(self, book: Book, zone: ZoneInfo, group: str | None = None, *, early: bool = False) -> None:
        self._book, self._zone, self._group, self._early = book, zone, group, early

    def __call__(self, as_of: date) -> Sequence[Claim]:
        at = start_of(as_of + timedelta(days=1), self._zone) - 1 if self._early else start_of(as_of, self._zone)
        held = [(level_at(one, at), one) for one in self._book.read().findings if self._group in (None, one.group)]
        found = [(level, one) for level, one in held if level is not None]
        found.sort(key=lambda pair: (pair[0] != "attention", urgency(pair[1])))
        return [self._claim(one, level) for level, one in found]

    def _claim(self, one: Finding, level: Level) -> Claim:
        evidence = one.evidence
        return Claim(
            id=one.id,
            channel=one.channel,
            target=one.target,
            level=level,
            states=one.states,
            since_on=day_of(evidence.onset_at, self._zone),
            raised_on=day_of(one.opened_at - 1, self._zone),
            last_on=day_of(evidence.at - 1, self._zone),
            days=evidence.hours / 24,
            networks=evidence.networks,
            usual=evidence.usual,
            ratio=evidence.ratio,
            sensors=evidence.sensors,
            live=evidence.live,
            rule="+".join(one.rules),
            sentence={language: sentence(one, self._zone, language) for language in LANGUAGES},
        )


def level_at(finding: Finding, at: int) -> Level | None:
    """From its history: which level it had at that instant."""
    level: Level | None = None
    for event in finding.history:
        if event.at > at:
            break
        if event.what != "confirmed":
            level = event.level
    return level
