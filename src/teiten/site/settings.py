# SPDX-License-Identifier: Apache-2.0
"""Settings of the operator's pages. Where they listen is here; opening the socket is the app's job."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from teiten.config import Settings

Language = Literal["ja", "en"]


class SiteConfig(Settings, frozen=True, kw_only=True):
    """`[site]`. Loopback by default; give a `token` before listening anywhere else."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8420
    token: str = ""  # at least 16 characters when set; asked for once as ?token=…, then kept as a cookie, or sent as a bearer token
    hosts: tuple[str, ...] = ()  # further names under which the pages may be called without a token (names, not addresses)
    language: Language = "ja"  # for browsers that state no preference we can meet
    name: str = ""  # the operator's name for the system; empty: our own
    security_contact: str = ""  # a mailto: or https: address for security.txt of the public site (RFC 9116); empty: no such file
    footer: str = ""  # the line at the foot of every page; empty: the name of the software
    live_rows: Annotated[int, msgspec.Meta(ge=1, le=200)] = 30
    cache_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    questions_per_second: Annotated[float, msgspec.Meta(gt=0)] = 20.0  # of one caller to /api/count; five seconds' worth may come at once
    request_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 30.0

    def __post_init__(self) -> None:
        if self.token and len(self.token) < 16:
            raise ValueError("token: use at least 16 characters")
