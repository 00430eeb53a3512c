# SPDX-License-Identifier: Apache-2.0
"""What every chapter needs to write: facts, words, names, questions, the drawer and the operator's part. No behaviour of its own but numbering."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from teiten.report.asked import Asked
from teiten.report.facts import Facts, MonthFacts
from teiten.report.figures import Drawer
from teiten.report.model import Number, Paragraph, Sentence
from teiten.report.naming import Naming
from teiten.report.operator_part import Topic
from teiten.report.settings import Language, ReportSettings
from teiten.report.wording import Wording


class Context:
    def __init__(self, facts: Facts, language: Language, settings: ReportSettings, topics: Sequence[Topic]) -> None:
        self.facts = facts
        self.language: Language = language
        self.settings = settings
        month = f"{facts.month.from_on:%Y-%m}"
        self.topics = [topic for topic in topics if topic.head.month == month]
        self.w = Wording(language, facts.coarse)
        self.naming = Naming(facts, self.w)
        self.asked = Asked(facts)
        self.draw = Drawer(facts, self.w, self.naming, self.asked)

    @cached_property
    def month(self) -> str:
        return self.w.month(self.facts.month.from_on)

    @cached_property
    def before(self) -> str:
        return self.w.month(self.facts.before.period.from_on)

    @cached_property
    def first_month(self) -> str:
        return self.w.month(self.facts.months[0].period.from_on)

    @cached_property
    def noun(self) -> str:
        return self.w.word(f"noun_{self.facts.channel}")

    @cached_property
    def system(self) -> str:
        return self.settings.system.of(self.language)

    @property
    def empty(self) -> bool:
        """Nothing was observed, or nothing came: then there are no shares to speak of."""
        return not self.facts.now.per_day.accesses

    def count(self, month: MonthFacts, value: int, ask: str, field: str) -> Number:
        return Number(value, "count", self.asked.question(ask, field, month.period))


def paragraph(*sentences: Sentence | None) -> list[Paragraph]:
    """At most one paragraph; sentences that don't apply are None."""
    said = tuple(sentence for sentence in sentences if sentence is not None)
    return [Paragraph(said)] if said else []
