# SPDX-License-Identifier: Apache-2.0
"""One tick of the watch: looks at every group and channel, raises, keeps and lowers levels, notes states. Fully automatic (A-11).

What is open goes in, what is open or was just closed comes out; the store is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from teiten.clock import day_of
from teiten.detectors.annotations import Recent, annotate
from teiten.detectors.evidence import Evidence
from teiten.detectors.levels import Held, earned_level, next_level
from teiten.detectors.rules import STATE
from teiten.detectors.states import is_active, is_becoming_active, states_of
from teiten.detectors.trend import Arrow, Mark
from teiten.detectors.waves import waves
from teiten.findings.model import Event, Finding, Noted, Outcome, What, name, urgency
from teiten.findings.seeing import evidence_of, live_hours
from teiten.model import CHANNELS, Period
from teiten.questions.tick import HOUR_US, Newcomer, RecentSpread, Tick, networks_met, newcomers, recent_spread
from teiten.store.interface import Store

Marks = Callable[[Period, str, str | None, Sequence[bytes]], Mapping[bytes, Mark]]
WAVE_TARGETS: Final = 100  # the most urgent ones of a channel that are compared with each other
NOTED: Final = 500  # of a state, group and channel
_RECENT_ACCESSES: Final = 10


def watch(store: Store, at: int, zone: ZoneInfo, before: Iterable[Finding], marks: Marks, *, hourly: bool = True) -> Outcome:
    """All groups and channels at the tick `at` (microseconds UTC)."""
    opened = [finding for finding in before if finding.held]
    groups = sorted({entry.group for entry in store.sensors()})
    news = newcomers(store, at, zone, STATE.new_hours, STATE.silent_days)
    findings: list[Finding] = []
    noted: list[Noted] = []
    for group in groups:
        for channel in CHANNELS:
            mine = [finding for finding in opened if (finding.group, finding.channel) == (group, channel)]
            found, states = _channel(store, Tick(at, zone, channel, group), group, mine, news.get((group, channel), []), marks, hourly)
            findings += found
            noted += states
    return Outcome(at, tuple(sorted(findings, key=urgency)), tuple(noted))


def _channel(
    store: Store, tick: Tick, group: str, opened: list[Finding], news: list[Newcomer], marks: Marks, hourly: bool
) -> tuple[list[Finding], list[Noted]]:
    live = live_hours(store, tick)
    if not live and not opened:
        return [], []
    evidence = evidence_of(store, tick, live, news, hourly=hourly)
    recent = {row.target: row for row in recent_spread(store, tick, 24, _RECENT_ACCESSES)}
    arrows = _arrows(tick, group, evidence, marks)
    live_now = sum(bool(parts[:24].any()) for parts in live.values())
    known = {finding.target: finding for finding in opened}
    noted = _noted(tick, group, evidence, recent, arrows, live_now, known)
    states = {one.target: one for one in noted}
    findings = []
    for target in dict.fromkeys([*known, *evidence]):
        finding = _next(known.get(target), evidence.get(target), tick, group, target)
        if finding is not None:
            told = states.get(target)
            findings.append(_replace(finding, states=told.states if told else (), annotations=told.annotations if told else ()))
    return _in_waves(store, tick, findings), noted


def _next(before: Finding | None, now: Evidence | None, tick: Tick, group: str, target: bytes) -> Finding | None:
    held = next_level(before.held if before else None, now, tick.at)
    if before is None:
        if held is None or now is None:
            return None
        event = Event(tick.at, "opened", held.level, now.score)
        return Finding(
            id=name(tick.channel, group, target, tick.at),
            channel=tick.channel,
            group=group,
            target=target,
            held=held,
            highest=held.level,
            states=(),
            opened_at=tick.at,
            evidence=now,
            best_score=now.score,
            history=(event,),
        )
    score = now.score if now else 0.0
    happened = _happened(before, held, now)
    history = (*before.history, *(Event(tick.at, what, held.level if held else None, score) for what in happened))
    earned = _since_opened(now, before) if now is not None and earned_level(now) is not None else before.evidence
    return _replace(
        before,
        held=held,
        highest="attention" if held and held.level == "attention" else before.highest,
        closed_at=None if held else tick.at,
        evidence=earned,
        best_score=max(before.best_score, score),
        history=history,
    )


def _since_opened(now: Evidence, before: Finding) -> Evidence:
    """What was told before cannot have begun later: of two estimates that differ, the onset is at the latest in the hour before the opening."""
    return msgspec.structs.replace(now, onset_at=min(now.onset_at, before.opened_at - HOUR_US))


def _happened(before: Finding, held: Held | None, now: Evidence | None) -> list[What]:
    if held is None:
        return ["closed"]
    told: list[What] = []
    if now is not None and now.confirmed and not before.evidence.confirmed:
        told.append("confirmed")
    if held.level != before.level:
        told.append("escalated" if held.level == "attention" else "lowered")
    return told


def _noted(
    tick: Tick,
    group: str,
    evidence: Mapping[bytes, Evidence],
    recent: Mapping[bytes, RecentSpread],
    arrows: Mapping[bytes, Arrow],
    live: int,
    known: Mapping[bytes, Finding],
) -> list[Noted]:
    found = []
    for target in dict.fromkeys([*evidence, *recent]):
        now, lately = evidence.get(target), recent.get(target)
        held = target in known or earned_level(now) is not None
        states = states_of(
            new=now is not None and now.first_at is not None,
            active=lately is not None and is_active(lately.networks, lately.sensors, live),
            becoming=now is not None
            and is_becoming_active(now.score, arrows.get(target, "→"), held and now.score >= STATE.becoming_score_with_arrow),
        )
        told = annotate(_recent(lately), live) if lately else ()
        if states or told:
            found.append(_note(tick, group, target, now, lately, msgspec.structs.replace(_EMPTY, states=states, annotations=told)))
    found.sort(key=lambda one: (not one.confirmed, -one.sensors, -one.networks, one.target))
    return _cut(found)


def _note(tick: Tick, group: str, target: bytes, now: Evidence | None, lately: RecentSpread | None, one: Noted) -> Noted:
    new = now is not None and now.first_at is not None
    numbers = now if new and now is not None else lately
    return msgspec.structs.replace(
        one,
        channel=tick.channel,
        group=group,
        target=target,
        confirmed=now.confirmed if now else False,
        first_at=now.first_at if now else None,
        networks=numbers.networks if numbers else 0,
        sensors=numbers.sensors if numbers else 0,
        score=now.score if now else 0.0,
    )


_EMPTY: Final = Noted(channel="", group="", target=b"", states=())


def _cut(noted: list[Noted]) -> list[Noted]:
    """At most `NOTED` of each state, and of annotated ones without a state."""
    kept: dict[str, int] = {}
    found = []
    for one in noted:
        names = one.states or ("annotated",)
        if any(kept.get(state, 0) < NOTED for state in names):
            found.append(one)
        for state in names:
            kept[state] = kept.get(state, 0) + 1
    return found


def _recent(row: RecentSpread) -> Recent:
    return Recent(row.accesses, row.most_accesses, row.sources, row.broad_sources, row.networks, row.most_networks, row.sensors)


def _arrows(tick: Tick, group: str, evidence: Mapping[bytes, Evidence], marks: Marks) -> dict[bytes, Arrow]:
    """Marks are asked only where they can decide: a score that is high enough with an arrow and not without."""
    today = day_of(tick.at - 1, tick.zone)
    complete = today if day_of(tick.at, tick.zone) == today else today + timedelta(days=1)
    asked = [target for target, one in evidence.items() if STATE.becoming_score_with_arrow <= one.score < STATE.becoming_score]
    return {target: mark.arrow for target, mark in marks(Period(complete - timedelta(days=11), complete), tick.channel, group, asked).items()}


def _in_waves(store: Store, tick: Tick, findings: list[Finding]) -> list[Finding]:
    """Open findings whose networks are mostly the same point to the most urgent of them."""
    opened = sorted((finding for finding in findings if finding.held), key=urgency)[:WAVE_TARGETS]
    if len(opened) < 2:
        return [_replace(finding, wave=None) for finding in findings]
    hours = max(finding.evidence.hours for finding in opened)
    networks: dict[bytes, set[bytes]] = {finding.target: set() for finding in opened}
    for met in networks_met(store, tick, hours, list(networks)):
        if met.first_at >= next(one.evidence.onset_at for one in opened if one.target == met.target) - HOUR_US:
            networks[met.target].add(met.network)
    ids = {finding.target: finding.id for finding in opened}
    leaders = {target: ids[group[0]] for group in waves(networks) if len(group) > 1 for target in group}
    return [_replace(finding, wave=leaders.get(finding.target)) for finding in findings]


def _replace(finding: Finding, **changes: object) -> Finding:
    return msgspec.structs.replace(finding, **changes)
