# SPDX-License-Identifier: Apache-2.0
"""Words, numbers and dates of the pages in Japanese and English. Texts live in locale/*/LC_MESSAGES/teiten.po, compiled by tools/compile_texts.py.

A text's key is never shown: tests hold keys, both languages and their use together.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from teiten.clock import to_datetime
from teiten.site.settings import Language

LANGUAGES: Final[tuple[Language, ...]] = ("ja", "en")
LOCALE: Final = Path(__file__).resolve().parent.parent / "locale"


@cache
def _catalogue(language: Language) -> gettext.GNUTranslations:
    return gettext.translation("teiten", LOCALE, languages=[language])


class Wording:
    """The texts of one language, safe to put into HTML: arguments are escaped unless they are markup of our own."""

    def __init__(self, language: Language, zone: ZoneInfo, renamed: Mapping[str, str] | None = None, least: int = 0) -> None:
        """`renamed`: keys that stand for another one here. `least`: counts below it were withheld; `count` says so."""
        self.language = language
        self.zone = zone
        self._renamed = renamed or {}
        self._least = least
        self._catalogue = _catalogue(language)

    def text(self, key: str, **values: Any) -> Markup:
        found = escape(self._catalogue.gettext(self._renamed.get(key, key)))
        return found.format(**values) if values else found

    def plain(self, key: str, **values: Any) -> str:
        """For JSON; nothing is escaped."""
        found = self._catalogue.gettext(key)
        return found.format(**values) if values else found

    def has(self, key: str) -> bool:
        return self._catalogue.gettext(key) != key

    def number(self, value: float | None, digits: int = 0) -> str:
        return "–" if value is None else f"{value:,.{digits}f}"

    def count(self, value: int | None) -> str:
        """A count that may have been withheld as too small."""
        return f"{value:,}" if value is not None else self.plain("count.few", least=self._least) if self._least else "–"

    def time_of(self, observed_at: int) -> str:
        return self.instant(observed_at).strftime("%H:%M:%S")

    def minute_of(self, observed_at: int) -> str:
        return self.instant(observed_at).strftime("%Y-%m-%d %H:%M:%S")

    def instant(self, observed_at: int) -> datetime:
        return to_datetime(observed_at).astimezone(self.zone)

    def day(self, on: date) -> str:
        return on.isoformat()


def preferred(header: str, default: Language) -> Language:
    """The language of ours that an Accept-Language header (RFC 9110, 12.5.4) likes best."""
    best, weight = default, 0.0
    for item in header[:500].split(","):
        tag, _, parameter = item.partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if language in LANGUAGES and quality > weight:
            best, weight = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(float(value), 1.0)
    except ValueError:
        return 0.0
