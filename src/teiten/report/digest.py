# SPDX-License-Identifier: Apache-2.0
"""A digest of a week or a day in one language, from its facts: how much, against the time before, what was addressed, what is new."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from teiten.drawing import series as over_time
from teiten.drawing.palette import ACCESSES, SOURCES
from teiten.drawing.rows import Series, Words
from teiten.drawing.svg import to_svg
from teiten.publication.coarse import two_digits
from teiten.report.compose import contact, labels
from teiten.report.context import paragraph
from teiten.report.digest_facts import TOP, ChannelDigest, DigestFacts, Seen
from teiten.report.facts import MEASURES, Measure
from teiten.report.model import Block, Figure, Number, Question, Report, Section, Sentence, Table
from teiten.report.naming import region_name, target_name
from teiten.report.settings import Language, ReportSettings
from teiten.report.wording import Wording, rounded

STEADY_DIGEST: Final = 0.02  # a day or week moves by more without any reason


def compose_digest(facts: DigestFacts, language: Language, settings: ReportSettings, policy: str) -> Report:
    return _Digest(facts, language, settings).report(policy)


class _Digest:
    def __init__(self, facts: DigestFacts, language: Language, settings: ReportSettings) -> None:
        self._facts, self._language, self._settings = facts, language, settings
        self._w = Wording(language, facts.coarse)
        self._system = settings.system.of(language)
        self._earlier = self._w.word(f"earlier_{facts.span.kind}")

    def report(self, policy: str) -> Report:
        facts, w = self._facts, self._w
        title = w.word(f"title_{facts.span.kind}", system=self._system)
        sections = [Section("1", w.word("digest_summary"), tuple(self._summary()))]
        if facts.per_day.accesses:
            parts = {"targets": self._targets(), "fresh": self._fresh(), "attention": self._attention(), "regions": self._regions()}
            for word, blocks in parts.items():
                if blocks:
                    sections.append(Section(str(len(sections) + 1), w.word(f"digest_{word}"), tuple(blocks)))
        return Report(
            self._language,
            w.word("title_early", title=title) if facts.preliminary else title,
            w.span(facts.span.period),
            facts.span.name,
            w.word("dated", day=w.day(facts.cut.to_on, year=True), zone=facts.zone),
            labels(w),
            tuple(sections),
            contact(w, self._settings),
            self._settings.footer.of(self._language),
            w.word(f"policy_{policy}"),
            w.word("demo") if facts.demo else "",
            w.word("digest_sources_note"),
        )

    def _question(self, ask: str, field: str, by: tuple[str, ...] = ()) -> Question:
        return Question(ask, field, self._facts.cut.from_on, self._facts.cut.to_on, self._facts.group, None, by)

    def _summary(self) -> list[Block]:
        facts, w = self._facts, self._w
        early = None
        if facts.preliminary:
            early = w.stress("digest.preliminary", last=w.day(facts.cut.to_on - timedelta(days=1)), days=w.days(facts.cut.days))
        when, points = w.when(facts.cut), w.points(facts.sensors)
        if not facts.per_day.sensor_days:
            return [*paragraph(early, w.say("digest.no_data", when=when))]
        if not facts.per_day.accesses:
            days = w.point_days(facts.per_day.sensor_days)
            nothing = w.say("digest.few", when=when, points=points) if facts.coarse else w.say("digest.zero", when=when, points=points, days=days)
            return [*paragraph(early, nothing)]
        question = self._question("per_sensor_day", "accesses")
        accesses = Number(facts.per_day.accesses, "count", question)
        means = {
            measure: Number(value, "mean", self._question("per_sensor_day", f"{measure}_per_sensor_day"))
            for measure, value in (("accesses", facts.per_day.accesses_per_sensor_day), ("sources", facts.per_day.sources_per_sensor_day))
        }
        total = w.say("digest.total", when=when, system=self._system, points=points, accesses=accesses)
        per_day = w.say("lay.per_day", accesses=means["accesses"], sources=means["sources"])
        alone = w.say("points.one") if facts.sensors == 1 else None
        blocks: list[Block] = [*paragraph(early, total, per_day, alone, self._change(), w.say("digest.channels", earlier=self._earlier))]
        return [*blocks, self._channels(), *self._daily()]

    def _change(self) -> Sentence:
        facts, w = self._facts, self._w
        if facts.level is not None:
            level = Number(facts.level, "ratio", self._question("per_sensor_day", "accesses_per_sensor_day / that of the period before"))
            change = facts.level - 1
            rule = "digest.same" if abs(change) < STEADY_DIGEST else "digest.rise" if change > 0 else "digest.fall"
            said = w.say(rule, earlier=self._earlier, rate=w.rate(change))
            return Sentence(said.rule, said.text, {"level": level})
        return w.say("digest.change_zero" if facts.before.sensor_days else "digest.change_none", earlier=self._earlier)

    def _channels(self) -> Table:
        facts, w = self._facts, self._w
        before = w.head(f"column_earlier_{facts.span.kind}")
        head = (w.head("column_channel"), w.head("column_accesses"), before, w.head("column_sources"), before)
        rows = tuple(
            (
                w.word(f"channel_{one.channel}"),
                *(self._told(seen, measure, one.channel) for measure in MEASURES for seen in (one.now, one.before)),
            )
            for one in facts.channels
        )
        return Table(head, rows, "", (1, 2, 3, 4))

    def _told(self, seen: Seen, measure: Measure, _channel: str) -> str:
        value = seen.accesses if measure == "accesses" else seen.sources
        return "–" if value is None else f"{value:,}"

    def _daily(self) -> list[Block]:
        facts, w = self._facts, self._w
        if not facts.days:
            return []
        drawn = [self._figure(f"1.{place}", measure) for place, measure in enumerate(MEASURES, 1)]
        return [*paragraph(w.say("digest.daily", a=drawn[0].number, b=drawn[1].number)), *drawn]

    def _figure(self, number: str, measure: Measure) -> Figure:
        facts, w = self._facts, self._w
        field, ink = ("accesses", ACCESSES) if measure == "accesses" else ("source_days", SOURCES)
        mean = facts.per_day.accesses_per_sensor_day if measure == "accesses" else facts.per_day.sources_per_sensor_day
        values = tuple(getattr(day, field) / day.observed if day.observed else None for day in facts.days)
        title = w.word("fig_week_days", measure=w.measure(measure), Measure=w.measure(measure, capital=True))
        words = Words(w.word("alt_plain", title=title), y=w.word(f"{measure}_per_point"), average=w.word("mean", value=w.value(mean, "mean")))
        spec = over_time.days([w.weekday(day.day) for day in facts.days], Series(w.word(measure), values, ink), mean, words, every=1)
        columns = (w.head("column_day"), w.word(f"column_{measure}"), w.head("column_points"), w.word(f"{measure}_per_point"))
        data = tuple(
            (day.day.isoformat(), getattr(day, field) if day.observed else None, day.observed if facts.tells_sensors else None, self._two(value))
            for day, value in zip(facts.days, values, strict=True)
        )
        svg = to_svg(spec, f"f{number.replace('.', '-')}")
        return Figure(number, title, svg, words.alt, columns, data, self._question("series", field, ("day",)))

    def _two(self, value: float | None) -> float | None:
        if value is None:
            return None
        return float(two_digits(value)) if self._facts.coarse and value >= 10 else float(rounded(value, 2))

    def _targets(self) -> list[Block]:
        w, marked = self._w, self._facts.marks_on
        tables = [self._table(one) for one in self._facts.channels if one.rows]
        said = w.say("digest.tables", top=str(TOP), first=w.day(marked.from_on), last=w.day(marked.to_on - timedelta(days=1)))
        return [*paragraph(said), *tables] if tables else []

    def _table(self, one: ChannelDigest) -> Table:
        w = self._w
        head = ("column_rank", "column_mark", "column_count", "column_sources")
        rows = tuple((str(row.rank), row.mark, f"{row.accesses:,}", f"{row.sources:,}", target_name(w, one.channel, row.target)) for row in one.rows)
        caption = w.word(f"portal_{one.channel}")
        return Table((*(w.head(name) for name in head), caption), rows, caption, (0, 2, 3), 4)

    def _fresh(self) -> list[Block]:
        """Nothing is new where nothing is known of the time before."""
        w = self._w
        if not self._facts.before.sensor_days:
            return []
        tables: list[Block] = []
        for one in self._facts.channels:
            if one.fresh:
                name = w.word(f"channel_{one.channel}")
                caption = name if one.fresh_count is None else w.word("fresh_of", channel=name, n=f"{one.fresh_count:,}")
                rows = tuple((w.day(row.first_on), f"{row.accesses:,}", target_name(w, one.channel, row.target)) for row in one.fresh)
                tables.append(Table((w.head("column_first"), w.head("column_count"), w.word(f"portal_{one.channel}")), rows, caption, (1,), 2))
        return [*paragraph(w.say("digest.fresh")), *tables] if tables else [*paragraph(w.say("digest.fresh_none"))]

    def _attention(self) -> list[Block]:
        w, found = self._w, self._facts.attention
        if found is None:
            return []
        rows = tuple((w.word(f"level_{one.level}"), w.day(one.first_on), target_name(w, one.channel, one.target)) for one in found)
        table = Table((w.head("column_level"), w.head("column_since"), w.head("column_target")), rows, "", (), 2)
        return [*paragraph(w.say("digest.attention")), table] if found else [*paragraph(w.say("digest.attention_none"))]

    def _regions(self) -> list[Block]:
        w = self._w
        if not self._facts.regions:
            return []
        rows = tuple((region_name(w, row.key), f"{row.accesses:,}", f"{row.sources:,}") for row in self._facts.regions)
        table = Table((w.head("column_region"), w.head("column_accesses"), w.head("column_sources")), rows, "", (1, 2))
        return [*paragraph(w.say("regions.meaning"), w.say("digest.regions")), table]
