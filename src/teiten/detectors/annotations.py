# SPDX-License-Identifier: Apache-2.0
"""Why something large is not on a list: one flooding source, a survey scanner, a crowd at one sensor. Said beside the count, never hidden."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Annotation = Literal["flood", "scanner", "one-sensor"]

FLOOD_ACCESSES: Final = 1_000  # fewer in a day trouble nobody
FLOOD_SHARE: Final = 0.9  # of the accesses from one source: the rest is the usual noise
SCANNER_SHARE: Final = 0.5  # of the sources survey everything: without them the target would be half as large
CROWD_NETWORKS: Final = 10
CROWD_SHARE: Final = 0.9  # of the networks at one sensor: wide areas look different


class Recent(msgspec.Struct, frozen=True):
    """One target in the last 24 hours."""

    accesses: int
    most_accesses: int  # of one source
    sources: int
    broad_sources: int  # that met many targets, and are left out of the clean ones
    networks: int  # clean
    most_networks: int  # clean, at one sensor
    sensors: int  # that clean networks met


def annotate(recent: Recent, live: int) -> tuple[Annotation, ...]:
    """`live`: sensors that observed; where there is one, everything is at one sensor."""
    told: tuple[tuple[Annotation, bool], ...] = (
        ("flood", recent.accesses >= FLOOD_ACCESSES and recent.most_accesses >= FLOOD_SHARE * recent.accesses),
        ("scanner", recent.broad_sources > 0 and recent.broad_sources >= SCANNER_SHARE * recent.sources),
        ("one-sensor", live > 1 and recent.networks >= CROWD_NETWORKS and recent.most_networks >= CROWD_SHARE * recent.networks),
    )
    return tuple(name for name, holds in told if holds)
