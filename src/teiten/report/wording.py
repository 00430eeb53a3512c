# SPDX-License-Identifier: Apache-2.0
"""Words, numbers and dates of a report in one language. Sentences come from sentences.toml by rule; none is made anywhere else.

Numbers are rounded half up (seed N-05) and grouped by thousands.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from teiten.model import Period
from teiten.publication.coarse import two_digits
from teiten.report.model import Kind, Number, Question, Sentence
from teiten.report.settings import Language

_HERE: Final = Path(__file__).parent
_MONTHS: Final = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


@cache
def _texts(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))


def rounded(value: float, digits: int = 0) -> Decimal:
    """Half up, on the decimal form that a reader would see."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


class Wording:
    """`coarse`: counts are two digits and shares whole percent, and counts in sentences say that they are not exact."""

    def __init__(self, language: Language, coarse: bool = False) -> None:
        self.language: Language = language
        self.coarse = coarse

    def word(self, key: str, **values: object) -> str:
        found: str = _texts("words.toml")[key][self.language]
        return found.format(**values) if values else found

    def head(self, key: str) -> str:
        """The same as the head of a column."""
        found = self.word(key)
        return found[:1].upper() + found[1:]

    def stress(self, rule: str, /, **values: Number | str) -> Sentence:
        """The same as `say`, in bold."""
        return msgspec.structs.replace(self.say(rule, **values), strong=True)

    def say(self, rule: str, /, **values: Number | str) -> Sentence:
        """The sentence of `rule`; numbers among the values are formatted and kept as its inputs."""
        group, _, name = rule.partition(".")
        template: str = _texts("sentences.toml")[group][name][self.language]
        shown = {key: self.number(value) if isinstance(value, Number) else value for key, value in values.items()}
        inputs = {key: value for key, value in values.items() if isinstance(value, Number)}
        return Sentence(rule, template.format(**shown), inputs)

    def number(self, number: Number) -> str:
        shown = self.value(number.value, number.kind)
        blurred = self.coarse and number.value is not None and number.kind in ("count", "mean")
        return self.word("about", value=shown) if blurred else shown

    def value(self, value: float | None, kind: Kind) -> str:
        if value is None:
            return "–"
        if kind == "share":
            least = self._percent(0.01 if self.coarse else 0.001)
            return self.word("below", value=f"{least}%") if value > 0 and not self._percent(value) else f"{self._percent(value)}%"
        return f"{two_digits(value) if self.coarse and kind != 'ratio' else rounded(value):,}"

    def change(self, now: float, before: float) -> str:
        """Signed percent with a true minus sign."""
        text = self.signed(now / before - 1)
        return f"前月比 {text}" if self.language == "ja" else text

    def signed(self, share: float) -> str:
        percent = self._percent(share)
        return f"{'−' if percent < 0 else '+' if percent > 0 else '±'}{abs(percent)}%"

    def rate(self, share: float) -> str:
        return f"{self._percent(abs(share))}%"

    def _percent(self, share: float) -> Decimal:
        return rounded(share * 100, 0 if self.coarse else 1)

    def month(self, on: date, year: bool = True) -> str:
        if self.language == "ja":
            return f"{on.year}年{on.month}月" if year else f"{on.month}月"
        return f"{_MONTHS[on.month - 1]} {on.year}" if year else _MONTHS[on.month - 1]

    def month_column(self, on: date) -> str:
        """Short, for the axis of a figure."""
        return f"{on.year}年{on.month}月" if self.language == "ja" else f"{_MONTHS[on.month - 1][:3]} {on.year}"

    def day(self, on: date, year: bool = False) -> str:
        if self.language == "ja":
            return (f"{on.year}年" if year else "") + f"{on.month}月{on.day}日"
        return f"{on.day} {_MONTHS[on.month - 1]}" + (f" {on.year}" if year else "")

    def weekday(self, on: date) -> str:
        """Short, for the axis of a figure."""
        if self.language == "ja":
            return f"{on.month}/{on.day}({'月火水木金土日'[on.weekday()]})"
        return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[on.weekday()]} {on.day}"

    def span(self, period: Period) -> str:
        """A week or a day, as in a title."""
        first, last = period.from_on, period.to_on - timedelta(days=1)
        if first == last:
            return self.day(first, year=True)
        if self.language == "ja":
            return f"{self.day(first, year=True)}〜{self.day(last, year=first.year != last.year)}"
        return f"{self._first(first, last)} to {self.day(last, year=True)}"

    def when(self, period: Period) -> str:
        """The same as the beginning of a sentence."""
        first, last = period.from_on, period.to_on - timedelta(days=1)
        if self.language == "ja":
            return self.day(first, year=True) + ("" if first == last else f"から{self.day(last, year=first.year != last.year)}まで") + "に"
        return f"On {self.day(first, year=True)}" if first == last else f"From {self._first(first, last)} to {self.day(last, year=True)}"

    def _first(self, first: date, last: date) -> str:
        return str(first.day) if (first.year, first.month) == (last.year, last.month) else self.day(first, year=first.year != last.year)

    def list_of(self, names: Sequence[str]) -> str:
        if self.language == "ja":
            return "、".join(names)
        return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]

    def some_of(self, names: Sequence[str], most: int = 5) -> str:
        """As `list_of`, but only the first ones when they are many."""
        if len(names) <= most:
            return self.list_of(names)
        rest = len(names) - most
        return self.list_of(names[:most]) + f"など{len(names)}種類" if self.language == "ja" else ", ".join(names[:most]) + f" and {rest} others"

    def times(self, value: float | None) -> str:
        n = int(rounded(value or 0.0))
        if self.language == "ja":
            return f"{n:,}件"
        return "once" if n == 1 else f"{n:,} times"

    def points(self, n: int) -> str:
        return f"{n:,}か所の観測点" if self.language == "ja" else _counted(n, "observation point")

    def places(self, n: int) -> str:
        return f"{n:,}か所" if self.language == "ja" else _counted(n, "observation point")

    def days(self, n: int) -> str:
        return f"{n:,}日" if self.language == "ja" else _counted(n, "day")

    def point_days(self, n: int) -> str:
        return f"{n:,}日" if self.language == "ja" else _counted(n, "point-day")

    def months(self, n: int) -> str:
        return f"{n}か月分" if self.language == "ja" else _counted(n, "month")

    def measure(self, measure: str, capital: bool = False) -> str:
        found = self.word(measure)
        return found[:1].upper() + found[1:] if capital else found

    def fraction(self, share: float) -> str | None:
        """A simple fraction within one point of it; None where there is none, and percent say it better."""
        if share >= 0.995:
            return "ほぼすべて" if self.language == "ja" else "nearly all"
        for upper, lower in ((1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 5), (1, 10)):
            if abs(share - upper / lower) <= 0.01:
                return self._fraction(upper, lower)
        return None

    def _fraction(self, upper: int, lower: int) -> str:
        if self.language == "ja":
            return "半分" if lower == 2 else f"{lower}分の{upper}"
        ones = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 10: "a tenth"}
        return ones[lower] if upper == 1 else {3: "two thirds", 4: "three quarters"}[lower]


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def count(value: int, question: Question) -> Number:
    return Number(value, "count", question)


def mean(value: float | None, question: Question) -> Number:
    return Number(value, "mean", question)


def share(part: int, whole: int, question: Question) -> Number:
    return Number(part / whole if whole else None, "share", question)
