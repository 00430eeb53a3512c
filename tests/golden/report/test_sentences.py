# SPDX-License-Identifier: Apache-2.0
"""The whole text of reports of odd months, in both languages, as a person would read it.

`TEITEN_ACCEPT=1` rewrites the files: read the difference aloud.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from teiten.questions.windows import month
from teiten.report.compose import compose
from teiten.report.gather import Scope, gather
from teiten.report.model import Report, Section, sentences_of
from teiten.report.settings import LANGUAGES, Language, ReportSettings
from teiten.store.node import NodeStore
from tests.unit.report.shapes import DAYS, TOKYO, access, put

HERE = Path(__file__).parent
PORTS = (b"22/tcp", b"23/tcp", b"445/tcp", b"1026/udp", b"1027/udp", b"ping/icmp", b"64000/tcp")


def _steady(store: NodeStore, dice: random.Random) -> None:
    for name, days in (("a", DAYS), ("b", DAYS[:45]), ("c", DAYS[31:])):
        put(store, name, [access(day, dice.choice(PORTS), dice) for day in days for _ in range(8)], days=days)


def _surge(store: NodeStore, dice: random.Random) -> None:
    calm = [access(day, dice.choice(PORTS), dice) for day in DAYS for _ in range(8)]
    many = [access(day, b"3389/tcp", dice) for day, n in zip(DAYS[40:46], (30, 80, 120, 60, 25, 2), strict=True) for _ in range(n)]
    put(store, "a", [*calm, *many], days=DAYS)


def _silent(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice) for day in DAYS[:31]], days=DAYS)


def _gone(store: NodeStore, dice: random.Random) -> None:
    put(store, "a", [access(day, b"22/tcp", dice) for day in DAYS[:31]], days=DAYS[:31])


SHAPES: dict[str, tuple[Callable[[NodeStore, random.Random], None], date]] = {
    "sensors-come-and-go": (_steady, date(2026, 9, 1)),
    "surge": (_surge, date(2026, 9, 1)),
    "preliminary": (_steady, date(2026, 6, 12)),
    "zero": (_silent, date(2026, 9, 1)),
    "no-data": (_gone, date(2026, 9, 1)),
}


def written(report: Report) -> str:
    gap = "" if report.language == "ja" else " "

    def lines(section: Section) -> list[str]:
        alone = Section(section.number, section.title, section.blocks)
        said = gap.join(one.text for one in sentences_of((alone,)))
        return [f"{section.number} {section.title}", said, *(line for inner in section.sections for line in lines(inner))]

    return "\n".join([report.title, report.subtitle, *(line for section in report.sections for line in lines(section))]) + "\n"


@pytest.mark.parametrize("name", SHAPES)
def test_the_text_reads_as_accepted(name: str, tmp_path: Path) -> None:
    make, today = SHAPES[name]
    store = NodeStore.open(tmp_path / "store", TOKYO)
    make(store, random.Random(name))
    facts = gather(store, Scope(month(2026, 6), TOKYO, today=today))
    store.close()
    languages: tuple[Language, ...] = LANGUAGES
    for language in languages:
        path = HERE / f"{name}.{language}.txt"
        text = written(compose(facts, language, ReportSettings(), (), "public"))
        if os.environ.get("TEITEN_ACCEPT"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")
