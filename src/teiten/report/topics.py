# SPDX-License-Identifier: Apache-2.0
"""Topic sections (R-12 … R-15): one for each surge of the month, written by rule and completed by the operator, then the operator's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from teiten.dictionary.entries import Advisory
from teiten.report.asked import key_text
from teiten.report.context import Context, paragraph
from teiten.report.facts import MEASURES, UNKNOWN, WITHHELD, SurgeFacts
from teiten.report.model import Block, Entry, Items, Number, Paragraph, Section, Sentence
from teiten.report.operator_part import Topic

_NEWS_DAYS = 120  # an advisory of the four months before a surge may have set it off


def topic_section(c: Context, number: str, facts: SurgeFacts) -> Section:
    told = [topic for topic in c.topics if topic.head.target.encode() == facts.target]
    kind, service = c.naming.target(facts.target), c.naming.service(facts.target)
    title = next((topic.head.title.of(c.language) for topic in told if topic.head.title.of(c.language)), "")
    blocks: list[Block] = []
    if not any(topic.head.replace for topic in told):
        blocks += paragraph(*_start(c, facts, kind, service))
    blocks += [block for topic in told for block in _written(c, topic)]
    blocks += _figures(c, number, facts)
    blocks += _advice(c, told, service)
    blocks += _references(c, told, _advisories(c, facts.target))
    return Section(number, title or c.w.word("section_topic", kind=kind, service=service), tuple(blocks))


def own_section(c: Context, number: str, topic: Topic) -> Section:
    """A topic of the operator that belongs to no surge."""
    blocks = [*_written(c, topic), *_advice(c, [topic], None), *_references(c, [topic], [])]
    return Section(number, topic.head.title.of(c.language) or topic.name, tuple(blocks))


def own_topics(c: Context, surges: Sequence[SurgeFacts]) -> list[Topic]:
    taken = {facts.target for facts in surges}
    return [topic for topic in c.topics if topic.head.target.encode() not in taken]


def _start(c: Context, facts: SurgeFacts, kind: str, service: str) -> list[Sentence | None]:
    surge, w = facts.surge, c.w
    least = 10 if c.facts.coarse else 1
    usual = w.word("usual_some", n=w.value(surge.usual, "mean")) if surge.usual >= least else w.word("usual_few" if least > 1 else "usual_none")
    question = c.asked.question("tallies", "accesses", c.facts.cut, ("day",), key_text(facts.target))
    count = Number(facts.peak_accesses, "count", question)
    start = w.say("topic.start", kind=kind, service=service, usual=usual, first=w.day(surge.first_on), peak=w.day(surge.peak_on), count=count)
    news = [advisory.id for advisory in _advisories(c, facts.target) if _recent(advisory.on, surge.first_on)]
    notice = w.say("topic.notice", advisories=w.list_of(news)) if news else None
    end = w.say("topic.over", quiet=w.day(surge.quiet_on)) if surge.quiet_on else w.say("topic.lasts")
    return [start, notice, end]


def _figures(c: Context, number: str, facts: SurgeFacts) -> list[Block]:
    kind = c.naming.target(facts.target)
    drawn = []
    for place, measure in enumerate(MEASURES, 1):
        word = "fig_topic" if measure == "accesses" else "fig_topic_sources"
        title = c.w.word(word, month=c.month, kind=kind, measure=c.w.measure(measure), Measure=c.w.measure(measure, capital=True))
        drawn.append(c.draw.regions_by_day(f"{number}.{place}", measure, title, facts.by_region, key_text(facts.target)))
    said = c.w.say("topic.figure", month=c.month, a=drawn[0].number, b=drawn[1].number)
    return [*paragraph(said, _leading_region(c, facts)), *drawn]


def _leading_region(c: Context, facts: SurgeFacts) -> Sentence | None:
    sums: dict[bytes, int] = {}
    for day in facts.by_region:
        for key, (accesses, _) in day.shares.items():
            sums[key] = sums.get(key, 0) + accesses
    known = [key for key in sums if key not in (UNKNOWN, WITHHELD)]
    if not known:
        return None
    region = max(known, key=lambda key: (sums[key], key))
    question = c.asked.question("tallies", "accesses / total", c.facts.cut, ("region",), key_text(facts.target))
    return c.w.say("topic.region", region=c.naming.region(region), share=Number(sums[region] / sum(sums.values()), "share", question))


def _written(c: Context, topic: Topic) -> list[Block]:
    blocks: list[Block] = []
    for lines in topic.paragraphs(c.language):
        if all(line.startswith("- ") for line in lines):
            blocks.append(Items(tuple(Entry(line[2:]) for line in lines)))
        else:
            blocks.append(Paragraph((Sentence("operator", ("" if c.language == "ja" else " ").join(lines)),)))
    return blocks


def _advice(c: Context, told: Sequence[Topic], service: str | None) -> list[Block]:
    own = [topic.head.advice.of(c.language) for topic in told if topic.head.advice.of(c.language)]
    if own:
        return [Paragraph(tuple(Sentence("operator", text) for text in own))]
    return [*paragraph(c.w.say("topic.advice", service=service))] if service else []


def _references(c: Context, told: Sequence[Topic], advisories: Sequence[Advisory]) -> list[Block]:
    own = [reference for topic in told for reference in topic.head.references]
    entries = [Entry(reference.title.of(c.language), reference.issuer.of(c.language), reference.url) for reference in own]
    if not own:
        entries = [Entry(advisory.id, f"{advisory.issuer}, {advisory.on}", advisory.link) for advisory in advisories]
    return [Items(tuple(entries), c.w.word("references"))] if entries else []


def _advisories(c: Context, target: bytes) -> list[Advisory]:
    entry = c.naming.entry(target)
    return list(entry.advisories) if entry else []


def _recent(on: str, first_on: date) -> bool:
    """Whether a notice of `on` (a day or month; a bare year never counts) lies in the time before or beside the surge."""
    if len(on) < 7:
        return False
    day = date.fromisoformat(on if len(on) == 10 else f"{on}-01")
    return -31 <= (first_on - day).days <= _NEWS_DAYS
