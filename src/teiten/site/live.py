# SPDX-License-Identifier: Apache-2.0
"""The last accesses and today's counts, as rows of finished text: the page and its refreshing script show the same strings."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from teiten import addresses, texts
from teiten.model import CHANNELS
from teiten.questions.interface import Count, CountQuestion
from teiten.questions.live import Seen
from teiten.site.asking import Asker
from teiten.site.languages import Wording


class LiveRow(msgspec.Struct, frozen=True):
    """Every value is text for eyes; whoever shows it escapes it."""

    at: str  # machine form of the time, with offset
    time: str
    channel: str
    channel_name: str
    kind: str
    source: str
    region: str
    target: str
    sensor: str


class ChannelToday(msgspec.Struct, frozen=True):
    channel: str
    accesses: str
    sources: str


class Live(msgspec.Struct, frozen=True):
    rows: list[LiveRow]
    today: list[ChannelToday]


def live(ask: Asker, wording: Wording, group: str | None, today: date, rows: int) -> Live:
    counts = by_channel(ask, group, today, today + timedelta(days=1))
    return Live([_row(access, wording, today) for access in ask.latest(rows, group)], channels_today(counts, wording))


def by_channel(ask: Asker, group: str | None, from_on: date, to_on: date) -> dict[str, Count]:
    """A channel without any access has a row of zeros."""
    found = ask.count(CountQuestion(by="channel", group=group, from_on=from_on, to_on=to_on))
    return {channel: Count(channel, 0, 0, 0) for channel in CHANNELS} | {str(count.key): count for count in found}


def channels_today(counts: dict[str, Count], wording: Wording) -> list[ChannelToday]:
    return [ChannelToday(name, wording.number(count.accesses), wording.number(count.sources)) for name, count in counts.items()]


def region_name(region: str, wording: Wording) -> str:
    return texts.visible(region, 20) if region and region != "unknown" else wording.plain("region.unknown")


def channel_name(channel: str, wording: Wording) -> str:
    return wording.plain(f"channel.{channel}") if channel in CHANNELS else texts.visible(channel, 20)


def _row(access: Seen, wording: Wording, today: date) -> LiveRow:
    instant = wording.instant(access.observed_at)
    kind = f"kind.{access.kind}"
    return LiveRow(
        at=instant.isoformat(timespec="milliseconds"),
        time=instant.strftime("%H:%M:%S" if instant.date() == today else "%m-%d %H:%M:%S"),
        channel=access.channel if access.channel in CHANNELS else "other",
        channel_name=channel_name(access.channel, wording),
        kind=wording.plain(kind) if wording.has(kind) else texts.visible(access.kind, 30),
        source=addresses.unpack(access.source),
        region=region_name(access.region, wording),
        target=texts.visible(access.target, 120) + (f" ×{access.times:,}" if access.times > 1 else ""),
        sensor=texts.visible(access.sensor, 40),
    )
