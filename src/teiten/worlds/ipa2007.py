# SPDX-License-Identifier: Apache-2.0
"""World ipa2007: the observations behind the published monthly report and portal of August 2007, made again with every printed number.

Two groups of sensors, talot2 (monthly report) and mustan (portal). Days are those of Asia/Tokyo. Nothing here is a real observation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from teiten.model import Period, SensorEntry
from teiten.worlds import mustan, talot2
from teiten.worlds.interface import Coverage, WorldBatch

# The marks are facts of the published page; `detectors.trend` must find them from the accesses (tests/worlds).
_MARKS: Final[dict[str, str]] = {"5900/tcp": "↑", "GET /env.cgi": "↓", "HEAD /": "↓", "GET /asa./": "↓"}


class Ipa2007:
    name = "ipa2007"
    zone = "Asia/Tokyo"

    def __init__(self, seed: int = 2007) -> None:
        self.seed = seed

    def sensors(self) -> list[SensorEntry]:
        return [SensorEntry(name, group, demo=True) for group, names in (("talot2", talot2.SENSORS), ("mustan", mustan.SENSORS)) for name in names]

    def period(self, ends_on: date | None = None) -> Period:
        first = min(talot2.FIRST_ON + self._shift(talot2.LAST_ON, ends_on), mustan.FIRST_ON + self._shift(mustan.LAST_ON, ends_on))
        last = max(talot2.LAST_ON + self._shift(talot2.LAST_ON, ends_on), mustan.LAST_ON + self._shift(mustan.LAST_ON, ends_on))
        return Period(first, last + timedelta(days=1))

    def coverage(self, ends_on: date | None = None) -> list[Coverage]:
        covered = []
        for names, channels, first_on, last_on in (
            (talot2.SENSORS, ("packet",), talot2.FIRST_ON, talot2.LAST_ON),
            (mustan.SENSORS, mustan.CHANNELS, mustan.FIRST_ON, mustan.LAST_ON),
        ):
            shift = self._shift(last_on, ends_on)
            covered += [Coverage(name, channel, first_on + shift, last_on + shift) for name in names for channel in channels]
        return covered

    def batches(self, ends_on: date | None = None) -> Iterator[WorldBatch]:
        """76 batches, one for each sensor and month of the world's own calendar; an epoch's name holds seed and shift in days."""
        for group, last_on in ((talot2, talot2.LAST_ON), (mustan, mustan.LAST_ON)):
            shift = self._shift(last_on, ends_on).days
            yield from group.batches(self.seed, f"world-ipa2007-{self.seed}-{shift}", shift)

    def truth(self) -> dict[str, Any]:
        august = talot2.MONTHS[-1]
        return {
            "zone": self.zone,
            "talot2": {
                "month": Period(august.first_on, august.first_on + timedelta(days=august.days)),
                "months": {month.first_on: (month.accesses, month.sources) for month in talot2.MONTHS},
                "sensors": len(talot2.SENSORS),
                "accesses": august.accesses,
                "sensor_days": len(talot2.SENSORS) * august.days,
                "accesses_per_sensor_day": 851,
                "sources_per_sensor_day": 323,
                "accesses_per_source": 3,
                "messenger_accesses": 65_985,
                "kinds_in_order": KINDS_IN_ORDER,
                "surge": {"target": b"5168/tcp", "first_on": talot2.SURGE_FIRST_ON, "peak_on": talot2.SURGE_PEAK_ON, "quiet_on": date(2007, 8, 30)},
            },
            "mustan": {
                "window": Period(mustan.WINDOW_FIRST_ON, mustan.LAST_ON + timedelta(days=1)),
                "updated_on": mustan.LAST_ON + timedelta(days=1),
                "packet": _table([(name, count) for name, count, _ in mustan.PORTS]),
                "ssh": _table(mustan.ACCOUNTS),
                "web": _table([(target, count) for target, count, _, _ in mustan.URLS], ranks=(1, 2, 3, 3, 3)),
                "mail": _table([(subject, count) for subject, count, _ in mustan.SUBJECTS]),
                "new_account": mustan.NEW_ACCOUNT.encode(),
            },
        }

    @staticmethod
    def _shift(last_on: date, ends_on: date | None) -> timedelta:
        return timedelta() if ends_on is None else ends_on - last_on


KINDS_IN_ORDER: Final = (
    *(b"135/tcp", b"1026/udp", b"1027/udp", b"445/tcp", b"ping/icmp", b"139/tcp", b"1028/udp", b"1433/tcp", b"8080/tcp", b"2967/tcp"),
)


def _table(rows: Any, ranks: tuple[int, ...] = (1, 2, 3, 4, 5)) -> list[tuple[int, str, int, bytes]]:
    """Rows as printed: rank, mark, accesses, target."""
    return [(rank, _MARKS.get(name, "→"), count, name.encode()) for rank, (name, count) in zip(ranks, rows, strict=False)]
