# SPDX-License-Identifier: Apache-2.0
"""Answers without a store, for tests of the pages: deterministic, in the manner of 2007. Never used by the program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from teiten.clock import to_microseconds
from teiten.model import CHANNELS, Period, SensorEntry
from teiten.questions.interface import Count, CountQuestion
from teiten.questions.live import Seen
from teiten.questions.observation import DayCount, PerSensorDay
from teiten.questions.rankings import Ranked
from teiten.site.asking import SensorState

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = to_microseconds(datetime(2007, 8, 27, 9, 30, tzinfo=TOKYO))
TARGETS: dict[str, list[tuple[bytes, int]]] = {
    "packet": [(b"135/tcp", 1659), (b"445/tcp", 469), (b"139/tcp", 379), (b"1433/tcp", 271), (b"5900/tcp", 263), (b"ping/icmp", 201)],
    "ssh": [(b"test", 157), (b"admin", 143), (b"guest", 135), (b"user", 127), (b"oracle", 112)],
    "web": [(b"GET /", 308), (b"POST http://192.0.2.7:80/post.php", 2), (b"GET /env.cgi", 1), (b"GET /index.asp", 1), (b"HEAD /", 1)],
    "mail": [("お得な情報".encode(), 20), (b"Re: your account", 3), (b"", 2), (b"test 1", 1)],
}
KINDS = {"packet": "syn", "ssh": "password", "web": "request", "mail": "mail"}
SHARE = {None: 20, "packet": 14, "ssh": 4, "web": 2, "mail": 1}


class Invented:
    """An Asker. `targets` may be replaced; `calls` tells what was asked; `failure` is raised instead of an answer."""

    def __init__(self, targets: dict[str, list[tuple[bytes, int]]] | None = None, demo: bool = True) -> None:
        self.targets = TARGETS if targets is None else targets
        self.demo = demo
        self.calls: list[str] = []
        self.failure: Exception | None = None

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failure is not None:
            raise self.failure

    def count(self, question: CountQuestion) -> list[Count]:
        self._called("count")
        if question.by == "channel":
            return [Count(channel, 340 * SHARE[channel] + 7, 90 * SHARE[channel] + 1, 4) for channel in CHANNELS]
        if question.by == "region":
            return [Count(key, 9_000 // number, 2_000 // number, 10) for number, key in enumerate(("CN", "JP", "US", "unknown"), 1)]
        if question.by == "source":
            return [Count(bytes([192, 0, 2, number]), 9 - number, 1, 1) for number in range(1, 4)]
        if question.by == "target":
            return [Count(target, times, times // 2 + 1, 3) for target, times in self.targets[question.channel or "packet"]][: question.top]
        if question.by == "day":
            return [Count(date(2007, 8, 16), 5, 3, 2)]
        return [Count(None, 93_621, 20_114, 10)]

    def per_sensor_day(self, period: Period, group: str | None) -> PerSensorDay:
        self._called("per_sensor_day")
        return PerSensorDay(93_621, 35_530, 110)

    def series(self, period: Period, group: str | None, channel: str | None) -> list[DayCount]:
        self._called("series")
        return [_day(on, number, SHARE[channel]) for number, on in enumerate(period.dates())]

    def ranking(self, period: Period, channel: str, group: str | None, top: int) -> list[Ranked]:
        self._called("ranking")
        counts = [times for _, times in self.targets[channel]]
        rows = [Ranked(1 + sum(c > times for c in counts), target, times, times // 2 + 1, 3) for target, times in self.targets[channel]]
        return rows[:top]

    def by_day(self, period: Period, channel: str, group: str | None, targets: Sequence[bytes]) -> dict[bytes, dict[date, int]]:
        self._called("by_day")
        return {target: {day: number + 1 for number, day in enumerate(period.dates()) if number != 6} for target in targets}

    def latest(self, n: int, group: str | None) -> list[Seen]:
        self._called("latest")
        return [self._access(number) for number in range(n)]

    def _access(self, number: int) -> Seen:
        channel = CHANNELS[(number * 7 + number // 3) % 4]
        targets = self.targets[channel]
        source = bytes([203, 0, 113, number % 250 + 1]) if number % 5 else bytes.fromhex("20010db8000000000000000000000001")
        target = targets[number % len(targets)][0] if targets else b""
        region = ("JP", "CN", "US", "", "KR")[number % 5]
        times = 3 if number == 4 else 1
        rest = (None, None, "tcp", False, None, None, None, None, False, None, None)
        return Seen(NOW - number * 7_300_000, "talot2-03", channel, KINDS[channel], "access", source, region, target, times, *rest)

    def sensors(self) -> list[SensorEntry]:
        self._called("sensors")
        return [SensorEntry(f"talot2-{n:02}", "talot2", self.demo) for n in range(1, 11)] + [SensorEntry("here", "local")]

    def sensor_states(self) -> list[SensorState]:
        self._called("sensor_states")
        return [
            SensorState("talot2-01", "talot2", self.demo, "packet", NOW - 20_000_000, NOW - 5_000_000, 0, 0, 0, 0, 420_000),
            SensorState("here", "local", False, "ssh", None, None, 51_200, 12, 1, 300),
        ]

    def region_data_on(self) -> date | None:
        return date(2007, 8, 1)


def _day(on: date, number: int, share: int) -> DayCount:
    if number == 6:
        return DayCount(on, 0, 0, 0, 0, 0)
    wave = (31 * number * share + 17 * number) % 45
    return DayCount(on, share * (300 + wave * 4), share * (100 + wave), 10, 320, 10)
