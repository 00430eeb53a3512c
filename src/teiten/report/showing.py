# SPDX-License-Identifier: Apache-2.0
"""What may be printed of a target, by the policy of publication: no address of a sensor (P1), no text that could hide one (P2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from teiten.model import SensorEntry
from teiten.publication.echoes import redactor
from teiten.publication.policies import POLICIES
from teiten.publication.vocabulary import known, marker_bits
from teiten.report.facts import WITHHELD
from teiten.report.gather import Shown, as_seen

POLICY_NAMES: Final = tuple(POLICIES)


def shown_by(policy_name: str, sensors: Iterable[SensorEntry], hidden: Iterable[str] = ()) -> Shown:
    """A function of channel and target. Port kinds are always named: a report shows the ten most frequent of a month only."""
    policy = POLICIES[policy_name]
    if not policy.redacted:
        return as_seen
    masks = redactor(sensors, hidden)

    def shown(channel: str, target: bytes) -> bytes:
        if channel == "packet":
            return target
        if policy.closed and (channel, target) not in known() and marker_bits(target) > policy.bits:
            return WITHHELD
        return masks.mask(target)

    return shown
