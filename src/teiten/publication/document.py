# SPDX-License-Identifier: Apache-2.0
"""The attention document: what feeds say, independent of their formats, and what a feed is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import msgspec

from teiten.model import Period
from teiten.publication.view import Finding, View


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """`items` most urgent first, both levels. `address`: where the site is, "" when it has none."""

    name: str
    address: str
    policy: str
    made_on: date
    as_of: date
    period: Period
    zone: str
    region_data_on: date | None
    items: tuple[Finding, ...]

    @property
    def attention(self) -> tuple[Finding, ...]:
        """A-10: what spreads over an especially wide area."""
        return tuple(item for item in self.items if item.level == "attention")

    def page_of(self, item: Finding, language: str = "ja") -> str:
        return f"{self.address}/{language}/detail/{item.target_id}/"


class Feed(NamedTuple):
    """`place`: its path on the site, for ever the same. `about`: key of the text that says what it is for."""

    name: str
    place: str
    media_type: str
    about: str
    write: Callable[[Document], bytes]


def document_of(view: View, name: str) -> Document:
    return Document(
        name=name,
        address=view.address,
        policy=view.policy,
        made_on=view.made_on,
        as_of=view.as_of,
        period=view.period,
        zone=view.zone,
        region_data_on=view.region_data_on,
        items=view.findings,
    )
