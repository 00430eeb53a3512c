# SPDX-License-Identifier: Apache-2.0
"""Section 2 before its parts (R-09 … R-11): this month against the last, the observation points, notable kinds, surges by name."""

from __future__ import annotations

from collections.abc import Sequence

from teiten.report.asked import key_text
from teiten.report.context import Context, paragraph
from teiten.report.facts import SurgeFacts
from teiten.report.model import Block, Number, Sentence
from teiten.report.rules import CROWDED, NOTABLE, change

_MOST_NOTABLE = 3


def month_blocks(c: Context, topic_numbers: Sequence[tuple[SurgeFacts, str]]) -> list[Block]:
    now = c.facts.now
    if not now.observed:
        return [*paragraph(c.w.say("lay.no_data", month=c.month))]
    surges = [_surge(c, facts, number) for facts, number in topic_numbers]
    return [*paragraph(*_change(c)), *paragraph(*_notable(c), *surges), *paragraph(_attention(c)), *paragraph(*_points(c))]


def nothing(c: Context) -> Sentence:
    """No access at all, or too few to be told by the policy."""
    points = c.w.points(len(c.facts.now.sensors))
    if c.facts.coarse:
        return c.w.say("lay.few", month=c.month, points=points)
    return c.w.say("lay.zero", month=c.month, points=points, days=c.w.point_days(c.facts.now.per_day.sensor_days))


def _change(c: Context) -> list[Sentence | None]:
    now, before, w = c.facts.now, c.facts.before, c.w
    if not now.per_day.accesses:
        return [nothing(c)]
    if not before.observed:
        return [w.say("change.gap" if c.facts.observed_before else "change.first")]
    if not before.per_day.accesses:
        return [w.say("change.from_zero", month=c.month, accesses=c.asked.total(now))]
    means = {"now": c.asked.mean(now, "accesses"), "before": c.asked.mean(before, "accesses")}
    a, b = now.level("accesses") or 0.0, before.level("accesses") or 1.0
    said = w.say(change(a, b), month=c.month, before=c.before, change=w.change(a, b))
    sources = (now.level("sources") or 0.0, before.level("sources") or 1.0)
    change_of_sources = w.signed(sources[0] / sources[1] - 1)
    told = w.say("change.sources", now=c.asked.mean(now, "sources"), then=c.asked.mean(before, "sources"), change=change_of_sources)
    return [Sentence(said.rule, said.text, means), told]


def _notable(c: Context) -> list[Sentence | None]:
    """Groups of kinds that serve one purpose are added up; a kind or group is notable from a tenth of all accesses."""
    if c.empty:
        return []
    found = _groups(c)
    notable = [one for one in found if one[1] >= c.facts.now.targets.accesses * NOTABLE][:_MOST_NOTABLE] or found[:1]
    if not notable:
        return []
    if notable[0][1] < c.facts.now.targets.accesses * CROWDED:
        share = c.asked.share(c.facts.now, notable[0][1], "target", "accesses", key_text(*notable[0][0]))
        return [c.w.say("notable.none", noun=c.noun, share=share)]
    said: list[Sentence | None] = []
    for place, (keys, accesses) in enumerate(notable):
        share = c.asked.share(c.facts.now, accesses, "target", "accesses", key_text(*keys))
        entry = c.naming.entry(keys[0])
        names = c.naming.kinds(sorted(keys, key=lambda key: (entry.kinds.index(key.decode()) if entry else 0, key)))
        if entry is None:
            said.append(c.w.say("notable.plain", noun=c.noun, kinds=names, share=share) if not place else None)
            continue
        service = c.naming.service(keys[0])
        if place:
            said.append(c.w.say("notable.next" if place == 1 else "notable.third", kinds=names, service=service, share=share))
        else:
            said.append(_first(c, len(keys) > 1, float(share.value or 0), kinds=names, service=service, share=share))
    return said


def _first(c: Context, group: bool, value: float, **values: Number | str) -> Sentence:
    """With the fraction in words where it is a simple one."""
    fraction = c.w.fraction(value)
    if fraction is None:
        return c.w.say("notable.group_share" if group else "notable.single_share", **values)
    return c.w.say("notable.group" if group else "notable.single", fraction=fraction, **values)


def _groups(c: Context) -> list[tuple[list[bytes], int]]:
    """The month's kinds, those of one group together, most accesses first."""
    sums: dict[str, tuple[list[bytes], int]] = {}
    for share in c.facts.now.targets.named[:1000]:
        entry = c.naming.entry(share.key)
        name = entry.kinds[0] if entry and entry.group else key_text(share.key)
        keys, accesses = sums.get(name, ([], 0))
        if not keys or share.accesses * 50 >= accesses:  # a group names the kinds that matter to its sum
            sums[name] = ([*keys, share.key], accesses + share.accesses)
    return sorted(sums.values(), key=lambda one: (-one[1], one[0]))


def _surge(c: Context, facts: SurgeFacts, number: str) -> Sentence:
    surge, w = facts.surge, c.w
    question = c.asked.question("tallies", "accesses", c.facts.cut, ("day",), key_text(facts.target))
    return w.say(
        "surge.over" if surge.quiet_on else "surge.lasts",
        kind=c.naming.target(facts.target),
        service=c.naming.service(facts.target),
        first=w.day(surge.first_on),
        peak=w.day(surge.peak_on),
        count=Number(facts.peak_accesses, "count", question),
        section=number,
        **({"quiet": w.day(surge.quiet_on)} if surge.quiet_on else {}),
    )


def _attention(c: Context) -> Sentence | None:
    items = [c.naming.target(one.target) for one in c.facts.attention if one.level == "attention"][:5]
    return c.w.say("attention.list", items=c.w.list_of(items)) if items else None


def _points(c: Context) -> list[Sentence | None]:
    now, before, w = c.facts.now, c.facts.before, c.w
    if not c.facts.tells_sensors:
        return []
    added, lost = now.sensors.keys() - before.sensors.keys(), before.sensors.keys() - now.sensors.keys()
    partial = [days for days in now.sensors.values() if days < now.period.days]
    missing = sum(now.period.days - days for days in partial)
    compared = before.observed
    return [
        w.say("points.added", added=w.places(len(added))) if added and compared else None,
        w.say("points.lost", lost=w.places(len(lost))) if lost and compared else None,
        w.say("points.partial", partial=w.places(len(partial)), days=w.days(missing), observed=w.point_days(now.per_day.sensor_days))
        if partial
        else None,
    ]
