# SPDX-License-Identifier: Apache-2.0
"""A finding as one sentence in Japanese and English for a system administrator, what to check at one's own site, and why others aren't listed.

Every number in it can be counted again from the questions that `questions_of` names. Targets come out through texts.visible only.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final
from zoneinfo import ZoneInfo

from teiten import texts
from teiten.clock import to_datetime
from teiten.detectors.evidence import Evidence
from teiten.detectors.rules import LEVEL, RISE
from teiten.dictionary.entries import dictionary, usual_check
from teiten.findings.book import Page
from teiten.findings.model import RULES, Finding, Noted, urgency
from teiten.questions.tick import HOUR_US

LANGUAGES: Final = ("ja", "en")

LEVELS: Final = {"attention": {"ja": "要注意", "en": "attention"}, "risk": {"ja": "リスク", "en": "risk"}, None: {"ja": "終了", "en": "closed"}}
STATES: Final = {
    "new": {"ja": "新しい", "en": "new"},
    "active": {"ja": "活発な", "en": "active"},
    "becoming": {"ja": "活発化している", "en": "becoming active"},
}
NOTES: Final[dict[str, dict[str, str]]] = {
    "flood": {"ja": "アクセスのほとんどは1つの発信元によるものです", "en": "nearly all accesses come from one source"},
    "scanner": {
        "ja": "発信元の半数以上は多数の対象を調べる調査スキャナーです",
        "en": "at least half of the sources are scanners that survey many targets",
    },
    "one-sensor": {"ja": "発信元のほとんどは1つの観測点だけで観測されました", "en": "nearly all sources were met by one sensor only"},
}


# What each level asks for; sensors also as a share of those compared.
THRESHOLDS: Final = {
    level: {name: getattr(LEVEL, f"{level}_{name}") for name in ("score", "networks", "ratio", "sensors_share")} | {"sensors": LEVEL.least_sensors}
    for level in ("attention", "risk")
}


def sentence(finding: Finding, zone: ZoneInfo, language: str, wave: str | None = None) -> str:
    """`wave`: the target whose sources are mostly the same."""
    told = _japanese(finding, zone) if language == "ja" else _english(finding, zone)
    if wave is not None:
        told += f"発信元の半分以上は「{wave}」と共通です。" if language == "ja" else f" At least half of the sources also meet {wave}."
    return told


def explained(finding: Finding, zone: ZoneInfo, wave: str | None = None) -> dict[str, Any]:
    """Everything as plain data: sentences, numbers, thresholds' versions, life, and the questions behind it."""
    one = finding.evidence
    return {
        "id": finding.id,
        "channel": finding.channel,
        "group": finding.group,
        "target": texts.lossless(finding.target),
        "level": finding.level,
        "highest": finding.highest,
        "states": list(finding.states),
        "sentence": {language: sentence(finding, zone, language, wave) for language in LANGUAGES},
        "check": _check(finding),
        "notes": {note: NOTES[note] for note in finding.annotations},
        "evidence": {
            "zone": zone.key,
            "window": [_time(one.at - one.hours * HOUR_US, zone), _time(one.at, zone)],
            "baseline": [_time(at, zone) for at in _baseline(one)],
            "networks": one.networks,
            "expected": one.expected,
            "usual": [0, one.usual],
            "ratio": one.ratio,
            "score": one.score,
            "sensors": one.sensors,
            "live_sensors": one.live,
            "without_busiest_sensor": {"networks": one.elsewhere, "expected": one.expected_elsewhere},
            "onset": _time(one.onset_at, zone),
            "first": _time(one.first_at, zone) if one.first_at else None,
            "confirmed": one.confirmed,
        },
        "opened": _time(finding.opened_at, zone),
        "closed": _time(finding.closed_at, zone) if finding.closed_at else None,
        "best_score": finding.best_score,
        "wave": finding.wave,
        "history": [{"at": _time(event.at, zone), "what": event.what, "level": event.level, "score": event.score} for event in finding.history],
        "rules": list(finding.rules),
        "thresholds": THRESHOLDS if finding.rules == RULES else None,  # of other versions nothing is known any more
        "questions": questions_of(finding, zone),
    }


def as_plain(page: Page, zone: ZoneInfo) -> dict[str, Any]:
    """The whole book as plain data: findings, open ones first and most urgent first, and the lists of states."""
    names = {finding.id: texts.visible(finding.target) for finding in page.findings}
    waves = {finding.id: names.get(finding.wave) if finding.wave and finding.wave != finding.id else None for finding in page.findings}
    ordered = sorted(page.findings, key=lambda one: (one.closed_at is not None, -(one.closed_at or 0), urgency(one)))
    return {"findings": [explained(one, zone, waves[one.id]) for one in ordered], "noted": [_noted(one, zone) for one in page.noted]}


def _noted(one: Noted, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "group": one.group,
        "target": texts.lossless(one.target),
        "states": list(one.states),
        "confirmed": one.confirmed,
        "first": _time(one.first_at, zone) if one.first_at else None,
        "networks": one.networks,
        "sensors": one.sensors,
        "score": one.score,
        "why_not_listed": {language: why_not(one, language) for language in LANGUAGES},
    }


def _check(finding: Finding) -> dict[str, str]:
    """What the dictionary says for the target; what holds for any of its channel where it says nothing."""
    entry = dictionary(finding.channel).of(finding.target)
    words = entry.check if entry else usual_check(finding.channel)
    return {"ja": words.ja, "en": words.en}


def _baseline(one: Evidence) -> tuple[int, int]:
    """What the window was compared with."""
    last = one.at - (ceil(one.hours / 24) + RISE.gap_days) * 24 * HOUR_US
    return last - RISE.baseline_days * 24 * HOUR_US, last


def questions_of(finding: Finding, zone: ZoneInfo) -> list[dict[str, str]]:
    """Arguments of `teiten count`, and of the site's /api/count, that count what the finding talks about."""
    one = finding.evidence
    first = to_datetime(one.at - one.hours * HOUR_US).astimezone(zone).date()
    after = to_datetime(one.at - 1).astimezone(zone).date() + timedelta(days=1)
    fixed = {"channel": finding.channel, "group": finding.group, "target": texts.lossless(finding.target), "from": str(first), "to": str(after)}
    return [{**fixed, "by": by, "order": "sources"} for by in ("day", "sensor", "network", "region")]


def why_not(noted: Noted, language: str) -> str:
    """What keeps something large off the lists; "" when nothing does."""
    told = [NOTES[note][language] for note in noted.annotations]
    return ("。".join(told) + "。" if language == "ja" else "; ".join(told)) if told else ""


def _japanese(finding: Finding, zone: ZoneInfo) -> str:
    one, target = finding.evidence, texts.visible(finding.target)
    if one.score == 0 and one.first_at:
        first = _time(one.first_at, zone)
        return f"「{target}」は{first}に初めて観測され、{one.sensors}観測点で{one.networks}の発信元ネットワークからアクセスがありました。"
    told = f"「{target}」へ、{_time(one.at, zone)}までの{_span(one.hours, 'ja')}に新しい発信元ネットワークが{one.networks:,}ありました"
    told += f"(同じ長さの期間ではふだん{one.usual:,}以下。見込みの約{_times(one.ratio)}倍)。増加は{_time(one.onset_at, zone)}ごろに始まり、"
    if not one.wide:
        return told + f"{one.sensors}観測点で見られます。観測点が少ないため、広がりは確かめられません。"
    told += f"{one.live}観測点のうち{one.sensors}で見られます。"
    return told + f"最も多い観測点を除いても{one.elsewhere:,}ネットワークが残ります(見込みは{one.expected_elsewhere:.1f})。"


def _english(finding: Finding, zone: ZoneInfo) -> str:
    one, target = finding.evidence, texts.visible(finding.target)
    if one.score == 0 and one.first_at:
        first = _time(one.first_at, zone)
        return f"{target} was met for the first time at {first}, since then from {one.networks} source networks at {_sensors(one.sensors)}."
    told = f"{target}: {one.networks:,} new source networks in the {_span(one.hours, 'en')} until {_time(one.at, zone)}"
    told += f" (usually at most {one.usual:,} in as long a time; about {_times(one.ratio)} times what was expected)."
    told += f" The rise began at about {_time(one.onset_at, zone)}"
    if not one.wide:
        return told + f" at {_sensors(one.sensors)}; with so few of them nothing can be said about spread."
    told += f" and is seen at {one.sensors} of {one.live} sensors; without the busiest of them"
    return told + f" {one.elsewhere:,} networks remain ({one.expected_elsewhere:.1f} expected)."


def _sensors(count: int) -> str:
    return "1 sensor" if count == 1 else f"{count} sensors"


def _span(hours: int, language: str) -> str:
    days, rest = divmod(hours, 24)
    if language == "ja":
        return f"{days}日間" if not rest else f"{hours}時間"
    if rest:
        return f"{hours} hours"
    return "24 hours" if days == 1 else f"{days} days"


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"


def _time(at: int, zone: ZoneInfo) -> str:
    instant: datetime = to_datetime(at).astimezone(zone)
    return instant.strftime("%Y-%m-%d %H:%M")
