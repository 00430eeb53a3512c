# SPDX-License-Identifier: Apache-2.0
"""What a policy of publication lets a report print: which targets by name (P1, P2), and counts as exact or as coarse as on the site (P5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from teiten.model import Period, SensorEntry
from teiten.publication.coarse import Coarsener
from teiten.publication.echoes import Redactor, redactor
from teiten.publication.policies import OPERATOR, POLICIES, Policy
from teiten.publication.vocabulary import Vocabulary, known
from teiten.questions.breadth import breadth
from teiten.store.interface import Store

POLICY_NAMES: Final = tuple(POLICIES)
FIRST_DAYS: Final = 3


class Showing:
    """`key` is the secret behind the noise, the same that the site uses: then both print the same number for the same thing."""

    def __init__(self, policy: Policy, masks: Redactor, key: bytes, approved: Iterable[str] = (), partner: str = "") -> None:
        self.policy = policy
        self._masks = masks
        self._vocabulary = Vocabulary(policy, approved)
        self._coarsener = Coarsener(key, policy.least_count, partner)

    @property
    def coarse(self) -> bool:
        return self.policy.coarse

    @property
    def tells_sensors(self) -> bool:
        return self.policy.exact_sensors

    def count(self, value: int, *about: object) -> int | None:
        """None: too small to be told. `about`: measure, channel, item, and the day if it is a day's count."""
        return self._coarsener.count(value, *about) if self.coarse else value

    def namable(self, store: Store, period: Period, channel: str, group: str | None, targets: Sequence[bytes]) -> frozenset[bytes]:
        """Those that may be named, by how widely they were seen in the period. An echo of a sensor is not named at all."""
        clean = [one for one in dict.fromkeys(targets) if not self.policy.redacted or self._masks.mask(one) == one]
        if not self.policy.closed:
            return frozenset(clean)
        named = {one for one in clean if (channel, one) in known()}
        for asked in _growing(period):
            unnamed = [one for one in clean if one not in named]
            for row in breadth(store, asked, "target", channel=channel, group=group, targets=unnamed):
                (target,) = row.keys
                if isinstance(target, bytes) and self._vocabulary.names(channel, target, row, row.sensors):
                    named.add(target)
        return frozenset(named)


def _growing(period: Period) -> list[Period]:
    """The first days, then all: whatever was seen widely enough in a part of a period was so in the whole, and most targets are settled there."""
    first = Period(period.from_on, min(period.to_on, period.from_on + timedelta(days=FIRST_DAYS)))
    return [first, period] if first != period else [period]


EXACT: Final = Showing(OPERATOR, redactor([], []), b"")


def showing_by(name: str, sensors: Iterable[SensorEntry], key: bytes, hidden: Iterable[str] = (), approved: Iterable[str] = ()) -> Showing:
    return Showing(POLICIES[name], redactor(sensors, hidden), key, approved)
