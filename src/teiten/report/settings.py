# SPDX-License-Identifier: Apache-2.0
"""What an operator says in HOME/report/report.toml. Everything has a default; a report needs no file at all."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from teiten.config import Settings

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")


class Bilingual(Settings, frozen=True):
    """The same in both languages; one that is missing is taken from the other."""

    ja: str = ""
    en: str = ""

    def of(self, language: Language) -> str:
        return (self.ja or self.en) if language == "ja" else (self.en or self.ja)


class ContactSettings(Settings, frozen=True):
    organisation: Bilingual = Bilingual()
    people: Bilingual = Bilingual()
    phone: str = ""
    fax: str = ""
    email: str = ""
    url: str = ""


class Reference(Settings, frozen=True):
    title: Bilingual
    issuer: Bilingual = Bilingual()
    url: str = ""


class ReportSettings(Settings, frozen=True):
    system: Bilingual = Bilingual(ja="定点", en="Teiten")  # name of the observation system in titles and sentences
    environment: bool = True  # the claim that a sensor is connected as any household or office is
    group: str = ""  # which sensors a report is about; "" takes all
    monthly: bool = True  # a running node makes the report of each month that is over
    weekly: bool = False  # and a digest of each week
    daily: bool = False  # and of each day
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 7  # of the configured zone, from which on they are made
    channel: str = ""  # packet, web, ssh or mail; "" takes packet, or the busiest one where no packets are observed
    portal: str = ""  # group whose top lists are shown; "" takes the reported group
    portal_name: Bilingual = Bilingual()
    portal_url: str = ""
    portal_on: date | None = None  # last complete day of the portal's window; None: the last observed day of the month
    show_portal: bool = True
    embed_fonts: bool = False  # put the letters into the HTML as well (3.5 MB each); PDF always has them
    hidden: tuple[str, ...] = ()  # further addresses, networks and host names of sensors that no text may carry
    contact: ContactSettings = ContactSettings()
    footer: Bilingual = Bilingual()
