# SPDX-License-Identifier: Apache-2.0
"""Facts and the operator's part -> one written report in one language. Numbers of sections and figures follow from what there is to say."""

from __future__ import annotations

from collections.abc import Sequence

from teiten.report.breakdowns import compare_section, daily_section, kinds_section, regions_section, statistics_section
from teiten.report.context import Context
from teiten.report.facts import Facts
from teiten.report.lay import lay_section
from teiten.report.model import Report, Section
from teiten.report.month import month_blocks
from teiten.report.operator_part import Topic
from teiten.report.settings import Language, ReportSettings
from teiten.report.supplement import portal_section, supplement_section
from teiten.report.topics import own_section, own_topics, topic_section
from teiten.report.wording import Wording

LABELS = ("figure", "contents", "page", "data_of", "section_contact", "no_data")


def compose(facts: Facts, language: Language, settings: ReportSettings, topics: Sequence[Topic], policy: str) -> Report:
    c = Context(facts, language, settings, topics)
    w = c.w
    title = w.word("title_preliminary" if facts.preliminary else "title", system=c.system)
    sections = [lay_section(c, "1"), _month(c, "2")]
    if any(month.per_day.accesses for month in facts.months):
        sections.append(statistics_section(c, str(len(sections) + 1)))
    if not c.empty:
        sections.append(supplement_section(c, str(len(sections) + 1)))
    return Report(
        language,
        title,
        w.word("subtitle", month=c.month),
        f"{facts.month.from_on:%Y-%m}",
        w.word("dated", day=w.day(facts.cut.to_on, year=True), zone=facts.zone),
        labels(w),
        tuple(sections),
        contact(w, settings),
        settings.footer.of(language),
        w.word(f"policy_{policy}"),
        w.word("demo") if facts.demo else "",
        w.word("sources_note"),
    )


def labels(w: Wording) -> dict[str, str]:
    """Words of the frame, with the places that writers fill."""
    marks = {"figure": {"number": "{number}"}, "data_of": {"number": "{number}"}, "page": {"page": "{page}", "pages": "{pages}"}}
    return {name: w.word(name, **marks.get(name, {})) for name in LABELS}


def _month(c: Context, number: str) -> Section:
    surges = [(facts, f"{number}.{place}") for place, facts in enumerate(c.facts.surges, 1)]
    inner: list[Section] = [topic_section(c, own, facts) for facts, own in surges]
    for topic in own_topics(c, c.facts.surges):
        inner.append(own_section(c, f"{number}.{len(inner) + 1}", topic))
    if c.facts.portal:
        inner.append(portal_section(c, f"{number}.{len(inner) + 1}", c.facts.portal))
    if c.facts.now.observed:
        inner.append(daily_section(c, f"{number}.{len(inner) + 1}"))
    if not c.empty:
        for section in (kinds_section, regions_section, compare_section):
            inner.append(section(c, f"{number}.{len(inner) + 1}"))
    return Section(number, c.w.word("section_month", month=c.month), tuple(month_blocks(c, surges)), tuple(inner))


def contact(w: Wording, settings: ReportSettings) -> tuple[str, ...]:
    told, language = settings.contact, w.language
    lines = [told.organisation.of(language), told.people.of(language)]
    for word, value in (("phone", told.phone), ("fax", told.fax), ("email", told.email)):
        if value:
            lines.append(f"{w.word(word)}: {value}")
    lines.append(told.url)
    return tuple(line for line in lines if line)
