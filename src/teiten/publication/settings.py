# SPDX-License-Identifier: Apache-2.0
"""Settings of what is published, under which policy, and how it names itself outside."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from teiten.config import Settings

PolicyName = Literal["public", "partners", "operator"]


class PublicationConfig(Settings, frozen=True, kw_only=True):
    """`[publication]`. The default policy is the strict one; loosening it is a decision, never an accident."""

    policy: PolicyName = "public"
    group: str | None = None  # publish the sensors of this group only
    address: str = ""  # where the public site will be reached, such as https://observation.example; feeds name it
    partner: str = ""  # with policy `partners`: whose copy this is; its counts carry a mark of their own
    hidden: tuple[str, ...] = ()  # further addresses, networks, host names and MACs of sensors that no text may carry
    approved: tuple[str, ...] = ()  # targets that an operator looked at, in the form "web GET /path"; thresholds still hold
    list_rows: Annotated[int, msgspec.Meta(ge=5, le=1000)] = 100
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 6  # of the configured zone; a running node publishes once a day
