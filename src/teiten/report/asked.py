# SPDX-License-Identifier: Apache-2.0
"""The questions behind the numbers of a report, as values: with them anybody who has the store gets each number again."""

from __future__ import annotations

from teiten import texts
from teiten.model import Period
from teiten.report.facts import Breakdown, Facts, Measure, MonthFacts
from teiten.report.model import Number, Question
from teiten.report.wording import mean, share

FIELDS: dict[Measure, str] = {"accesses": "accesses", "sources": "cumulative_sources"}


class Asked:
    """Questions about one group and channel."""

    def __init__(self, facts: Facts) -> None:
        self._group, self._channel = facts.group, facts.channel

    def question(self, ask: str, field: str, period: Period, by: tuple[str, ...] = (), key: str = "") -> Question:
        return Question(ask, field, period.from_on, period.to_on, self._group, self._channel, by, key)

    def total(self, month: MonthFacts) -> Number:
        return Number(month.per_day.accesses, "count", self.question("per_sensor_day", "accesses", month.period))

    def mean(self, month: MonthFacts, measure: Measure) -> Number:
        return mean(month.mean(measure), self.question("per_sensor_day", f"{measure}_per_sensor_day", month.period))

    def ratio(self, month: MonthFacts) -> Number:
        """Accesses per source: the quotient of the two means, rounded once at the end (N-05)."""
        sources = month.per_day.source_days
        value = month.per_day.accesses / sources if sources else None
        return Number(value, "ratio", self.question("per_sensor_day", "accesses / source_days", month.period))

    def share(self, month: MonthFacts, part: int, by: str, measure: Measure, key: str) -> Number:
        breakdown: Breakdown = month.targets if by == "target" else month.regions
        question = self.question("tallies", f"{FIELDS[measure]} / total", month.period, (by,), key)
        return share(part, breakdown.total(measure), question)

    def sensors(self, month: MonthFacts) -> Question:
        return self.question("presences", "count", month.period)


def key_text(*keys: bytes) -> str:
    return " + ".join(texts.lossless(key) for key in keys)
