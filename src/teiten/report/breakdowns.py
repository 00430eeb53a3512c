# SPDX-License-Identifier: Apache-2.0
"""Sections 2.3 to 2.6 and 3 (R-17 … R-22, R-29, R-30): days, kinds, regions, the month before, six months. Each figure is referred to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teiten.report.asked import key_text
from teiten.report.context import Context, paragraph
from teiten.report.facts import MEASURES, UNKNOWN, Measure, MonthFacts
from teiten.report.model import Block, Figure, Number, Section, Sentence
from teiten.report.naming import REGIONS, TOP
from teiten.report.rules import CROWDED, MOVED, MOVED_BLURRED, UNLIKE


def _pair(c: Context, number: str, from_number: int, word: str, make: Callable[[str, Measure, str], Figure], /, **values: Any) -> list[Figure]:
    """The same figure for accesses and for sources, under consecutive numbers."""
    drawn = []
    for place, measure in enumerate(MEASURES, from_number):
        title = c.w.word(word, measure=c.w.measure(measure), Measure=c.w.measure(measure, capital=True), **values)
        drawn.append(make(f"{number}.{place}", measure, title))
    return drawn


def daily_section(c: Context, number: str) -> Section:
    a, b = _pair(c, number, 1, "fig_daily", c.draw.daily, month=c.month)
    said = c.w.say("daily.figure", month=c.month, a=a.number, b=b.number)
    return Section(number, c.w.word("section_daily", month=c.month), (*paragraph(said, *_extremes(c)), a, b))


def _extremes(c: Context) -> list[Sentence | None]:
    live = [day for day in c.facts.days if day.observed]
    if not live or c.empty:
        return []
    gaps = len(c.facts.days) - len(live)
    grey = c.w.say("daily.gaps", days=c.w.days(gaps)) if gaps else None
    if c.facts.coarse:  # which day had most, blurred numbers don't tell
        return [grey]
    most, least = max(live, key=lambda day: day.accesses / day.observed), min(live, key=lambda day: day.accesses / day.observed)
    question = c.asked.question("series", "accesses / observed", c.facts.cut, ("day",))
    values = {"most": Number(most.accesses / most.observed, "mean", question), "least": Number(least.accesses / least.observed, "mean", question)}
    said = (
        c.w.say("daily.extremes", most_day=c.w.day(most.day), least_day=c.w.day(least.day), **values)
        if most.accesses * least.observed > least.accesses * most.observed * (1 + UNLIKE)
        else None
    )
    counts = {day.observed for day in live}
    uneven = c.w.say("daily.uneven", least=f"{min(counts):,}", most=c.w.places(max(counts))) if len(counts) > 1 else None
    return [said, grey, uneven]


def kinds_section(c: Context, number: str) -> Section:
    a, b = _pair(c, number, 1, "fig_kinds", lambda n, m, t: c.draw.shares(n, m, t, "targets"), month=c.month, noun=c.noun)
    said = c.w.say("kinds.figure", month=c.month, noun=c.noun, a=a.number, b=b.number)
    title = c.w.word("section_kinds", month=c.month, noun=c.noun)
    return Section(number, title, (*paragraph(said, *_top_kinds(c)), a, b))


def _top_kinds(c: Context) -> list[Sentence | None]:
    now, before = c.facts.now.targets, c.facts.before.targets
    top = now.top("accesses", TOP)
    if not top:
        return []
    if len(now.shares) == 1:
        return [c.w.say("kinds.top_one", names=c.naming.kinds([top[0].key]))]
    if top[0].accesses < now.accesses * CROWDED:  # a list of equals has no first ones
        return []
    share = c.asked.share(c.facts.now, sum(one.accesses for one in top), "target", "accesses", "top")
    leading = c.naming.kinds([one.key for one in top[:3]])
    if len(top) == len(now.shares):
        said = c.w.say("kinds.all", names=leading, n=str(len(top)), noun=c.noun)
    else:
        said = c.w.say("kinds.top", names=leading, n=str(len(top)), share=share)
    first = now.top("sources", 1)[0]
    sources_share = c.asked.share(c.facts.now, first.sources, "target", "sources", key_text(first.key))
    sources = c.w.say("kinds.sources", name=c.naming.target(first.key), share=sources_share)
    earlier = {one.key for one in before.top("accesses", TOP)}
    new = [one.key for one in top if one.key not in earlier]
    entered = c.w.say("kinds.new", n=str(TOP), names=c.w.some_of([c.naming.target(key) for key in new])) if new and before.accesses else None
    return [said, sources, entered]


def regions_section(c: Context, number: str) -> Section:
    figures: list[Figure] = []
    for first, measure in ((1, MEASURES[0]), (3, MEASURES[1])):
        values = {"month": c.month, "measure": c.w.measure(measure), "Measure": c.w.measure(measure, capital=True)}
        figures.append(c.draw.regions_by_day(f"{number}.{first}", measure, c.w.word("fig_regions_days", **values), c.facts.regions_by_day))
        figures.append(c.draw.shares(f"{number}.{first + 1}", measure, c.w.word("fig_regions", **values), "regions"))
    a, b, d, e = figures
    said = c.w.say("regions.accesses", month=c.month, a=a.number, b=b.number)
    other = c.w.say("regions.sources", a=d.number, b=e.number)
    blocks: list[Block] = [*paragraph(said, *_top_regions(c)), a, b, *paragraph(other), d, e]
    return Section(number, c.w.word("section_regions", month=c.month), tuple(blocks))


def _top_regions(c: Context) -> list[Sentence | None]:
    regions, now = c.facts.now.regions, c.facts.now
    unknown = regions.of(UNKNOWN).accesses
    told = c.w.say("regions.unknown", share=c.asked.share(now, unknown, "region", "accesses", "unknown")) if unknown else None
    if not regions.top("accesses", 1):
        return [c.w.say("regions.meaning"), told]
    first, other = regions.top("accesses", 1)[0], regions.top("sources", 1)[0]
    share = c.asked.share(now, first.accesses, "region", "accesses", key_text(first.key))
    other_share = c.asked.share(now, other.sources, "region", "sources", key_text(other.key))
    names = {"name": c.naming.region(first.key)}
    if first.key == other.key:
        top = c.w.say("regions.top_same", share=share, other_share=other_share, **names)
    else:
        top = c.w.say("regions.top", share=share, other=c.naming.region(other.key), other_share=other_share, **names)
    return [top, c.w.say("regions.meaning"), told]


def compare_section(c: Context, number: str) -> Section:
    title = c.w.word("section_compare")
    if not c.facts.before.observed or c.empty:
        return Section(number, title, tuple(paragraph(c.w.say("compare.none"))))
    values = {"noun": c.noun, "month": c.month, "before": c.before}
    a, b = _pair(c, number, 1, "fig_compare_kinds", lambda n, m, t: c.draw.compared(n, m, t, "targets"), **values)
    blocks: list[Block] = [*paragraph(c.w.say("compare.kinds", a=a.number, b=b.number, **values)), a, b]
    if len(c.facts.leading) == 2:
        leading = c.facts.now.targets.named[0].key
        kind, key, days = c.naming.target(leading), key_text(leading), c.facts.leading
        d, e = _pair(c, number, 3, "fig_compare_regions", lambda n, m, t: c.draw.compared_regions(n, m, t, days, key), kind=kind, **values)
        blocks += [*paragraph(c.w.say("compare.regions", kind=kind, a=d.number, b=e.number)), d, e]
    return Section(number, title, tuple(blocks))


def statistics_section(c: Context, number: str) -> Section:
    span = {"first": c.first_month, "last": c.month}
    parts: tuple[tuple[str, str, dict[str, str]], ...] = (("kinds", "targets", {"noun": c.noun}), ("regions", "regions", {}))
    sections = []
    for place, (name, part, values) in enumerate(parts, 1):
        inner = f"{number}.{place}"
        a, b = _months(c, inner, name, part, {**span, **values})
        said = c.w.say(f"statistics.{name}", a=a.number, b=b.number, **span, **values)
        title = c.w.word(f"section_{name}_months", **span, **values)
        sections.append(Section(inner, title, (*paragraph(said, _moved(c, part)), a, b)))
    return Section(number, c.w.word("section_statistics"), (), tuple(sections))


def _months(c: Context, number: str, name: str, part: str, values: dict[str, str]) -> list[Figure]:
    return _pair(c, number, 1, f"fig_{name}_months", lambda n, m, t: c.draw.months_stacked(n, m, t, part), **values)


def _moved(c: Context, part: str) -> Sentence | None:
    """The share that moved most between the first observed month and this one."""
    observed = [month for month in c.facts.months if month.per_day.accesses]
    if len(observed) < 2 or observed[-1] is not c.facts.now:
        return None
    first, last = observed[0], observed[-1]
    keys = {share.key for month in (first, last) for share in _part(month, part).top("accesses", TOP if part == "targets" else REGIONS)}
    moves = {key: _share(last, part, key) - _share(first, part, key) for key in keys}
    if not moves or max(abs(move) for move in moves.values()) < (MOVED_BLURRED if c.facts.coarse else MOVED):
        return None if c.facts.coarse else c.w.say("statistics.still")
    key = max(moves, key=lambda one: (abs(moves[one]), one))
    name = c.naming.target(key) if part == "targets" else c.naming.region(key)
    by = "target" if part == "targets" else "region"
    then = c.asked.share(first, _part(first, part).of(key).accesses, by, "accesses", key_text(key))
    return c.w.say(
        "statistics.moved", name=name, then=then, now=c.asked.share(last, _part(last, part).of(key).accesses, by, "accesses", key_text(key))
    )


def _part(month: MonthFacts, part: str) -> Any:
    return month.targets if part == "targets" else month.regions


def _share(month: MonthFacts, part: str, key: bytes) -> float:
    breakdown = _part(month, part)
    return float(breakdown.of(key).accesses / breakdown.accesses)
