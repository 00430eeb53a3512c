# SPDX-License-Identifier: Apache-2.0
"""The figures of a report: facts -> rows -> drawing, with the same rows for CSV. Every kind exists for accesses and for sources (R-28)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from teiten.drawing import series as over_time
from teiten.drawing import shares as of_whole
from teiten.drawing.palette import ACCESSES, REST, SOURCES, Ink
from teiten.drawing.rows import Bar, Pair, Series, Words
from teiten.drawing.style import HALF, WIDTH
from teiten.drawing.svg import to_svg
from teiten.model import Period
from teiten.publication.coarse import two_digits
from teiten.report.asked import FIELDS, Asked
from teiten.report.facts import MEASURES, UNKNOWN, WITHHELD, Breakdown, DayShares, Facts, Measure, MonthFacts, Share
from teiten.report.model import Figure, Question
from teiten.report.naming import REGIONS, TOP, Naming, distinct
from teiten.report.wording import Wording, rounded

Cell = str | int | float | None
Rows = tuple[tuple[Cell, ...], ...]
SHORT_NAME: Final = 14  # letters
_INKS: Final[dict[Measure, Ink]] = {"accesses": ACCESSES, "sources": SOURCES}


class Drawer:
    """Makes Figure blocks. Knows how things look and are named, decides nothing about wording of sentences."""

    def __init__(self, facts: Facts, wording: Wording, naming: Naming, asked: Asked) -> None:
        self._facts, self._w, self._naming, self._asked = facts, wording, naming, asked

    def months(self, number: str) -> Figure:
        """R-07."""
        w, months = self._w, self._facts.months
        columns = [w.month_column(month.period.from_on) for month in months]
        accesses = Series(w.word("accesses"), tuple(self._two(month.mean("accesses")) for month in months), ACCESSES)
        sources = Series(w.word("sources"), tuple(self._two(month.mean("sources")) for month in months), SOURCES)
        title = w.word("fig_months")
        words = Words(alt=w.word("alt_plain", title=title), y=w.word("per_point_day"), gap=w.word("no_data"))
        head = ("column_month", "column_accesses", "sources", "column_point_days", "accesses_per_point", "sources_per_point")
        data = tuple(
            (
                f"{month.period.from_on:%Y-%m}",
                month.per_day.accesses if month.observed else None,
                month.per_day.source_days if month.observed else None,
                month.per_day.sensor_days if self._facts.tells_sensors else None,
                self._two(month.mean("accesses")),
                self._two(month.mean("sources")),
            )
            for month in months
        )
        question = self._asked.question("per_sensor_day", "accesses, source_days, sensor_days", self._six(), ("month",))
        return self._figure(number, title, over_time.months(columns, accesses, sources, words), (), (head, data), question)

    def daily(self, number: str, measure: Measure, title: str) -> Figure:
        """R-17: per observing point, so that a day with fewer of them can be compared; a day without any is a gap."""
        w, days = self._w, self._facts.days
        values = tuple((getattr(day, _DAILY[measure]) / day.observed) if day.observed else None for day in days)
        mean = self._facts.now.mean(measure)
        words = Words(
            alt=w.word("alt_plain", title=title),
            x=w.word("day_axis"),
            y=w.word(f"{measure}_per_point"),
            average=w.word("mean", value=w.value(mean, "mean")),
        )
        series = Series(w.word(measure), values, _INKS[measure])
        spec = over_time.days([str(day.day.day) for day in days], series, mean, words, width=HALF)
        head = ("column_day", f"column_{measure}", "column_points", f"{measure}_per_point")
        data = tuple(
            (day.day.isoformat(), getattr(day, _DAILY[measure]) if day.observed else None, self._points(day.observed), self._two(value))
            for day, value in zip(days, values, strict=True)
        )
        question = self._asked.question("series", _DAILY[measure], self._facts.cut, ("day",))
        return halved(self._figure(number, title, spec, (), (head, data), question))

    def shares(self, number: str, measure: Measure, title: str, part: str) -> Figure:
        """R-18, R-19, R-20: the top and the rest, with unknown as a row of its own."""
        breakdown, n, by = self._part(self._facts.now, part)
        rows = self._rows(breakdown, measure, n, part)
        total = breakdown.total(measure) or 1
        bars = [Bar(name, value / total, f"{self._w.value(value / total, 'share')}  ({value:,})", ink) for name, _, value, ink in rows]
        alt = self._w.word("alt_bars", title=title, most=bars[0].name) if bars else self._w.word("alt_plain", title=title)
        half = part == "targets" and self._short_names()
        spec = of_whole.shares(bars, Words(alt=alt), HALF if half else WIDTH)
        head = (f"column_{by}", _COLUMNS[measure], "column_share")
        data = tuple((full, value, _four(value / total)) for _, full, value, _ in rows)
        question = self._asked.question("tallies", FIELDS[measure], self._facts.cut, (by,))
        drawn = self._figure(number, title, spec, [bar.ink for bar in bars], (head, data), question)
        return halved(drawn) if half else drawn

    def regions_by_day(self, number: str, measure: Measure, title: str, days: Sequence[DayShares], target: str = "", top: int = 7) -> Figure:
        """R-13, R-19, R-20. Per observing point for all targets together, plain numbers for a single one."""
        place = 0 if measure == "accesses" else 1
        observed = [day.observed for day in self._facts.days]
        sums: dict[bytes, int] = {}
        for day in days:
            for key, values in day.shares.items():
                sums[key] = sums.get(key, 0) + values[place]
        keys = [key for key, _ in sorted(sums.items(), key=lambda item: (-item[1], item[0])) if key not in (UNKNOWN, WITHHELD) and sums[key]][:top]

        def value(day: DayShares, wanted: Callable[[bytes], bool], points: int) -> float | None:
            if not points:
                return None
            found = sum(values[place] for key, values in day.shares.items() if wanted(key))
            return found if target else found / points

        def row(name: str, wanted: Callable[[bytes], bool], ink: Ink) -> Series:
            return Series(name, tuple(value(day, wanted, points) for day, points in zip(days, observed, strict=True)), ink)

        naming = self._naming
        rows = [row(naming.region(key), key.__eq__, naming.region_ink(key)) for key in keys]
        rest = [key for key in sums if key not in keys and key != UNKNOWN]
        if rest:
            name = self._w.word("other_short") if WITHHELD in sums else self._w.word("other_regions", n=len(rest))
            rows.append(row(name, lambda key: key in rest, REST))
        if sums.get(UNKNOWN):
            rows.append(row(self._w.word("unknown"), UNKNOWN.__eq__, naming.region_ink(UNKNOWN)))
        unit = f"{measure}_day" if target else "accesses_per_point" if measure == "accesses" else "sources_per_point_target"
        words = Words(alt=self._w.word("alt_plain", title=title), x=self._w.word("day_axis"), y=self._w.word(unit))
        spec = over_time.stacked_days([str(day.on.day) for day in days], rows, words, 122 if target else 150)
        head = ("column_day", "column_region", _COLUMNS[measure], "column_points")
        data = tuple(
            (day.on.isoformat(), naming.region(key), values[place], self._points(points))
            for day, points in zip(days, observed, strict=True)
            for key, values in sorted(day.shares.items())
        )
        question = self._asked.question("tallies", FIELDS[measure], self._facts.cut, ("day", "region"), target)
        return self._figure(number, title, spec, over_time.inks_of(rows), (head, data), question)

    def months_stacked(self, number: str, measure: Measure, title: str, part: str) -> Figure:
        """R-21, R-22: 100 % for each month; what isn't shown by itself is in "other"."""
        w, months = self._w, self._facts.months
        n = TOP if part == "targets" else REGIONS
        sums: dict[bytes, int] = {}
        for month in months:
            for share in self._part(month, part)[0].shares:
                sums[share.key] = sums.get(share.key, 0) + getattr(share, measure)
        keys = [key for key, _ in sorted(sums.items(), key=lambda item: (-item[1], item[0])) if key not in (UNKNOWN, WITHHELD) and sums[key]][:n]
        columns = [w.month_column(month.period.from_on) for month in months]
        names = distinct(self._name(key, part) for key in keys)
        rows = [
            Series(name, tuple(self._share(month, key, part, measure) for month in months), self._ink(key, part))
            for name, key in zip(names, keys, strict=True)
        ]
        unknown = tuple(self._share(month, UNKNOWN, part, measure) for month in months)
        rest = tuple(_rest([*(row.values[at] for row in rows), unknown[at]]) for at in range(len(months)))
        if len(sums) > len(keys) + (UNKNOWN in sums):
            rows.append(Series(w.word("other_short"), rest, REST))
        if any(unknown):
            rows.append(Series(w.word("unknown"), unknown, self._naming.region_ink(UNKNOWN)))
        words = Words(alt=w.word("alt_plain", title=title), y=w.word("share_axis"), gap=w.word("no_data"))
        by = "target" if part == "targets" else "region"
        head = ("column_month", f"column_{by}", _COLUMNS[measure], "column_share")
        data = tuple(
            (
                f"{month.period.from_on:%Y-%m}",
                self._full(share.key, part),
                getattr(share, measure),
                _four(self._share(month, share.key, part, measure)),
            )
            for month in months
            for share in self._part(month, part)[0].shares
            if share.key in {*keys, UNKNOWN}
        )
        question = self._asked.question("tallies", FIELDS[measure], self._six(), ("month", by))
        return self._figure(number, title, of_whole.stacked_months(columns, rows, words), over_time.inks_of(rows), (head, data), question)

    def compared(self, number: str, measure: Measure, title: str, part: str) -> Figure:
        """R-30: the month's top beside the month before, per point and day."""
        now, before = self._facts.now, self._facts.before
        breakdown, n, by = self._part(now, part)
        keys = [share.key for share in breakdown.top(measure, n)]
        earlier = self._part(before, part)[0]
        pairs = [(key, getattr(breakdown.of(key), measure), getattr(earlier.of(key), measure)) for key in keys]
        return self._pairs(
            number, measure, title, [(self._name(key, part), self._full(key, part), a, b, self._ink(key, part)) for key, a, b in pairs], by
        )

    def compared_regions(self, number: str, measure: Measure, title: str, leading: Sequence[DayShares], target: str) -> Figure:
        """R-30: the regions of one target, now and before."""
        place = 0 if measure == "accesses" else 1
        before, now = leading
        keys = sorted((key for key in now.shares if key != WITHHELD), key=lambda key: (-now.shares[key][place], key))[:REGIONS]
        rows = [
            (
                self._naming.region(key),
                self._naming.region(key),
                now.shares[key][place],
                before.shares.get(key, (0, 0))[place],
                self._naming.region_ink(key),
            )
            for key in keys
        ]
        return self._pairs(number, measure, title, rows, "region", target)

    def _pairs(self, number: str, measure: Measure, title: str, rows: Sequence[tuple[str, str, int, int, Ink]], by: str, target: str = "") -> Figure:
        w, now, before = self._w, self._facts.now, self._facts.before
        days_now, days_before = now.per_day.sensor_days or 1, before.per_day.sensor_days or 1
        names = distinct(row[0] for row in rows)
        pairs = [
            Pair(name, row[2] / days_now, row[3] / days_before, self._small(row[2] / days_now), self._small(row[3] / days_before), row[4])
            for name, row in zip(names, rows, strict=True)
        ]
        words = Words(alt=w.word("alt_plain", title=title), now=w.month(now.period.from_on), before=w.month(before.period.from_on))
        head = (f"column_{by}", "column_now", "column_before", f"{measure}_per_point", "column_per_point")
        data = tuple((row[1], row[2], row[3], self._two(row[2] / days_now), self._two(row[3] / days_before)) for row in rows)
        question = self._asked.question("tallies", FIELDS[measure], Period(before.period.from_on, now.period.to_on), ("month", by), target)
        return halved(self._figure(number, title, of_whole.compared(pairs, words), (), (head, data), question))

    def _rows(self, breakdown: Breakdown, measure: Measure, n: int, part: str) -> list[tuple[str, str, int, Ink]]:
        """Short name, full name, value, ink."""
        top: list[Share] = breakdown.top(measure, n)
        names = distinct(self._name(share.key, part) for share in top)
        rows = [
            (name, self._full(share.key, part), getattr(share, measure), self._ink(share.key, part)) for name, share in zip(names, top, strict=True)
        ]
        unknown = getattr(breakdown.of(UNKNOWN), measure) if part == "regions" else 0
        rest = breakdown.total(measure) - sum(row[2] for row in rows) - unknown
        others = sum(1 for share in breakdown.shares if getattr(share, measure)) - len(rows) - bool(unknown)
        if rest:
            lumped = breakdown.of(WITHHELD).accesses > 0
            name = self._w.word("other_short" if lumped else "other" if part == "targets" else "other_regions", n=f"{others:,}")
            rows.append((name, name, two_digits(rest) if self._facts.coarse else rest, REST))
        if unknown:
            name = self._w.word("unknown")
            rows.append((name, name, unknown, self._naming.region_ink(UNKNOWN)))
        return rows

    def _short_names(self) -> bool:
        """Whether the names of the month's first targets leave room for bars at half width."""
        targets = self._facts.now.targets
        return all(len(self._naming.short(share.key)) <= SHORT_NAME for measure in MEASURES for share in targets.top(measure, TOP))

    def _two(self, value: float | None) -> float | None:
        """For a table: two decimals, or two digits where counts are blurred."""
        if value is None:
            return None
        return float(two_digits(value)) if self._facts.coarse and value >= 10 else float(rounded(value, 1 if self._facts.coarse else 2))

    def _small(self, value: float) -> str:
        if self._facts.coarse and value >= 10:
            return f"{two_digits(value):,}"
        return f"{rounded(value, 0 if value >= 100 else 1):,}"

    def _six(self) -> Period:
        return Period(self._facts.months[0].period.from_on, self._facts.cut.to_on)

    def _points(self, observed: int) -> int | None:
        return observed if self._facts.tells_sensors else None

    def _part(self, month: MonthFacts, part: str) -> tuple[Breakdown, int, str]:
        return (month.targets, TOP, "target") if part == "targets" else (month.regions, TOP, "region")

    def _share(self, month: MonthFacts, key: bytes, part: str, measure: Measure) -> float | None:
        breakdown = self._part(month, part)[0]
        total = breakdown.total(measure)
        return getattr(breakdown.of(key), measure) / total if total else None

    def _name(self, key: bytes, part: str) -> str:
        return self._naming.short(key) if part == "targets" else self._naming.region(key)

    def _full(self, key: bytes, part: str) -> str:
        return self._naming.target(key) if part == "targets" else self._naming.region(key)

    def _ink(self, key: bytes, part: str) -> Ink:
        return self._naming.target_ink(key) if part == "targets" else self._naming.region_ink(key)

    def _figure(
        self, number: str, title: str, spec: Mapping[str, Any], inks: Sequence[Ink], table: tuple[Sequence[str], Rows], question: Question
    ) -> Figure:
        head, data = table
        noun = f"noun_{self._facts.channel}"
        columns = tuple(self._w.word(noun if name == "column_target" else name) for name in head)
        svg = to_svg(dict(spec), f"f{number.replace('.', '-')}", inks) if data else ""
        return Figure(number, title, svg, str(spec["description"]), columns, data, question)


def halved(figure: Figure) -> Figure:
    """One that stands beside its twin: accesses at the left, sources at the right."""
    return msgspec.structs.replace(figure, half=True)


_DAILY: Final[dict[Measure, str]] = {"accesses": "accesses", "sources": "source_days"}
_COLUMNS: Final[dict[Measure, str]] = {"accesses": "column_accesses", "sources": "column_cumulative"}


def _rest(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(0.0, 1 - sum(known)) if known else None


def _four(value: float | None) -> float | None:
    return None if value is None else float(rounded(value, 4))
