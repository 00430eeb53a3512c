# SPDX-License-Identifier: Apache-2.0
"""Section 1, for lay readers (R-02 … R-08): how much, per point and day, what that means at home, how it developed over six months."""

from __future__ import annotations

from teiten.report.context import Context, paragraph
from teiten.report.facts import MEASURES, Measure
from teiten.report.model import Block, Number, Section, Sentence
from teiten.report.month import nothing
from teiten.report.rules import Trend, trend


def lay_section(c: Context, number: str) -> Section:
    blocks: list[Block] = [*_preliminary(c), *_headline(c)]
    if any(month.observed for month in c.facts.months):
        figure = c.draw.months(f"{number}.1")
        shown = c.w.say("lay.figure", figure=figure.number, first=c.first_month, last=c.month)
        blocks += [*paragraph(shown, *_trends(c)), figure]
    return Section(number, c.w.word("section_lay"), tuple(blocks))


def _preliminary(c: Context) -> list[Block]:
    if not c.facts.preliminary:
        return []
    last, days = c.w.day(c.facts.cut.dates()[-1]), c.w.days(c.facts.cut.days)
    return [*paragraph(c.w.stress("lay.preliminary", month=c.month, last=last, days=days))]


def _headline(c: Context) -> list[Block]:
    now, asked = c.facts.now, c.asked
    if not now.observed:
        return [*paragraph(c.w.say("lay.no_data", month=c.month))]
    points = c.w.points(len(now.sensors))
    if not now.per_day.accesses:
        return [*paragraph(nothing(c), _one_point(c))]
    total = c.w.say("lay.total", system=c.system, month=c.month, points=points, accesses=asked.total(now))
    per_day = c.w.say("lay.per_day", sources=asked.mean(now, "sources"), accesses=asked.mean(now, "accesses"))
    home = c.settings.environment
    rule = "lay.summary" if home else "lay.summary_points"
    summary = c.w.stress(rule, sources=asked.mean(now, "sources"), ratio=asked.ratio(now), times=c.w.times(asked.ratio(now).value))
    environment = c.w.say("lay.environment" if len(now.sensors) > 1 else "lay.environment_one") if home else None
    return [*paragraph(total, per_day, _one_point(c)), *paragraph(environment, summary)]


def _one_point(c: Context) -> Sentence | None:
    return c.w.say("points.one") if len(c.facts.now.sensors) == 1 else None


def _trends(c: Context) -> list[Sentence]:
    found = {measure: trend([month.level(measure) for month in c.facts.months]) for measure in MEASURES}
    accesses, sources = found["accesses"], found["sources"]
    if accesses.slope is None:
        observed = sum(month.observed for month in c.facts.months)
        return [c.w.say("trend.short", months=c.w.months(observed))]
    if sources.rule == accesses.rule:
        return [_trend(c, accesses, "accesses"), _trend(c, Trend("trend.same", sources.slope), "sources", signed=True)]
    return [_trend(c, accesses, "accesses"), _trend(c, sources, "sources")]


def _trend(c: Context, found: Trend, measure: Measure, signed: bool = False) -> Sentence:
    slope = found.slope or 0.0
    question = c.asked.question("per_sensor_day", f"{measure}_per_sensor_day, slope over months", c.facts.now.period)
    rate = c.w.signed(slope) if signed or found.rule == "trend.level" else c.w.rate(slope)
    said = c.w.say(found.rule, measure=c.w.measure(measure), rate=rate)
    return Sentence(said.rule, said.text, {"slope": Number(slope, "share", question)})
