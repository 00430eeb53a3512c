# SPDX-License-Identifier: Apache-2.0
"""One report, from the store to its written form in every language: the monthly report or a digest, by the name of its period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from teiten.errors import UsageError
from teiten.findings.model import Finding
from teiten.report.attention import attention_of
from teiten.report.compose import compose
from teiten.report.digest import compose_digest
from teiten.report.digest_facts import gather_digest
from teiten.report.gather import Scope, gather
from teiten.report.model import Report
from teiten.report.operator_part import Topic
from teiten.report.periods import Span
from teiten.report.settings import LANGUAGES, Language, ReportSettings
from teiten.report.showing import Showing
from teiten.store.interface import Store


class Wanted(msgspec.Struct, frozen=True):
    """`today`: days from it on are not told yet. `findings`: all of the book."""

    span: Span
    zone: ZoneInfo
    today: date
    group: str | None = None
    languages: Sequence[Language] = LANGUAGES


def make(
    store: Store, wanted: Wanted, showing: Showing, settings: ReportSettings, topics: Sequence[Topic], findings: Sequence[Finding]
) -> list[Report]:
    """Raises UsageError for a group that no sensor is in, or a period of which no day is over."""
    known = {entry.group for entry in store.sensors()}
    group = wanted.group or settings.group or None
    if group is not None and group not in known:
        raise UsageError(f"{group}: no sensor is in this group.", f"Groups: {', '.join(sorted(known)) or 'none'}.")
    wanted = msgspec.structs.replace(wanted, group=group)
    if wanted.span.kind != "month":
        return _digest(store, wanted, showing, settings, findings)
    portal = settings.portal if settings.portal in known else ""
    scope = Scope(wanted.span.period, wanted.zone, group, settings.channel, portal, settings.portal_on, settings.show_portal, wanted.today)
    facts = gather(store, scope, showing)
    attention = attention_of(store, findings, facts.cut, wanted.zone, group, facts.channel, showing)
    facts = msgspec.structs.replace(facts, attention=attention)
    return [compose(facts, language, settings, topics, showing.policy.name) for language in wanted.languages]


def _digest(store: Store, wanted: Wanted, showing: Showing, settings: ReportSettings, findings: Sequence[Finding]) -> list[Report]:
    facts = gather_digest(store, wanted.span, wanted.zone, wanted.group, wanted.today, showing)
    if findings:
        attention = attention_of(store, findings, facts.cut, wanted.zone, wanted.group, None, showing)
        facts = msgspec.structs.replace(facts, attention=attention)
    return [compose_digest(facts, language, settings, showing.policy.name) for language in wanted.languages]
