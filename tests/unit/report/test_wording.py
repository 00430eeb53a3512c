# SPDX-License-Identifier: Apache-2.0
"""Both languages say the same things with the same values; numbers are written as their readers write them."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from teiten import report
from teiten.report.wording import Wording, rounded

FOLDER = Path(report.__file__).parent


def texts() -> Iterator[tuple[str, dict[str, str]]]:
    words = tomllib.loads((FOLDER / "words.toml").read_text(encoding="utf-8"))
    yield from words.items()
    for group, rules in tomllib.loads((FOLDER / "sentences.toml").read_text(encoding="utf-8")).items():
        for name, both in rules.items():
            yield f"{group}.{name}", both


EVERY = dict(texts())


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", EVERY)
def test_both_languages_take_the_same_values(key: str) -> None:
    both = EVERY[key]
    assert set(both) == {"ja", "en"} and all(both.values())
    singular = {"measure", "Measure", "noun", "kinds"}  # a language may leave out a noun or write it with a capital
    assert fields(both["ja"]) - singular == fields(both["en"]) - singular
    assert not re.search("[ぁ-んァ-ヶ一-龠]", both["en"])


def test_every_text_is_used_and_every_rule_exists() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    named = set(re.findall(r'"([a-z]+\.[a-z_]+)"', code)) - {"kinds.toml"}
    sentences = {key for key in EVERY if "." in key}
    dynamic = {key for key in sentences if key.split(".")[0] in ("trend", "change", "statistics")}
    assert sentences - dynamic <= named
    assert {name for name in named if name.split(".")[0] in {key.split(".")[0] for key in sentences}} <= sentences


def test_n05_numbers_are_rounded_half_up() -> None:
    assert [rounded(value) for value in (2.5, 3.5, 2.636, 851.419, 0.4999)] == [Decimal(3), Decimal(4), Decimal(3), Decimal(851), Decimal(0)]
    assert rounded(0.25, 1) == Decimal("0.3")


@pytest.mark.parametrize(("share", "ja", "en"), [
    (0.25, "4分の1", "a quarter"), (0.2546, "4分の1", "a quarter"), (0.5, "半分", "half"), (0.335, "3分の1", "a third"), (0.42, None, None),
])  # fmt: skip
def test_t07_simple_fractions_are_said_in_words(share: float, ja: str | None, en: str | None) -> None:
    assert Wording("ja").fraction(share) == ja and Wording("en").fraction(share) == en


def test_lists_days_and_signs() -> None:
    ja, en = Wording("ja"), Wording("en")
    assert ja.list_of(["a", "b", "c"]) == "a、b、c" and en.list_of(["a", "b", "c"]) == "a, b and c" and en.list_of(["a"]) == "a"
    assert (ja.day(date(2007, 8, 22)), en.day(date(2007, 8, 22))) == ("8月22日", "22 August")
    assert (en.points(1), en.points(10), ja.points(10)) == ("1 observation point", "10 observation points", "10か所の観測点")
    assert (en.signed(-0.008), en.signed(0.0), en.signed(0.123)) == ("−0.8%", "±0.0%", "+12.3%")
    assert (en.times(1.2), en.times(2.6), ja.times(2.6)) == ("once", "3 times", "3件")
    assert [en.value(share, "share") for share in (0.0, 0.0001, 0.0006, 0.5)] == ["0.0%", "below 0.1%", "0.1%", "50.0%"]
    assert Wording("ja", coarse=True).value(0.001, "share") == "1%未満"
