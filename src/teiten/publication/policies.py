# SPDX-License-Identifier: Apache-2.0
"""The three policies: which rules of publication (P1 to P9, docs/publication.md) are on, and their numbers. Data only."""

from __future__ import annotations

from typing import Final

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    redacted: bool  # P1: no encoding of a sensor's address, network or host name in any text
    closed: bool  # P2: only known or widely seen targets by name, the rest as "other"
    delay_hours: int  # P4: a day is published this long after its end
    coarse: bool  # P5: two significant digits, keyed noise, small counts withheld
    exact_sensors: bool  # P7: False publishes in how large a part of the sensors, never how many
    sources: bool  # P6: source addresses at all
    least_count: int = 10  # P5
    sensors: int = 3  # P2, all five: how widely a target must be seen to be named
    blocks: int = 3  # distinct IPv4 /8 or IPv6 /16
    allocations: int = 10  # distinct IPv4 /16 or IPv6 /32, which stand for the operators of networks (docs/publication.md)
    hours: int = 24  # between first and last access
    bits: float = 28.0  # estimated information in the text: little room for an address


PUBLIC: Final = Policy(name="public", redacted=True, closed=True, delay_hours=24, coarse=True, exact_sensors=False, sources=False)
PARTNERS: Final = Policy(
    name="partners",
    redacted=True,
    closed=True,
    delay_hours=0,
    coarse=True,
    exact_sensors=True,
    sources=False,
    allocations=5,
    blocks=2,
    hours=0,
    bits=48.0,
)
OPERATOR: Final = Policy(name="operator", redacted=False, closed=False, delay_hours=0, coarse=False, exact_sensors=True, sources=True, least_count=0)
POLICIES: Final[dict[str, Policy]] = {policy.name: policy for policy in (PUBLIC, PARTNERS, OPERATOR)}
